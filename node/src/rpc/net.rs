//! Commands about the network (Core's `rpc/net.cpp`): what can be said without peers.

use keys::univ::amount_value;
use primitives::{Amount, FeeRate};
use rpc::{Args, Command, CommandSpec, ResultDoc, RpcResult};
use serde_json::{Value, json};

use super::doc;
use crate::context::Node;

/// Version of the product in the number form of `getnetworkinfo`: 10,000 × major + 100 × minor + patch.
const NUMERIC_VERSION: u32 = 100;

/// Transactions announced in a second at most.
const TX_SEND_RATE: u32 = 14;
/// The kinds of networks, as options name them.
const NETWORKS: [&str; 5] = ["ipv4", "ipv6", "onion", "i2p", "cjdns"];

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![network_info_spec().run(network_info)]
}

fn network_info_spec() -> CommandSpec {
    CommandSpec::new(
        "network",
        "getnetworkinfo",
        "Returns an object containing various state info regarding P2P networking.",
    )
    .result(ResultDoc::object(
        "",
        "",
        vec![
            ResultDoc::num("version", "the server version"),
            ResultDoc::str("subversion", "the server subversion string"),
            ResultDoc::num("protocolversion", "the protocol version"),
            ResultDoc::hex("localservices", "the services we offer to the network"),
            ResultDoc::array(
                "localservicesnames",
                "the services we offer to the network, in human-readable form",
                vec![ResultDoc::str("SERVICE_NAME", "the service name")],
            ),
            ResultDoc::bool(
                "localrelay",
                "true if transaction relay is requested from peers",
            ),
            ResultDoc::num("timeoffset", "the time offset"),
            ResultDoc::num(
                "tx_send_rate",
                "configured target for maximum number of transactions per second to send to inbound peers",
            ),
            ResultDoc::dyn_object(
                "inv_buckets",
                "",
                vec![ResultDoc::object(
                    "inbound/outbound",
                    "connection direction",
                    vec![
                        ResultDoc::num("backlog", "number of queued txs to announce"),
                        ResultDoc::num("count_tok", "tokens available to be consumed per-transaction"),
                        ResultDoc::num("size_tok", "tokens available to be consumed per-byte"),
                    ],
                )],
            ),
            ResultDoc::num("connections", "the total number of connections"),
            ResultDoc::num("connections_in", "the number of inbound connections"),
            ResultDoc::num("connections_out", "the number of outbound connections"),
            ResultDoc::bool("networkactive", "whether p2p networking is enabled"),
            ResultDoc::array(
                "networks",
                "information per network",
                vec![ResultDoc::object(
                    "",
                    "",
                    vec![
                        ResultDoc::str("name", "network (ipv4, ipv6, onion, i2p, cjdns)"),
                        ResultDoc::bool("limited", "is the network limited using -onlynet?"),
                        ResultDoc::bool("reachable", "is the network reachable?"),
                        ResultDoc::str("proxy", "(\"host:port\") the proxy that is used for this network, or empty if none"),
                        ResultDoc::bool("proxy_randomize_credentials", "Whether randomized credentials are used"),
                    ],
                )],
            ),
            ResultDoc::amount(
                "relayfee",
                "minimum relay fee rate for transactions in coins/kvB",
            ),
            ResultDoc::amount(
                "incrementalfee",
                "minimum fee rate increment for mempool limiting or replacement in coins/kvB",
            ),
            ResultDoc::array(
                "localaddresses",
                "list of local addresses",
                vec![ResultDoc::any("", "")],
            ),
            doc::warnings(),
        ],
    ))
    .cli("")
    .rpc("")
}

fn network_info(node: &Node, _: &Args) -> RpcResult {
    let policy = node.reader()?.policy();
    let rate = |rate: FeeRate| amount_value(Amount::from_sat(rate.sat_per_kvb()));
    let comments = node.config().get_list("uacomment");
    Ok(json!({
        "version": NUMERIC_VERSION,
        "subversion": user_agent(&comments),
        "protocolversion": node.params.protocol_version,
        "localservices": "0000000000000000",
        "localservicesnames": [],
        "localrelay": false,
        "timeoffset": 0,
        "tx_send_rate": TX_SEND_RATE,
        "inv_buckets": {"inbound": idle_bucket(), "outbound": idle_bucket()},
        "connections": 0,
        "connections_in": 0,
        "connections_out": 0,
        "networkactive": false,
        "networks": NETWORKS.map(network),
        "relayfee": rate(policy.min_relay_fee),
        "incrementalfee": rate(policy.incremental_relay_fee),
        "localaddresses": [],
        "warnings": node.status.borrow().warnings,
    }))
}

/// Without connections nothing is reached, so every network counts as switched off.
fn network(name: &str) -> Value {
    json!({
        "name": name,
        "limited": true,
        "reachable": false,
        "proxy": "",
        "proxy_randomize_credentials": false,
    })
}

/// Nothing waits to be announced to anybody.
fn idle_bucket() -> Value {
    json!({"backlog": 0, "count_tok": 0, "size_tok": 0})
}

/// The user agent with its comments (BIP14).
pub(crate) fn user_agent(comments: &[String]) -> String {
    let comments = match comments {
        [] => String::new(),
        some => format!("({})", some.join("; ")),
    };
    format!("/{}:{}{comments}/", common::CLIENT_NAME, common::VERSION)
}
