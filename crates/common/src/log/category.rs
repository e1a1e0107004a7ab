//! Log categories and levels, with Core's names (`logging/categories.h`).

/// Name and bit of every category, in alphabetical order. Bits are Core's.
const NAMES: [(&str, u32); COUNT] = [
    ("addrman", 9),
    ("bench", 4),
    ("blockstorage", 24),
    ("cmpctblock", 12),
    ("coindb", 17),
    ("estimatefee", 8),
    ("http", 3),
    ("i2p", 21),
    ("ipc", 22),
    ("kernel", 28),
    ("leveldb", 19),
    ("mempool", 2),
    ("mempoolrej", 16),
    ("net", 0),
    ("privatebroadcast", 29),
    ("proxy", 15),
    ("prune", 14),
    ("qt", 18),
    ("rand", 13),
    ("reindex", 11),
    ("rpc", 7),
    ("scan", 26),
    ("selectcoins", 10),
    ("tor", 1),
    ("txpackages", 27),
    ("txreconciliation", 25),
    ("validation", 20),
    ("walletdb", 6),
    ("zmq", 5),
];

/// How many categories there are.
const COUNT: usize = 29;

/// A category of debug lines. In code it is the `target:` of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Category(u32);

impl Category {
    /// The category of messages between processes.
    pub(super) const IPC: Self = Self(22);

    /// Returns the category that a tracing target names, if it names one exactly.
    pub fn from_target(target: &str) -> Option<Self> {
        let at = NAMES
            .binary_search_by(|(name, _)| (*name).cmp(target))
            .ok()?;
        Some(Self(NAMES[at].1))
    }

    /// Returns the name.
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(_, bit)| *bit == self.0)
            .map_or("", |(name, _)| name)
    }

    /// Returns every name, in alphabetical order.
    pub fn names() -> [&'static str; COUNT] {
        std::array::from_fn(|at| NAMES[at].0)
    }

    /// Returns the bit mask of this category alone.
    pub const fn mask(self) -> u64 {
        1 << self.0
    }

    /// Returns the place of this category in a table of 64.
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a text on the command line or in a call selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every category: empty, `1` or `all`.
    All,
    /// One category.
    One(Category),
    /// A former category that selects nothing; whoever uses the name is warned.
    Retired,
}

impl Selection {
    /// Reads a category as people write it, or `None` if there is none of that name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "1" | "all" => Some(Self::All),
            "libevent" => Some(Self::Retired),
            name => Category::from_target(name).map(Self::One),
        }
    }

    /// Returns the bit mask.
    pub const fn mask(self) -> u64 {
        match self {
            Self::All => u64::MAX,
            Self::One(category) => category.mask(),
            Self::Retired => 0,
        }
    }
}

/// How severe a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Much and detailed.
    Trace,
    /// For those who look for a fault.
    Debug,
    /// Rare and of interest to everybody.
    Info,
    /// Somebody should act.
    Warning,
    /// The program stops, or cannot do what it was asked.
    Error,
}

impl Level {
    /// Returns the level as lines and options write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Reads a level that `-loglevel` can set: lines above it are always written.
    pub fn parse_settable(text: &str) -> Option<Self> {
        [Self::Info, Self::Debug, Self::Trace]
            .into_iter()
            .find(|level| level.name() == text)
    }

    /// Returns the level of a tracing event.
    pub(super) fn of(level: &tracing::Level) -> Self {
        match *level {
            tracing::Level::ERROR => Self::Error,
            tracing::Level::WARN => Self::Warning,
            tracing::Level::INFO => Self::Info,
            tracing::Level::DEBUG => Self::Debug,
            tracing::Level::TRACE => Self::Trace,
        }
    }

    /// Returns the number under which it is kept in an atomic.
    pub(super) const fn number(self) -> u8 {
        self as u8
    }
}
