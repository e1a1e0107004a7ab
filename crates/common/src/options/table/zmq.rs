//! ZeroMQ publishers.

use crate::options::spec::{Category, Kind, OptionSpec};

const NO_ZMQ: &str = "this version publishes nothing by ZeroMQ";

const fn topic(name: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::new(Category::Zmq, Kind::List, name, "=<address>", help).inert(NO_ZMQ)
}

const fn mark(name: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::new(Category::Zmq, Kind::Int, name, "=<n>", help)
        .default("1000")
        .inert(NO_ZMQ)
}

/// The entries.
pub(super) const OPTIONS: &[OptionSpec] = &[
    topic(
        "zmqpubhashblock",
        "Publish hashes of blocks at this address",
    ),
    topic(
        "zmqpubhashtx",
        "Publish ids of transactions at this address",
    ),
    topic("zmqpubrawblock", "Publish blocks at this address"),
    topic("zmqpubrawtx", "Publish transactions at this address"),
    topic(
        "zmqpubsequence",
        "Publish the sequence of block and mempool changes at this address",
    ),
    mark(
        "zmqpubhashblockhwm",
        "Messages kept for a slow reader of block hashes",
    ),
    mark(
        "zmqpubhashtxhwm",
        "Messages kept for a slow reader of transaction ids",
    ),
    mark(
        "zmqpubrawblockhwm",
        "Messages kept for a slow reader of blocks",
    ),
    mark(
        "zmqpubrawtxhwm",
        "Messages kept for a slow reader of transactions",
    ),
    mark(
        "zmqpubsequencehwm",
        "Messages kept for a slow reader of the sequence",
    ),
];
