//! The node's commands, in files with the names that Core gives them.

use rpc::Command;

use crate::context::Node;

pub(crate) mod blockchain;
mod chainstate;
mod decode;
mod doc;
pub(crate) mod mempool;
mod mining;
pub(crate) mod net;
mod node;
mod output_script;
mod rawtransaction;
mod wait;

/// Every command that the node itself answers.
pub(crate) fn commands() -> Vec<Command<Node>> {
    [
        blockchain::commands(),
        chainstate::commands(),
        decode::commands(),
        mempool::commands(),
        mining::commands(),
        net::commands(),
        node::commands(),
        output_script::commands(),
        rawtransaction::commands(),
        wait::commands(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
