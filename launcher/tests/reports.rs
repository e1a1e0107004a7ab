//! Every command that programs rely on: exactly the fields of the reference's answers, and its errors word for word.

#![allow(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "a helper of tests fails by panicking"
)]

use serde_json::{Value, json};
use testkit::process::{Node, Setup};

#[path = "common/draft.rs"]
mod draft;

use draft::{ANYONE, Coin, Draft, REWARD, Spend};

/// The fields of an answer in alphabetical order, with those of its objects and of the first element of its lists.
fn shape(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort();
            let field = |name: &String| match shape(&fields[name]) {
                inner if inner.is_empty() => name.clone(),
                inner => format!("{name}:{inner}"),
            };
            let fields: Vec<String> = names.into_iter().map(field).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => match items.first().map(shape) {
            Some(inner) if !inner.is_empty() => format!("[{inner}]"),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// A node with a transaction in its tip and one in the mempool; and the words that stand for what it has.
struct Bench {
    node: Node,
    words: Vec<(&'static str, String)>,
}

impl Bench {
    fn new(args: &[&str]) -> Self {
        let mut setup = Setup::new("bitcoin");
        for arg in args {
            setup = setup.arg(arg);
        }
        let node = setup.start();
        let hashes = node.call(
            "generatetodescriptor",
            json!([101, format!("raw({ANYONE})")]),
        );
        let first = node.call("getblock", json!([hashes[0]]));
        let coin = Coin {
            place: (text(&first["tx"][0]), 0),
            value: REWARD,
        };
        let half = coin.value / 2;
        let outputs = [(half, ANYONE), (half - 1000, ANYONE)];
        let mined = Draft::new(vec![Spend::of(&coin.place)], &outputs);
        let mined_id = text(&node.call("sendrawtransaction", json!([mined.hex()])));
        let tip = node.call("generatetodescriptor", json!([1, "raw(51)"]));
        let out = |vout, value| Coin {
            place: (mined_id.clone(), vout),
            value,
        };
        let waiting = Draft::simple(&out(0, half), 1000);
        let waiting_id = text(&node.call("sendrawtransaction", json!([waiting.hex()])));
        let genesis = node.call("getblockhash", json!([0]));
        let genesis_tx = node.call("getblock", json!([genesis]))["tx"][0].clone();
        let words = vec![
            ("TIP", text(&tip[0])),
            ("MINEDHEX", mined.hex()),
            ("MINED", mined_id.clone()),
            ("WAITINGHEX", waiting.hex()),
            ("WAITING", waiting_id),
            ("NEWHEX", Draft::simple(&out(1, half - 1000), 1000).hex()),
            ("NOTHING", "11".repeat(32)),
            ("GENESISTX", text(&genesis_tx)),
        ];
        Self { node, words }
    }

    fn params(&self, args: &str) -> Value {
        let replace = |args: String, (word, value): &(&str, String)| args.replace(word, value);
        let args = self.words.iter().fold(args.to_owned(), replace);
        serde_json::from_str(&format!("[{args}]")).unwrap()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

const ENTRY: &str = "{ancestorcount,ancestorsize,chunkweight,depends,descendantcount,descendantsize,fees:{ancestor,base,chunk,descendant,modified},height,spentby,time,unbroadcast,vsize,vsize_adjusted,vsize_bip141,weight,wtxid}";

/// Method, arguments, fields.
const ANSWERS: &[(&str, &str, &str)] = &[
    (
        "getblockchaininfo",
        "",
        "{bestblockhash,bits,blocks,chain,chainwork,difficulty,headers,initialblockdownload,mediantime,pruned,size_on_disk,target,time,verificationprogress,warnings}",
    ),
    (
        "getblock",
        r#""TIP", 1"#,
        "{bits,chainwork,coinbase_tx:{coinbase,locktime,sequence,version,witness},confirmations,difficulty,hash,height,mediantime,merkleroot,nTx,nonce,previousblockhash,size,strippedsize,target,time,tx,version,versionHex,weight}",
    ),
    (
        "getblock",
        r#""TIP", 2"#,
        "{bits,chainwork,coinbase_tx:{coinbase,locktime,sequence,version,witness},confirmations,difficulty,hash,height,mediantime,merkleroot,nTx,nonce,previousblockhash,size,strippedsize,target,time,tx:[{hash,hex,locktime,size,txid,version,vin:[{coinbase,sequence,txinwitness}],vout:[{n,scriptPubKey:{asm,desc,hex,type},value}],vsize,weight}],version,versionHex,weight}",
    ),
    (
        "getblock",
        r#""TIP", 3"#,
        "{bits,chainwork,coinbase_tx:{coinbase,locktime,sequence,version,witness},confirmations,difficulty,hash,height,mediantime,merkleroot,nTx,nonce,previousblockhash,size,strippedsize,target,time,tx:[{hash,hex,locktime,size,txid,version,vin:[{coinbase,sequence,txinwitness}],vout:[{n,scriptPubKey:{asm,desc,hex,type},value}],vsize,weight}],version,versionHex,weight}",
    ),
    (
        "getblockheader",
        r#""TIP""#,
        "{bits,chainwork,confirmations,difficulty,hash,height,mediantime,merkleroot,nTx,nonce,previousblockhash,target,time,version,versionHex}",
    ),
    (
        "getrawtransaction",
        r#""WAITING", 1"#,
        "{hash,hex,locktime,size,txid,version,vin:[{scriptSig:{asm,hex},sequence,txid,txinwitness,vout}],vout:[{n,scriptPubKey:{address,asm,desc,hex,type},value}],vsize,vsize_adjusted,weight}",
    ),
    (
        "getrawtransaction",
        r#""WAITING", 2"#,
        "{hash,hex,locktime,size,txid,version,vin:[{scriptSig:{asm,hex},sequence,txid,txinwitness,vout}],vout:[{n,scriptPubKey:{address,asm,desc,hex,type},value}],vsize,vsize_adjusted,weight}",
    ),
    (
        "getrawtransaction",
        r#""MINED", 1, "TIP""#,
        "{blockhash,blocktime,confirmations,hash,hex,in_active_chain,locktime,size,time,txid,version,vin:[{scriptSig:{asm,hex},sequence,txid,txinwitness,vout}],vout:[{n,scriptPubKey:{address,asm,desc,hex,type},value}],vsize,weight}",
    ),
    (
        "getrawtransaction",
        r#""MINED", 2, "TIP""#,
        "{blockhash,blocktime,confirmations,fee,hash,hex,in_active_chain,locktime,size,time,txid,version,vin:[{prevout:{generated,height,scriptPubKey:{address,asm,desc,hex,type},value},scriptSig:{asm,hex},sequence,txid,txinwitness,vout}],vout:[{n,scriptPubKey:{address,asm,desc,hex,type},value}],vsize,weight}",
    ),
    (
        "gettxout",
        r#""MINED", 1"#,
        "{bestblock,coinbase,confirmations,scriptPubKey:{address,asm,desc,hex,type},value}",
    ),
    (
        "gettxoutsetinfo",
        "",
        "{bestblock,bogosize,disk_size,hash_serialized_3,height,total_amount,transactions,txouts}",
    ),
    (
        "gettxoutsetinfo",
        r#""muhash""#,
        "{bestblock,bogosize,disk_size,height,muhash,total_amount,transactions,txouts}",
    ),
    (
        "gettxoutsetinfo",
        r#""none""#,
        "{bestblock,bogosize,disk_size,height,total_amount,transactions,txouts}",
    ),
    (
        "getnetworkinfo",
        "",
        "{connections,connections_in,connections_out,incrementalfee,inv_buckets:{inbound:{backlog,count_tok,size_tok},outbound:{backlog,count_tok,size_tok}},localaddresses,localrelay,localservices,localservicesnames,networkactive,networks:[{limited,name,proxy,proxy_randomize_credentials,reachable}],protocolversion,relayfee,subversion,timeoffset,tx_send_rate,version,warnings}",
    ),
    (
        "getmempoolinfo",
        "",
        "{bytes,incrementalrelayfee,limitclustercount,limitclustersize,loaded,maxdatacarriersize,maxmempool,mempoolminfee,minrelaytxfee,optimal,permitbaremultisig,size,total_fee,unbroadcastcount,usage}",
    ),
    ("getrawmempool", "", ""),
    ("getrawmempool", "false, true", "{mempool_sequence,txids}"),
    ("getmempoolentry", r#""WAITING""#, ENTRY),
    (
        "testmempoolaccept",
        r#"["NEWHEX"]"#,
        "[{allowed,fees:{base,effective-feerate,effective-includes},txid,vsize,vsize_adjusted,vsize_bip141,wtxid}]",
    ),
    (
        "testmempoolaccept",
        r#"["WAITINGHEX"]"#,
        "[{allowed,reject-details,reject-reason,txid,wtxid}]",
    ),
    ("generateblock", r#""raw(51)", []"#, "{hash}"),
    ("generateblock", r#""raw(51)", [], false"#, "{hash,hex}"),
    (
        "decoderawtransaction",
        r#""MINEDHEX""#,
        "{hash,locktime,size,txid,version,vin:[{scriptSig:{asm,hex},sequence,txid,txinwitness,vout}],vout:[{n,scriptPubKey:{address,asm,desc,hex,type},value}],vsize,weight}",
    ),
    (
        "decodescript",
        r#""51""#,
        "{asm,desc,p2sh,segwit:{address,asm,desc,hex,p2sh-segwit,type},type}",
    ),
    (
        "decodescript",
        r#""00141111111111111111111111111111111111111111""#,
        "{address,asm,desc,p2sh,type}",
    ),
    (
        "validateaddress",
        r#""bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202""#,
        "{address,isscript,isvalid,iswitness,scriptPubKey,witness_program,witness_version}",
    ),
    (
        "validateaddress",
        r#""mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn""#,
        "{address,isscript,isvalid,iswitness,scriptPubKey}",
    ),
    (
        "validateaddress",
        r#""zz""#,
        "{error,error_locations,isvalid}",
    ),
    (
        "getrpcinfo",
        "",
        "{active_commands:[{duration,method}],logpath}",
    ),
    (
        "getdescriptorinfo",
        r#""raw(51)""#,
        "{checksum,descriptor,hasprivatekeys,isrange,issolvable}",
    ),
    ("getchaintips", "", "[{branchlen,hash,height,status}]"),
];

/// Method, arguments, error number, text.
const ERRORS: &[(&str, &str, i64, &str)] = &[
    ("getblockhash", "9999", -8, "Block height out of range"),
    ("getblockhash", "-1", -8, "Block height out of range"),
    (
        "getblock",
        r#""zz""#,
        -8,
        "blockhash must be of length 64 (not 2, for 'zz')",
    ),
    ("getblock", r#""NOTHING""#, -5, "Block not found"),
    (
        "getblock",
        r#""TIP", "x""#,
        -3,
        "JSON value of type string is not of expected type number",
    ),
    (
        "getblockheader",
        r#""zz""#,
        -8,
        "hash must be of length 64 (not 2, for 'zz')",
    ),
    ("getblockheader", r#""NOTHING""#, -5, "Block not found"),
    (
        "getrawtransaction",
        r#""zz""#,
        -8,
        "parameter 1 must be of length 64 (not 2, for 'zz')",
    ),
    (
        "getrawtransaction",
        r#""NOTHING""#,
        -5,
        "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries. Use gettransaction for wallet transactions.",
    ),
    (
        "getrawtransaction",
        r#""NOTHING", 0, "TIP""#,
        -5,
        "No such transaction found in the provided block. Use gettransaction for wallet transactions.",
    ),
    (
        "getrawtransaction",
        r#""NOTHING", 0, "NOTHING""#,
        -5,
        "Block hash not found",
    ),
    (
        "getrawtransaction",
        r#""GENESISTX""#,
        -5,
        "The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved",
    ),
    (
        "gettxout",
        r#""zz", 0"#,
        -8,
        "txid must be of length 64 (not 2, for 'zz')",
    ),
    (
        "gettxout",
        r#""NOTHING", -1"#,
        -1,
        "JSON integer out of range",
    ),
    (
        "gettxoutsetinfo",
        r#""foo""#,
        -8,
        "'foo' is not a valid hash_type",
    ),
    (
        "gettxoutsetinfo",
        r#""none", 5"#,
        -8,
        "Querying specific block heights requires coinstatsindex",
    ),
    (
        "getrawmempool",
        "true, true",
        -8,
        "Verbose results cannot contain mempool sequence values.",
    ),
    (
        "getmempoolentry",
        r#""NOTHING""#,
        -5,
        "Transaction not in mempool",
    ),
    (
        "sendrawtransaction",
        r#""zz""#,
        -22,
        "TX decode failed. Make sure the tx has at least one input.",
    ),
    (
        "sendrawtransaction",
        r#""NEWHEX", -1"#,
        -3,
        "Amount out of range",
    ),
    (
        "sendrawtransaction",
        r#""NEWHEX", 2"#,
        -8,
        "Fee rates larger than or equal to 1BTC/kvB are not accepted",
    ),
    (
        "sendrawtransaction",
        r#""NEWHEX", "x""#,
        -3,
        "Invalid amount",
    ),
    (
        "testmempoolaccept",
        "[]",
        -8,
        "Array must contain between 1 and 25 transactions.",
    ),
    (
        "testmempoolaccept",
        r#"["zz"]"#,
        -22,
        "TX decode failed: zz Make sure the tx has at least one input.",
    ),
    ("submitblock", r#""zz""#, -22, "Block decode failed"),
    (
        "generatetoaddress",
        r#"1, "zz""#,
        -5,
        "Error: Invalid address",
    ),
    (
        "generateblock",
        r#""zz", []"#,
        -5,
        "Error: Invalid address or descriptor",
    ),
    (
        "generateblock",
        r#""raw(51)", ["NOTHING"]"#,
        -5,
        "Transaction NOTHING not in mempool.",
    ),
    (
        "generateblock",
        r#""raw(51)", ["zz"]"#,
        -22,
        "Transaction decode failed for zz. Make sure the tx has at least one input.",
    ),
    (
        "generatetodescriptor",
        r#"1, "raw(zz)""#,
        -5,
        "Raw script is not hex",
    ),
    ("invalidateblock", r#""NOTHING""#, -5, "Block not found"),
    (
        "invalidateblock",
        r#""zz""#,
        -8,
        "blockhash must be of length 64 (not 2, for 'zz')",
    ),
    ("reconsiderblock", r#""NOTHING""#, -5, "Block not found"),
    ("decoderawtransaction", r#""zz""#, -22, "TX decode failed"),
    ("decoderawtransaction", r#""""#, -22, "TX decode failed"),
    (
        "decodescript",
        r#""zz""#,
        -8,
        "argument must be hexadecimal string (not 'zz')",
    ),
    (
        "logging",
        r#"["nothing"]"#,
        -8,
        "unknown logging category nothing",
    ),
    (
        "setmocktime",
        "-1",
        -8,
        "Mocktime must be in the range [0, 4294967295], not -1.",
    ),
    (
        "setmocktime",
        "4294967296",
        -8,
        "Mocktime must be in the range [0, 4294967295], not 4294967296.",
    ),
    (
        "getdescriptorinfo",
        r#""foo""#,
        -5,
        "'foo' is not a valid descriptor function",
    ),
    (
        "getdescriptorinfo",
        r#""pkh(zz)""#,
        -5,
        "pkh(): key 'zz' is not valid",
    ),
    (
        "waitforblock",
        r#""zz""#,
        -8,
        "blockhash must be of length 64 (not 2, for 'zz')",
    ),
    ("preciousblock", r#""NOTHING""#, -5, "Block not found"),
    (
        "prioritisetransaction",
        r#""NOTHING", 1, 1"#,
        -8,
        "Priority is no longer supported, dummy argument to prioritisetransaction must be 0.",
    ),
    (
        "verifychain",
        r#""x""#,
        -3,
        "Wrong type passed:\n{\n    \"Position 1 (checklevel)\": \"JSON value of type string is not of expected type number\"\n}",
    ),
    ("nothing", "", -32601, "Method not found"),
    ("getblock", r#""TIP", 1.5"#, -1, "JSON integer out of range"),
    (
        "getblockhash",
        r#""0""#,
        -3,
        "Wrong type passed:\n{\n    \"Position 1 (height)\": \"JSON value of type string is not of expected type number\"\n}",
    ),
];

#[test]
fn answers_have_exactly_the_fields_of_the_reference() {
    let bench = Bench::new(&[]);
    for (method, args, fields) in ANSWERS {
        let answer = bench.node.call(method, bench.params(args));
        assert_eq!(shape(&answer), *fields, "{method} {args}: {answer}");
    }
    let all = bench.node.call("getrawmempool", json!([true]));
    let all = all.as_object().unwrap();
    assert_eq!(all.len(), 1);
    assert!(all.values().all(|entry| shape(entry) == ENTRY), "{all:?}");
    // Plain values.
    for (method, args) in [
        ("getblockcount", ""),
        ("getbestblockhash", ""),
        ("getblockhash", "1"),
        ("getblock", r#""TIP", 0"#),
        ("getblockheader", r#""TIP", false"#),
        ("getrawtransaction", r#""WAITING""#),
        ("uptime", ""),
        ("help", ""),
        ("sendrawtransaction", r#""WAITINGHEX""#),
    ] {
        let answer = bench.node.call(method, bench.params(args));
        assert!(answer.is_string() || answer.is_u64(), "{method}: {answer}");
    }
    let categories = bench.node.call("logging", json!([]));
    let mut states = categories.as_object().unwrap().values();
    assert!(states.all(Value::is_boolean), "{categories}");
    for (method, args) in [
        ("setmocktime", "0"),
        ("gettxout", r#""NOTHING", 0"#),
        ("reconsiderblock", r#""TIP""#),
        ("invalidateblock", r#""TIP""#),
    ] {
        let answer = bench.node.call(method, bench.params(args));
        assert_eq!(answer, Value::Null, "{method}");
    }
    // The first block stays, and nobody complains.
    let first = bench.node.call("getblockhash", json!([0]));
    assert_eq!(
        bench.node.call("invalidateblock", json!([first])),
        Value::Null
    );
    assert_eq!(bench.node.call("getblockcount", json!([])), json!(101));
}

#[test]
fn errors_are_those_of_the_reference() {
    let bench = Bench::new(&[]);
    for (method, args, code, text) in ERRORS {
        let refused = bench.node.refused(method, bench.params(args));
        let replace = |text: String, (word, value): &(&str, String)| text.replace(word, value);
        let text = bench.words.iter().fold((*text).to_owned(), replace);
        assert_eq!(refused, (*code, text), "{method} {args}");
    }
    // A block that breaks a rule, and what breaks it.
    let make = |txs: Value| bench.node.refused("generateblock", json!(["raw(51)", txs]));
    let missing = Coin {
        place: ("11".repeat(32), 0),
        value: REWARD,
    };
    let missing = Draft::simple(&missing, 1000).hex();
    let id = text(&bench.node.call("decoderawtransaction", json!([missing]))["txid"]);
    let text = format!(
        "TestBlockValidity failed: bad-txns-inputs-missingorspent, CheckTxInputs: inputs missing/spent in transaction {id}"
    );
    assert_eq!(make(json!([missing])), (-25, text));
    let out = Coin {
        place: (
            bench.params(r#""MINED""#)[0].as_str().unwrap().to_owned(),
            1,
        ),
        value: REWARD / 2 - 1000,
    };
    let spend = Spend::of(&out.place).witness(&["00"]);
    let bad = Draft::new(vec![spend], &[(out.value - 1000, ANYONE)]).hex();
    let decoded = bench.node.call("decoderawtransaction", json!([bad]));
    let text = format!(
        "TestBlockValidity failed: block-script-verify-flag-failed (Witness program hash mismatch), input 0 of {} (wtxid {}), spending {}:1",
        decoded["txid"].as_str().unwrap(),
        decoded["hash"].as_str().unwrap(),
        out.place.0
    );
    assert_eq!(make(json!([bad])), (-25, text));
    // Descriptors that give no one script.
    let key = "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B";
    let ranged = "Ranged descriptor not accepted. Maybe pass through deriveaddresses first?";
    for (path, code, text) in [
        ("1h", -5, "Cannot derive script without private keys"),
        ("*", -8, ranged),
        ("<0;1>", -8, "Multipath descriptor not accepted"),
    ] {
        let descriptor = format!("wpkh({key}/{path})");
        for (method, args) in [
            ("generateblock", json!([descriptor, []])),
            ("generatetodescriptor", json!([1, descriptor])),
        ] {
            assert_eq!(bench.node.refused(method, args), (code, text.to_owned()));
        }
    }
    // A clock that stands still behind the chain: the reason is no transaction.
    bench.node.call("setmocktime", json!([1_000_000_000]));
    let text = "TestBlockValidity failed: time-too-new, block timestamp too far in the future";
    for (method, args) in [
        ("generateblock", json!(["raw(51)", []])),
        ("generatetodescriptor", json!([1, "raw(51)"])),
    ] {
        assert_eq!(bench.node.refused(method, args), (-1, text.to_owned()));
    }
}

#[test]
fn fields_that_are_going_away_come_on_demand() {
    let bench = Bench::new(&["-deprecatedrpc=fullrbf", "-deprecatedrpc=bip125"]);
    let info = bench.node.call("getmempoolinfo", json!([]));
    assert_eq!(info["fullrbf"], json!(true));
    let entry = bench
        .node
        .call("getmempoolentry", bench.params(r#""WAITING""#));
    assert_eq!(entry["bip125-replaceable"], json!(true));
}
