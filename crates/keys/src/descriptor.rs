//! Output script descriptors (BIP380 to 386, 389): text to scripts and keys.

use primitives::address::Destination;
use primitives::script::Script;
use primitives::{ChainParams, hash_scheme};

use crate::bip32::{Bip32Error, Xpriv, Xpub};
use crate::private_key::PrivateKey;
use crate::sign::SigningKeys;

mod cache;
mod checksum;
mod expand;
mod infer;
mod key;
mod parse;
mod taproot;

pub use cache::DescriptorCache;
pub use checksum::checksum;
use key::TextForm;
pub use key::{DerivedKey, KeyExpr, KeyOrigin, NoSecrets, SecretSource};
pub use taproot::{TapSpend, tap_tweak};

/// Why a descriptor cannot be read or expanded. Texts are Core's, which clients compare.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// The text is no descriptor.
    #[error("{0}")]
    Syntax(String),
    /// A key behind a hardened step is asked for, and the private key is not known.
    #[error("Cannot derive script without private keys")]
    NeedsPrivateKey,
    /// A key cannot be derived.
    #[error(transparent)]
    Bip32(#[from] Bip32Error),
}

/// A parsed descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    node: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Pk(KeyExpr),
    Pkh(KeyExpr),
    Wpkh(KeyExpr),
    Combo(KeyExpr),
    Multi {
        threshold: u32,
        keys: Vec<KeyExpr>,
        sorted: bool,
    },
    MultiA {
        threshold: u32,
        keys: Vec<KeyExpr>,
        sorted: bool,
    },
    Sh(Box<Node>),
    Wsh(Box<Node>),
    Tr {
        internal: KeyExpr,
        tree: Option<Tree>,
    },
    RawTr(KeyExpr),
    /// A key kept for descriptors to come; it gives no script.
    Unused(KeyExpr),
    Addr(Destination),
    Raw(Script),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tree {
    Leaf(Box<Node>),
    Branch(Box<Tree>, Box<Tree>),
}

/// The kind of address that a descriptor gives (Core's `OutputType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutputType {
    /// pkh
    Legacy,
    /// sh(wpkh)
    P2shSegwit,
    /// wpkh
    Bech32,
    /// tr
    Bech32m,
}

impl OutputType {
    /// All of them, oldest first.
    pub const ALL: [Self; 4] = [Self::Legacy, Self::P2shSegwit, Self::Bech32, Self::Bech32m];

    /// The name in options and JSON-RPC.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::P2shSegwit => "p2sh-segwit",
            Self::Bech32 => "bech32",
            Self::Bech32m => "bech32m",
        }
    }

    /// Reads that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The scripts that a descriptor gives at one index, with all that is needed to spend them.
#[derive(Clone, Debug, Default)]
pub struct Expansion {
    /// Output scripts; `combo` gives several.
    pub scripts: Vec<Script>,
    /// Keys, inner scripts and origins.
    pub keys: SigningKeys,
}

impl Descriptor {
    /// Reads a descriptor. A multipath step (BIP389) gives one for each branch. A checksum is
    /// checked where there is one and demanded where `require_checksum` is set.
    ///
    /// # Errors
    /// [`DescriptorError::Syntax`] with Core's text.
    pub fn parse(
        text: &str,
        params: &ChainParams,
        require_checksum: bool,
    ) -> Result<Vec<Self>, DescriptorError> {
        parse::parse(text, params, require_checksum)
    }

    /// Reads a descriptor that gives exactly one.
    ///
    /// # Errors
    /// [`DescriptorError::Syntax`].
    pub fn parse_one(text: &str, params: &ChainParams) -> Result<Self, DescriptorError> {
        let mut all = Self::parse(text, params, false)?;
        match (all.pop(), all.is_empty()) {
            (Some(one), true) => Ok(one),
            _ => Err(DescriptorError::Syntax(
                "A multipath descriptor is not allowed here".into(),
            )),
        }
    }

    /// Makes the usual descriptor of a new wallet below `root`, with the account's steps (BIP44, 49,
    /// 84, 86): `coin_type` 0 on main networks in the case of Bitcoin, `internal` for change.
    pub fn for_new_wallet(
        root: &Xpub,
        kind: OutputType,
        coin_type: u32,
        internal: bool,
        params: &ChainParams,
    ) -> Self {
        let purpose = match kind {
            OutputType::Legacy => 44,
            OutputType::P2shSegwit => 49,
            OutputType::Bech32 => 84,
            OutputType::Bech32m => 86,
        };
        let key = format!(
            "{}/{purpose}h/{coin_type}h/0h/{}/*",
            root.to_text(params),
            u8::from(internal)
        );
        let text = match kind {
            OutputType::Legacy => format!("pkh({key})"),
            OutputType::P2shSegwit => format!("sh(wpkh({key}))"),
            OutputType::Bech32 => format!("wpkh({key})"),
            OutputType::Bech32m => format!("tr({key})"),
        };
        Self::parse_one(&text, params).expect("the text was made of a valid key just now")
    }

