//! Plain values that cross the border of this crate, in both directions.
//!
//! Times are seconds since 1970 unless said otherwise; texts are what a person may read.

mod chain;
mod fault;
mod hello;
mod node;
mod rpc;
mod secret;
mod send;
mod settings;
mod start;
mod task;
mod wallet;

pub use chain::{
    Ancestries, Ancestry, BlockInfo, BlockTip, BroadcastReply, ChainState, ChainStep, FeeEstimate,
    FoundCoin, MempoolChange, MempoolEvent, MempoolSnapshot, MinimumFees, PullReply, RemovalReason,
    StoredBlocks,
};
pub(crate) use fault::TOO_LARGE;
pub use fault::{Fault, FaultCode, IpcError};
pub use hello::{Hello, Identity, LARGE_MESSAGE, Limits, PROTOCOL, ProtocolVersion, Role, Session};
pub use node::{
    LogLevel, LogLine, MempoolStatus, NodeEvent, NodeStatus, NodeTopics, Phase, Traffic,
    WalletLink, WalletProcessState,
};
pub use rpc::{RpcCommand, RpcRequest};
pub use secret::Secret;
pub use send::{
    Broadcast, PreparedInput, PreparedOutput, PreparedSend, Recipient, SendReply, SendRequest,
    WalletFees,
};
pub use settings::{SetReply, SettingInfo, SettingKind, SettingSource};
pub use start::{OptionLayer, OptionValues, StartError, StartOptions};
pub use task::{Task, TaskState};
pub use wallet::{
    AddressRequest, AddressRow, AddressType, BackupReport, Balances, CoinRow, CreateWallet,
    LockState, RescanStart, TxCursor, TxDetails, TxKind, TxOutputRow, TxPage, TxQuery, TxRow,
    TxState, WalletDelta, WalletEvent, WalletInfo, WalletIntroduction, WalletListItem, WalletState,
};
