//! A JSON-RPC server over HTTP: command table, envelope, authorisation, and a client.
//!
//! Knows nothing of what its commands are about; those who own the data define them (see [`table`]).

pub mod args;
pub mod auth;
pub mod client;
pub mod control;
pub mod doccheck;
pub mod error;
#[cfg(test)]
mod fixture;
pub mod help;
pub mod http;
pub mod jsonrpc;
pub mod listen;
mod openrpc;
pub mod pretty;
pub mod spec;
pub mod table;
pub mod value;

pub use args::{Args, Caller, Params, Request};
pub use error::{RpcError, RpcResult, code};
pub use spec::{Arg, ArgType, CommandSpec, Example, ResultDoc, ResultType};
pub use table::{Command, RpcFuture, Table, TableConfig};
pub use value::amount;