    /// The most telling descriptor of a script with what `keys` knows (Core's `InferDescriptor`):
    /// `addr` or `raw` where nothing is known.
    pub fn infer(script: &Script, keys: &SigningKeys) -> Self {
        infer::infer(script, keys)
    }

    /// Whether the scripts depend on an index.
    pub fn is_range(&self) -> bool {
        self.keys().iter().any(|key| key.is_range())
    }

    /// Whether the text holds private keys.
    pub fn has_private_keys(&self) -> bool {
        self.keys().iter().any(|key| key.has_private())
    }

    /// Whether every private key is in the text or known to `secrets`.
    pub fn has_all_private_keys(&self, secrets: &dyn SecretSource) -> bool {
        self.keys().iter().all(|key| key.has_private_in(secrets))
    }

    /// Whether the scripts can be spent by one who has the private keys: not so for `addr`, `raw`.
    pub const fn is_solvable(&self) -> bool {
        !matches!(self.node, Node::Addr(_) | Node::Raw(_))
    }

    /// Whether it gives one script at each index: not so for `combo`.
    pub const fn is_single_type(&self) -> bool {
        !matches!(self.node, Node::Combo(_))
    }

    /// Whether it gives scripts: not so for `unused`, which only keeps a key.
    pub const fn has_scripts(&self) -> bool {
        !matches!(self.node, Node::Unused(_))
    }

    /// The kind of address it gives, where it gives one.
    pub fn output_type(&self) -> Option<OutputType> {
        match &self.node {
            Node::Pkh(_) => Some(OutputType::Legacy),
            Node::Sh(inner) => Some(match **inner {
                Node::Wpkh(_) | Node::Wsh(_) => OutputType::P2shSegwit,
                _ => OutputType::Legacy,
            }),
            Node::Wpkh(_) | Node::Wsh(_) => Some(OutputType::Bech32),
            Node::Tr { .. } | Node::RawTr(_) => Some(OutputType::Bech32m),
            Node::Addr(destination) => destination_type(destination),
            Node::Raw(script) => Destination::from_script(script)
                .as_ref()
                .and_then(destination_type),
            Node::Pk(_)
            | Node::Combo(_)
            | Node::Multi { .. }
            | Node::MultiA { .. }
            | Node::Unused(_) => None,
        }
    }

    /// Number of key expressions in the text.
    pub fn key_count(&self) -> usize {
        self.keys().len()
    }

    /// Private keys that stand in the text: extended ones and single ones.
    pub fn secrets(&self) -> (Vec<Xpriv>, Vec<PrivateKey>) {
        let both: Vec<_> = self.keys().iter().map(|key| key.secrets()).collect();
        let extended = both.iter().filter_map(|(x, _)| x.clone()).collect();
        (
            extended,
            both.into_iter().filter_map(|(_, key)| key).collect(),
        )
    }

    /// Extended public keys from which keys are derived.
    pub fn root_xpubs(&self) -> Vec<Xpub> {
        self.keys()
            .iter()
            .filter_map(|key| key.root_xpub())
            .collect()
    }

    /// The text with public keys and its checksum.
    pub fn to_text(&self, params: &ChainParams) -> String {
        let body = self.text(TextForm::Public, params);
        with_checksum(&body.expect("public keys are always there"))
    }

    /// The text with the private keys that `secrets` or the descriptor itself knows, and its checksum.
    pub fn to_private_text(&self, secrets: &dyn SecretSource, params: &ChainParams) -> String {
        let body = self.text(TextForm::Private(secrets), params);
        with_checksum(&body.expect("a key that is not known stays public"))
    }

    /// The text in which no hardened step is left to derive (Core's `ToNormalizedString`).
    ///
    /// # Errors
    /// [`DescriptorError::NeedsPrivateKey`].
    pub fn to_normalized_text(
        &self,
        secrets: &dyn SecretSource,
        cache: &DescriptorCache,
        params: &ChainParams,
    ) -> Result<String, DescriptorError> {
        self.text(TextForm::Normalized(secrets, cache), params)
            .map(|body| with_checksum(&body))
    }

    /// The id by which wallet files name a descriptor: SHA-256 of its public text with checksum,
    /// hardened steps marked `'` (Core's `DescriptorID`).
    pub fn id(&self, params: &ChainParams) -> [u8; 32] {
        let body = self.text(TextForm::Compat, params);
        let text = with_checksum(&body.expect("public keys are always there"));
        hash_scheme::sha256(text.as_bytes())
    }

    /// Makes the scripts at `index`. Keys behind hardened steps come from `secrets` or from `known`;
    /// what was derived through private keys is added to `fresh`.
    ///
    /// # Errors
    /// A [`DescriptorError`].
    pub fn expand(
        &self,
        index: u32,
        secrets: &dyn SecretSource,
        known: &DescriptorCache,
        fresh: &mut DescriptorCache,
    ) -> Result<Expansion, DescriptorError> {
        expand::expand(&self.node, index, secrets, known, fresh)
    }

