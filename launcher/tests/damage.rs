//! Files that were damaged between two runs: a sentence that names what is wrong, a way out, and what can be had back.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testkit::from_hex;
use testkit::process::{Node, Setup};

/// A block of regtest whose coins the program knows the hash of.
const KNOWN_SNAPSHOT: &str = "135eec25a6fb277884e5824e7aa7d052c4868161c99a5122170b5266f86c273d";
const ADVICE: &str = "Please restart with -reindex or -reindex-chainstate to recover.";

/// The one line of a start that failed.
fn error_of(setup: &Setup) -> String {
    let ended = setup.fail();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    // Where a rebuild is proposed, the reference says so without that word.
    let plain = ended.stderr.trim_end().ends_with(ADVICE);
    let text = ended.stderr.strip_prefix("Error: ");
    assert_eq!(text.is_none(), plain, "{ended:?}");
    text.unwrap_or(&ended.stderr).trim_end().to_owned()
}

fn tip(node: &Node) -> Value {
    node.call("getbestblockhash", json!([]))
}

fn coins(node: &Node) -> Value {
    node.call("gettxoutsetinfo", json!(["muhash"]))["muhash"].clone()
}

/// A node that stopped with some blocks, its tip and its coins.
fn stopped() -> (Node, Value, Value) {
    let mut node = Setup::new("bitcoin").start();
    node.call("generatetodescriptor", json!([30, "raw(51)"]));
    let (tip, coins) = (tip(&node), coins(&node));
    node.stop();
    (node, tip, coins)
}

/// Turns every bit of the second half of what a file holds.
fn spoil(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    // Block files are longer than what was written to them.
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for byte in &mut bytes[end / 2..end] {
        *byte = !*byte;
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_block_file_is_named_and_the_sound_part_of_the_chain_is_kept() {
    let (mut node, tip_before, _) = stopped();
    spoil(&node.file("blocks/blk00000.dat"));
    let text = error_of(node.setup());
    assert!(text.contains("Corrupted block database detected"), "{text}");
    assert!(text.ends_with(ADVICE), "{text}");
    node.start_with(&["-reindex"]);
    let height = node.call("getblockcount", json!([])).as_u64().unwrap();
    assert!((1..30).contains(&height), "{height}");
    assert_ne!(tip(&node), tip_before);
    assert_eq!(node.call("verifychain", json!([4, 0])), json!(true));
    // The chain goes on from there.
    node.call("generatetodescriptor", json!([1, "raw(51)"]));
    node.restart();
    assert_eq!(node.call("getblockcount", json!([])), json!(height + 1));
}

#[test]
fn damaged_undo_data_is_named_and_made_anew() {
    let (mut node, tip_before, coins_before) = stopped();
    spoil(&node.file("blocks/rev00000.dat"));
    let text = error_of(node.setup());
    assert!(text.contains("Corrupted block database detected"), "{text}");
    assert!(text.ends_with(ADVICE), "{text}");
    node.start_with(&["-reindex"]);
    assert_eq!((tip(&node), coins(&node)), (tip_before, coins_before));
    assert_eq!(node.call("verifychain", json!([4, 0])), json!(true));
}

/// Every file below a folder that holds something.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if fs::read(&path).unwrap().iter().any(|byte| *byte != 0) {
            found.push(path);
        }
    }
    found
}

/// Damages everything that one of the two databases holds and takes the advice.
fn spoil_database(folder: &str, way_out: &str) {
    let (mut node, tip_before, coins_before) = stopped();
    for file in files(&node.file(folder)) {
        // The mark of ours by which a foreign directory is told stays.
        if file.file_name().is_none_or(|name| name != "bitq-store") {
            spoil(&file);
        }
    }
    let text = error_of(node.setup());
    assert!(text.ends_with(ADVICE), "{text}");
    node.start_with(&[way_out]);
    assert_eq!((tip(&node), coins(&node)), (tip_before, coins_before));
}

#[test]
fn damaged_coins_are_made_anew() {
    spoil_database("chainstate", "-reindex-chainstate");
}

/// Damages what says whose a database is, and takes the advice.
fn spoil_marker(folder: &str, what: &str, way_out: &str) {
    let (mut node, tip_before, coins_before) = stopped();
    let marker = node.file(folder).join("bitq-store");
    for damage in [&b"\xff\xfe\x00"[..], b"", b"bitq store\nformat=1\n"] {
        fs::write(&marker, damage).unwrap();
        let text = error_of(node.setup());
        let named = format!("The file \"{}\" is damaged", marker.display());
        assert!(text.starts_with(&named), "{text}");
        assert!(text.contains(what), "{text}");
        assert!(
            text.contains(&format!("Please restart with {way_out} ")),
            "{text}"
        );
        assert_eq!(fs::read(&marker).unwrap(), damage, "it is left as it is");
    }
    node.start_with(&[way_out]);
    assert_eq!((tip(&node), coins(&node)), (tip_before, coins_before));
    node.stop();
    node.start_with(&[]);
}

