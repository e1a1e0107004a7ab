//! Debugging, logging and testing.

use primitives::ChainParams;

use crate::options::spec::{
    CHAIN_PROGRAMS, Category, Kind, OptionSpec, SERVERS, SERVERS_AND_WALLET, SettingGroup,
};

const fn debug(
    kind: Kind,
    name: &'static str,
    arg: &'static str,
    help: &'static str,
) -> OptionSpec {
    OptionSpec::new(Category::Debug, kind, name, arg, help)
}

const fn log(kind: Kind, name: &'static str, arg: &'static str, help: &'static str) -> OptionSpec {
    debug(kind, name, arg, help).programs(SERVERS_AND_WALLET)
}

const NO_SELF_CHECK: &str = "this version has no such self-check";

fn consistency_checks(params: &ChainParams) -> String {
    u8::from(params.default_consistency_checks).to_string()
}

fn ancestor_limit(params: &ChainParams) -> String {
    params.policy.ancestor_limit.to_string()
}

fn descendant_limit(params: &ChainParams) -> String {
    params.policy.descendant_limit.to_string()
}

fn cluster_limit(params: &ChainParams) -> String {
    params.policy.cluster_limit.unwrap_or(64).to_string()
}

fn cluster_size_limit(params: &ChainParams) -> String {
    params
        .policy
        .cluster_size_limit_kvb
        .unwrap_or(101)
        .to_string()
}

