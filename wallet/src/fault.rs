//! Wallet errors as the window is told them.

use ipc_schema::{Fault, FaultCode, IpcError};

use crate::WalletError;
use crate::db::DbError;
use crate::wallet::SpendError;

impl From<WalletError> for Fault {
    fn from(error: WalletError) -> Self {
        let code = match &error {
            WalletError::Db(error) => match error {
                DbError::NotFound(_) | DbError::NotRecognized(_) => FaultCode::NotFound,
                DbError::Exists(_) => FaultCode::AlreadyExists,
                DbError::Locked => FaultCode::Busy,
                DbError::Foreign { .. } => FaultCode::Mismatch,
                _ => FaultCode::Io,
            },
            WalletError::Locked => FaultCode::PassphraseRequired,
            WalletError::WrongPassphrase => FaultCode::WrongPassphrase,
            WalletError::UnknownTx(_) | WalletError::NotLoaded => FaultCode::NotFound,
            WalletError::InvalidAddress(_) => FaultCode::InvalidAddress,
            WalletError::OtherChain => FaultCode::Mismatch,
            WalletError::Stopped(_) => FaultCode::ShuttingDown,
            WalletError::Busy(_) => FaultCode::Busy,
            WalletError::Pruned => FaultCode::Pruned,
            WalletError::Node(IpcError::Fault(fault)) => fault.code,
            WalletError::Node(_) => FaultCode::NotReady,
            WalletError::Spend(error) => match error {
                SpendError::Insufficient
                | SpendError::InsufficientWithFee(_)
                | SpendError::PresetInsufficient => FaultCode::InsufficientFunds,
                SpendError::Stale => FaultCode::Stale,
                SpendError::NoRecipient
                | SpendError::BadAmount
                | SpendError::Dust
                | SpendError::RateTooLow { .. }
                | SpendError::UnknownCoin(_)
                | SpendError::TooSmallForFee
                | SpendError::DustAfterFee => FaultCode::InvalidArgument,
                _ => FaultCode::Failed,
            },
            WalletError::EmptyPassphrase | WalletError::Coin(_) | WalletError::Import(_) => {
                FaultCode::InvalidArgument
            }
            _ => FaultCode::Failed,
        };
        Self::new(code, error.to_string())
    }
}
