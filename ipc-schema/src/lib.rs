//! How bitq's programs talk: Cap'n Proto over a socket, hidden behind plain types and traits.
//!
//! One thread per process (`ipc`) holds every connection, because Cap'n Proto's values cannot
//! leave their thread. Programs offer [`service`] traits and use [`client`] handles; readers and
//! builders stay in here.

mod address;
pub mod client;
#[rustfmt::skip]
#[allow(
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::unimplemented,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "written by capnpc"
)]
mod generated;
mod ipc;
mod listener;
mod log;
mod network;
pub mod process;
mod remote;
mod server;
pub mod service;
mod session;
#[cfg(test)]
mod tests;
mod token;
mod types;
mod wire;
mod worker;

pub use address::{
    BindAddress, ConnectAddress, MAX_PATH, parse_bind, parse_connect, wallet_socket_path,
};
pub use client::{
    ChainClient, Connection, NodeClient, RpcClient, WalletClient, WalletProcessClient,
};
pub use ipc::{Ipc, IpcConfig, Served};
pub use listener::Listener;
pub use process::{ChildExit, ChildProcess, inherited_socket};
pub use service::{ServiceSet, Services};
pub use types::*;