/// The entries.
pub(super) const OPTIONS: &[OptionSpec] = &[
    debug(Kind::Bool, "help-debug", "", "Print this page with the debugging options and exit")
        .programs(CHAIN_PROGRAMS),
    log(
        Kind::List,
        "debug",
        "=<category>",
        "Write debug and trace lines of this category, or without one (also 1, all) of every category; 0 or none \
         takes back what stands before it. May be given several times. Categories: addrman, bench, blockstorage, \
         cmpctblock, coindb, estimatefee, http, i2p, ipc, kernel, leveldb, mempool, mempoolrej, net, privatebroadcast, \
         proxy, prune, qt, rand, reindex, rpc, scan, selectcoins, tor, txpackages, txreconciliation, validation, \
         walletdb, zmq",
    )
    .live_setting(SettingGroup::Advanced),
    log(
        Kind::List,
        "debugexclude",
        "=<category>",
        "Leave debug and trace lines of this category out, whatever -debug says. May be given several times",
    )
    .live_setting(SettingGroup::Advanced),
    log(Kind::Bool, "logips", "", "Write addresses of peers into the log").default("0").setting(SettingGroup::Privacy),
    log(
        Kind::List,
        "loglevel",
        "=<level>|<category>:<level>",
        "Least severe lines that -debug lets through: info, debug or trace (default: debug), for all categories or for \
         one. Errors, warnings and information are always written",
    )
    .no_negation()
    .no_elision()
    .debug(),
    log(Kind::Bool, "loglevelalways", "", "Write category and level into every line").default("0"),
    log(Kind::Bool, "logratelimit", "", "Hold back places in the program that write more than 1 MiB an hour by themselves")
        .default("1"),
    log(Kind::Bool, "logsourcelocations", "", "Write file, line and module into every line").default("0"),
    log(Kind::Bool, "logthreadnames", "", "Write the name of the thread into every line").default("0"),
    log(Kind::Bool, "logtimemicros", "", "Write times with microseconds").default("0").debug(),
    log(Kind::Bool, "logtimestamps", "", "Write the time into every line").default("1"),
    log(
        Kind::Bool,
        "printtoconsole",
        "",
        "Write the log to standard output as well (default: 1, but 0 with -daemon and in child processes)",
    ),
    log(Kind::Bool, "shrinkdebugfile", "", "Cut a large log file at start (default: 1 without -debug)"),
    debug(Kind::Bool, "acceptstalefeeestimates", "", "Use fee estimates older than 60 hours (regtest only)")
        .default("0")
        .debug()
        .inert("this version keeps no fee estimates on disk"),
    debug(Kind::Bool, "capturemessages", "", "Write all messages of peers to disk").default("0").debug().inert(super::NO_PEERS),
    debug(Kind::Int, "checkaddrman", "=<n>", "Check the address manager every <n> operations (0: never)")
        .default("0")
        .debug()
        .inert(super::NO_PEERS),
    debug(Kind::Int, "checkblockindex", "=<n>", "Check the block index every <n> operations (0: never)")
        .by_chain(consistency_checks)
        .debug()
        .inert(NO_SELF_CHECK),
    debug(Kind::Int, "checkblocks", "=<n>", "Blocks to check at start (0: all)").default("6").debug(),
    debug(Kind::Int, "checklevel", "=<n>", "How thoroughly -checkblocks checks, from 0 (reads the blocks) to 4 (connects them again)")
        .default("3")
        .range(0, 4)
        .debug(),
    debug(Kind::Int, "checkmempool", "=<n>", "Check the mempool every <n> transactions (0: never)")
        .by_chain(consistency_checks)
        .debug()
        .inert(NO_SELF_CHECK),
    debug(Kind::Bool, "checkpoints", "", "Without effect").hidden(),
    debug(Kind::List, "deprecatedrpc", "=<method>", "Allow an RPC method that is going away. May be given several times")
        .debug(),
    debug(Kind::Bool, "fastprune", "", "Use small block files, for tests").default("0").debug(),
    debug(
        Kind::Int,
        "limitancestorcount",
        "=<n>",
        "Unconfirmed ancestors, itself counted, with which the wallet still spends a coin; the mempool goes by \
         -limitclustercount",
    )
    .by_chain(ancestor_limit)
    .debug(),
    debug(Kind::Int, "limitancestorsize", "=<n>", "Without effect").hidden(),
    debug(
        Kind::Int,
        "limitclustercount",
        "=<n>",
        "Most unconfirmed transactions that may hang together in the mempool (at most 64)",
    )
    .by_chain(cluster_limit)
    .debug(),
    debug(
        Kind::Int,
        "limitclustersize",
        "=<n>",
        "Most 1000 virtual bytes of unconfirmed transactions that may hang together in the mempool",
    )
    .by_chain(cluster_size_limit)
    .debug(),
    debug(
        Kind::Int,
        "limitdescendantcount",
        "=<n>",
        "Unconfirmed descendants of an ancestor, itself counted, with which the wallet still spends a coin",
    )
    .by_chain(descendant_limit)
    .debug(),
    debug(Kind::Int, "limitdescendantsize", "=<n>", "Without effect").hidden(),
    debug(Kind::Int, "maxsigcachesize", "=<n>", "Memory for the caches of checked signatures and scripts, in MiB")
        .default("32")
        .debug(),
    debug(Kind::Int, "maxtipage", "=<n>", "Seconds by which the tip may lie back before the node counts as catching up")
        .default("86400")
        .debug(),
    debug(Kind::Int, "mocktime", "=<n>", "Use this time, in seconds since 1970, instead of the clock (0: the clock)")
        .default("0")
        .programs(SERVERS_AND_WALLET)
        .debug(),
    debug(Kind::Bool, "printpriority", "", "Log the fee rate of every transaction that goes into a block template")
        .default("0")
        .debug()
        .inert("this version logs no fee rates of templates"),
    debug(Kind::Bool, "stopafterblockimport", "", "Stop when the files of -loadblock are imported").default("0").debug(),
    debug(Kind::Int, "stopatheight", "=<n>", "Stop when the chain reaches this height (0: never)").default("0").debug(),
    debug(
        Kind::List,
        "test",
        "=<option>",
        "Test option for regtest: addrman (no chance in the address manager), \
         reindex_after_failure_noninteractive_yes (answers yes when a reindex is proposed), bip94 (enforces BIP94)",
    )
    .debug(),
    debug(
        Kind::List,
        "testactivationheight",
        "=<name>@<height>",
        "Height from which a rule counts: segwit, bip34, dersig, cltv or csv (regtest only)",
    )
    .debug(),
    debug(Kind::List, "uacomment", "=<cmt>", "Comment in the name under which peers see this node")
        .programs(SERVERS),
];
