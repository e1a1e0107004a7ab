//! The fields of answers, exactly those of the reference program. That each has the type of its document is checked with
//! every call of these tests (`-rpcdoccheck`).

use super::*;

#[track_caller]
fn has(what: &str, answer: &Value, expected: &str) {
    let fields = answer.as_object().unwrap_or_else(|| panic!("{what}"));
    let mut found: Vec<&str> = fields.keys().map(String::as_str).collect();
    let mut expected: Vec<&str> = expected.split_whitespace().collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "{what}");
}

const INFO: &str = "walletname walletversion format txcount keypoolsize keypoolsize_hd_internal private_keys_enabled \
    avoid_reuse scanning descriptors external_signer blank birthtime flags lastprocessedblock";
const FOREIGN: &str =
    "address scriptPubKey ismine solvable iswatchonly isscript iswitness ischange labels";
const OWN: &str = "desc parent_desc timestamp hdkeypath hdseedid hdmasterfingerprint";
const PROGRAM: &str = "witness_version witness_program";
const COIN: &str =
    "txid vout address scriptPubKey amount confirmations spendable solvable desc parent_descs safe";
const TX: &str =
    "confirmations txid wtxid alternate_wtxids walletconflicts mempoolconflicts time timereceived";
const BLOCK: &str = "blockhash blockheight blockindex blocktime";

#[tokio::test(flavor = "multi_thread")]
async fn wallets_and_addresses_have_the_fields_of_the_reference() {
    let (dir, node, w) = on(Coin::Bitcoin).await;
    has(
        "createwallet",
        &w.rpc("createwallet", json!(["w"])).await,
        "name",
    );
    has("info", &w.rpc("getwalletinfo", json!([])).await, INFO);
    let listed = w.rpc("listdescriptors", json!([])).await;
    has("listdescriptors", &listed, "wallet_name descriptors");
    let row = "desc timestamp active internal range next next_index";
    for descriptor in listed["descriptors"].as_array().unwrap() {
        has("descriptor", descriptor, row);
    }
    let empty = w.rpc("getbalances", json!([])).await;
    has("getbalances", &empty, "mine lastprocessedblock");
    let mine = "trusted untrusted_pending immature nonmempool";
    has("mine", &empty["mine"], mine);
    has("block", &empty["lastprocessedblock"], "hash height");

    let foreign = w.rpc("getaddressinfo", json!([node.stranger()])).await;
    has("foreign", &foreign, &format!("{FOREIGN} {PROGRAM}"));
    for (kind, more) in [
        ("legacy", "pubkey iscompressed".to_owned()),
        ("p2sh-segwit", "script hex pubkey embedded".to_owned()),
        ("bech32", format!("{PROGRAM} pubkey")),
        ("bech32m", PROGRAM.to_owned()),
    ] {
        let address = w.rpc("getnewaddress", json!(["", kind])).await;
        let info = w.rpc("getaddressinfo", json!([address])).await;
        has(kind, &info, &format!("{FOREIGN} {OWN} {more}"));
        assert_eq!(
            (&info["ismine"], &info["ischange"]),
            (&json!(true), &json!(false))
        );
        let parent = info["parent_desc"].as_str().unwrap();
        let listed = listed["descriptors"].as_array().unwrap();
        assert!(
            listed.iter().any(|d| d["desc"] == parent),
            "the parent is told as it is listed: {parent}"
        );
        let embedded =
            "isscript iswitness witness_version witness_program pubkey address scriptPubKey";
        if kind == "p2sh-segwit" {
            has("embedded", &info["embedded"], embedded);
        }
    }
    let change = w.rpc("getrawchangeaddress", json!([])).await;
    let info = w.rpc("getaddressinfo", json!([change])).await;
    has(
        "change",
        &info,
        &format!("{FOREIGN} {OWN} {PROGRAM} pubkey"),
    );
    assert_eq!(info["ischange"], true);
    assert_eq!(info["labels"], json!([]));
    let unloaded = w.rpc("unloadwallet", json!(["w"])).await;
    has("unloadwallet", &unloaded, "");
    let loaded = w.rpc("loadwallet", json!(["w"])).await;
    has("loadwallet", &loaded, "name");
    drop(dir);
}

