//! Wallets as their users meet them, by `bitq-cli` over node and wallet processes.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use testkit::process::flow::{
    ADDRESS_TYPES, Wallet, check_confirmed, coins, confirm, mine, pay_oneself, ripen,
};
use testkit::process::{Node, PATIENCE, Setup, sats, wait_until};

/// Takes coins, spends them to oneself, confirms, restarts, and finds all of it again.
fn check_coin(coin: &'static str) {
    let mut node = Setup::new(coin).wallet().start();
    assert_eq!(node.cli_ok(["listwallets"]), json!([]));
    let wallet = Wallet::create(&node, "savings");
    let sum = ripen(wallet, coin);
    let (txid, left) = pay_oneself(wallet, sum);
    confirm(wallet, &txid, left);
    let history = wallet.cli(&["listtransactions", "*", "1000"]);
    assert_eq!(history.as_array().unwrap().len(), ADDRESS_TYPES.len() + 2);

    node.restart();
    assert_eq!(node.cli_ok(["listwallets"]), json!(["savings"]));
    let wallet = Wallet {
        node: &node,
        name: "savings",
    };
    check_confirmed(wallet, &txid, left);
    assert_eq!(wallet.cli(&["listtransactions", "*", "1000"]), history);
    // And it can still sign.
    let target = wallet.address("legacy");
    let again = wallet.send(&target, "1.5");
    assert_eq!(node.call("getrawmempool", json!([])), json!([again]));
    node.stop();
}

#[test]
fn bitquantum_from_mining_to_a_restart() {
    check_coin("bitquantum");
}

#[test]
fn bitcoin_from_mining_to_a_restart() {
    check_coin("bitcoin");
}

#[test]
fn groestlcoin_from_mining_to_a_restart() {
    check_coin("groestlcoin");
}

#[test]
fn smithcoin_from_mining_to_a_restart() {
    check_coin("smithcoin");
}

/// A node of bitquantum, whose coins ripen soonest, and the sum its wallet has.
fn rich_node(name: &'static str) -> (Node, i64) {
    let node = Setup::new("bitquantum").wallet().start();
    let sum = ripen(Wallet::create(&node, name), "bitquantum");
    (node, sum)
}

#[test]
fn addresses_belong_to_their_coin() {
    let mut seen: Vec<String> = Vec::new();
    for (coin, prefix) in [
        ("bitcoin", "bcrt1"),
        ("groestlcoin", "grsrt1"),
        ("bitquantum", "bcrt1"),
        ("smithcoin", "bcrt1"),
    ] {
        let node = Setup::new(coin).wallet().start();
        let wallet = Wallet::create(&node, "w");
        for (kind, start) in
            ADDRESS_TYPES
                .into_iter()
                .zip(["", "", &format!("{prefix}q"), &format!("{prefix}p")])
        {
            let address = wallet.address(kind);
            assert!(address.starts_with(start), "{coin} {kind}: {address}");
            let valid = node.call("validateaddress", json!([address]));
            assert_eq!(valid["isvalid"], json!(true));
            assert!(!seen.contains(&address));
            seen.push(address);
        }
        // The coins' base58 and bech32 differ where Groestlcoin is one of two.
        let (code, _) = node.refused("generatetoaddress", json!([1, "grsrt1qfoo"]));
        assert_eq!(code, -5);
    }
}

#[test]
fn a_passphrase_guards_spending() {
    let (mut node, _) = rich_node("safe");
    let wallet = Wallet {
        node: &node,
        name: "safe",
    };
    let target = wallet.address("bech32");
    let text = wallet.refused(-15, &["walletpassphrase", "x", "10"]);
    assert!(
        text.contains("running with an unencrypted wallet"),
        "{text}"
    );
    wallet.cli(&["encryptwallet", "correct horse"]);
    assert_eq!(wallet.cli(&["getwalletinfo"])["unlocked_until"], json!(0));
    let pay = [
        "-named",
        "sendtoaddress",
        &format!("address={target}"),
        "amount=1",
        "fee_rate=5",
    ];
    let text = wallet.refused(-13, &pay);
    assert!(
        text.contains("Please enter the wallet passphrase with walletpassphrase first"),
        "{text}"
    );
    let text = wallet.refused(-14, &["walletpassphrase", "wrong horse", "60"]);
    assert!(text.contains("passphrase entered was incorrect"), "{text}");
    wallet.cli(&["walletpassphrase", "correct horse", "600"]);
    wallet.send(&target, "1");
    wallet.cli(&["walletlock"]);
    wallet.refused(-13, &pay);
    // The lock outlives a restart, and a short permission ends by itself.
    node.restart();
    let wallet = Wallet {
        node: &node,
        name: "safe",
    };
    wallet.refused(-13, &pay);
    wallet.cli(&["walletpassphrase", "correct horse", "1"]);
    wait_until("the wallet to lock itself", PATIENCE, || {
        wallet.cli(&["getwalletinfo"])["unlocked_until"] == json!(0)
    });
    wallet.refused(-13, &pay);
    wallet.refused(-15, &["encryptwallet", "again"]);
}

