//! Block files that others wrote, or that are gone: they are never overwritten, and never shown as this chain's.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::fs;
use std::path::Path;

use serde_json::json;
use testkit::process::{Node, Setup};

/// The one message of a start that failed.
fn error_of(setup: &Setup) -> String {
    let ended = setup.fail();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    ended.stderr
}

fn mine(node: &Node, count: u64) -> String {
    let hashes = node.call("generatetodescriptor", json!([count, "raw(51)"]));
    let last = hashes.as_array().unwrap().last().unwrap();
    last.as_str().unwrap().to_owned()
}

/// A stopped node with ten blocks; its folder and tip.
fn ten_blocks(coin: &'static str, args: &[&str]) -> (Setup, String) {
    let mut setup = Setup::new(coin);
    for arg in args {
        setup = setup.arg(arg);
    }
    let mut node = setup.start();
    let tip = mine(&node, 10);
    node.stop();
    (node.setup().clone(), tip)
}

fn remove_databases(network_dir: &Path) {
    fs::remove_dir_all(network_dir.join("chainstate")).unwrap();
    fs::remove_dir_all(network_dir.join("blocks/index")).unwrap();
}

fn check_sentence(text: &str, file: &Path, chain: &str) {
    let named = format!("The block file \"{}\" ", file.display());
    assert!(text.starts_with(&format!("Error: {named}")), "{text}");
    assert!(text.contains(chain), "{text}");
    assert!(text.contains("left untouched"), "{text}");
    assert!(
        text.contains("-datadir=<dir> or -blocksdir=<dir>"),
        "{text}"
    );
}

#[test]
fn block_files_of_another_coin_are_refused_and_untouched() {
    for args in [&["-blocksxor=0"][..], &[]] {
        let (setup, tip) = ten_blocks("bitcoin", args);
        remove_databases(&setup.network_dir());
        let before = setup.data().snapshot();
        let file = setup.network_dir().join("blocks/blk00000.dat");
        for more in ["-checkblocks=6", "-reindex"] {
            let text = error_of(&setup.clone().coin("groestlcoin").arg(more));
            check_sentence(&text, &file, "groestlcoin (regtest)");
        }
        assert_eq!(setup.data().snapshot(), before);
        // Their own coin fills its databases from them.
        let node = setup.start();
        assert_eq!(node.call("getbestblockhash", json!([])), json!(tip));
    }
}

#[test]
fn block_files_elsewhere_are_refused_and_untouched() {
    let (theirs, _) = ten_blocks("bitcoin", &["-blocksxor=0"]);
    let before = theirs.data().snapshot();
    let arg = format!("-blocksdir={}", theirs.data().data().display());
    let setup = Setup::new("groestlcoin").arg(&arg);
    let text = error_of(&setup);
    // Its index lies beside them and says whose they are.
    let index = theirs.network_dir().join("blocks/index");
    let expected = format!(
        "Error: The directory \"{}\" holds the chain of bitcoin (regtest)",
        index.display()
    );
    assert!(text.starts_with(&expected), "{text}");
    assert_eq!(theirs.data().snapshot(), before);

    // Another program's index, and none at all.
    fs::remove_dir_all(&index).unwrap();
    fs::create_dir(&index).unwrap();
    fs::write(index.join("CURRENT"), "MANIFEST-000004\n").unwrap();
    let text = error_of(&setup);
    assert!(text.contains("another program made"), "{text}");
    fs::remove_dir_all(&index).unwrap();
    let before = theirs.data().snapshot();
    let file = theirs.network_dir().join("blocks/blk00000.dat");
    check_sentence(&error_of(&setup), &file, "groestlcoin (regtest)");
    assert_eq!(theirs.data().snapshot(), before);

    // A chain that is known does not take foreign files for its own either.
    let (own, _) = ten_blocks("groestlcoin", &[]);
    check_sentence(&error_of(&own.arg(&arg)), &file, "groestlcoin (regtest)");
    assert_eq!(theirs.data().snapshot(), before);
}

