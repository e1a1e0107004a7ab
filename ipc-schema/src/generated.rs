//! Written by `cargo xtask gen` from `schema/`.

pub mod bitq_capnp;
pub mod chain_capnp;
pub mod common_capnp;
pub mod echo_capnp;
pub mod init_capnp;
pub mod mining_capnp;
pub mod node_capnp;
pub mod proxy_capnp;
pub mod rpc_capnp;
pub mod types_capnp;
pub mod wallet_capnp;