#[tokio::test(flavor = "multi_thread")]
async fn encrypted_and_careful_wallets_have_two_fields_more() {
    let (_dir, node, w) = on(Coin::Bitcoin).await;
    let made = json!({"wallet_name": "w", "passphrase": "p", "avoid_reuse": true});
    w.rpc("createwallet", made).await;
    let info = w.rpc("getwalletinfo", json!([])).await;
    has("info", &info, &format!("{INFO} unlocked_until"));
    let balances = w.rpc("getbalances", json!([])).await;
    let mine = "trusted untrusted_pending immature nonmempool used";
    has("mine", &balances["mine"], mine);
    let address = w.rpc("getnewaddress", json!([])).await;
    node.pay(address.as_str().unwrap(), 1);
    let coins = w.rpc("listunspent", json!([])).await;
    has("coin", &coins[0], &format!("{COIN} label reused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn coins_and_transactions_have_the_fields_of_the_reference() {
    let (_dir, node, w) = on(Coin::Bitcoin).await;
    w.rpc("createwallet", json!(["w"])).await;
    let wrapped = w.rpc("getnewaddress", json!(["", "p2sh-segwit"])).await;
    node.pay(wrapped.as_str().unwrap(), 2);
    node.mine_empty(6);
    let coins = w.rpc("listunspent", json!([])).await;
    has("coin", &coins[0], &format!("{COIN} label redeemScript"));

    let received = coins[0]["txid"].clone();
    let common = "amount details hex lastprocessedblock";
    let shown = w.rpc("gettransaction", json!([received])).await;
    has("received", &shown, &format!("{TX} {BLOCK} {common}"));
    let detail = "address category amount vout abandoned";
    let details = &shown["details"][0];
    has("detail", details, &format!("{detail} label parent_descs"));

    let send = json!({"address": node.stranger(), "amount": 1, "fee_rate": 2, "comment": "c", "comment_to": "t"});
    let txid = w.rpc("sendtoaddress", send).await;
    let shown = w
        .rpc("gettransaction", json!({"txid": txid, "verbose": true}))
        .await;
    let sent = format!("{TX} trusted comment to fee");
    has("sent", &shown, &format!("{sent} {common} decoded"));
    has("detail", &shown["details"][0], &format!("{detail} fee"));
    let decoded = &shown["decoded"];
    let parts = "txid hash version size vsize weight locktime vin vout";
    has("decoded", decoded, parts);
    let outputs = decoded["vout"].as_array().unwrap();
    let change: Vec<bool> = outputs
        .iter()
        .map(|output| output["ischange"] == true)
        .collect();
    assert_eq!(change.iter().filter(|change| **change).count(), 1);
    let listed = w.rpc("listtransactions", json!([])).await;
    has("sent", &listed[1], &format!("{sent} {detail}"));
    let received = format!("{TX} {BLOCK} {detail} label parent_descs");
    has("received", &listed[0], &received);
    let change = w.rpc("listunspent", json!([0])).await;
    assert_eq!(change[0]["confirmations"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_are_told_as_by_the_reference() {
    let (_dir, _node, w) = on(Coin::Bitcoin).await;
    w.rpc("createwallet", json!(["source"])).await;
    let listed = w.rpc("listdescriptors", json!([true])).await;
    let text = listed["descriptors"][0]["desc"].as_str().unwrap();
    let from = text.find("tprv").unwrap();
    let key = &text[from..text[from..].find('/').unwrap() + from];
    let with_sum = |body: String| {
        let sum = keys::descriptor::checksum(&body).unwrap();
        format!("{body}#{sum}")
    };
    w.rpc("unloadwallet", json!(["source"])).await;
    w.rpc("createwallet", json!({"wallet_name": "w", "blank": true}))
        .await;
    let import = async |request: Value| -> Value {
        let mut answer = w.rpc("importdescriptors", json!([[request]])).await;
        answer[0].take()
    };
    // Bare multisig has no kind of address: it is taken, and not made active.
    let bare = with_sum(format!("multi(1,{key}/0/*,{key}/1/*)"));
    let answer =
        import(json!({"desc": bare, "timestamp": "now", "active": true, "range": [0, 2]})).await;
    has("bare", &answer, "success warnings");
    assert_eq!(answer["success"], true);
    assert_eq!(
        answer["warnings"],
        json!(["Unknown output type, cannot set descriptor to active."])
    );
    // What is active for change stays so when it is imported again, inactive, for payers.
    let wpkh = with_sum(format!("wpkh({key}/84h/1h/3h/1/*)"));
    let answer = import(
        json!({"desc": wpkh, "timestamp": "now", "active": true, "internal": true, "range": [0, 2]}),
    )
    .await;
    assert_eq!(answer["success"], true);
    import(json!({"desc": wpkh, "timestamp": "now", "internal": false, "range": [0, 4]})).await;
    let active = async || {
        let listed = w.rpc("listdescriptors", json!([])).await;
        let rows = listed["descriptors"].as_array().unwrap().clone();
        let active = |row: &Value| row["active"] == true;
        rows.into_iter()
            .filter(active)
            .map(|row| row["internal"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(active().await, [json!(true)]);
    import(json!({"desc": wpkh, "timestamp": "now", "internal": true, "range": [0, 4]})).await;
    assert_eq!(active().await, Vec::<Value>::new());
    // An import sets where the next address is taken from.
    for next in [3, 1, 2] {
        let request = json!({"desc": wpkh, "timestamp": "now", "active": true, "range": [0, 9], "next_index": next});
        assert_eq!(import(request).await["success"], true);
        let listed = w.rpc("listdescriptors", json!([])).await;
        let rows = listed["descriptors"].as_array().unwrap();
        let row = rows.iter().find(|row| row["active"] == true).unwrap();
        assert_eq!(row["next_index"], next);
    }
    let narrow = import(json!({"desc": wpkh, "timestamp": "now", "range": [2, 3]})).await;
    assert_eq!(
        narrow["error"]["message"],
        format!("Could not add descriptor '{wpkh}': new range must include current range = [0,9]")
    );
    // What should be known is told with a refusal, too; a wrong type ends the call.
    let labelled = import(json!({"desc": wpkh, "timestamp": "now", "label": "l"})).await;
    has("labelled", &labelled, "success error warnings");
    let wrong = json!([[{"desc": wpkh, "timestamp": "now", "active": 1}]]);
    let text = "JSON value of type number is not of expected type bool";
    w.refused("importdescriptors", wrong, -3, text).await;
    // A key that is kept for later, and only once.
    let later = with_sum(format!("unused({key})"));
    let again = import(json!({"desc": later, "timestamp": "now"})).await;
    assert_eq!(
        again["error"]["message"],
        "Cannot import an unused() descriptor when its private key is already in the wallet"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_that_fails_is_told_for_each_import() {
    let (_dir, node, w) = on(Coin::Bitcoin).await;
    node.mine_empty(20);
    let time = node.lose_blocks_from(12);
    w.rpc(
        "createwallet",
        json!({"wallet_name": "w", "blank": true, "disable_private_keys": true}),
    )
    .await;
    let with_sum = |body: String| {
        let sum = keys::descriptor::checksum(&body).unwrap();
        format!("{body}#{sum}")
    };
    let good = with_sum(format!("addr({})", node.stranger()));
    let bad = with_sum("wpkh(zz)".to_owned());
    let requests = json!([[{"desc": good, "timestamp": 5}, {"desc": bad, "timestamp": 5}]]);
    let answers = w.rpc("importdescriptors", requests).await;
    for answer in answers.as_array().unwrap() {
        has("answer", answer, "success error");
        assert_eq!(answer["success"], false);
    }
    assert_eq!(answers[0]["error"]["code"], -1);
    let text = answers[0]["error"]["message"].as_str().unwrap();
    let expected = format!(
        "Rescan failed for descriptor with timestamp 5. There was an error reading a block from time {time}, "
    );
    assert!(text.starts_with(&expected), "{text}");
    let other = answers[1]["error"]["message"].as_str().unwrap();
    assert_eq!(other, "wpkh(): key 'zz' is not valid");
    // It can be tried again.
    w.refused("rescanblockchain", json!([0]), -1, "Rescan failed.")
        .await;
}
