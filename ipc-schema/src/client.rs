//! Handles on what another program offers. They are `Send`, cheap to clone and never block a
//! thread; dropping a call's future cancels the call.

mod chain;
mod connection;
mod node;
mod process;
mod sink;
mod wallet;

pub use chain::ChainClient;
pub(crate) use connection::wait_closed;
pub use connection::{Connection, RpcClient};
pub use node::NodeClient;
pub use process::WalletProcessClient;
pub use wallet::WalletClient;
