//! What can go wrong with the chain.

use std::io::ErrorKind;

use consensus::BlockError;
use primitives::BlockHash;

use crate::block_files::FileError;
use crate::mempool::accept::MempoolError;
use crate::store::StoreError;

/// A failure of this machine, not of a block: the chain cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// A store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A block or undo file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The undo record of a block does not fit the block or the coins.
    #[error("Failed to disconnect block.")]
    Disconnect(BlockHash),
    /// A block that was valid when it was stored is not any more.
    #[error(
        "Corrupt block found indicating potential hardware failure. Check memory and disk, then \
         restart with -reindex."
    )]
    CorruptBlock(BlockHash),
    /// A block cannot be taken back, since it or what it spent was pruned.
    #[error("Block {0} cannot be taken back: its data or undo data was pruned or has not come yet")]
    Pruned(BlockHash),
    /// No block is connected yet.
    #[error("no block is connected yet")]
    NoTip,
    /// The coins stand at a block that the index does not know.
    #[error(
        "the coins stand at block {0}, which the block index does not know. Restart with -reindex \
         to build both anew."
    )]
    UnknownHead(BlockHash),
    /// The block index contradicts itself.
    #[error("the block index is damaged: {0}. Restart with -reindex to build it anew.")]
    BadIndex(&'static str),
    /// A thread cannot be made.
    #[error("cannot start thread {name}: {source}")]
    Thread {
        /// Its name.
        name: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// The chain's thread met what it takes for impossible, and gives up.
    #[error("internal error: {0}")]
    Panicked(String),
    /// The chain's thread has ended.
    #[error("the node is shutting down")]
    Stopped,
    /// Somebody asked for the end of a command.
    #[error(
        "cancelled: the blocks that were taken back stay invalid. Call invalidateblock again to go on, or \
         reconsiderblock to have them back"
    )]
    Cancelled,
}

impl ChainError {
    /// Whether room on the disk or rights to a file are missing, so that no rebuild helps.
    fn is_about_rights_or_room(&self) -> bool {
        match self {
            Self::File(FileError::Io { source, .. }) => rights_or_room(source.kind()),
            Self::Store(error) => error.is_about_rights_or_room(),
            _ => false,
        }
    }
}

/// Whether the system reports that room or rights are missing.
pub(crate) const fn rights_or_room(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::FileTooLarge
            | ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
    )
}

/// What is wrong, behind a sentence of Core.
fn detail(error: Option<&impl std::fmt::Display>) -> String {
    error.map_or_else(String::new, |error| {
        format!(": {}", error.to_string().trim_end_matches('.'))
    })
}

/// Why the chain cannot start. The texts are Core's, which ends its own with a full stop and an
/// advice where [`StartError::can_rebuild`].
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A store or file cannot be used at all.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The block files' key cannot be read, written or switched off.
    #[error(transparent)]
    Files(FileError),
    /// The index cannot be opened.
    #[error("Error opening block database{}", detail(Some(.0)))]
    OpenIndex(#[source] StoreError),
    /// The index cannot be understood.
    #[error("Error loading block database{}", detail(Some(.0)))]
    LoadIndex(#[source] ChainError),
    /// The first block is another one.
    #[error("Incorrect or no genesis block found. Wrong datadir for network?")]
    WrongGenesis,
    /// The first block cannot be written, or the tip is unknown.
    #[error("Error initializing block database{}", detail(.0.as_ref()))]
    InitIndex(#[source] Option<ChainError>),
    /// The coins cannot be opened.
    #[error("Error opening coins database{}", detail(Some(.0)))]
    OpenCoins(#[source] StoreError),
    /// An interrupted write of coins cannot be completed.
    #[error(
        "Unable to replay blocks. You will need to rebuild the database using -reindex-chainstate."
    )]
    Replay(#[source] ChainError),
    /// Blocks were stored without their witnesses.
    #[error(
        "Witness data for blocks after height {0} requires validation. Please restart with -reindex."
    )]
    NeedsWitness(u32),
    /// Blocks were deleted, and now none are to be missing.
    #[error(
        "You need to rebuild the database using -reindex to go back to unpruned mode.  This will \
         redownload the entire blockchain"
    )]
    WasPruned,
    /// The coins began with a snapshot that the program does not know.
    #[error(
        "A fatal internal error occurred, see debug.log for details: Assumeutxo data not found for \
         the given blockhash '{0}'."
    )]
    UnknownSnapshot(BlockHash),
    /// A snapshot's coins are not those that the blocks give; they were put aside.
    #[error(
        "UTXO snapshot failed to validate. Restart to resume normal initial block download, or try \
         loading a different snapshot."
    )]
    WrongSnapshot,
    /// The tip lies more than two hours ahead of the clock.
    #[error(
        "The block database contains a block which appears to be from the future. This may be due \
         to your computer's date and time being set incorrectly. Only rebuild the block database if \
         you are sure that your computer's date and time are correct"
    )]
    FutureTip,
    /// The last blocks could not be compared with the coins, though that was asked for.
    #[error("Insufficient dbcache for block verification")]
    SmallCache,
    /// The last blocks cannot be read, or do not fit the coins: what was found first.
    #[error("Corrupted block database detected{}", detail(.0.as_ref()))]
    Corrupted(Option<String>),
    /// The process was told to stop meanwhile.
    #[error("Shutdown requested. Exiting.")]
    Interrupted,
}

