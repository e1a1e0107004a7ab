//! What the node offers over IPC.

pub(crate) mod chain;
pub(crate) mod executor;
pub(crate) mod node;
