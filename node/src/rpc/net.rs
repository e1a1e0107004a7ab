//! Commands about the network (Core's `rpc/net.cpp`): what can be said without peers.

use keys::univ::amount_value;
use primitives::{Amount, FeeRate};
use rpc::{Args, Command, CommandSpec, ResultDoc, RpcResult};
use serde_json::json;

use super::doc;
use crate::context::Node;

/// Version of the product in the number form of `getnetworkinfo`: 10,000 × major + 100 × minor + patch.
const NUMERIC_VERSION: u32 = 100;

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
            ResultDoc::num("connections", "the total number of connections"),
            ResultDoc::num("connections_in", "the number of inbound connections"),
            ResultDoc::num("connections_out", "the number of outbound connections"),
            ResultDoc::bool("networkactive", "whether p2p networking is enabled"),
            ResultDoc::array(
                "networks",
                "information per network",
                vec![ResultDoc::any("", "")],
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
        "connections": 0,
        "connections_in": 0,
        "connections_out": 0,
        "networkactive": false,
        "networks": [],
        "relayfee": rate(policy.min_relay_fee),
        "incrementalfee": rate(policy.incremental_relay_fee),
        "localaddresses": [],
        "warnings": node.status.borrow().warnings,
    }))
}

/// The user agent with its comments (BIP14).
pub(crate) fn user_agent(comments: &[String]) -> String {
    let comments = match comments {
        [] => String::new(),
        some => format!("({})", some.join("; ")),
    };
    format!("/{}:{}{comments}/", common::CLIENT_NAME, common::VERSION)
}