#[test]
fn a_backup_brings_everything_back() {
    let (mut node, sum) = rich_node("first");
    let wallet = Wallet {
        node: &node,
        name: "first",
    };
    let (txid, left) = pay_oneself(wallet, sum);
    confirm(wallet, &txid, left);
    let file = node.setup().data().path().join("backup.dat");
    let path = file.to_str().unwrap();
    wallet.cli(&["backupwallet", path]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0);

    let restored = node.cli_ok(["restorewallet", "second", path]);
    assert_eq!(restored["name"], json!("second"));
    let second = Wallet {
        node: &node,
        name: "second",
    };
    check_confirmed(second, &txid, left);
    node.cli_ok(["unloadwallet", "first"]);
    assert_eq!(node.cli_ok(["listwallets"]), json!(["second"]));
    // The keys came along as well.
    let paid = second.send(&second.address("bech32"), "2");
    confirm_alone(second, &paid);
    let taken = node.cli(["restorewallet", "second", path]);
    assert_eq!(taken.code, Some(36), "{taken:?}");
    let nothing = node.cli(["-rpcwallet=first", "getbalances"]);
    assert_eq!(nothing.code, Some(18), "{nothing:?}");
    let loaded = node.cli_ok(["loadwallet", "first"]);
    assert_eq!(loaded["name"], json!("first"));
    let first = Wallet {
        node: &node,
        name: "first",
    };
    // It catches up with the block that was made while it was closed.
    first.synced();
    assert_eq!(
        first.cli(&["gettransaction", &paid])["confirmations"],
        json!(1)
    );
    node.stop();
}

fn confirm_alone(wallet: Wallet<'_>, txid: &str) {
    mine(wallet.node, 1);
    wallet.synced();
    let found = wallet.cli(&["gettransaction", txid]);
    assert_eq!(found["confirmations"], json!(1), "{found}");
}

#[test]
fn a_reorganisation_takes_and_gives() {
    let (node, sum) = rich_node("w");
    let wallet = Wallet {
        node: &node,
        name: "w",
    };
    let (txid, left) = pay_oneself(wallet, sum);
    confirm(wallet, &txid, left);
    let block = node.call("getbestblockhash", json!([]));
    let own = wallet.address("bech32");
    let own_block = node.cli_ok(["generatetoaddress", "1", &own])[0].clone();
    wallet.synced();
    let reward = wallet.balance("immature");
    assert!(reward > 0);

    // The block with the mined coin goes: so does the coin.
    node.call("invalidateblock", json!([own_block]));
    assert_eq!(wallet.balance("immature"), 0);
    // The block with the payment goes: it waits again, spent coins stay spent.
    node.call("invalidateblock", json!([block]));
    wallet.synced();
    let found = wallet.cli(&["gettransaction", &txid]);
    assert_eq!(found["confirmations"], json!(0), "{found}");
    assert_eq!(node.call("getrawmempool", json!([])), json!([txid]));
    assert_eq!(wallet.balance("trusted"), left);
    // Another block takes the payment instead: to another script, or within one second it would be the same.
    node.call("generatetodescriptor", json!([1, "raw(52)"]));
    wallet.synced();
    check_confirmed(wallet, &txid, left);
    // The old branch, longer by one, comes back.
    node.call("reconsiderblock", json!([block]));
    node.call("reconsiderblock", json!([own_block]));
    wallet.synced();
    assert_eq!(node.call("getbestblockhash", json!([])), own_block);
    let found = wallet.cli(&["gettransaction", &txid]);
    assert_eq!(found["blockhash"], block);
    assert_eq!(found["confirmations"], json!(2));
    assert_eq!(wallet.balance("immature"), reward);
}

