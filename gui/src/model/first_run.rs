//! Where the first run stands, so that it can be left and resumed.

use std::path::PathBuf;

use primitives::{ChainParams, Coin, Network};
use serde_json::{Value, json};

/// Free bytes a chain's directory needs beyond the chain itself.
const HEADROOM: u64 = 1 << 30;

/// The steps in order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Which coin and network.
    #[default]
    Coin,
    /// Where to keep the chain.
    Storage,
    /// Create, restore, or later.
    Wallet,
    /// Save a backup and prove that it works.
    Backup,
}

impl Step {
    /// All steps.
    pub const ALL: [Self; 4] = [Self::Coin, Self::Storage, Self::Wallet, Self::Backup];

    /// Counted from one, as people are told.
    pub fn number(self) -> usize {
        Self::ALL
            .iter()
            .position(|step| *step == self)
            .map_or(1, |index| index + 1)
    }

    fn key(self) -> &'static str {
        match self {
            Self::Coin => "coin",
            Self::Storage => "storage",
            Self::Wallet => "wallet",
            Self::Backup => "backup",
        }
    }
}

/// What was decided so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The step in view.
    pub step: Step,
    /// The coin.
    pub coin: Coin,
    /// The network.
    pub network: Network,
    /// An own data directory; `None` for the default.
    pub datadir: Option<PathBuf>,
    /// The wallet that was made in step 3.
    pub wallet: Option<String>,
    /// The backup that was saved in step 4.
    pub backup: Option<PathBuf>,
}

impl Progress {
    /// The chain decided for.
    pub fn params(&self) -> &'static ChainParams {
        ChainParams::get(self.coin, self.network)
    }

    pub(super) fn to_json(&self) -> Value {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|p| p.to_string_lossy().into_owned());
        json!({
            "step": self.step.key(),
            "coin": self.coin.id(),
            "chain": self.network.id(),
            "datadir": path(&self.datadir),
            "wallet": self.wallet,
            "backup": path(&self.backup),
        })
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let step = text("step")?;
        Some(Self {
            step: Step::ALL.into_iter().find(|known| known.key() == step)?,
            coin: text("coin")?.parse().ok()?,
            network: text("chain")?.parse().ok()?,
            datadir: text("datadir").map(PathBuf::from),
            wallet: text("wallet").map(str::to_owned),
            backup: text("backup").map(PathBuf::from),
        })
    }
}

/// Bytes that the whole chain needs on disk.
pub fn chain_size(params: &ChainParams) -> u64 {
    let gigabytes = u64::from(params.assumed_blockchain_size_gb)
        + u64::from(params.assumed_chain_state_size_gb);
    gigabytes * 1_000_000_000
}

/// How a place for the chain is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Being looked at.
    Unknown,
    /// Room enough.
    Fine {
        /// Free bytes.
        free: u64,
    },
    /// Too little room for the whole chain: can be chosen, with a warning.
    TooSmall {
        /// Free bytes.
        free: u64,
        /// Bytes needed.
        needed: u64,
    },
    /// Cannot be made or written.
    Unusable(String),
}

impl Place {
    /// Whether the first run may go on with it.
    pub fn can_be_chosen(&self) -> bool {
        matches!(self, Self::Fine { .. } | Self::TooSmall { .. })
    }
}

/// Judges the free space of a place.
pub fn judge(free: u64, params: &ChainParams) -> Place {
    let needed = chain_size(params) + HEADROOM;
    if free < needed {
        Place::TooSmall { free, needed }
    } else {
        Place::Fine { free }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_with_less_room_than_the_chain_is_told_and_can_be_chosen() {
        let params = ChainParams::get(Coin::Bitcoin, Network::Main);
        let size = chain_size(params);
        assert!(
            size > 100_000_000_000,
            "the table knows the size of the real chain"
        );
        let small = judge(size, params);
        assert!(matches!(small, Place::TooSmall { .. }) && small.can_be_chosen());
        assert!(!Place::Unusable(String::new()).can_be_chosen() && !Place::Unknown.can_be_chosen());
        assert!(matches!(judge(size * 2, params), Place::Fine { .. }));
        let regtest = ChainParams::get(Coin::Bitcoin, Network::Regtest);
        assert!(matches!(judge(4 << 30, regtest), Place::Fine { .. }));
    }

    #[test]
    fn every_step_is_written_and_read_back() {
        for step in Step::ALL {
            let progress = Progress {
                step,
                wallet: Some("w".to_owned()),
                ..Progress::default()
            };
            assert_eq!(Progress::from_json(&progress.to_json()), Some(progress));
        }
        assert_eq!(Progress::from_json(&json!({"step": "nowhere"})), None);
    }
}
