use serde_json::json;

use super::*;

fn peers() -> Value {
    json!([
        {
            "id": 3, "addr": "1.2.3.4:8333", "network": "ipv4", "inbound": false,
            "connection_type": "outbound-full-relay", "servicesnames": ["NETWORK", "WITNESS", "P2P_V2"],
            "transport_protocol_type": "v2", "minping": 0.0123, "pingtime": 0.5, "lastsend": 995,
            "lastrecv": 990, "last_transaction": 0, "last_block": 400, "relaytxes": true,
            "bip152_hb_to": true, "bip152_hb_from": true, "addr_processed": 1000, "addr_relay_enabled": true,
            "addr_rate_limited": 2, "conntime": 100, "version": 70016, "subver": "/Node:1.0/",
        },
        {
            "id": 12, "addr": "[::1]:50000", "network": "not_publicly_routable", "inbound": true,
            "connection_type": "inbound", "servicesnames": ["NETWORK_LIMITED"],
            "transport_protocol_type": "detecting", "lastsend": 0, "lastrecv": 0, "last_transaction": 0,
            "last_block": 0, "relaytxes": false, "bip152_hb_to": false, "bip152_hb_from": false,
            "addr_relay_enabled": false, "conntime": 940, "version": 0, "subver": "",
        },
        {"id": 13, "network": "ipv6", "inbound": false, "connection_type": "manual"},
        {"id": 14, "network": "space", "inbound": false, "connection_type": "manual"},
    ])
}

fn network(addresses: Value) -> Value {
    json!({
        "protocolversion": 70016, "subversion": "/bitq:0.1.0/",
        "localservicesnames": ["NETWORK", "NETWORK_LIMITED"],
        "networks": [
            {"name": "ipv4", "reachable": true},
            {"name": "ipv6", "reachable": true},
            {"name": "onion", "reachable": false},
        ],
        "localaddresses": addresses,
    })
}

fn check(view: View, addresses: Value, expected: &str) {
    let page = page(view, &peers(), &network(addresses), Network::Regtest, 1000);
    let page = page.replace(&format!("bitq client v{VERSION}"), "bitq client VERSION");
    assert_eq!(page, expected);
}

#[test]
fn counts_alone() {
    check(
        View::default(),
        json!([]),
        "bitq client VERSION regtest - server 70016/bitq:0.1.0/\n\n\
         \x20        ipv4    ipv6     npr   total   block  manual\n\
         in          0       0       1       1\n\
         out         1       1       0       2       0       1\n\
         total       1       1       1       3\n\n\
         Local services: network, network limited\n\n\
         Local addresses: n/a\n",
    );
}

#[test]
fn the_list_of_peers() {
    check(
        View {
            level: 4,
            outbound_only: false,
        },
        json!([{"address": "1.2.3.4", "port": 8333, "score": 4}]),
        "bitq client VERSION regtest - server 70016/bitq:0.1.0/ - services nl\n\n\
         <->   type   net   serv  v  mping   ping send recv  txn  blk  hb addrp addrl  age id address      version\n\
         \x20in          npr      l                               *              .          1 12 [::1]:50000  \n\
         out manual  ipv6                                                     .            13              \n\
         out   full  ipv4    nw2  2     12    500    5   10        10  .*  1000     2   15  3 1.2.3.4:8333 70016/Node:1.0/\n\
         \x20                              ms     ms  sec  sec  min  min                  min\n\n\
         \x20        ipv4    ipv6     npr   total   block  manual\n\
         in          0       0       1       1\n\
         out         1       1       0       2       0       1\n\
         total       1       1       1       3\n\n\
         Local addresses\n1.2.3.4     port   8333    score      4",
    );
}

#[test]
fn arguments_are_checked() {
    let names = Names {
        server: String::new(),
        node: String::new(),
        client: "x-cli".into(),
        hint: String::new(),
    };
    let check = |words: &[&str], expected: Result<(u8, bool), &str>| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let view = View::read(&words, &names).map_err(|error| error.to_string());
        let view = view.map(|view| (view.level, view.outbound_only));
        assert_eq!(view, expected.map_err(str::to_owned), "{words:?}");
    };
    check(&[], Ok((0, false)));
    check(&["3"], Ok((3, false)));
    check(&["200", "o"], Ok((4, true)));
    check(&["1", "outonly"], Ok((1, true)));
    check(
        &["256"],
        Err("invalid -netinfo level argument: 256\nFor more information, run: x-cli -netinfo help"),
    );
    check(
        &["1", "in"],
        Err(
            "invalid -netinfo outonly argument: in\nFor more information, run: x-cli -netinfo help",
        ),
    );
    check(
        &["0", "o"],
        Err(
            "invalid -netinfo outonly argument: o\nThe outonly argument is only valid for a level greater than 0 (the first argument). For more information, run: x-cli -netinfo help",
        ),
    );
    assert!(help("x-cli").contains("> x-cli -netinfo 4 outonly"));
}
