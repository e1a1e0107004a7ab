//! What the node offers over IPC.

pub(crate) mod chain;
pub(crate) mod executor;
pub(crate) mod mining;
pub(crate) mod node;