impl StartError {
    /// Whether building the data anew with `-reindex` may help; Core then appends
    /// `.\nPlease restart with -reindex or -reindex-chainstate to recover.`
    pub fn can_rebuild(&self) -> bool {
        match self {
            Self::OpenIndex(error) | Self::OpenCoins(error) => !error.is_about_rights_or_room(),
            Self::LoadIndex(error) | Self::InitIndex(Some(error)) | Self::Replay(error) => {
                !error.is_about_rights_or_room()
            }
            Self::InitIndex(None)
            | Self::NeedsWitness(_)
            | Self::WasPruned
            | Self::FutureTip
            | Self::Corrupted(_) => true,
            Self::Chain(_)
            | Self::Files(_)
            | Self::WrongGenesis
            | Self::UnknownSnapshot(_)
            | Self::WrongSnapshot
            | Self::SmallCache
            | Self::Interrupted => false,
        }
    }
}

/// Why a block or header is not taken, though this machine is well. Shown as Core's reject reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockRejection {
    /// It breaks a rule.
    #[error(transparent)]
    Invalid(#[from] BlockError),
    /// It is known, and known to be invalid.
    #[error("duplicate-invalid")]
    KnownInvalid,
    /// Its parent is not known.
    #[error("prev-blk-not-found")]
    UnknownParent,
    /// Its parent is invalid.
    #[error("bad-prevblk")]
    InvalidParent,
    /// Its chain has too little work to be kept.
    #[error("too-little-chainwork")]
    LowWork,
    /// It was to be checked on the tip, but has another parent.
    #[error("inconclusive-not-best-prevblk")]
    NotOnTip,
}

impl BlockRejection {
    /// What Core adds for the log; empty where it adds nothing.
    pub fn debug_message(&self, hash: &BlockHash) -> String {
        match self {
            Self::Invalid(error) => error.debug_message(),
            Self::KnownInvalid => format!("block {hash} was previously marked invalid"),
            Self::UnknownParent | Self::InvalidParent | Self::LowWork | Self::NotOnTip => {
                String::new()
            }
        }
    }
}

/// Why a block or header was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It is not acceptable.
    #[error(transparent)]
    Rejected(#[from] BlockRejection),
    /// This machine fails.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

impl From<StoreError> for SubmitError {
    fn from(error: StoreError) -> Self {
        Self::Chain(error.into())
    }
}

/// Why a transaction was not taken into the mempool.
#[derive(Debug, thiserror::Error)]
pub enum SubmitTxError {
    /// It is not acceptable.
    #[error(transparent)]
    Rejected(#[from] MempoolError),
    /// This machine fails.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// Why a block cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No such block is known.
    #[error("Block not found")]
    Unknown,
    /// Only its header is here.
    #[error("Block not available (not fully downloaded)")]
    NotHere,
    /// It was here once.
    #[error("Block not available (pruned data)")]
    Pruned,
    /// Its undo record is not here: it was never connected.
    #[error(
        "Undo data expected but can't be read. This could be due to disk corruption or a conflict with a pruning event."
    )]
    NoUndo,
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}
