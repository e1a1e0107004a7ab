//! Which script rules are in force.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign, Not};

/// A set of script rules, named as Core's `SCRIPT_VERIFY_*`. Every one makes scripts harder to
/// satisfy.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ScriptFlags(u32);

/// Flags with the names that test vectors and `getdeploymentinfo` use.
const NAMES: [(&str, ScriptFlags); 21] = [
    ("CHECKLOCKTIMEVERIFY", ScriptFlags::CHECKLOCKTIMEVERIFY),
    ("CHECKSEQUENCEVERIFY", ScriptFlags::CHECKSEQUENCEVERIFY),
    ("CLEANSTACK", ScriptFlags::CLEANSTACK),
    ("CONST_SCRIPTCODE", ScriptFlags::CONST_SCRIPTCODE),
    ("DERSIG", ScriptFlags::DERSIG),
    ("DISCOURAGE_OP_SUCCESS", ScriptFlags::DISCOURAGE_OP_SUCCESS),
    (
        "DISCOURAGE_UPGRADABLE_NOPS",
        ScriptFlags::DISCOURAGE_UPGRADABLE_NOPS,
    ),
    (
        "DISCOURAGE_UPGRADABLE_PUBKEYTYPE",
        ScriptFlags::DISCOURAGE_UPGRADABLE_PUBKEYTYPE,
    ),
    (
        "DISCOURAGE_UPGRADABLE_TAPROOT_VERSION",
        ScriptFlags::DISCOURAGE_UPGRADABLE_TAPROOT_VERSION,
    ),
    (
        "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM",
        ScriptFlags::DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM,
    ),
    ("LOW_S", ScriptFlags::LOW_S),
    ("MINIMALDATA", ScriptFlags::MINIMALDATA),
    ("MINIMALIF", ScriptFlags::MINIMALIF),
    ("NULLDUMMY", ScriptFlags::NULLDUMMY),
    ("NULLFAIL", ScriptFlags::NULLFAIL),
    ("P2SH", ScriptFlags::P2SH),
    ("SIGPUSHONLY", ScriptFlags::SIGPUSHONLY),
    ("STRICTENC", ScriptFlags::STRICTENC),
    ("TAPROOT", ScriptFlags::TAPROOT),
    ("WITNESS", ScriptFlags::WITNESS),
    ("WITNESS_PUBKEYTYPE", ScriptFlags::WITNESS_PUBKEYTYPE),
];

impl ScriptFlags {
    /// No rule beyond the original ones.
    pub const NONE: Self = Self(0);
    /// Scripts behind a hash are run (BIP16).
    pub const P2SH: Self = Self(1 << 0);
    /// Signatures are strict DER with a known hash type, keys have a known form. Policy only.
    pub const STRICTENC: Self = Self(1 << 1);
    /// Signatures are strict DER (BIP66).
    pub const DERSIG: Self = Self(1 << 2);
    /// The S value of signatures is in the lower half (BIP62 rule 5).
    pub const LOW_S: Self = Self(1 << 3);
    /// The extra element that `OP_CHECKMULTISIG` takes is empty (BIP147).
    pub const NULLDUMMY: Self = Self(1 << 4);
    /// Input scripts only push (BIP62 rule 2).
    pub const SIGPUSHONLY: Self = Self(1 << 5);
    /// Pushes and numbers have their shortest form (BIP62 rules 3 and 4).
    pub const MINIMALDATA: Self = Self(1 << 6);
    /// No-operations kept for upgrades fail.
    pub const DISCOURAGE_UPGRADABLE_NOPS: Self = Self(1 << 7);
    /// One element is left at the end (BIP62 rule 6). Needs `P2SH` and `WITNESS`.
    pub const CLEANSTACK: Self = Self(1 << 8);
    /// `OP_CHECKLOCKTIMEVERIFY` works (BIP65).
    pub const CHECKLOCKTIMEVERIFY: Self = Self(1 << 9);
    /// `OP_CHECKSEQUENCEVERIFY` works (BIP112).
    pub const CHECKSEQUENCEVERIFY: Self = Self(1 << 10);
    /// Segregated witness (BIP141). Needs `P2SH`.
    pub const WITNESS: Self = Self(1 << 11);
    /// Witness versions without a meaning fail.
    pub const DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM: Self = Self(1 << 12);
    /// Conditions in witness scripts are empty or exactly one.
    pub const MINIMALIF: Self = Self(1 << 13);
    /// A failing signature is empty (BIP146).
    pub const NULLFAIL: Self = Self(1 << 14);
    /// Keys in witness version 0 are compressed.
    pub const WITNESS_PUBKEYTYPE: Self = Self(1 << 15);
    /// Before segwit, nothing changes the script that signatures cover.
    pub const CONST_SCRIPTCODE: Self = Self(1 << 16);
    /// Taproot and tapscript (BIP341, BIP342).
    pub const TAPROOT: Self = Self(1 << 17);
    /// Leaf versions without a meaning fail.
    pub const DISCOURAGE_UPGRADABLE_TAPROOT_VERSION: Self = Self(1 << 18);
    /// `OP_SUCCESSx` fails.
    pub const DISCOURAGE_OP_SUCCESS: Self = Self(1 << 19);
    /// Tapscript keys without a meaning fail.
    pub const DISCOURAGE_UPGRADABLE_PUBKEYTYPE: Self = Self(1 << 20);

