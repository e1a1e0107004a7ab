//! Which rules are in force where: buried deployments, version bits and the exceptions.

mod bip30;
mod version_bits;

pub use bip30::{enforces_bip30, is_bip30_implied, is_bip30_repeat, is_bip30_unspendable};
pub use version_bits::{
    Bip9Info, Bip9Stats, ThresholdState, VERSIONBITS_NUM_BITS, VERSIONBITS_TOP_BITS,
    VERSIONBITS_TOP_MASK, VersionBitsCache,
};

use primitives::params::{DeploymentId, ExceptionFlags};
use primitives::{BlockHash, ChainParams};

use crate::script::ScriptFlags;

/// A rule that is in force from a fixed height on (BIP90).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BuriedDeployment {
    /// The coinbase begins with the height (BIP34).
    HeightInCoinbase,
    /// `OP_CHECKLOCKTIMEVERIFY` (BIP65).
    Cltv,
    /// Strict DER signatures (BIP66).
    Dersig,
    /// Relative lock times (BIP68, 112, 113).
    Csv,
    /// Segregated witness (BIP141, 143, 147).
    Segwit,
}

impl BuriedDeployment {
    /// All, in the order of `getdeploymentinfo`.
    pub const ALL: [Self; 5] = [
        Self::HeightInCoinbase,
        Self::Dersig,
        Self::Cltv,
        Self::Csv,
        Self::Segwit,
    ];

    /// The name in `getdeploymentinfo`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HeightInCoinbase => "bip34",
            Self::Cltv => "bip65",
            Self::Dersig => "bip66",
            Self::Csv => "csv",
            Self::Segwit => "segwit",
        }
    }

    /// The first height at which it is in force.
    pub const fn height(self, params: &ChainParams) -> u32 {
        match self {
            Self::HeightInCoinbase => params.bip34_height,
            Self::Cltv => params.bip65_height,
            Self::Dersig => params.bip66_height,
            Self::Csv => params.csv_height,
            Self::Segwit => params.segwit_height,
        }
    }

    /// Whether it is in force for a block at `height`.
    pub const fn is_active(self, height: u32, params: &ChainParams) -> bool {
        height >= self.height(params)
    }
}

/// The name of a version-bits deployment in `getdeploymentinfo` and `-vbparams`.
pub const fn deployment_name(id: DeploymentId) -> &'static str {
    match id {
        DeploymentId::TestDummy => "testdummy",
        DeploymentId::Taproot => "taproot",
    }
}

/// The script rules of the block with this height and id (Core's `GetBlockScriptFlags`).
pub fn script_flags(height: u32, hash: &BlockHash, params: &ChainParams) -> ScriptFlags {
    // BIP16, segwit and taproot hold from the first block on but for a few old blocks.
    let exception = params
        .script_flag_exceptions
        .iter()
        .find(|e| e.block == *hash);
    let mut flags = match exception.map(|exception| exception.flags) {
        None => ScriptFlags::P2SH | ScriptFlags::WITNESS | ScriptFlags::TAPROOT,
        Some(ExceptionFlags::P2shWitness) => ScriptFlags::P2SH | ScriptFlags::WITNESS,
        Some(ExceptionFlags::None) => ScriptFlags::NONE,
    };
    for (deployment, flag) in [
        (BuriedDeployment::Dersig, ScriptFlags::DERSIG),
        (BuriedDeployment::Cltv, ScriptFlags::CHECKLOCKTIMEVERIFY),
        (BuriedDeployment::Csv, ScriptFlags::CHECKSEQUENCEVERIFY),
        (BuriedDeployment::Segwit, ScriptFlags::NULLDUMMY),
    ] {
        if deployment.is_active(height, params) {
            flags |= flag;
        }
    }
    flags
}

#[cfg(test)]
mod tests;
