//! The node's commands, in files with the names that Core gives them.

use rpc::Command;

use crate::context::Node;

mod activity;
pub(crate) mod blockchain;
mod blockfilter;
mod blockstats;
mod chainstate;
mod decode;
mod deployments;
mod doc;
mod index;
pub(crate) mod mempool;
mod mining;
pub(crate) mod net;
mod node;
mod output_script;
mod prune;
mod rawtransaction;
mod scan;
mod snapshot;
mod submitblock;
mod submitheader;
mod txoutproof;
mod txoutsetinfo;
mod wait;

/// Every command that the node itself answers.
pub(crate) fn commands() -> Vec<Command<Node>> {
    [
        activity::commands(),
        blockchain::commands(),
        blockfilter::commands(),
        blockstats::commands(),
        chainstate::commands(),
        decode::commands(),
        deployments::commands(),
        index::commands(),
        mempool::commands(),
        mining::commands(),
        net::commands(),
        node::commands(),
        output_script::commands(),
        prune::commands(),
        rawtransaction::commands(),
        scan::commands(),
        snapshot::commands(),
        submitblock::commands(),
        submitheader::commands(),
        txoutproof::commands(),
        txoutsetinfo::commands(),
        wait::commands(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
