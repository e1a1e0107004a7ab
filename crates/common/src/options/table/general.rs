//! General options: files, storage, the log file.

use primitives::ChainParams;

use super::NO_COMMANDS;
use crate::options::spec::{
    CHAIN_PROGRAMS, Category, DATADIR_PROGRAMS, Kind, LAUNCHER, OptionSpec, SERVERS,
    SERVERS_AND_WALLET, SettingGroup, TX,
};

const fn general(
    kind: Kind,
    name: &'static str,
    arg: &'static str,
    help: &'static str,
) -> OptionSpec {
    OptionSpec::new(Category::General, kind, name, arg, help)
}

fn conf_file(params: &ChainParams) -> String {
    params.conf_file.to_owned()
}

fn settings_file(params: &ChainParams) -> String {
    params.settings_file.to_owned()
}

fn pid_file(params: &ChainParams) -> String {
    params.pid_file.to_owned()
}

fn assume_valid(params: &ChainParams) -> String {
    params
        .assume_valid
        .as_ref()
        .map_or_else(|| "0".to_owned(), |block| block.hash.to_string())
}

fn minimum_chain_work(params: &ChainParams) -> String {
    params.min_chain_work.to_string()
}

const NO_BACKGROUND: &str = "every program stays in the foreground";

/// The entries.
pub(super) const OPTIONS: &[OptionSpec] = &[
    general(Kind::Bool, "help", "", "Print this page and exit (also -h or -?)")
        .programs(CHAIN_PROGRAMS.or(LAUNCHER)),
    general(Kind::Bool, "h", "", "Same as -help").programs(CHAIN_PROGRAMS.or(LAUNCHER)).hidden(),
    general(Kind::Bool, "?", "", "Same as -help").programs(CHAIN_PROGRAMS.or(LAUNCHER)).hidden(),
    general(Kind::Bool, "version", "", "Print version and exit")
        .programs(CHAIN_PROGRAMS.or(LAUNCHER)),
    general(Kind::Text, "alertnotify", "=<cmd>", "Command to run when a warning comes up; %s in it becomes the message")
        .inert(NO_COMMANDS),
    general(
        Kind::Bool,
        "allowignoredconf",
        "",
        "Only warn if the data directory holds a configuration file that is not the one in use",
    )
    .programs(DATADIR_PROGRAMS),
    general(
        Kind::Text,
        "assumevalid",
        "=<hex>",
        "Take this block and all before it as valid, so that their scripts need no checking (0 checks everything)",
    )
    .by_chain(assume_valid)
    .setting(SettingGroup::Advanced),
    general(
        Kind::BoolOrText,
        "blockfilterindex",
        "=<type>",
        "Keep an index of compact filters by block. Without a type, or with 1, all known types are kept. Types: basic",
    )
    .default("0"),
    general(
        Kind::Text,
        "blocknotify",
        "=<cmd>",
        "Command to run when the best block changes; %s in it becomes the block's hash",
    )
    .inert(NO_COMMANDS),
    general(
        Kind::Int,
        "blockreconstructionextratxn",
        "=<n>",
        "Transactions to remember besides the mempool for putting compact blocks together",
    )
    .default("100")
    .inert(super::NO_PEERS),
    general(
        Kind::Path,
        "blocksdir",
        "=<dir>",
        "Directory that holds the blocks directory with its *.dat files (default: the data directory)",
    )
    .shown_setting(SettingGroup::General),
    general(
        Kind::Bool,
        "blocksonly",
        "",
        "Take no transactions from peers and send none on, except for peers with the permission 'forcerelay'. \
         Transactions from RPC are not affected. Without peers, as in this version, it sets -maxmempool=5 and \
         -walletbroadcast=0",
    )
    .default("0")
    .setting(SettingGroup::Network),
    general(
        Kind::Bool,
        "blocksxor",
        "",
        "Scramble the *.dat files of the blocks directory with a key, so that other programs do not mistake their \
         content. A directory that already has block files keeps its key",
    )
    .default("1"),
    general(Kind::Bool, "coinstatsindex", "", "Keep an index of the coin statistics that gettxoutsetinfo returns")
        .default("0"),
    general(
        Kind::Path,
        "conf",
        "=<file>",
        "Configuration file, which is never written to. A relative path stands in the data directory. Command line only",
    )
    .programs(DATADIR_PROGRAMS)
    .by_chain(conf_file),
    general(Kind::Bool, "daemon", "", "Run in the background and accept commands").default("0").inert(NO_BACKGROUND),
    general(Kind::Bool, "daemonwait", "", "Return only when the start is complete. Implies -daemon")
        .default("0")
        .inert(NO_BACKGROUND),
    general(Kind::Path, "datadir", "=<dir>", "Data directory")
        .programs(DATADIR_PROGRAMS)
        .no_negation()
        .shown_setting(SettingGroup::General),
    general(Kind::Int, "dbbatchsize", "", "Largest batch of one database write, in bytes")
        .default("33554432")
        .debug(),
    general(Kind::Int, "dbcache", "=<n>", "Memory for the database cache, in MiB (at least 4)")
        .default("450")
        .range(4, 1 << 20)
        .setting(SettingGroup::Node),
    general(Kind::Int, "dbcrashratio", "=<n>", "Stop the program during a flush once in so many").hidden(),
    general(
        Kind::Path,
        "debuglogfile",
        "=<file>",
        "File for the log. A relative path stands in the directory of the network. -nodebuglogfile writes no file",
    )
    .programs(SERVERS_AND_WALLET)
    .default("debug.log"),
    general(Kind::Bool, "forcecompactdb", "", "Compact the databases at start").hidden().inert("the database compacts itself"),
    general(
        Kind::Path,
        "includeconf",
        "=<file>",
        "One more configuration file; a relative path stands in the data directory. Configuration file only",
    )
    .programs(DATADIR_PROGRAMS),
    general(Kind::List, "loadblock", "=<file>", "Import blocks from this file at start. May be given several times"),
    general(Kind::Int, "maxmempool", "=<n>", "Keep the mempool below <n> megabytes")
        .default("300")
        .range(5, 1 << 20)
        .setting(SettingGroup::Node),
    general(Kind::Int, "mempoolexpiry", "=<n>", "Drop transactions that stay in the mempool for more than <n> hours")
        .default("336")
        .setting(SettingGroup::Advanced),
    general(Kind::Text, "minimumchainwork", "=<hex>", "Work that a valid chain is known to have at least")
        .by_chain(minimum_chain_work)
        .debug(),
    general(
        Kind::Int,
        "par",
        "=<n>",
        "Threads that verify scripts (0: as many as there are processors, below 0: leave so many free)",
    )
    .default("0")
    .range(-64, 15)
    .setting(SettingGroup::Node),
    general(Kind::Bool, "persistmempool", "", "Save the mempool when stopping and load it when starting")
        .default("1")
        .setting(SettingGroup::Advanced),
    general(Kind::Bool, "persistmempoolv1", "", "Write mempool.dat in the older format 1")
        .default("0"),
    general(Kind::Path, "pid", "=<file>", "File for the process id. A relative path stands in the directory of the network")
        .by_chain(pid_file),
    general(
        Kind::Int,
        "prevoutfetchthreads",
        "=<n>",
        "Threads that fetch the coins a block spends ahead of time (0: none, at most 16)",
    )
    .default("8")
    .range(0, 16)
    .inert("coins are fetched when they are needed"),
    general(
        Kind::Int,
        "prune",
        "=<n>",
        "Delete old blocks to save space: 0 keeps all, 1 deletes by RPC only, 550 or more is the size in MiB to stay \
         under. Going back means downloading the chain again",
    )
    .default("0")
    .setting(SettingGroup::Node),
    general(Kind::Bool, "reindex", "", "Delete coins and block index, and build them again from the block files on disk"),
    general(Kind::Bool, "reindex-chainstate", "", "Delete the coins, and build them again from the block files on disk"),
    general(
        Kind::Path,
        "settings",
        "=<file>",
        "File for settings that are changed while running; -nosettings uses none. Not meant to be edited. A relative \
         path stands in the directory of the network",
    )
    .programs(SERVERS_AND_WALLET)
    .by_chain(settings_file),
    general(Kind::Text, "shutdownnotify", "=<cmd>", "Command to run before stopping begins").inert(NO_COMMANDS),
    general(Kind::Text, "startupnotify", "=<cmd>", "Command to run when the start is complete").inert(NO_COMMANDS),
    general(Kind::Bool, "txindex", "", "Keep an index of all transactions for getrawtransaction")
        .default("0")
        .setting(SettingGroup::Node),
    general(Kind::Bool, "txospenderindex", "", "Keep an index of the transactions that spend outputs, for gettxspendingprevout")
        .default("0"),
    general(Kind::Bool, "create", "", "Begin with an empty transaction").programs(TX),
    general(Kind::Bool, "json", "", "Print JSON").programs(TX),
    general(Kind::Bool, "txid", "", "Print only the id of the resulting transaction").programs(TX),
    OptionSpec::new(
        Category::Ipc,
        Kind::List,
        "ipcbind",
        "=<address>",
        "Listen for other programs on a Unix socket: 'unix' for node.sock in the directory of the network, or \
         'unix:<path>'. May be given several times. Whoever can open the socket needs no password, so choose a \
         directory that others cannot enter. Options may follow, each after a comma (a comma of the path is written \
         '\\,'): role=full|mining|read|rpc:<user> for what clients may do, mode=<octal> and group=<name> for the \
         socket's file, max=<n> for how many may be connected at once (64), stall=<seconds> for how long one may \
         keep the node waiting (30)",
    )
    .programs(SERVERS.without(crate::options::Program::Daemon.set())),
    OptionSpec::new(
        Category::Ipc,
        Kind::Text,
        "ipcconnect",
        "=<address>",
        "Use a running node through its Unix socket: 'auto' if there is one at the usual place, 'unix' or \
         'unix:<path>' to insist, -noipcconnect for never",
    )
    .programs(crate::options::spec::CLI.or(crate::options::spec::GUI).or(crate::options::spec::WALLET))
    .default("auto"),
];