#[test]
fn bytes_that_are_no_blocks_are_refused_and_untouched() {
    let noise: Vec<u8> = (1..3000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    for (name, bytes) in [
        ("blk00000.dat", noise.as_slice()),
        ("blk00000.dat", &noise[..3]),
        ("blk00004.dat", &noise),
    ] {
        let setup = Setup::new("bitcoin");
        let blocks = setup.network_dir().join("blocks");
        fs::create_dir_all(&blocks).unwrap();
        fs::write(blocks.join(name), bytes).unwrap();
        let before = setup.data().snapshot();
        check_sentence(&error_of(&setup), &blocks.join(name), "bitcoin (regtest)");
        assert_eq!(setup.data().snapshot(), before, "{name}");
    }
    // What was reserved and never written belongs to nobody.
    let setup = Setup::new("bitcoin");
    let blocks = setup.network_dir().join("blocks");
    fs::create_dir_all(&blocks).unwrap();
    fs::write(blocks.join("blk00000.dat"), vec![0; 100_000]).unwrap();
    let node = setup.start();
    assert_eq!(node.call("getblockcount", json!([])), json!(0));
}

#[test]
fn a_block_is_not_read_from_another_place() {
    let node = Setup::new("bitcoin").arg("-blocksxor=0").start();
    let tip = mine(&node, 3);
    let (other, _) = ten_blocks("groestlcoin", &["-blocksxor=0"]);
    let path = node.file("blocks/blk00000.dat");
    let foreign = fs::read(other.network_dir().join("blocks/blk00000.dat")).unwrap();
    // The same magic before another block: only the block itself tells.
    let mut bytes = fs::read(&path).unwrap();
    bytes[8..200].copy_from_slice(&foreign[8..200]);
    fs::write(&path, &bytes).unwrap();
    let genesis = node.call("getblockhash", json!([0]));
    for verbosity in 0..=3 {
        let (code, text) = node.refused("getblock", json!([genesis, verbosity]));
        assert_eq!(code, -1, "{text}");
        let place = format!("{} is damaged at offset 8", path.display());
        assert!(text.starts_with(&place), "{text}");
    }
    assert!(node.call("getblock", json!([tip])).is_object());
}

#[test]
fn files_that_are_gone_are_errors() {
    let node = Setup::new("bitcoin").start();
    let tip = mine(&node, 3);
    let coinbase = node.call("getblock", json!([tip]))["tx"][0].clone();
    fs::remove_file(node.file("blocks/rev00000.dat")).unwrap();
    let undo = "Undo data expected but can't be read. This could be due to disk corruption or a conflict with a pruning event.";
    for verbosity in [2, 3] {
        assert_eq!(
            node.refused("getblock", json!([tip, verbosity])),
            (-32603, undo.to_owned())
        );
    }
    assert_eq!(
        node.call("getblock", json!([tip, 1]))["tx"][0],
        coinbase,
        "the block itself is there"
    );
    fs::remove_file(node.file("blocks/blk00000.dat")).unwrap();
    for verbosity in 0..=3 {
        assert_eq!(
            node.refused("getblock", json!([tip, verbosity])),
            (-1, "Block not found on disk".to_owned())
        );
    }
    node.wait_for_log("blk00000.dat");
}

#[test]
fn the_key_of_block_files_is_chosen_once() {
    let (setup, tip) = ten_blocks("bitcoin", &[]);
    let key = setup.network_dir().join("blocks/xor.dat");
    let random = fs::read(&key).unwrap();
    assert_ne!(random, [0; 8]);
    let text = format!(
        "Error: The blocksdir XOR-key can not be disabled when a random key was already stored! Stored key: '{}', stored \
         path: '{}'.",
        testkit::to_hex(&random),
        key.display()
    );
    let said = error_of(&setup.clone().arg("-blocksxor=0"));
    assert!(said.starts_with(&text), "{said}");
    let mut node = setup.start();
    assert_eq!(node.call("getbestblockhash", json!([])), json!(tip));
    node.stop();
    // Files that begin without a key go on without one, also where its file was lost.
    let (setup, tip) = ten_blocks("bitcoin", &["-blocksxor=0"]);
    let key = setup.network_dir().join("blocks/xor.dat");
    for lost in [false, true] {
        if lost {
            fs::remove_file(&key).unwrap();
        }
        let mut node = setup.clone().arg("-blocksxor=1").start();
        assert_eq!(fs::read(&key).unwrap(), [0; 8]);
        assert!(node.call("getblock", json!([tip])).is_object());
        node.stop();
    }
}

#[test]
fn blocks_come_from_several_files_in_any_order_with_garbage_between() {
    let mut node = Setup::new("bitcoin").start();
    let made = node.call("generatetodescriptor", json!([40, "raw(51)"]));
    let made = made.as_array().unwrap();
    let record = |hash: &serde_json::Value| {
        let block = node.call("getblock", json!([hash, 0]));
        let text = block.as_str().unwrap();
        let bytes = (0..text.len()).step_by(2);
        let block: Vec<u8> = bytes
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect();
        let size = u32::try_from(block.len()).unwrap().to_le_bytes();
        [&[0xfa, 0xbf, 0xb5, 0xda][..], &size, &block].concat()
    };
    // The magic alone, a record that promises more than there is, and a block that is cut off.
    let garbage = [
        &[0xfa, 0xbf, 0xb5, 0xda][..],
        &[0xff; 40],
        &record(&made[0])[..60],
    ]
    .concat();
    let mut files = [Vec::new(), Vec::new()];
    for (at, hash) in made.iter().enumerate() {
        // The later half comes first.
        let file = &mut files[usize::from(at < 20)];
        file.extend(record(hash));
        if at % 7 == 0 {
            file.extend(&garbage);
        }
    }
    node.stop();
    let mut setup = Setup::new("bitcoin");
    for (name, bytes) in ["one.dat", "two.dat"].into_iter().zip(files) {
        let path = setup.data().path().join(name);
        fs::write(&path, bytes).unwrap();
        setup = setup.arg(format!("-loadblock={}", path.display()));
    }
    let loaded = setup.start();
    assert_eq!(loaded.call("getbestblockhash", json!([])), made[39]);
}
