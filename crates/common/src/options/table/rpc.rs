//! The RPC server, and the connection of its client.

use primitives::ChainParams;

use crate::options::spec::{CLI, Category, Kind, OptionSpec, SERVERS_AND_CLI, SettingGroup};

const fn rpc(kind: Kind, name: &'static str, arg: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::new(Category::Rpc, kind, name, arg, help)
}

const fn client(
    kind: Kind,
    name: &'static str,
    arg: &'static str,
    help: &'static str,
) -> OptionSpec {
    OptionSpec::new(Category::General, kind, name, arg, help).programs(CLI)
}

const fn command(name: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::new(Category::CliCommand, Kind::Bool, name, "", help).programs(CLI)
}

fn rpc_port(params: &ChainParams) -> String {
    params.rpc_port.to_string()
}

/// The entries.
pub(super) const OPTIONS: &[OptionSpec] = &[
    rpc(Kind::Bool, "rest", "", "Answer public REST requests")
        .default("0")
        .inert("this version has no REST interface"),
    rpc(
        Kind::List,
        "rpcallowip",
        "=<ip>",
        "Take RPC connections from this address or network (1.2.3.4, 1.2.3.4/24, 1.2.3.4/255.255.255.0, ::/0). May be \
         given several times",
    )
    .setting(SettingGroup::Advanced),
    rpc(
        Kind::List,
        "rpcauth",
        "=<userpw>",
        "User and hashed password for RPC: <user>:<salt>$<HMAC-SHA-256>. May be given several times",
    )
    .sensitive(),
    rpc(
        Kind::List,
        "rpcbind",
        "=<addr>[:port]",
        "Listen for RPC on this address. Never let an open network reach it! Counts only with -rpcallowip. May be given \
         several times (default: 127.0.0.1 and ::1)",
    )
    .network_only(),
    rpc(
        Kind::Path,
        "rpccookiefile",
        "=<loc>",
        "File of the RPC cookie. A relative path stands in the directory of the network",
    )
    .programs(SERVERS_AND_CLI)
    .default(".cookie"),
    rpc(Kind::Text, "rpccookieperms", "=<readable-by>", "Who may read the cookie file: owner, group or all (default: owner)"),
    rpc(Kind::Bool, "rpcdoccheck", "", "Report results that differ from the help text of their method").default("0").debug(),
    rpc(Kind::Text, "rpcpassword", "=<pw>", "Password for RPC").programs(SERVERS_AND_CLI).sensitive(),
    rpc(Kind::Int, "rpcport", "=<port>", "Port for RPC")
        .programs(SERVERS_AND_CLI)
        .by_chain(rpc_port)
        .range(1, 65535)
        .network_only()
        .setting(SettingGroup::Node),
    rpc(Kind::Int, "rpcservertimeout", "=<n>", "Seconds that an HTTP request may take to arrive").default("30").debug(),
    rpc(Kind::Int, "rpcthreads", "=<n>", "Threads that answer RPC calls").default("16").range(1, 256),
    rpc(Kind::Text, "rpcuser", "=<user>", "User for RPC").programs(SERVERS_AND_CLI).sensitive(),
    rpc(
        Kind::List,
        "rpcwhitelist",
        "=<whitelist>",
        "Methods that a user may call: <user>:<method>,<method>,… Several lists of a user leave what is in all of them. \
         May be given several times",
    ),
    rpc(
        Kind::Bool,
        "rpcwhitelistdefault",
        "",
        "Users without -rpcwhitelist may call nothing (default: 1 if any -rpcwhitelist is given)",
    ),
    rpc(Kind::Int, "rpcworkqueue", "=<n>", "RPC calls that may wait for a thread").default("64").debug(),
    rpc(Kind::Bool, "server", "", "Take RPC commands (default: 1, in the window 0)").setting(SettingGroup::Node),
    client(
        Kind::Text,
        "color",
        "=<when>",
        "Colours in what -getinfo prints: always, auto (if it is a terminal), never",
    )
    .default("auto")
    .no_negation(),
    client(Kind::Bool, "named", "", "Pass arguments by name").default("0"),
    client(Kind::Int, "rpcclienttimeout", "=<n>", "Seconds to wait for an answer (0: without end). Not through a Unix socket")
        .default("900"),
    client(Kind::Text, "rpcconnect", "=<ip>", "Send commands to the node at this address").default("127.0.0.1"),
    client(Kind::Text, "rpcid", "=<id>", "Id of the JSON-RPC requests").default("1").no_negation().no_elision(),
    client(Kind::Bool, "rpcwait", "", "Wait for the RPC server to start").default("0"),
    client(Kind::Int, "rpcwaittimeout", "=<n>", "Seconds to wait with -rpcwait (0: without end)").default("0").no_negation(),
    client(Kind::Text, "rpcwallet", "=<walletname>", "Send the command to this wallet of the node"),
    client(Kind::Bool, "stdin", "", "Read more arguments from standard input, one a line. Right for passphrases"),
    client(Kind::Bool, "stdinrpcpass", "", "Read the RPC password from the first line of standard input"),
    client(
        Kind::Bool,
        "stdinwalletpassphrase",
        "",
        "Read the wallet's passphrase from the next line of standard input",
    ),
    command("addrinfo", "Count the addresses the node knows, by network and in all"),
    OptionSpec::new(
        Category::CliCommand,
        Kind::Bool,
        "generate",
        "",
        "Make blocks: an address from the wallet, then generatetoaddress. Arguments: number of blocks (1), attempts \
         (1000000). With -rpcwallet for that wallet",
    )
    .programs(CLI),
    command("getinfo", "Print the main facts of the node. They come from several calls and may be of different moments"),
    OptionSpec::new(
        Category::CliCommand,
        Kind::Text,
        "netinfo",
        "",
        "Print the connections of the node. Arguments: 0 to 4 for more or less, outonly, help",
    )
    .programs(CLI)
    .default("0"),
];