    /// Rules that every block of today enforces (Core's `MANDATORY_SCRIPT_VERIFY_FLAGS`).
    pub const MANDATORY: Self = Self(
        Self::P2SH.0
            | Self::DERSIG.0
            | Self::NULLDUMMY.0
            | Self::CHECKLOCKTIMEVERIFY.0
            | Self::CHECKSEQUENCEVERIFY.0
            | Self::WITNESS.0
            | Self::TAPROOT.0,
    );

    /// Rules for transactions that are relayed (Core's `STANDARD_SCRIPT_VERIFY_FLAGS`).
    pub const STANDARD: Self = Self(
        Self::MANDATORY.0
            | Self::STRICTENC.0
            | Self::MINIMALDATA.0
            | Self::DISCOURAGE_UPGRADABLE_NOPS.0
            | Self::CLEANSTACK.0
            | Self::MINIMALIF.0
            | Self::NULLFAIL.0
            | Self::LOW_S.0
            | Self::DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM.0
            | Self::WITNESS_PUBKEYTYPE.0
            | Self::CONST_SCRIPTCODE.0
            | Self::DISCOURAGE_UPGRADABLE_TAPROOT_VERSION.0
            | Self::DISCOURAGE_OP_SUCCESS.0
            | Self::DISCOURAGE_UPGRADABLE_PUBKEYTYPE.0,
    );

    /// Whether all of `flags` are in force.
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether any of `flags` is in force.
    pub const fn intersects(self, flags: Self) -> bool {
        self.0 & flags.0 != 0
    }

    /// One number for the set, for the key of a cache of results.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The flag of a name such as `DERSIG`.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, flag)| *flag)
    }

    /// Every flag with its name, by name.
    pub fn all() -> impl Iterator<Item = (&'static str, Self)> {
        NAMES.into_iter()
    }

    /// The names of the flags in force, by name.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES
            .into_iter()
            .filter(move |(_, flag)| self.contains(*flag))
            .map(|(name, _)| name)
    }
}

impl BitOr for ScriptFlags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for ScriptFlags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl BitAnd for ScriptFlags {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Not for ScriptFlags {
    type Output = Self;
    fn not(self) -> Self {
        NAMES
            .iter()
            .filter(|(_, flag)| !self.contains(*flag))
            .fold(Self::NONE, |a, (_, b)| a | *b)
    }
}

impl fmt::Display for ScriptFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names().collect();
        f.write_str(if names.is_empty() { "NONE" } else { "" })?;
        f.write_str(&names.join(","))
    }
}

impl fmt::Debug for ScriptFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
