//! What the wallet's commands answer and refuse, as programs that know the reference's answers expect it.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "common/window.rs"]
mod window;

use std::fs;

use ipc_schema::{AddressRequest, Connection, Task, TaskState, WalletClient};
use primitives::Amount;

use serde_json::{Value, json};
use testkit::process::flow::{Wallet, mine, ripen};
use testkit::process::{Node, PATIENCE, Setup, sats};

use window::{Window, hello};

fn rich_node(name: &str) -> Node {
    let node = Setup::new("bitquantum").wallet().start();
    ripen(Wallet::create(&node, name), "bitquantum");
    node
}

fn coins_of(wallet: Wallet<'_>, txid: &str) -> Vec<Value> {
    let listed = wallet.cli(&["listunspent", "0"]);
    let rows = listed.as_array().unwrap().iter();
    rows.filter(|row| row["txid"] == json!(txid))
        .cloned()
        .collect()
}

#[test]
fn unconfirmed_coins_tell_what_they_stand_on() {
    let node = rich_node("w");
    let wallet = Wallet {
        node: &node,
        name: "w",
    };
    let first = wallet.send(&wallet.address("bech32"), "1");
    // All of it again, so that the second payment stands on the first.
    let all = wallet.balance("trusted") - 1_000_000;
    let amount = format!("{}.{:08}", all / 100_000_000, all % 100_000_000);
    let second = wallet.send(&wallet.address("bech32m"), &amount);
    let entry = |txid: &str| node.call("getmempoolentry", json!([txid]));
    for (txid, count) in [(&second, 2), (&first, 1)] {
        let entry = entry(txid);
        assert_eq!(entry["ancestorcount"], json!(count), "{entry}");
        for row in coins_of(wallet, txid) {
            assert_eq!(row["ancestorcount"], entry["ancestorcount"], "{row}");
            assert_eq!(row["ancestorsize"], entry["ancestorsize"], "{row}");
            let fees = sats(&entry["fees"]["ancestor"]);
            assert_eq!(row["ancestorfees"], json!(fees), "{row}");
        }
    }
    assert_eq!(coins_of(wallet, &second).len(), 2);
    // A confirmed coin stands on nothing.
    mine(&node, 1);
    wallet.synced();
    for row in coins_of(wallet, &second) {
        assert_eq!(row["confirmations"], json!(1));
        assert_eq!(row.get("ancestorcount"), None, "{row}");
    }
}

#[test]
fn payments_are_refused_in_the_known_words() {
    let node = rich_node("w");
    let wallet = Wallet {
        node: &node,
        name: "w",
    };
    let to = wallet.address("bech32");
    let refused = |address: &str, amount: &str| {
        let (address, amount) = (format!("address={address}"), format!("amount={amount}"));
        let words = [
            "-rpcwallet=w",
            "-named",
            "sendtoaddress",
            &address,
            &amount,
            "fee_rate=5",
        ];
        let ended = node.cli(words);
        let text = ended.stderr.split_once("error message:\n");
        let text = text.map_or("", |(_, text)| text).trim_end().to_owned();
        (ended.code.unwrap(), text)
    };
    let small = (6, "Transaction amount too small".to_owned());
    assert_eq!(refused(&to, "0"), small);
    assert_eq!(refused(&to, "0.00000001"), small);
    assert_eq!(refused(&to, "-1"), (3, "Amount out of range".to_owned()));
    assert_eq!(
        refused(&to, "0.000000001"),
        (3, "Invalid amount".to_owned())
    );
    // The amount is looked at before the address.
    assert_eq!(refused("nobody", "-1").0, 3);
    assert_eq!(refused("nobody", "0").0, 5);
    assert_eq!(
        refused(&to, "9000000"),
        (6, "Insufficient funds".to_owned())
    );
    assert_eq!(node.call("getrawmempool", json!([])), json!([]));
}

#[test]
fn a_backup_without_a_place_leaves_nothing_behind() {
    let node = rich_node("w");
    let wallet = Wallet {
        node: &node,
        name: "w",
    };
    let before: Vec<_> = node
        .setup()
        .data()
        .snapshot()
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    for place in ["", "no/such/folder/backup.dat"] {
        let text = wallet.refused(-4, &["backupwallet", place]);
        assert_eq!(text, "Error: Wallet backup failed!");
    }
    // Nor where the last step fails.
    let taken = node.setup().data().path().join("taken");
    fs::create_dir_all(taken.join("wallet.dat/in the way")).unwrap();
    wallet.refused(-4, &["backupwallet", taken.to_str().unwrap()]);
    assert!(!taken.join("wallet.dat.part").exists());
    let after = node
        .setup()
        .data()
        .snapshot()
        .into_iter()
        .map(|(path, _)| path);
    let new: Vec<_> = after.filter(|path| !before.contains(path)).collect();
    assert!(
        new.iter()
            .all(|path| !path.to_string_lossy().contains(".part")),
        "{new:?}"
    );
}