#[test]
fn a_damaged_mark_of_the_coins_is_named_and_made_anew() {
    spoil_marker("chainstate", "the coins", "-reindex-chainstate");
}

#[test]
fn a_damaged_mark_of_the_block_index_is_named_and_made_anew() {
    spoil_marker("blocks/index", "block index and coins", "-reindex");
}

#[test]
fn a_damaged_block_index_is_made_anew() {
    spoil_database("blocks/index", "-reindex");
}

/// Every mark of a database below a folder.
fn marks(folder: &Path) -> Vec<PathBuf> {
    let mut found = files(folder);
    found.retain(|file| file.file_name().is_some_and(|name| name == "bitq-store"));
    found.sort();
    found
}

#[test]
fn what_a_newer_version_wrote_is_refused_with_both_versions() {
    let all = [
        "-txindex",
        "-blockfilterindex",
        "-coinstatsindex",
        "-txospenderindex",
    ];
    let mut node = all.iter().fold(Setup::new("bitcoin"), Setup::arg).start();
    node.call("generatetodescriptor", json!([3, "raw(51)"]));
    node.stop();
    // The coins of a snapshot lie beside the others; the network's first known one is named.
    let (coins, snapshot) = (node.file("chainstate"), node.file("chainstate_snapshot"));
    fs::create_dir(&snapshot).unwrap();
    fs::copy(coins.join("bitq-store"), snapshot.join("bitq-store")).unwrap();
    let mut base = from_hex(&json!(KNOWN_SNAPSHOT));
    base.reverse();
    let marks = marks(&node.network_dir());
    assert_eq!(marks.len(), 7, "{marks:?}");
    let own = env!("CARGO_PKG_VERSION");
    for mark in marks {
        if mark.starts_with(&snapshot) {
            fs::write(snapshot.join("base_blockhash"), &base).unwrap();
        }
        let text = fs::read_to_string(&mark).unwrap();
        let newer = text.replace("format=1", "format=7");
        let newer = newer.replace(&format!("version={own}"), "version=99.1.2");
        fs::write(&mark, &newer).unwrap();
        for more in [&[][..], &["-reindex"]] {
            if !more.is_empty() && mark.starts_with(&snapshot) {
                // A reindex deletes it anyway.
                continue;
            }
            let mut setup = node.setup().clone();
            for arg in more {
                setup = setup.arg(arg);
            }
            let said = error_of(&setup);
            let folder = mark.parent().unwrap().display().to_string();
            assert!(
                said.starts_with(&folder),
                "{} {more:?}: {said}",
                mark.display()
            );
            for part in [
                "written by a newer bitq, 99.1.2",
                &format!("This is bitq {own}"),
                "-datadir",
            ] {
                assert!(said.contains(part), "{said}");
            }
            assert_eq!(fs::read_to_string(&mark).unwrap(), newer);
        }
        fs::write(&mark, text).unwrap();
        if mark.starts_with(&snapshot) {
            fs::remove_dir_all(&snapshot).unwrap();
        }
    }
    node.start_again();
    assert_eq!(node.call("getblockcount", json!([])), json!(3));
    node.stop();
}

#[test]
fn a_damaged_wallet_is_named_left_as_it_is_and_restored_from_its_backup() {
    let mut node = Setup::new("bitcoin").wallet().start();
    let make = json!({"wallet_name": "w", "load_on_startup": true});
    node.call("createwallet", make);
    let address = node.call("getnewaddress", json!([]));
    node.call("generatetoaddress", json!([1, address]));
    let backup = node.setup().data().path().join("w.backup");
    node.call("backupwallet", json!([backup]));
    node.call(
        "createwallet",
        json!({"wallet_name": "sound", "load_on_startup": true}),
    );
    node.stop();

    let file = node.file("wallets/w/wallet.dat");
    // The first page says that it is a wallet, and of which network.
    let mut bytes = fs::read(&file).unwrap();
    for byte in &mut bytes[4096..] {
        *byte = !*byte;
    }
    fs::write(&file, &bytes).unwrap();
    let text = error_of(node.setup());
    assert!(text.contains("Wallet \"w\" was left as it is"), "{text}");
    assert!(text.contains("restart with -skipbrokenwallets"), "{text}");
    assert_eq!(fs::read(&file).unwrap(), bytes, "it is left as it is");

    // The node starts without it and with the others, and the backup brings it back under another name.
    node.start_with(&["-skipbrokenwallets"]);
    assert_eq!(node.call("listwallets", json!([])), json!(["sound"]));
    let said = node.stderr();
    assert!(
        said.starts_with("Warning: Wallet \"w\" is not open"),
        "{said}"
    );
    assert_eq!(fs::read(&file).unwrap(), bytes, "it is left as it is");
    let restored = node.call("restorewallet", json!(["again", backup]));
    assert_eq!(restored["name"], json!("again"));
    let info = node
        .client()
        .call("/wallet/again", "getaddressinfo", &json!([address]));
    assert_eq!(info.unwrap()["ismine"], json!(true));
}
