//! What can go wrong with a wallet.

use std::path::PathBuf;

use keys::descriptor::DescriptorError;
use primitives::Txid;

use crate::crypter::CrypterError;
use crate::db::DbError;
use crate::scriptpubkeyman::{NewAddressError, PartlyCorrupt};

/// A refusal or a failure. Texts are Core's where it has one.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// The file cannot be used.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The file holds what cannot be read.
    #[error("Error loading {}: Wallet corrupted ({reason})", file.display())]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// Which record.
        reason: String,
    },
    /// The file has flags of a later version.
    #[error("Error loading {}: Wallet requires newer version of {}", .0.display(), common::CLIENT_NAME)]
    TooNew(PathBuf),
    /// The file holds a descriptor that is not understood.
    #[error(
        "Unrecognized descriptor found. Loading wallet {}\n\nThe wallet might have been created on a newer version, or by \
         a program that reads more kinds of descriptors. It was left untouched.\n{descriptor}: {reason}\n", file.display()
    )]
    UnknownDescriptor {
        /// The file.
        file: PathBuf,
        /// The descriptor, without private keys.
        descriptor: String,
        /// What cannot be read.
        reason: String,
    },
    /// The wallet needs an external signer.
    #[error(
        "Error loading {}: External signer wallet being loaded without external signer support compiled", .0.display()
    )]
    ExternalSigner(PathBuf),
    /// The wallet is of the old kind, in a new file.
    #[error(
        "Error loading {}: Wallet is a legacy wallet. Please migrate to a descriptor wallet using the migration tool \
         (migratewallet RPC).", .0.display()
    )]
    Legacy(PathBuf),
    /// A descriptor wallet holds records of the old kind.
    #[error(
        "Unexpected legacy entry in descriptor wallet found. Loading wallet {}\n\nThe wallet might have been tampered \
         with or created with malicious intent.\n", .0.display()
    )]
    LegacyEntry(PathBuf),
    /// The wallet was used on another chain.
    #[error(
        "Wallet files should not be reused across chains. Restart {} with -walletcrosschain to override.",
        common::CLIENT_NAME
    )]
    OtherChain,
    /// The wallet is locked.
    #[error("Error: Please enter the wallet passphrase with walletpassphrase first.")]
    Locked,
    /// The passphrase is wrong.
    #[error("Error: The wallet passphrase entered was incorrect.")]
    WrongPassphrase,
    /// An encrypted wallet is to be encrypted.
    #[error("Error: running with an encrypted wallet, but encryptwallet was called.")]
    AlreadyEncrypted,
    /// A wallet without encryption is to be locked or unlocked.
    #[error("Error: running with an unencrypted wallet, but {0} was called.")]
    NotEncrypted(&'static str),
    /// A wallet without private keys is to be encrypted.
    #[error("Error: wallet does not contain private keys, nothing to encrypt.")]
    NothingToEncrypt,
    /// A passphrase is needed and is empty.
    #[error("passphrase cannot be empty")]
    EmptyPassphrase,
    /// There is no descriptor that gives such addresses.
    #[error("Error: This wallet has no available keys")]
    NoKeys,
    /// There is none of this kind.
    #[error("Error: No {0} addresses available.")]
    NoAddresses(&'static str),
    /// An address cannot be made.
    #[error(transparent)]
    NewAddress(#[from] NewAddressError),
    /// A descriptor cannot be expanded.
    #[error(transparent)]
    Descriptor(#[from] DescriptorError),
    /// Encryption failed.
    #[error(transparent)]
    Crypter(#[from] CrypterError),
    /// Some keys open and some do not.
    #[error(transparent)]
    PartlyCorrupt(#[from] PartlyCorrupt),
    /// A transaction is not the wallet's.
    #[error("Invalid or non-wallet transaction id")]
    UnknownTx(Txid),
    /// A transaction cannot be given up.
    #[error("Transaction not eligible for abandonment")]
    NotAbandonable,
    /// A text is no address of this chain.
    #[error("{0}")]
    InvalidAddress(String),
    /// An import does not fit the wallet. The text is Core's.
    #[error("{0}")]
    Import(String),
    /// A payment cannot be made. The text is Core's.
    #[error("{0}")]
    Spend(#[from] crate::wallet::SpendError),
    /// A coin is not the wallet's, or in the wrong state. The text is Core's.
    #[error("{0}")]
    Coin(&'static str),
    /// The name of a wallet names none that is open.
    #[error("Requested wallet does not exist or is not loaded")]
    NotLoaded,
    /// The process is stopping.
    #[error(transparent)]
    Stopped(#[from] crate::handle::Stopped),
    /// The node cannot be asked.
    #[error("The node cannot be asked: {0}")]
    Node(#[from] ipc_schema::IpcError),
    /// Something that must run alone runs already. The text is Core's.
    #[error("{0}")]
    Busy(&'static str),
    /// Blocks that are needed were pruned.
    #[error(
        "Prune: last wallet synchronisation goes beyond pruned data. You need to -reindex (download the whole blockchain \
         again in case of a pruned node)"
    )]
    Pruned,
    /// Blocks that a wallet has not seen are still to come. The text is Core's.
    #[error(
        "Error loading wallet. Wallet requires blocks to be downloaded, and software does not currently support loading \
         wallets while blocks are being downloaded out of order when using assumeutxo snapshots. Wallet should be able to \
         load successfully after node sync reaches height {0}"
    )]
    BelowSnapshot(u32),
    /// Blocks that are to be looked through are still to come. The text is Core's.
    #[error(
        "Failed to rescan unavailable blocks likely due to an in-progress assumeutxo background sync. Check logs or \
         getchainstates RPC for assumeutxo background sync progress and try again later."
    )]
    BlocksToCome,
    /// A name leads to no wallet.
    #[error(transparent)]
    Name(crate::names::NameError),
    /// A file of a backup or of a wallet cannot be used.
    #[error("{0}")]
    File(String),
}
