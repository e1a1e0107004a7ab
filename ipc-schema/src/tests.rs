//! The crate from outside: real sockets, and a client that has nothing but `capnp-rpc`.

mod bitq;
mod fixture;
mod hostile;
mod init;
mod mining;
mod subscribe;