#[test]
fn a_backup_that_cannot_be_one_is_refused() {
    let node = rich_node("w");
    let wallet = Wallet {
        node: &node,
        name: "w",
    };
    let folder = node.setup().data().path().to_owned();
    let backup = folder.join("huge.dat");
    wallet.cli(&["backupwallet", backup.to_str().unwrap()]);
    // It says that it is a wallet, and has more bytes than any disk here; no byte of it is read into memory.
    let file = fs::OpenOptions::new().write(true).open(&backup).unwrap();
    file.set_len(1 << 42).unwrap();
    let refused = |path: &std::path::Path| {
        let ended = node.cli(["restorewallet", "again", path.to_str().unwrap()]);
        assert_ne!(ended.code, Some(0), "{ended:?}");
        assert!(!node.file("wallets/again").exists());
        ended.stderr
    };
    let said = refused(&backup);
    assert!(said.contains("huge.dat takes 4194304 MiB, and "), "{said}");
    // One that never ends: nobody writes to this pipe, and nobody waits for it.
    let pipe = folder.join("pipe.dat");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    refused(&pipe);
    refused(std::path::Path::new("/dev/zero"));
    assert_eq!(node.call("listwallets", json!([])), json!(["w"]));
}

/// The wallets of a node, as a window reaches them; the connections end with the first value.
fn wallets_of(window: &Window, node: &Node) -> ([Connection; 2], WalletClient) {
    window.runtime.block_on(async {
        let connection = window.ipc.connect(&node.file("node.sock")).await.unwrap();
        connection.hello(hello()).await.unwrap();
        let way = connection.node().await.unwrap().introduce_wallet().await;
        let found = window.ipc.connect_wallet(way.unwrap(), hello().identity);
        let (open, wallets) = found.await.unwrap();
        ([connection, open], wallets)
    })
}

#[test]
fn a_request_for_a_payment_is_made_and_removed() {
    let node = Setup::new("bitquantum")
        .wallet()
        .arg("-ipcbind=unix")
        .start();
    Wallet::create(&node, "w");
    let window = Window::new();
    let (_open, wallets) = wallets_of(&window, &node);
    window.runtime.block_on(async {
        let wanted = AddressRequest {
            label: "Rent".to_owned(),
            amount: Some(Amount::from_sat(7)),
            message: "May".to_owned(),
            ..AddressRequest::default()
        };
        let made = wallets.new_address("w".to_owned(), wanted).await.unwrap();
        assert_eq!(made.amount, Some(Amount::from_sat(7)));
        let remove = || wallets.remove_request("w".to_owned(), made.address.clone());
        remove().await.unwrap();
        let rows = wallets.addresses("w".to_owned(), 0).await.unwrap();
        let row = rows.iter().find(|row| row.address == made.address).unwrap();
        let left = (
            row.label.as_str(),
            row.amount,
            row.message.as_str(),
            row.is_mine,
        );
        assert_eq!(left, ("Rent", None, "", true));
        let again = remove().await.unwrap_err().to_string();
        assert!(again.contains("removed already"), "{again}");
    });
}

#[test]
fn another_program_cancels_a_rescan() {
    let node = Setup::new("bitquantum")
        .wallet()
        .arg("-ipcbind=unix")
        .start();
    let wallet = Wallet::create(&node, "w");
    let window = Window::new();
    let (_open, wallets) = wallets_of(&window, &node);
    let mut tasks = window.runtime.block_on(wallets.tasks()).unwrap();
    let mut last = 0;
    // A fast machine may be through before the word to stop comes: then there is more to look at, and it is tried again.
    let cancelled = (0..60).any(|turn| {
        if turn < 4 {
            mine(&node, 1500 << turn);
            wallet.synced();
        }
        let scanned = std::thread::scope(|scope| {
            let client = node.client();
            let scan =
                scope.spawn(move || client.call("/wallet/w", "rescanblockchain", &json!([])));
            let shown = async {
                let newest = |list: &[Task]| {
                    let newer = |task: &&Task| task.kind == "rescan" && task.id > last;
                    list.iter().find(newer).cloned()
                };
                loop {
                    let list = tasks.recv().await.expect("the wallets are there");
                    let Some(task) = newest(&list) else { continue };
                    assert_eq!(
                        (task.wallet.as_str(), task.cancellable || task.is_over()),
                        ("w", true)
                    );
                    if task.is_over() {
                        return task;
                    }
                    // It may have ended just now.
                    let _ = wallets.cancel_task(task.id).await;
                }
            };
            let shown = window
                .runtime
                .block_on(async { tokio::time::timeout(PATIENCE, shown).await });
            let shown = shown.expect("the task ends");
            last = shown.id;
            (scan.join().unwrap(), shown.state)
        });
        match scanned {
            (Err(error), state) => {
                assert_eq!(
                    (error.code(), error.message().as_str()),
                    (-1, "Rescan aborted.")
                );
                assert_eq!(state, TaskState::Cancelled);
                true
            }
            (Ok(_), state) => {
                assert_eq!(state, TaskState::Done);
                false
            }
        }
    });
    assert!(
        cancelled,
        "every scan was over before it could be cancelled"
    );
    let scanned = wallet.cli(&["rescanblockchain", "100"]);
    assert_eq!(scanned["start_height"], json!(100));
}
