//! Core's interfaces as the schema compiler wrote them: all that the plain client has of bitq.

#![allow(
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

#[rustfmt::skip]
#[path = "../../../ipc-schema/src/generated/common_capnp.rs"]
pub(crate) mod common_capnp;
#[rustfmt::skip]
#[path = "../../../ipc-schema/src/generated/echo_capnp.rs"]
pub(crate) mod echo_capnp;
#[rustfmt::skip]
#[path = "../../../ipc-schema/src/generated/init_capnp.rs"]
pub(crate) mod init_capnp;
#[rustfmt::skip]
#[path = "../../../ipc-schema/src/generated/mining_capnp.rs"]
pub(crate) mod mining_capnp;
#[rustfmt::skip]
#[path = "../../../ipc-schema/src/generated/proxy_capnp.rs"]
pub(crate) mod proxy_capnp;
#[rustfmt::skip]
#[path = "../../../ipc-schema/src/generated/rpc_capnp.rs"]
pub(crate) mod rpc_capnp;
