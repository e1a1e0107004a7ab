//! The names of coins and networks.

use std::fmt;
use std::str::FromStr;

/// A coin of the family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coin {
    /// The default.
    #[default]
    Bitquantum,
    /// The model of all.
    Bitcoin,
    /// The one with Groestl hashes.
    Groestlcoin,
    /// Bitcoin's chain under other names.
    Smithcoin,
}

/// A text that names no coin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Unknown coin {0}. Known coins: bitquantum, bitcoin, groestlcoin, smithcoin.")]
pub struct UnknownCoin(
    /// The text.
    pub String,
);

impl Coin {
    /// All coins, in the order in which people are offered them.
    pub const ALL: [Self; 4] = [
        Self::Bitquantum,
        Self::Bitcoin,
        Self::Groestlcoin,
        Self::Smithcoin,
    ];

    /// The name in options and directories, in lower case.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Bitquantum => "bitquantum",
            Self::Bitcoin => "bitcoin",
            Self::Groestlcoin => "groestlcoin",
            Self::Smithcoin => "smithcoin",
        }
    }
}

impl fmt::Display for Coin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Coin {
    type Err = UnknownCoin;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|c| c.id() == text)
            .ok_or_else(|| UnknownCoin(text.to_owned()))
    }
}

/// One of a coin's networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Network {
    /// Where money has a value.
    #[default]
    Main,
    /// The third public test network.
    Test,
    /// The fourth public test network (BIP94).
    Testnet4,
    /// The test network whose blocks are signed (BIP325).
    Signet,
    /// A private chain with blocks on demand.
    Regtest,
}

/// A text that names no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Unknown chain {0}.")]
pub struct UnknownNetwork(
    /// The text.
    pub String,
);

impl Network {
    /// All networks.
    pub const ALL: [Self; 5] = [
        Self::Main,
        Self::Test,
        Self::Testnet4,
        Self::Signet,
        Self::Regtest,
    ];

    /// The name that `-chain=` and JSON-RPC use (Core's `ChainTypeToString`).
    pub const fn id(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Test => "test",
            Self::Testnet4 => "testnet4",
            Self::Signet => "signet",
            Self::Regtest => "regtest",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Network {
    type Err = UnknownNetwork;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|n| n.id() == text);
        found.ok_or_else(|| UnknownNetwork(text.to_owned()))
    }
}
