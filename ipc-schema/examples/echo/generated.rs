//! The generated code of the two interfaces, which the crate keeps to itself.

#[path = "../../src/generated/echo_capnp.rs"]
pub(crate) mod echo_capnp;
#[path = "../../src/generated/proxy_capnp.rs"]
pub(crate) mod proxy_capnp;