    /// Makes the scripts at `index` of a descriptor that needs no other keys than its own.
    ///
    /// # Errors
    /// A [`DescriptorError`].
    pub fn expand_alone(&self, index: u32) -> Result<Expansion, DescriptorError> {
        let mut fresh = DescriptorCache::default();
        self.expand(index, &NoSecrets, &DescriptorCache::default(), &mut fresh)
    }

    fn keys(&self) -> Vec<&KeyExpr> {
        let mut keys = Vec::new();
        collect_keys(&self.node, &mut keys);
        keys
    }

    fn text(&self, form: TextForm<'_>, params: &ChainParams) -> Result<String, DescriptorError> {
        node_text(&self.node, form, params)
    }
}

fn destination_type(destination: &Destination) -> Option<OutputType> {
    match destination {
        Destination::PubKeyHash(_) => Some(OutputType::Legacy),
        // Whether a witness hides inside a script hash cannot be seen.
        Destination::ScriptHash(_) => Some(OutputType::Legacy),
        Destination::WitnessV0KeyHash(_) | Destination::WitnessV0ScriptHash(_) => {
            Some(OutputType::Bech32)
        }
        Destination::WitnessV1Taproot(_) => Some(OutputType::Bech32m),
        _ => None,
    }
}

fn with_checksum(body: &str) -> String {
    let sum = checksum(body).expect("made of descriptor characters only");
    format!("{body}#{sum}")
}

fn collect_keys<'a>(node: &'a Node, keys: &mut Vec<&'a KeyExpr>) {
    match node {
        Node::Pk(key)
        | Node::Pkh(key)
        | Node::Wpkh(key)
        | Node::Combo(key)
        | Node::RawTr(key)
        | Node::Unused(key) => keys.push(key),
        Node::Multi { keys: all, .. } | Node::MultiA { keys: all, .. } => keys.extend(all),
        Node::Sh(inner) | Node::Wsh(inner) => collect_keys(inner, keys),
        Node::Tr { internal, tree } => {
            keys.push(internal);
            if let Some(tree) = tree {
                collect_tree_keys(tree, keys);
            }
        }
        Node::Addr(_) | Node::Raw(_) => {}
    }
}

fn collect_tree_keys<'a>(tree: &'a Tree, keys: &mut Vec<&'a KeyExpr>) {
    match tree {
        Tree::Leaf(node) => collect_keys(node, keys),
        Tree::Branch(left, right) => {
            collect_tree_keys(left, keys);
            collect_tree_keys(right, keys);
        }
    }
}

fn node_text(
    node: &Node,
    form: TextForm<'_>,
    params: &ChainParams,
) -> Result<String, DescriptorError> {
    let one = |name: &str, key: &KeyExpr| Ok(format!("{name}({})", key.to_text(form, params)?));
    let many = |name: &str, threshold: u32, keys: &[KeyExpr]| {
        let mut text = format!("{name}({threshold}");
        for key in keys {
            text.push(',');
            text.push_str(&key.to_text(form, params)?);
        }
        Ok(text + ")")
    };
    match node {
        Node::Pk(key) => one("pk", key),
        Node::Pkh(key) => one("pkh", key),
        Node::Wpkh(key) => one("wpkh", key),
        Node::Combo(key) => one("combo", key),
        Node::RawTr(key) => one("rawtr", key),
        Node::Unused(key) => one("unused", key),
        Node::Multi {
            threshold,
            keys,
            sorted,
        } => many(
            if *sorted { "sortedmulti" } else { "multi" },
            *threshold,
            keys,
        ),
        Node::MultiA {
            threshold,
            keys,
            sorted,
        } => many(
            if *sorted { "sortedmulti_a" } else { "multi_a" },
            *threshold,
            keys,
        ),
        Node::Sh(inner) => Ok(format!("sh({})", node_text(inner, form, params)?)),
        Node::Wsh(inner) => Ok(format!("wsh({})", node_text(inner, form, params)?)),
        Node::Tr { internal, tree } => {
            let key = internal.to_text(form, params)?;
            Ok(match tree {
                Some(tree) => format!("tr({key},{})", tree_text(tree, form, params)?),
                None => format!("tr({key})"),
            })
        }
        Node::Addr(destination) => Ok(format!("addr({})", destination.to_address(params))),
        Node::Raw(script) => Ok(format!("raw({script})")),
    }
}

fn tree_text(
    tree: &Tree,
    form: TextForm<'_>,
    params: &ChainParams,
) -> Result<String, DescriptorError> {
    match tree {
        Tree::Leaf(node) => node_text(node, form, params),
        Tree::Branch(left, right) => Ok(format!(
            "{{{},{}}}",
            tree_text(left, form, params)?,
            tree_text(right, form, params)?
        )),
    }
}

#[cfg(test)]
mod tests;
