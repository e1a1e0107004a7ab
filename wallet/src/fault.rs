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
            WalletError::BelowSnapshot(_) | WalletError::BlocksToCome => FaultCode::NotReady,
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
        Self::new(code, words(&error))
    }
}

/// The sentence for a person, where the reference's is one for programs.
fn words(error: &WalletError) -> String {
    let WalletError::Spend(error) = error else {
        return error.to_string();
    };
    match error {
        SpendError::Dust => "An amount is too small to be sent: spending it later would cost more than it is worth. Send more.",
        SpendError::TooSmallForFee | SpendError::DustAfterFee => {
            "An amount that is to pay the fee is too small for it. Send more, or choose a lower rate."
        }
        SpendError::PresetInsufficient => {
            "The chosen coins do not suffice for the amounts and the fee. Choose more of them, or let the wallet choose."
        }
        SpendError::LongChainCoins | SpendError::LongChain => {
            "The coins for this come from payments that wait for a block, too many in a row. Wait for the next block."
        }
        SpendError::FeeTooHigh => {
            "The fee is above the most that this wallet pays (-maxtxfee). Choose a lower rate."
        }
        SpendError::RateTooLow { .. } => {
            // Which options to change is for those who write commands.
            let text = error.to_string();
            return text.lines().next().unwrap_or_default().to_owned();
        }
        other => return other.to_string(),
    }
    .to_owned()
}
