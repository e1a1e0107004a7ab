//! The wallet process over real IPC, on a chain made in memory: blocks without work, which only a
//! node would mind.

#![allow(clippy::too_many_lines, reason = "a test tells its story in one piece")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "process/fields.rs"]
mod fields;
#[path = "process/node.rs"]
mod node;
#[path = "process/reference.rs"]
mod reference;
#[path = "process/running.rs"]
mod running;

use ipc_schema::{
    AddressRequest, Broadcast, CreateWallet, FaultCode, IpcError, Recipient, Secret, SendRequest,
    TxQuery, TxState, WalletEvent,
};
use node::TestNode;
use primitives::{Amount, ChainParams, Coin, FeeRate, Network};
use running::{PATIENCE, on, start, start_with};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn money_comes_and_goes_on_all_coins_and_survives_a_restart() {
    for coin in Coin::ALL {
        let (dir, node, w) = on(coin).await;
        w.rpc(
            "createwallet",
            json!({"wallet_name": "w", "load_on_startup": true}),
        )
        .await;
        assert_eq!(node.startup(), ["w"]);
        for kind in ["legacy", "p2sh-segwit", "bech32", "bech32m"] {
            let address = w.rpc("getnewaddress", json!(["", kind])).await;
            node.pay(address.as_str().unwrap(), 2);
        }
        node.mine_empty(6);
        assert_eq!(w.trusted().await, "8.00000000", "{coin}");
        let to = node.stranger();
        let named = json!({"address": to, "amount": 7.5, "fee_rate": 3, "comment": "rent"});
        let txid = w.rpc("sendtoaddress", named).await;
        assert_eq!(node.mempool_ids(), [txid.as_str().unwrap()], "{coin}");
        let detail = w.rpc("gettransaction", json!([txid])).await;
        assert_eq!(detail["amount"].to_string(), "-7.50000000", "{coin}");
        assert_eq!(detail["comment"], "rent");
        node.mine_mempool();
        let before = w.trusted().await;
        let history = w.rpc("listtransactions", json!(["*", 100])).await;
        assert_eq!(history.as_array().unwrap().len(), 5, "{coin}");
        w.process.stop().await.unwrap();
        drop(w);

        // The chain went on in between, and took back the last block.
        node.unmine();
        node.mine_empty(3);
        let w = start(&dir, &node, &["w"]).await;
        assert_eq!(w.rpc("listwallets", json!([])).await, json!(["w"]));
        let state = w.rpc("gettransaction", json!([txid])).await;
        assert_eq!(state["confirmations"], 0, "{coin}");
        // It was given to the node again.
        node.wait_for_mempool(txid.as_str().unwrap()).await;
        node.mine_mempool();
        assert_eq!(w.trusted().await, before, "{coin}");
        let state = w.rpc("gettransaction", json!([txid])).await;
        assert_eq!(state["confirmations"], 1, "{coin}");
        w.process.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_prepares_sends_and_hears_of_it() {
    let (_dir, node, w) = on(Coin::Bitcoin).await;
    let options = CreateWallet {
        name: "w".into(),
        passphrase: Secret::new(b"correct horse".to_vec()),
        ..CreateWallet::default()
    };
    w.wallets.create(options).await.unwrap();
    let name = || "w".to_owned();
    let mut events = w.wallets.subscribe(name()).await.unwrap();
    let Some(WalletEvent::State(first)) = events.recv().await else {
        panic!("no state")
    };
    assert_eq!(first.transactions, 0);
    let request = AddressRequest {
        label: "Rent".into(),
        amount: Some(Amount::from_coins(2)),
        ..AddressRequest::default()
    };
    let row = w.wallets.new_address(name(), request).await.unwrap();
    node.pay(&row.address, 2);
    node.mine_empty(6);
    loop {
        let event = tokio::time::timeout(PATIENCE, events.recv()).await.unwrap();
        if let Some(WalletEvent::State(state)) = event
            && state.balances.trusted == Amount::from_coins(2)
            && state.at_tip
        {
            break;
        }
    }
    let send = SendRequest {
        recipients: vec![Recipient {
            address: node.stranger(),
            amount: Some(Amount::from_coins(1)),
            label: "Shop".into(),
            ..Recipient::default()
        }],
        fee_rate: Some(FeeRate::from_sat_per_kvb(2_000)),
        allow_other_coins: true,
        ..SendRequest::default()
    };
    let prepared = w.wallets.prepare(name(), send.clone()).await.unwrap();
    assert!(prepared.needs_unlock);
    assert_eq!(prepared.total, Amount::from_coins(1) + prepared.fee);
    let paid = prepared.outputs.iter().find(|output| !output.is_change);
    let label = paid.map(|output| output.label.as_str());
    assert_eq!(label, Some("Shop"), "it is shown before it is sent");
    let code = |error: IpcError| error.fault().map(|fault| fault.code);
    let locked = w.wallets.send(name(), prepared.id).await.unwrap_err();
    assert_eq!(code(locked), Some(FaultCode::PassphraseRequired));
    let wrong = Secret::new(b"wrong".to_vec());
    let wrong = w.wallets.unlock(name(), wrong, 60).await.unwrap_err();
    assert_eq!(code(wrong), Some(FaultCode::WrongPassphrase));
    let right = Secret::new(b"correct horse".to_vec());
    w.wallets.unlock(name(), right, 60).await.unwrap();
    let sent = w.wallets.send(name(), prepared.id).await.unwrap();
    assert_eq!(sent.broadcast, Broadcast::Accepted);
    let page = w
        .wallets
        .transactions(
            name(),
            TxQuery {
                limit: 10,
                ..TxQuery::default()
            },
        )
        .await;
    let page = page.unwrap();
    let row = page.rows.iter().find(|row| row.txid == sent.txid).unwrap();
    assert_eq!(
        (row.state, row.fee),
        (TxState::InMempool, Some(prepared.fee))
    );
    assert_eq!(row.amount, -(Amount::from_coins(1) + prepared.fee));
    let again = w.wallets.send(name(), prepared.id).await.unwrap_err();
    assert_eq!(code(again), Some(FaultCode::Stale));
    let mut dust = send.clone();
    dust.recipients[0].amount = Some(Amount::from_sat(1));
    let dust = w.wallets.prepare(name(), dust).await.unwrap_err();
    assert_eq!(code(dust.clone()), Some(FaultCode::InvalidArgument));
    assert!(dust.to_string().contains("Send more"), "{dust}");
    let mut bad = send;
    bad.recipients[0].address = "nonsense".into();
    let bad = w.wallets.prepare(name(), bad).await.unwrap_err();
    assert_eq!(code(bad), Some(FaultCode::InvalidAddress));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_payment_stays_stored() {
    let (_dir, node, w) = on(Coin::Smithcoin).await;
    w.rpc("createwallet", json!(["w"])).await;
    let address = w.rpc("getnewaddress", json!([])).await;
    node.pay(address.as_str().unwrap(), 2);
    node.mine_empty(6);
    node.refuse("min relay fee not met");
    let txid = w.rpc("sendtoaddress", json!([node.stranger(), 1])).await;
    assert!(node.mempool_ids().is_empty());
    assert_eq!(
        w.rpc("getbalance", json!([])).await.to_string(),
        "0.00000000"
    );
    let balances = w.rpc("getbalances", json!([])).await;
    assert_eq!(balances["mine"]["nonmempool"].to_string(), "-2.00000000");
    let id = txid.as_str().unwrap().parse().unwrap();
    let reply = w.wallets.resend("w".into(), id).await.unwrap();
    assert_eq!(
        reply.broadcast,
        Broadcast::Rejected("min relay fee not met".into())
    );
    node.refuse("");
    let reply = w.wallets.resend("w".into(), id).await.unwrap();
    assert_eq!(reply.broadcast, Broadcast::Accepted);
    w.refused(
        "abandontransaction",
        json!([txid]),
        -5,
        "Transaction not eligible",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_money_is_found_by_a_scan() {
    let (dir, node, w) = on(Coin::Groestlcoin).await;
    w.rpc("createwallet", json!(["first"])).await;
    let address = w.rpc("getnewaddress", json!(["", "bech32m"])).await;
    node.pay(address.as_str().unwrap(), 3);
    node.mine_empty(20);
    let listed = w.rpc("listdescriptors", json!([true])).await;
    let requests: Vec<Value> = listed["descriptors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| json!({"desc": d["desc"], "timestamp": 0, "active": true, "internal": d["internal"]}))
        .collect();
    w.rpc(
        "createwallet",
        json!({"wallet_name": "second", "blank": true}),
    )
    .await;
    w.refused(
        "getbalances",
        json!([]),
        -19,
        "Multiple wallets are loaded.",
    )
    .await;
    w.rpc("unloadwallet", json!(["first"])).await;
    let answers = w.rpc("importdescriptors", json!([requests])).await;
    assert!(
        answers
            .as_array()
            .unwrap()
            .iter()
            .all(|a| a["success"] == true),
        "{answers}"
    );
    assert_eq!(w.trusted().await, "3.00000000");
    // The same from a backup.
    let backup = dir.path().join("b.dat").display().to_string();
    w.rpc("backupwallet", json!([backup])).await;
    w.rpc("unloadwallet", json!(["second"])).await;
    w.refused("getbalances", json!([]), -18, "No wallet is loaded.")
        .await;
    w.rpc("restorewallet", json!(["third", backup])).await;
    assert_eq!(w.trusted().await, "3.00000000");
    let scanned = w.rpc("rescanblockchain", json!([1, 10])).await;
    assert_eq!(scanned, json!({"start_height": 1, "stop_height": 10}));
    w.refused("rescanblockchain", json!([99]), -8, "Invalid start_height")
        .await;
    w.refused(
        "rescanblockchain",
        json!([5, 2]),
        -8,
        "stop_height must be greater",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_the_numbers_and_texts_of_the_reference() {
    let (_dir, node, w) = on(Coin::Bitcoin).await;
    w.refused("getnewaddress", json!([]), -18, "No wallet is loaded.")
        .await;
    w.refused(
        "createwallet",
        json!([""]),
        -8,
        "Wallet name cannot be empty",
    )
    .await;
    w.rpc("createwallet", json!(["w"])).await;
    w.refused("createwallet", json!(["w"]), -4, "Database already exists.")
        .await;
    w.refused(
        "loadwallet",
        json!(["w"]),
        -35,
        "Wallet \"w\" is already loaded.",
    )
    .await;
    let missing = "Wallet file verification failed. Failed to load database path '";
    w.refused("loadwallet", json!(["none"]), -18, missing).await;
    w.refused(
        "unloadwallet",
        json!(["none"]),
        -18,
        "Requested wallet does not exist",
    )
    .await;
    w.refused(
        "getnewaddress",
        json!(["", "odd"]),
        -5,
        "Unknown address type 'odd'",
    )
    .await;
    w.refused("getnewaddress", json!(["*"]), -11, "Invalid label name")
        .await;
    w.refused(
        "walletpassphrase",
        json!(["x", 1]),
        -15,
        "running with an unencrypted wallet",
    )
    .await;
    w.refused("walletlock", json!([]), -15, "walletlock was called")
        .await;
    w.refused(
        "encryptwallet",
        json!([""]),
        -8,
        "passphrase cannot be empty",
    )
    .await;
    let zero = "0".repeat(64);
    w.refused(
        "gettransaction",
        json!([zero]),
        -5,
        "Invalid or non-wallet transaction id",
    )
    .await;
    w.refused(
        "abandontransaction",
        json!([zero]),
        -5,
        "Invalid or non-wallet",
    )
    .await;
    w.refused(
        "sendtoaddress",
        json!([node.stranger(), 1]),
        -6,
        "Insufficient funds",
    )
    .await;
    w.refused("sendtoaddress", json!(["nonsense", 1]), -5, "Invalid")
        .await;
    w.refused(
        "sendtoaddress",
        json!([node.stranger(), -1]),
        -3,
        "Amount out of range",
    )
    .await;
    w.refused("listtransactions", json!(["*", -1]), -8, "Negative count")
        .await;
    w.refused("listtransactions", json!(["*", 1, -1]), -8, "Negative from")
        .await;
    w.refused(
        "getaddressesbylabel",
        json!(["none"]),
        -11,
        "No addresses with label none",
    )
    .await;
    w.refused("getbalance", json!(["x"]), -32, "dummy first argument")
        .await;
    w.refused(
        "lockunspent",
        json!([false, [{"txid": zero, "vout": 0}]]),
        -8,
        "unknown transaction",
    )
    .await;
    w.rpc("encryptwallet", json!(["secret words"])).await;
    w.refused(
        "encryptwallet",
        json!(["again"]),
        -15,
        "running with an encrypted wallet",
    )
    .await;
    w.refused(
        "walletpassphrase",
        json!(["wrong", 1]),
        -14,
        "entered was incorrect",
    )
    .await;
    w.refused(
        "walletpassphrase",
        json!(["secret words", -1]),
        -8,
        "Timeout cannot be negative.",
    )
    .await;
    w.refused(
        "listdescriptors",
        json!([true]),
        -13,
        "Please enter the wallet passphrase",
    )
    .await;
    w.refused(
        "importdescriptors",
        json!([[]]),
        -13,
        "Please enter the wallet passphrase",
    )
    .await;
    w.refused(
        "signmessage",
        json!([node.stranger(), "m"]),
        -3,
        "does not refer to key",
    )
    .await;
    w.rpc("walletpassphrase", json!(["secret words", 60])).await;
    let legacy = w.rpc("getnewaddress", json!(["", "legacy"])).await;
    let signature = w.rpc("signmessage", json!([legacy, "hello"])).await;
    assert_eq!(signature.as_str().unwrap().len(), 88);
    let info = w.rpc("getaddressinfo", json!([legacy])).await;
    assert_eq!(
        (&info["ismine"], &info["iswitness"]),
        (&json!(true), &json!(false))
    );
    assert!(
        info["hdkeypath"]
            .as_str()
            .unwrap()
            .starts_with("m/44h/1h/0h/0/"),
        "{info}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_table_goes_to_the_node() {
    let (_dir, _node, w) = on(Coin::Bitcoin).await;
    let specs: Vec<rpc::CommandSpec> =
        serde_json::from_str(&w.process.commands().await.unwrap()).unwrap();
    let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_ref()).collect();
    for name in [
        "createwallet",
        "loadwallet",
        "unloadwallet",
        "listwallets",
        "listwalletdir",
        "getwalletinfo",
        "getnewaddress",
        "getrawchangeaddress",
        "getaddressinfo",
        "getbalance",
        "getbalances",
        "listtransactions",
        "gettransaction",
        "listunspent",
        "sendtoaddress",
        "sendall",
        "walletpassphrase",
        "walletlock",
        "walletpassphrasechange",
        "encryptwallet",
        "backupwallet",
        "restorewallet",
        "rescanblockchain",
        "abortrescan",
        "listdescriptors",
        "importdescriptors",
        "setlabel",
        "listlabels",
        "getaddressesbylabel",
        "abandontransaction",
        "lockunspent",
        "listlockunspent",
        "signmessage",
    ] {
        assert!(names.contains(&name), "{name}");
    }
    assert!(
        specs
            .iter()
            .all(|spec| spec.category == "wallet" && !spec.doc.is_empty())
    );
}