#[test]
fn a_rescan_finds_what_was_paid_before() {
    let (node, sum) = rich_node("old");
    let old = Wallet {
        node: &node,
        name: "old",
    };
    let listed = old.cli(&["listdescriptors", "true"]);
    node.cli_ok(["-named", "createwallet", "wallet_name=new", "blank=true"]);
    let new = Wallet {
        node: &node,
        name: "new",
    };
    assert_eq!(new.balance("trusted"), 0);
    let requests: Vec<Value> = listed["descriptors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            json!({
                "desc": entry["desc"], "timestamp": "now", "active": entry["active"],
                "internal": entry["internal"], "range": entry["range"],
            })
        })
        .collect();
    assert_eq!(requests.len(), 8, "two chains of four types: {listed}");
    let imported = new.cli(&["importdescriptors", &Value::from(requests).to_string()]);
    for answer in imported.as_array().unwrap() {
        assert_eq!(answer["success"], json!(true), "{imported}");
    }
    let tip = node.call("getblockcount", json!([]));
    let scanned = new.cli(&["rescanblockchain"]);
    assert_eq!(scanned, json!({"start_height": 0, "stop_height": tip}));
    assert_eq!(new.balance("trusted"), sum);
    assert_eq!(new.cli(&["abortrescan"]), json!(false));
    let text = new.refused(-8, &["rescanblockchain", "100000"]);
    assert!(text.contains("Invalid start_height"), "{text}");
    // Of both wallets, one spends and the other sees it.
    let paid = old.send(&new.address("bech32m"), &coins(sum / 2));
    confirm_alone(new, &paid);
    assert!(sats(&new.cli(&["gettransaction", &paid])["fee"]) < 0);
}

