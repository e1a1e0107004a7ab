//! What can go wrong: refusals of the other side and failures on the way to it.

/// What kind of refusal a [`Fault`] is. The number is part of the wire format: only append.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum FaultCode {
    /// Nothing more precise is known.
    #[default]
    Failed = 0,
    /// The program has not read its options or its chain yet.
    NotReady = 1,
    /// A wallet, block, task or other named thing does not exist.
    NotFound = 2,
    /// A wallet, file or name is there already.
    AlreadyExists = 3,
    /// An argument is not what the method takes.
    InvalidArgument = 4,
    /// The wallet is locked and this needs its keys.
    PassphraseRequired = 5,
    /// The passphrase does not open the wallet.
    WrongPassphrase = 6,
    /// The wallet does not hold enough money.
    InsufficientFunds = 7,
    /// The address is not one of this chain and network.
    InvalidAddress = 8,
    /// The prepared transaction or its coins are no longer valid.
    Stale = 9,
    /// The node refused the transaction.
    Rejected = 10,
    /// A file could not be read or written.
    Io = 11,
    /// The role of this connection does not include the method.
    Denied = 12,
    /// It was ended by request before it was finished.
    Cancelled = 13,
    /// The program is stopping.
    ShuttingDown = 14,
    /// Something that must run alone runs already.
    Busy = 15,
    /// Blocks that are needed were pruned.
    Pruned = 16,
    /// The other side is another program version, coin, network or chain.
    Mismatch = 17,
    /// The wallet process is not there.
    WalletDown = 18,
    /// The one-time token is unknown or was used.
    BadToken = 19,
    /// The method exists, but this program does not offer it yet.
    Unsupported = 20,
    /// A request or a reply does not fit into one message.
    TooLarge = 21,
}

/// How the text of an exception begins that stands for [`FaultCode::TooLarge`].
pub(crate) const TOO_LARGE: &str = "Message too large: ";

impl FaultCode {
    const ALL: [Self; 22] = [
        Self::Failed,
        Self::NotReady,
        Self::NotFound,
        Self::AlreadyExists,
        Self::InvalidArgument,
        Self::PassphraseRequired,
        Self::WrongPassphrase,
        Self::InsufficientFunds,
        Self::InvalidAddress,
        Self::Stale,
        Self::Rejected,
        Self::Io,
        Self::Denied,
        Self::Cancelled,
        Self::ShuttingDown,
        Self::Busy,
        Self::Pruned,
        Self::Mismatch,
        Self::WalletDown,
        Self::BadToken,
        Self::Unsupported,
        Self::TooLarge,
    ];

    /// The code of a number from the wire; an unknown number reads as [`FaultCode::Failed`].
    pub fn from_number(number: u16) -> Self {
        Self::ALL
            .get(usize::from(number))
            .copied()
            .unwrap_or_default()
    }

    /// The number on the wire.
    pub const fn number(self) -> u16 {
        self as u16
    }
}

/// A refusal by the side that serves a method: a code for programs, a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What kind of refusal.
    pub code: FaultCode,
    /// What happened, to what, and what to do.
    pub message: String,
}

impl Fault {
    /// Makes a fault of `code` with its sentence.
    pub fn new(code: FaultCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// Makes a fault of no special kind.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(FaultCode::Failed, message)
    }

    /// The answer to text that is not JSON (newer Core's wording, which published clients expect).
    pub fn invalid_json() -> Self {
        Self::new(FaultCode::InvalidArgument, "invalid JSON received over IPC")
    }
}

/// Why a call of a client handle gave no result.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IpcError {
    /// The other side refused.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The connection is gone, or was never made.
    #[error("the connection is closed")]
    Disconnected,
    /// The other side does not know what was asked, which is named here, or does not let this client ask it.
    #[error(
        "the other program does not answer to \"{0}\" here: its socket only lets clients look, or its version is another"
    )]
    Unimplemented(String),
    /// The other side answered with an exception, or with bytes that cannot be read.
    #[error("{0}")]
    Remote(String),
    /// The socket cannot be reached.
    #[error("{reason}")]
    Connect {
        /// The system's words, or the rule that was broken.
        reason: String,
        /// Whether nothing listens there (refused, missing, not a directory, path too long).
        absent: bool,
    },
    /// An address or option of a socket is wrong.
    #[error("{0}")]
    Address(String),
    /// A program could not be started.
    #[error("Unable to start {program}: {reason}")]
    Spawn {
        /// The program's path.
        program: String,
        /// The system's words.
        reason: String,
    },
    /// No answer came in time.
    #[error("no answer from {0} in time")]
    Timeout(String),
}

impl IpcError {
    /// The fault behind it, where the other side refused.
    pub const fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Fault(fault) => Some(fault),
            _ => None,
        }
    }

    /// Whether somebody else sits at the address.
    pub fn is_in_use(&self) -> bool {
        matches!(self, Self::Address(text) if text.ends_with(crate::address::IN_USE))
    }
}
