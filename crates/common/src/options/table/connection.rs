//! Peers and sockets.

use primitives::ChainParams;

use super::NO_PEERS;
use crate::options::spec::{Category, Kind, OptionSpec, SettingGroup};

const fn peers(
    kind: Kind,
    name: &'static str,
    arg: &'static str,
    help: &'static str,
) -> OptionSpec {
    OptionSpec::new(Category::Connection, kind, name, arg, help).inert(NO_PEERS)
}

fn p2p_port(params: &ChainParams) -> String {
    params.p2p_port.to_string()
}

fn bloom_filters(params: &ChainParams) -> String {
    u8::from(params.policy.serve_bloom_filters).to_string()
}

fn block_filters(params: &ChainParams) -> String {
    u8::from(params.policy.serve_block_filters).to_string()
}

/// The entries.
pub(super) const OPTIONS: &[OptionSpec] = &[
    peers(
        Kind::List,
        "addnode",
        "=<ip>",
        "Connect to this node and keep the connection open. May be given several times; at most 8 are used at a time, \
         beyond -maxconnections",
    )
    .network_only()
    .setting(SettingGroup::Network),
    peers(
        Kind::Path,
        "asmap",
        "=<file>",
        "Map of network operators by which peers are spread. A relative path stands in the directory of the network",
    ),
    peers(Kind::Int, "bantime", "=<n>", "Seconds for which a ban holds that names no end").default("86400"),
    peers(
        Kind::List,
        "bind",
        "=<addr>[:<port>][=onion]",
        "Listen on this address, always. IPv6 is written [host]:port. With =onion what comes in there is taken as \
         coming through Tor (default: all addresses, and 127.0.0.1=onion one port above)",
    )
    .network_only(),
    peers(Kind::Bool, "cjdnsreachable", "", "This machine reaches the CJDNS network under fc00::/8").default("0"),
    peers(
        Kind::List,
        "connect",
        "=<ip>",
        "Connect to this node only; -noconnect makes no connections by itself. May be given several times",
    )
    .network_only(),
    peers(
        Kind::Bool,
        "discover",
        "",
        "Find out own addresses (default: 1 if listening without -externalip and -proxy)",
    ),
    peers(Kind::Bool, "dns", "", "Look names up for -addnode, -seednode and -connect").default("1"),
    peers(
        Kind::Bool,
        "dnsseed",
        "",
        "Ask DNS for peers if few are known (default: 1 unless -connect or -maxconnections=0)",
    )
    .default("1")
    .setting(SettingGroup::Privacy),
    peers(Kind::List, "externalip", "=<ip>", "Own address as others see it"),
    peers(Kind::Bool, "fixedseeds", "", "Use the built-in list of peers if DNS gives none").default("1"),
    peers(Kind::Bool, "forcednsseed", "", "Ask DNS for peers at every start").default("0"),
    peers(
        Kind::Bool,
        "i2pacceptincoming",
        "",
        "Take connections that come in through I2P. Counts only with -i2psam",
    )
    .default("1"),
    peers(Kind::Text, "i2psam", "=<ip:port>", "I2P router (SAM) through which I2P peers are reached")
        .setting(SettingGroup::Privacy),
    peers(
        Kind::Int,
        "inboundrelaypercent",
        "=<n>",
        "Share of incoming connections that may relay transactions, 0 to 100",
    )
    .default("50")
    .range(0, 100),
    peers(
        Kind::Bool,
        "listen",
        "",
        "Take connections from outside (default: 1 without -proxy, -connect and -maxconnections=0)",
    )
    .default("1")
    .setting(SettingGroup::Network),
    peers(Kind::Bool, "listenonion", "", "Make a Tor onion service").default("1").setting(SettingGroup::Privacy),
    peers(
        Kind::Int,
        "maxconnections",
        "=<n>",
        "Most connections that are made or taken by themselves; 11 of them are kept for outgoing ones. Those of \
         -addnode are not counted",
    )
    .default("200")
    .range(0, 10_000)
    .setting(SettingGroup::Network),
    peers(Kind::Int, "maxreceivebuffer", "=<n>", "Receive buffer of a connection, in 1000 bytes").default("5000"),
    peers(Kind::Int, "maxsendbuffer", "=<n>", "Memory for sending on a connection, in 1000 bytes").default("1000"),
    peers(
        Kind::Text,
        "maxuploadtarget",
        "=<n>",
        "Try to send less than this in 24 hours, with a unit k, K, m, M, g, G, t or T (small: 1000, large: 1024; \
         without: M). Blocks of the last week and peers with permission 'download' are not limited. 0: no limit",
    )
    .default("0M")
    .setting(SettingGroup::Network),
    peers(Kind::Bool, "natpmp", "", "Ask the router by PCP or NAT-PMP to let the port through")
        .default("1")
        .setting(SettingGroup::Network),
    peers(Kind::Bool, "networkactive", "", "Start with the network on. setnetworkactive changes it later").default("1"),
    peers(
        Kind::Text,
        "onion",
        "=<ip:port|path>",
        "Other SOCKS5 proxy for onion services; -noonion reaches none (default: -proxy). A socket file is written \
         unix:<path>",
    )
    .setting(SettingGroup::Privacy),
    peers(
        Kind::List,
        "onlynet",
        "=<net>",
        "Connect by itself to this network only: ipv4, ipv6, onion, i2p, cjdns. May be given several times",
    )
    .setting(SettingGroup::Privacy),
    peers(Kind::Bool, "peerblockfilters", "", "Give compact block filters to peers (BIP157)").by_chain(block_filters),
    peers(Kind::Bool, "peerbloomfilters", "", "Filter blocks and transactions for peers (BIP37)").by_chain(bloom_filters),
    peers(
        Kind::Int,
        "peertimeout",
        "=<n>",
        "Seconds after connecting before silence counts against a peer (at least 1)",
    )
    .default("60")
    .range(1, i64::MAX)
    .debug(),
    peers(
        Kind::Int,
        "port",
        "=<port>",
        "Port on which peers connect; the port for Tor is one above it",
    )
    .by_chain(p2p_port)
    .range(1, 65535)
    .network_only()
    .setting(SettingGroup::Network),
    peers(
        Kind::List,
        "proxy",
        "=<ip>[:<port>]|unix:<path>[=<network>]",
        "SOCKS5 proxy for all connections, or with =ipv4, =ipv6, =tor or =cjdns for one network; -noproxy uses none \
         (default: none)",
    )
    .no_elision()
    .setting(SettingGroup::Privacy),
    peers(Kind::Bool, "proxyrandomize", "", "Give the proxy a new name for each connection, so that Tor keeps them apart")
        .default("1"),
    peers(
        Kind::List,
        "seednode",
        "=<ip>",
        "Ask this node for peers and disconnect. May be given several times; tried before DNS",
    ),
    peers(Kind::Int, "timeout", "=<n>", "Milliseconds after which an attempt to connect is given up (at least 1)")
        .default("5000")
        .range(1, i64::MAX),
    peers(Kind::Text, "torcontrol", "=<ip>:<port>", "Control port of Tor for -listenonion").default("127.0.0.1:9051"),
    peers(Kind::Text, "torpassword", "=<pass>", "Password of Tor's control port (default: empty)").sensitive(),
    peers(Kind::Bool, "txreconciliation", "", "Agree with peers on transactions instead of announcing each (BIP330)")
        .default("0")
        .debug(),
    peers(Kind::Bool, "v2transport", "", "Encrypt connections with peers that can (BIP324)")
        .default("1")
        .setting(SettingGroup::Privacy),
    peers(
        Kind::List,
        "whitebind",
        "=<[permissions@]addr>",
        "Listen on this address and give those who connect there permissions, with commas between them: bloomfilter, \
         noban, forcerelay, relay, mempool, download, addr (default: download,noban,mempool,relay). May be given \
         several times",
    ),
    peers(
        Kind::List,
        "whitelist",
        "=<[permissions@]IP address or network>",
        "Give permissions as in -whitebind to peers of this address or network; 'in' and 'out' say for which \
         direction (default: in). May be given several times",
    ),
];
