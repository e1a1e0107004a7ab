//! The node: P2P, validation, mempool, mining, JSON-RPC and the IPC socket, put together.
//!
//! One page starts it ([`init::start`]) and the same page stops it ([`init::Running::stop`]).
//!
//! Threads: `main` waits; `chain` writes the chain; `scriptch.N` check scripts; `txidx` and the like write
//! one index each, for which `index.N` read blocks; `ipc` holds every connection; `signal` hears signals; tokio's workers run the RPC server and the services, its
//! blocking pool what reads files.

mod chain_options;
mod chain_tasks;
mod context;
mod detach;
mod indexes;
mod init;
mod long_call;
mod mempool_file;
mod policy_options;
mod program;
mod rpc;
mod rpc_server;
mod scan;
mod service;
mod settings;
mod sockets;
pub mod start_options;
mod status;
mod tasks;
mod wallet_link;

/// The allocator of programs that hold a node. The system's takes a fifth of the time of blocks that
/// spend from many coins: some threads read pages of the store, and others give them back.
pub use mimalloc::MiMalloc as Allocator;
pub use program::{InProcessWallet, main};