#[test]
fn a_rescan_finds_what_waits_in_the_mempool() {
    let (node, sum) = rich_node("old");
    let old = Wallet {
        node: &node,
        name: "old",
    };
    let paid = old.send(&old.address("bech32"), &coins(sum / 2));
    let scanned = ["one", "two"].map(|name| {
        node.cli_ok([
            "-named",
            "createwallet",
            &format!("wallet_name={name}"),
            "blank=true",
        ]);
        Wallet { node: &node, name }
    });
    let listed = old.cli(&["listdescriptors", "true"]);
    let requests: Vec<Value> = listed["descriptors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| json!({"desc": entry["desc"], "timestamp": 0, "range": entry["range"]}))
        .collect();
    for wallet in scanned {
        wallet.cli(&[
            "importdescriptors",
            &Value::from(requests.clone()).to_string(),
        ]);
        let found = wallet.cli(&["gettransaction", &paid]);
        assert_eq!(found["confirmations"], json!(0), "{found}");
        assert_eq!(wallet.balance("trusted"), old.balance("trusted"));
    }
    confirm_alone(scanned[0], &paid);
}

#[test]
fn a_rescan_can_be_stopped() {
    let (node, _) = rich_node("w");
    let wallet = Wallet {
        node: &node,
        name: "w",
    };
    let abort = || node.client().call("/wallet/w", "abortrescan", &json!([]));
    // A fast machine may be through before the word to stop comes: then there is more to look at.
    let stopped = (0..4).any(|turn| {
        mine(&node, 1500 << turn);
        wallet.synced();
        let scanned = std::thread::scope(|scope| {
            let rescan = scope.spawn(|| {
                node.client()
                    .call("/wallet/w", "rescanblockchain", &json!([]))
            });
            wait_until("the rescan to be stopped", PATIENCE, || {
                abort().unwrap() == json!(true) || rescan.is_finished()
            });
            rescan.join().unwrap()
        });
        scanned.is_err_and(|error| {
            assert_eq!(
                (error.code(), error.message().as_str()),
                (-1, "Rescan aborted.")
            );
            true
        })
    });
    assert!(stopped, "every scan was over before it could be stopped");
    // The next one goes through.
    let scanned = wallet.cli(&["rescanblockchain", "100"]);
    assert_eq!(scanned["start_height"], json!(100));
}

#[test]
fn names_do_not_lead_out_of_the_directory() {
    let node = Setup::new("groestlcoin").wallet().start();
    let wallet = Wallet::create(&node, "w");
    let backup = node.setup().data().path().join("backup.dat");
    wallet.cli(&["backupwallet", backup.to_str().unwrap()]);
    let before = node.setup().data().snapshot().len();
    let relative = "Wallet name given as a relative path cannot begin with ./ or ../, for wallets not in the walletdir, \
                    please use an absolute path.";
    let normal = "Wallet name given as a path must be normalized";
    for (name, text) in [
        ("../../outside", relative),
        ("..", relative),
        ("a/../../../outside", normal),
        ("./a", normal),
        ("/", "Wallet name cannot be the root path"),
    ] {
        let failed = format!("Wallet file verification failed. {text}");
        for (method, args) in [
            ("createwallet", json!([name])),
            ("loadwallet", json!([name])),
            ("restorewallet", json!([name, backup])),
        ] {
            assert_eq!(
                node.refused(method, args),
                (-4, failed.clone()),
                "{method} {name}"
            );
        }
    }
    let after = node.setup().data().snapshot();
    assert_eq!(
        after.len(),
        before,
        "{:?}",
        after.iter().map(|(path, _)| path).collect::<Vec<_>>()
    );
}

/// Pays strangers from one coin until the wallet refuses; gives the payments and the refusal.
fn pay_in_a_chain(limits: &[&str]) -> (Node, usize, String) {
    let setup = limits
        .iter()
        .fold(Setup::new("bitquantum").wallet(), |setup, limit| {
            setup.arg(limit)
        });
    let node = setup.start();
    let wallet = Wallet::create(&node, "w");
    node.call("generatetoaddress", json!([1, wallet.address("bech32")]));
    mine(&node, 10);
    wallet.synced();
    let other = Wallet::create(&node, "other").address("bech32");
    let client = node.client();
    let pay = json!({"address": other, "amount": 0.1, "fee_rate": 5});
    for count in 0..40 {
        if let Err(error) = client.call("/wallet/w", "sendtoaddress", &pay) {
            assert_eq!(error.code(), -6, "{error}");
            let pool = node.call("getrawmempool", json!([]));
            assert_eq!(pool.as_array().unwrap().len(), count);
            // Nothing was stored that the node does not take.
            assert_eq!(wallet.balance("nonmempool"), 0);
            let history = wallet.cli(&["listtransactions", "*", "1000"]);
            assert_eq!(history.as_array().unwrap().len(), count + 1, "{history}");
            return (node, count, error.message());
        }
    }
    panic!("the chain of payments does not end");
}

#[test]
fn chains_of_payments_end_where_the_mempool_has_no_room() {
    let (node, count, text) = pay_in_a_chain(&["-limitclustercount=3"]);
    assert_eq!(
        (count, text.as_str()),
        (3, "too many unconfirmed transactions in cluster")
    );
    // A block makes room.
    mine(&node, 1);
    let wallet = Wallet {
        node: &node,
        name: "w",
    };
    wallet.synced();
    wallet.send(&wallet.address("bech32"), "0.1");

    let (_, count, text) = pay_in_a_chain(&["-limitancestorcount=5"]);
    let expected = "Unconfirmed UTXOs are available, but spending them creates a chain of transactions that will be \
                    rejected by the mempool";
    assert_eq!((count, text.as_str()), (5, expected));
}

#[test]
fn refusals_say_what_is_wrong() {
    let (node, sum) = rich_node("w");
    let wallet = Wallet {
        node: &node,
        name: "w",
    };
    let own = format!("address={}", wallet.address("bech32"));
    let too_much = format!("amount={}", coins(sum + 1));
    let text = wallet.refused(
        -6,
        &["-named", "sendtoaddress", &own, &too_much, "fee_rate=1"],
    );
    assert!(text.contains("Insufficient funds"), "{text}");
    wallet.refused(
        -5,
        &[
            "-named",
            "sendtoaddress",
            "address=nowhere",
            "amount=1",
            "fee_rate=1",
        ],
    );
    wallet.refused(
        -3,
        &["-named", "sendtoaddress", &own, "amount=-1", "fee_rate=1"],
    );
    wallet.refused(-5, &["getnewaddress", "", "p2pk"]);
    wallet.refused(-5, &["gettransaction", &"00".repeat(32)]);
    let missing = node.cli(["-rpcwallet=none", "getbalances"]);
    assert_eq!(missing.code, Some(18));
    assert!(
        missing
            .stderr
            .contains("Requested wallet does not exist or is not loaded"),
        "{missing:?}"
    );
    let again = node.cli(["createwallet", "w"]);
    assert_eq!(again.code, Some(4), "{again:?}");
    let none = node.cli(["loadwallet", "none"]);
    assert_eq!(none.code, Some(18), "{none:?}");
    let twice = node.cli(["loadwallet", "w"]);
    assert_eq!(twice.code, Some(35), "{twice:?}");
    node.cli_ok(["createwallet", "x"]);
    let which = node.cli(["getbalances"]);
    assert_eq!(which.code, Some(19), "{which:?}");
}
