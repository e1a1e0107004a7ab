//! The JSON-RPC server as programs talk to it: who gets in, what the versions answer, what errors say.

#![allow(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "a helper of tests fails by panicking"
)]

use std::fs;

use serde_json::{Value, json};
use testkit::process::{
    HttpReply, Node, PATIENCE, RpcClient, Setup, basic_auth, http_post, http_request,
};
use testkit::to_hex;

fn post(node: &Node, body: &str) -> HttpReply {
    node.client().post("/", body).unwrap()
}

/// Status and body of a request.
fn check(node: &Node, body: &Value, status: u16) -> Value {
    let reply = post(node, &body.to_string());
    assert_eq!(reply.status, status, "{body} gave {reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    serde_json::from_str(&reply.body).unwrap_or_else(|_| panic!("{reply:?}"))
}

fn status_of(node: &Node, credentials: &str) -> u16 {
    let client = RpcClient {
        credentials: credentials.to_owned(),
        ..node.client()
    };
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"getblockcount"}"#;
    client.post("/", request).unwrap().status
}

#[test]
fn the_cookie_lets_its_owner_in() {
    let mut node = Setup::new("bitcoin").start();
    let cookie = fs::read_to_string(node.file(".cookie")).unwrap();
    let secret = cookie.strip_prefix("__cookie__:").unwrap();
    assert_eq!(secret.len(), 64);
    assert!(secret.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(status_of(&node, &cookie), 200);
    assert_eq!(status_of(&node, "__cookie__:"), 401);
    assert_eq!(status_of(&node, &cookie[..cookie.len() - 1]), 401);
    assert_eq!(
        status_of(&node, &cookie.replace("__cookie__", "cookie")),
        401
    );

    let request = r#"{"jsonrpc":"2.0","id":1,"method":"getblockcount"}"#;
    let nobody = http_post(node.client().port, "/", &[], request).unwrap();
    assert_eq!(nobody.status, 401);
    assert!(nobody.header("www-authenticate").is_some());
    let get = http_request("GET", node.client().port, "/", &[&basic_auth(&cookie)], "").unwrap();
    assert_eq!(get.status, 405);
    let elsewhere = node.client().post("/nowhere", request).unwrap();
    assert_eq!(elsewhere.status, 404);

    node.restart();
    assert_eq!(
        status_of(&node, &cookie),
        401,
        "each run has its own cookie"
    );
}

#[test]
fn users_from_options_get_in_beside_or_instead_of_the_cookie() {
    let salt = "5fca0a1b5bd8d2f0b6c0b1c3d4e5f607";
    let hash = "88eb77bd9c59844afbb5e5990e4b4f51fa2365fad02179498029ed1fe11b30dc";
    let node = Setup::new("bitcoin")
        .arg(format!("-rpcauth=alice:{salt}${hash}"))
        .start();
    assert_eq!(status_of(&node, "alice:open sesame"), 200);
    assert_eq!(status_of(&node, "alice:open sesam"), 401);
    assert_eq!(status_of(&node, "bob:open sesame"), 401);
    drop(node);

    let mut node = Setup::new("bitcoin")
        .arg("-rpcuser=carol")
        .arg("-rpcpassword=with:colon")
        .spawn();
    let client = RpcClient {
        credentials: "carol:with:colon".to_owned(),
        ..node.client()
    };
    testkit::process::wait_until("the server", PATIENCE, || {
        client.call("/", "getblockcount", &json!([])).is_ok()
    });
    assert!(!node.file(".cookie").exists());
    assert_eq!(status_of(&node, "carol:with"), 401);
    client.call("/", "stop", &json!([])).unwrap();
    assert_eq!(node.wait_for_end(PATIENCE).code, Some(0));
    let log = node.log();
    assert!(log.contains("Command-line arg: rpcpassword=****"));
    assert!(!log.contains("with:colon"));
}

#[test]
fn a_bad_rpcauth_or_a_missing_file_is_an_error() {
    for option in ["-rpcauth=foo", "-rpcauth=foo:bar$baz$bam"] {
        let ended = Setup::new("bitcoin").arg(option).fail();
        assert_eq!(ended.code, Some(1));
        let expected = "Error: Unable to start HTTP server. See debug log for details.\n";
        assert_eq!(ended.stderr, expected, "{option}");
    }
}

#[test]
fn a_whitelist_names_the_methods_of_a_user() {
    let node = Setup::new("bitcoin")
        .arg("-rpcuser=carol")
        .arg("-rpcpassword=secret")
        .arg("-rpcwhitelist=carol:getblockcount,getmempoolinfo")
        .spawn();
    let client = RpcClient {
        credentials: "carol:secret".to_owned(),
        ..node.client()
    };
    testkit::process::wait_until("the server", PATIENCE, || {
        client.call("/", "getblockcount", &json!([])).is_ok()
    });
    let refused = client.post("/", r#"{"id":1,"method":"uptime"}"#).unwrap();
    assert_eq!(refused.status, 403);
    // One method that is not allowed refuses the batch.
    let batch = r#"[{"id":1,"method":"getblockcount"},{"id":2,"method":"uptime"}]"#;
    assert_eq!(client.post("/", batch).unwrap().status, 403);
}

#[test]
fn every_version_is_answered_in_its_own_form() {
    let node = Setup::new("bitcoin").start();
    let plain = check(&node, &json!({"method": "getblockcount", "id": "a"}), 200);
    assert_eq!(plain, json!({"result": 0, "error": null, "id": "a"}));
    let first = json!({"jsonrpc": "1.0", "method": "getblockcount", "id": 7});
    let plain = check(&node, &first, 200);
    assert_eq!(plain, json!({"result": 0, "error": null, "id": 7}));
    let second = json!({"jsonrpc": "2.0", "method": "getblockcount", "id": 7});
    let answer = check(&node, &second, 200);
    assert_eq!(answer, json!({"jsonrpc": "2.0", "result": 0, "id": 7}));

    // Errors: HTTP statuses for the older form, always 200 for the newer one.
    let unknown = |version: Value| json!({"jsonrpc": version, "method": "nothing", "id": 1});
    // Version 1.1 has another name for its version field, which nobody reads.
    let older = json!({"version": "1.1", "method": "nothing", "id": 1});
    let answer = check(&node, &older, 404);
    let error = json!({"code": -32601, "message": "Method not found"});
    assert_eq!(answer, json!({"result": null, "error": error, "id": 1}));
    let answer = check(&node, &unknown(json!("2.0")), 200);
    assert_eq!(answer, json!({"jsonrpc": "2.0", "error": error, "id": 1}));
    let answer = check(&node, &unknown(json!("3.0")), 400);
    assert_eq!(answer["error"]["code"], json!(-32600));
    assert_eq!(
        answer["error"]["message"],
        json!("JSON-RPC version not supported")
    );
    let answer = check(&node, &unknown(json!(2)), 400);
    assert_eq!(
        answer["error"]["message"],
        json!("jsonrpc field must be a string")
    );
    let failing = json!({"method": "getblockhash", "params": [9], "id": 1});
    let answer = check(&node, &failing, 500);
    assert_eq!(answer["error"]["code"], json!(-8));

    // A notification is carried out and not answered.
    let silent = post(&node, r#"{"jsonrpc":"2.0","method":"getblockcount"}"#);
    assert_eq!((silent.status, silent.body.as_str()), (204, ""));
    let silent = post(&node, r#"{"jsonrpc":"2.0","method":"nothing"}"#);
    assert_eq!((silent.status, silent.body.as_str()), (204, ""));

    let broken = post(&node, "{\"method\":");
    assert_eq!(broken.status, 500);
    let broken: Value = serde_json::from_str(&broken.body).unwrap();
    assert_eq!(
        broken["error"],
        json!({"code": -32700, "message": "Parse error"})
    );
}

#[test]
fn batches_mix_versions_and_keep_their_order() {
    let node = Setup::new("bitcoin").start();
    let batch = json!([
        {"method": "getblockcount", "id": 1},
        {"jsonrpc": "2.0", "method": "nothing", "id": 2},
        {"jsonrpc": "2.0", "method": "getblockcount"},
        {"jsonrpc": "2.0", "method": "getblockhash", "params": {"height": 0}, "id": 3},
    ]);
    let answers = check(&node, &batch, 200);
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0], json!({"result": 0, "error": null, "id": 1}));
    assert_eq!(answers[1]["error"]["code"], json!(-32601));
    assert!(answers[2]["result"].is_string());
    let silent = post(&node, r#"[{"jsonrpc":"2.0","method":"getblockcount"}]"#);
    assert_eq!((silent.status, silent.body.as_str()), (204, ""));
    let empty = check(&node, &json!([]), 200);
    assert_eq!(empty, json!([]));
}

#[test]
fn named_arguments_and_types_are_checked() {
    let node = Setup::new("bitcoin").start();
    let genesis = node.call("getblockhash", json!({"height": 0}));
    assert_eq!(node.call("getblockhash", json!([0])), genesis);
    let mixed = json!({"args": [genesis], "verbosity": 0});
    assert!(node.call("getblock", mixed).is_string());

    let (code, text) = node.refused("getblockhash", json!({"size": 0}));
    assert_eq!((code, text.as_str()), (-8, "Unknown named parameter size"));
    let both = json!({"args": [0], "height": 0});
    let (code, text) = node.refused("getblockhash", both);
    let expected = "Parameter height specified twice both as positional and named argument";
    assert_eq!((code, text.as_str()), (-8, expected));
    let (code, text) = node.refused("getblockhash", json!(["zero"]));
    assert_eq!(code, -3);
    assert!(
        text.contains("Position 1 (height)")
            && text.contains("JSON value of type string is not of expected type number"),
        "{text}"
    );
    // A wrong number of arguments is answered with the help.
    let help = node.call("help", json!(["getblockhash"]));
    let (code, text) = node.refused("getblockhash", json!([]));
    assert_eq!((code, json!(text)), (-1, help));
    let (code, _) = node.refused("getblockhash", json!([0, 1]));
    assert_eq!(code, -1);
    let (code, text) = node.refused("getblock", json!(["zz"]));
    let expected = "blockhash must be of length 64 (not 2, for 'zz')";
    assert_eq!((code, text.as_str()), (-8, expected));
    let (code, text) = node.refused("gettxoutsetinfo", json!(["foo hash"]));
    assert_eq!(
        (code, text.as_str()),
        (-8, "'foo hash' is not a valid hash_type")
    );
    let (code, text) = node.refused("decoderawtransaction", json!(["00"]));
    assert_eq!(code, -22, "{text}");
    let (code, text) = node.refused("sendrawtransaction", json!(["00"]));
    assert_eq!(code, -22, "{text}");
    let (code, text) = node.refused("generatetoaddress", json!([1, "nowhere"]));
    assert_eq!((code, text.as_str()), (-5, "Error: Invalid address"));
    let (code, _) = node.refused("setmocktime", json!([-1]));
    assert_eq!(code, -8);
}

/// Everything a program may rely on, with the category under which `help` lists it; an empty one is hidden.
const METHODS: &[(&str, &[&str])] = &[
    (
        "Blockchain",
        &[
            "getblockchaininfo",
            "getblockcount",
            "getbestblockhash",
            "getblock",
            "getblockhash",
            "getblockheader",
            "gettxout",
            "gettxoutsetinfo",
            "getmempoolinfo",
            "getrawmempool",
            "importmempool",
            "invalidateblock",
            "reconsiderblock",
            "savemempool",
            "waitforblock",
            "waitforblockheight",
            "waitfornewblock",
        ],
    ),
    (
        "Rawtransactions",
        &[
            "getrawtransaction",
            "sendrawtransaction",
            "testmempoolaccept",
            "decoderawtransaction",
            "decodescript",
        ],
    ),
    ("Network", &["getnetworkinfo"]),
    ("Mining", &["submitblock"]),
    ("Util", &["validateaddress", "getdescriptorinfo"]),
    (
        "Control",
        &["uptime", "logging", "help", "stop", "getrpcinfo"],
    ),
    ("", &["generatetoaddress", "generateblock", "setmocktime"]),
];

#[test]
fn every_method_is_there_and_explains_itself() {
    let node = Setup::new("bitcoin").start();
    let help = node.call("help", json!([]));
    let help = help.as_str().unwrap();
    for (category, methods) in METHODS {
        let section = help
            .split("== ")
            .find(|part| part.starts_with(&format!("{category} ==\n")))
            .unwrap_or_default();
        for method in *methods {
            let listed = section
                .lines()
                .any(|line| line.split(' ').next() == Some(method));
            assert_eq!(listed, !category.is_empty(), "{method} in {section:?}");
            let page = node.call("help", json!([method]));
            let page = page.as_str().unwrap();
            assert!(page.starts_with(method), "{page}");
            assert!(page.contains("\nResult"), "{page}");
        }
    }
    let unknown = node.call("help", json!(["nothing"]));
    assert_eq!(unknown, json!("help: unknown command: nothing"));
}

#[test]
fn reports_name_this_node() {
    let node = Setup::new("bitcoin").start();
    let network = node.call("getnetworkinfo", json!([]));
    let agent = network["subversion"].as_str().unwrap();
    assert!(
        agent.starts_with("/bitq:") && agent.ends_with('/'),
        "{agent}"
    );
    let info = node.call("getrpcinfo", json!([]));
    assert_eq!(info["active_commands"][0]["method"], json!("getrpcinfo"));
    assert_eq!(info["logpath"], json!(node.file("debug.log")));
    assert!(node.call("uptime", json!([])).as_u64().unwrap() < 60);
}

#[test]
fn addresses_scripts_and_descriptors_are_read() {
    let node = Setup::new("bitcoin").start();
    let address = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
    let found = node.call("validateaddress", json!([address]));
    assert_eq!(found["isvalid"], json!(true));
    assert_eq!(
        found["scriptPubKey"],
        json!("0014751e76e8199196d454941c45d1b3a323f1433bd6")
    );
    assert_eq!(found["iswitness"], json!(true));
    let found = node.call(
        "validateaddress",
        json!(["1BoatSLRHtKNngkdXEeobR76b53LETtpyT"]),
    );
    assert_eq!(found["isvalid"], json!(false));

    let script = node.call("decodescript", json!(["5121ac"]));
    assert_eq!(
        script["asm"].as_str().map(|asm| asm.is_empty()),
        Some(false)
    );
    let key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let found = node.call("getdescriptorinfo", json!([format!("wpkh({key})")]));
    assert_eq!(found["isrange"], json!(false));
    assert_eq!(found["hasprivatekeys"], json!(false));
    let text = found["descriptor"].as_str().unwrap();
    assert!(text.starts_with(&format!("wpkh({key})#")));
    let made = node.call("deriveaddresses", json!([text]));
    assert_eq!(made, json!([address]));
}

#[test]
fn a_transaction_goes_from_text_into_a_block() {
    let node = Setup::new("bitcoin").start();
    let made = node.call("generatetodescriptor", json!([101, "raw(51)"]));
    let block = node.call("getblock", json!([made[0]]));
    let coin = block["tx"][0].as_str().unwrap();
    // The first block's anyone-can-spend output goes to the same script; a second output makes the transaction larger
    // than an inner node of a merkle tree.
    let reversed: String = (0..32).rev().map(|i| &coin[2 * i..2 * i + 2]).collect();
    let spend = |amount: u64| {
        let amount = to_hex(&amount.to_le_bytes());
        let inputs = format!("01{reversed}0000000000fdffffff");
        let outputs = format!("02{amount}01510000000000000000066a0400112233");
        format!("02000000{inputs}{outputs}00000000")
    };
    let tx = spend(4_999_900_000);
    let decoded = node.call("decoderawtransaction", json!([tx]));
    let txid = decoded["txid"].as_str().unwrap();
    assert_eq!(decoded["vin"][0]["txid"], json!(coin));
    assert_eq!(decoded["vout"][0]["value"].to_string(), "49.99900000");
    assert_eq!(
        decoded["vout"][1]["scriptPubKey"]["type"],
        json!("nulldata")
    );

    let verdict = node.call("testmempoolaccept", json!([[tx]]));
    assert_eq!(verdict[0]["txid"], json!(txid));
    // A bare `1` is no standard output, so the pool leaves the transaction to miners.
    assert_eq!(verdict[0]["allowed"], json!(false));
    assert_eq!(verdict[0]["reject-reason"], json!("scriptpubkey"));
    let (code, text) = node.refused("sendrawtransaction", json!([tx]));
    assert_eq!((code, text.as_str()), (-26, "scriptpubkey"));
    let mined = node.call("generateblock", json!(["raw(51)", [tx]]));
    let block = node.call("getblock", json!([mined["hash"], 2]));
    assert_eq!(block["tx"][1]["txid"], json!(txid));
    assert_eq!(node.call("gettxout", json!([coin, 0])), Value::Null);
    let found = node.call("getrawtransaction", json!([txid, 1, mined["hash"]]));
    assert_eq!(found["hex"], json!(tx));
    assert_eq!(found["confirmations"], json!(1));
    // A second spend of the same coin makes no block.
    let (code, text) = node.refused("generateblock", json!(["raw(51)", [spend(1)]]));
    assert_eq!(code, -25);
    assert!(text.contains("bad-txns-inputs-missingorspent"), "{text}");
}

#[test]
fn stop_answers_first_and_ends_what_waits() {
    let mut node = Setup::new("bitcoin").start();
    assert_eq!(
        node.call("stop", json!({"wait": 200})),
        json!("bitq stopping")
    );
    let ended = node.wait_for_end(PATIENCE);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    for name in [".cookie", "bitcoind.pid"] {
        assert!(!node.file(name).exists(), "{name} is left behind");
    }
}
