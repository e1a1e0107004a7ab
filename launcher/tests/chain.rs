//! Chains as a user of the node meets them: loaded from files, mined, reorganised, kept over a restart.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::path::PathBuf;
use std::sync::Arc;

use primitives::hash_scheme::merkle_node;
use primitives::{Block, ChainParams, Coin, Hash256, Network, Script, Tx, U256};
use serde_json::{Value, json};
use testkit::process::flow::Wallet;
use testkit::process::{COINS, Node, PATIENCE, Setup};
use testkit::{from_hex, to_hex, vectors_dir};

/// Hash of block 438 of Bitcoin's main network.
const MAIN_438: &str = "0000000025c6b644f8add734be7e666fa4afa43ca0204d623a0c0b1fd2104c7a";
/// Tip of the regtest chain among the vectors, at height 467.
const REGTEST_TIP: &str = "10baab34e3363769f6817cc096c3efd74abcacf104e12f44ad3542e32d3d540f";
const REGTEST_MUHASH: &str = "eaa2c75db89576fabdab4620e8ee2c85f5a37f991ac03042b473be364d2b6b89";
const REGTEST_HASH: &str = "63e68dc04914d7c8825b021900cb38bf2833df92504b79b1135721b20ace1f32";

fn vector(path: &str) -> Option<PathBuf> {
    Some(vectors_dir()?.join(path))
}

fn load_arg(file: &std::path::Path) -> String {
    format!("-loadblock={}", file.display())
}

fn height(node: &Node) -> u64 {
    node.call("getblockcount", json!([])).as_u64().unwrap()
}

fn tip(node: &Node) -> String {
    text(&node.call("getbestblockhash", json!([])))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn block_hash(node: &Node, height: u64) -> String {
    text(&node.call("getblockhash", json!([height])))
}

fn mine(node: &Node, count: u64) -> Vec<String> {
    let hashes = node.call("generatetodescriptor", json!([count, "raw(51)"]));
    hashes.as_array().unwrap().iter().map(text).collect()
}

#[test]
fn real_blocks_are_verified_and_kept() {
    let Some(file) = vector("blocks/mainnet-0-to-438.dat") else {
        return;
    };
    let mut node = Setup::new("bitcoin")
        .network("main")
        .arg(load_arg(&file))
        .start();
    assert_eq!((height(&node), tip(&node).as_str()), (438, MAIN_438));
    let info = node.call("getblockchaininfo", json!([]));
    assert_eq!(info["chain"], json!("main"));
    assert_eq!(info["headers"], json!(438));
    assert_eq!(info["initialblockdownload"], json!(true), "{info}");

    // The first payment ever: 10 coins of block 9's coinbase, in block 170.
    let first = node.call("getblock", json!([block_hash(&node, 170), 2]));
    assert_eq!(first["tx"].as_array().unwrap().len(), 2);
    let payment = &first["tx"][1];
    let payment_id = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16";
    assert_eq!(payment["txid"], json!(payment_id));
    assert_eq!(payment["vout"][0]["value"].to_string(), "10.00000000");
    assert_eq!(payment["vout"][0]["scriptPubKey"]["type"], json!("pubkey"));
    // Its 10 coins still lie there, its change was spent in block 181.
    let coin = node.call("gettxout", json!([payment_id, 0]));
    assert_eq!(coin["value"].to_string(), "10.00000000");
    assert_eq!(coin["confirmations"], json!(438 - 170 + 1));
    assert_eq!(node.call("gettxout", json!([payment_id, 1])), Value::Null);

    restart_bare(&mut node);
    assert_eq!((height(&node), tip(&node).as_str()), (438, MAIN_438));
}

/// A restart that must find the chain on disk, not in the file it was loaded from.
fn restart_bare(node: &mut Node) {
    node.stop();
    node.start_with(&[]);
}

#[test]
fn signatures_of_all_script_types_are_verified() {
    let Some(file) = vector("regtest/chain.dat") else {
        return;
    };
    let mut node = Setup::new("bitcoin").arg(load_arg(&file)).start();
    check_regtest(&node);
    restart_bare(&mut node);
    check_regtest(&node);
    node.stop();
    node.start_with(&["-reindex-chainstate"]);
    check_regtest(&node);
    node.stop();
    node.start_with(&["-reindex"]);
    check_regtest(&node);
    assert_eq!(node.call("verifychain", json!([4, 20])), json!(true));
    hundred_blocks_leave_and_return(&node);
}

fn check_regtest(node: &Node) {
    assert_eq!((height(node), tip(node).as_str()), (467, REGTEST_TIP));
    let info = node.call("gettxoutsetinfo", json!(["muhash"]));
    assert_eq!(info["muhash"], json!(REGTEST_MUHASH));
    assert_eq!(info["txouts"], json!(14_692));
    assert_eq!(info["bestblock"], json!(REGTEST_TIP));
    let info = node.call("gettxoutsetinfo", json!([]));
    assert_eq!(info["hash_serialized_3"], json!(REGTEST_HASH));
}

fn hundred_blocks_leave_and_return(node: &Node) {
    let first_away = block_hash(node, 368);
    node.call("invalidateblock", json!([first_away]));
    assert_eq!(height(node), 367);
    let short = node.call("gettxoutsetinfo", json!(["muhash"]));
    assert_ne!(short["muhash"], json!(REGTEST_MUHASH));
    let tips = node.call("getchaintips", json!([]));
    let invalid = tips.as_array().unwrap().iter();
    let invalid: Vec<_> = invalid.filter(|tip| tip["status"] == "invalid").collect();
    assert_eq!(invalid.len(), 1, "{tips}");
    assert_eq!(invalid[0]["branchlen"], json!(100));

    // A rival grows on the shorter chain, and loses it to the longer one again.
    let rival = mine(node, 3);
    assert_eq!(tip(node), rival[2]);
    node.call("reconsiderblock", json!([first_away]));
    check_regtest(node);
}

#[test]
fn blocks_and_headers_in_every_form() {
    let mut node = Setup::new("bitcoin").start();
    let hashes = mine(&node, 3);
    let raw = text(&node.call("getblock", json!([hashes[1], 0])));
    let header = text(&node.call("getblockheader", json!([hashes[1], false])));
    assert_eq!(header.len(), 160);
    assert!(raw.starts_with(&header));

    let block = node.call("getblock", json!([hashes[1]]));
    assert_eq!(block["height"], json!(2));
    assert_eq!(block["confirmations"], json!(2));
    assert_eq!(block["previousblockhash"], json!(hashes[0]));
    assert_eq!(block["nextblockhash"], json!(hashes[2]));
    assert_eq!(block["tx"].as_array().unwrap().len(), 1);
    assert_eq!(block["size"], json!(raw.len() / 2));
    let verbose = node.call("getblock", json!([hashes[1], 2]));
    assert_eq!(verbose["tx"][0]["txid"], block["tx"][0]);
    assert!(verbose["tx"][0]["vin"][0]["coinbase"].is_string());
    let deepest = node.call("getblock", json!([hashes[1], 3]));
    assert_eq!(deepest["tx"][0]["txid"], block["tx"][0]);
    let header = node.call("getblockheader", json!({"blockhash": hashes[1]}));
    assert_eq!(
        header["merkleroot"], block["tx"][0],
        "one transaction is its own root"
    );
    assert_eq!(header["nTx"], json!(1));

    let coinbase = text(&block["tx"][0]);
    let coin = node.call("gettxout", json!([coinbase, 0]));
    assert_eq!(coin["value"].to_string(), "50.00000000");
    assert_eq!(coin["coinbase"], json!(true));
    assert_eq!(coin["bestblock"], json!(hashes[2]));
    assert_eq!(node.call("gettxout", json!([coinbase, 7])), Value::Null);

    let nowhere = "00".repeat(32);
    assert_eq!(
        node.refused("getblock", json!([nowhere])),
        (-5, "Block not found".to_owned())
    );
    assert_eq!(
        node.refused("getblockhash", json!([4])),
        (-8, "Block height out of range".to_owned())
    );
    let again = node.call("submitblock", json!([raw]));
    assert_eq!(again, json!("duplicate"));
    // What follows the block is not looked at.
    let more = format!("{raw}00");
    let again = node.call("submitblock", json!([more]));
    assert_eq!(again, json!("duplicate"));
    node.stop();
}

/// The same blocks as the reference's own hundred-block chain for unit tests, byte for byte, and its coins at height
/// 110 (`TestChain100Setup` and the regtest snapshot of Bitcoin Core).
#[test]
fn mined_blocks_are_the_references_own() {
    let node = Setup::new("bitcoin").start();
    let key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let mut last = Value::Null;
    for height in 1..=110 {
        node.call("setmocktime", json!([1_598_887_951_u64 + height]));
        last = node.call("generatetodescriptor", json!([1, format!("pk({key})")]));
        if height == 100 {
            let expected = "0ee6e270d6594249e548110619f7bd690695beb219b915da4a2e84e2b61ed60f";
            assert_eq!(last, json!([expected]));
        }
    }
    let expected = "135eec25a6fb277884e5824e7aa7d052c4868161c99a5122170b5266f86c273d";
    assert_eq!(last, json!([expected]));
    let coins = node.call("gettxoutsetinfo", json!([]));
    let expected = "86e9a1205b418b16dde3a18a78c730e30137e28466bda5dbf6b33ab8fc05447c";
    assert_eq!(coins["hash_serialized_3"], json!(expected));
    assert_eq!(coins["total_amount"].to_string(), "5500.00000000");

    let block = node.call("getblock", json!([tip(&node), 2]));
    assert_eq!(block["versionHex"], json!("20000000"));
    assert_eq!(block["bits"], json!("207fffff"));
    let coinbase = &block["tx"][0];
    assert_eq!(coinbase["version"], json!(2));
    assert_eq!(coinbase["locktime"], json!(109));
    assert_eq!(coinbase["vin"][0]["sequence"], json!(0xffff_fffe_u32));
    assert_eq!(coinbase["vin"][0]["coinbase"], json!("016e"));
    assert_eq!(coinbase["vin"][0]["txinwitness"], json!(["00".repeat(32)]));
}

#[test]
fn blocks_made_on_request_end_at_the_height_to_stop_at() {
    let mut node = Setup::new("bitcoin").arg("-stopatheight=5").start();
    assert_eq!(mine(&node, 8).len(), 5);
    let ended = node.wait_for_end(PATIENCE);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    node.start_with(&[]);
    assert_eq!(height(&node), 5);
    assert_eq!(mine(&node, 1).len(), 1);
    node.stop();
}

/// Genesis block, network and two mined blocks of every network where a node can mine at once.
#[test]
fn every_coin_has_its_own_genesis() {
    let bitcoin = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
    let regtest = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";
    let bitquantum = "00000c62fac2d483d65c37331a3a73c6f315de2541e7384e94e36d3b1491604f";
    let groestlcoin = "00000ac5927c594d49cc0bdb81759d0da8297eb614683d3acb62f0703b639023";
    let cases = [
        ("bitcoin", "main", bitcoin),
        (
            "bitcoin",
            "test",
            "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943",
        ),
        (
            "bitcoin",
            "signet",
            "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6",
        ),
        ("bitcoin", "regtest", regtest),
        ("smithcoin", "main", bitcoin),
        ("smithcoin", "regtest", regtest),
        ("bitquantum", "main", bitquantum),
        ("bitquantum", "regtest", bitquantum),
        ("groestlcoin", "main", groestlcoin),
    ];
    for (coin, network, genesis) in cases {
        let mut node = Setup::new(coin).network(network).start();
        assert_eq!(block_hash(&node, 0), genesis, "{coin} {network}");
        node.stop();
    }
}

#[test]
fn one_block_on_every_coin() {
    for coin in COINS {
        let mut node = Setup::new(coin).start();
        let hashes = mine(&node, 1);
        let block = node.call("getblock", json!([hashes[0], 2]));
        let reward = &block["tx"][0]["vout"][0]["value"];
        // Groestlcoin pays a large sum once.
        let expected = if coin == "groestlcoin" {
            "240640.00000000"
        } else {
            "50.00000000"
        };
        assert_eq!(reward.to_string(), expected, "{coin}");
        node.restart();
        assert_eq!(tip(&node), hashes[0], "{coin}");
    }
}

#[test]
fn bitquantum_is_ready_after_its_first_blocks() {
    let node = Setup::new("bitquantum").start();
    let syncing =
        |node: &Node| node.call("getblockchaininfo", json!([]))["initialblockdownload"].clone();
    mine(&node, 10);
    assert_eq!(syncing(&node), json!(true), "the tip is still days old");
    mine(&node, 133);
    assert_eq!(height(&node), 143);
    let times: Vec<i64> = (1..=143).map(|height| time(&node, height)).collect();
    for pair in times.windows(2) {
        assert!(pair[1] - pair[0] >= 1201, "{pair:?}");
    }
    mine(&node, 1);
    assert_eq!(syncing(&node), json!(false));
    let clock = std::time::SystemTime::now();
    let now = clock
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let behind = i64::try_from(now).unwrap() - time(&node, 144);
    assert!(behind.abs() < 600, "the tip is {behind} s old");
    // From here on blocks come at once.
    mine(&node, 60);
    assert_eq!(height(&node), 204);
}

#[test]
fn groestlcoin_leaves_three_seconds_between_blocks() {
    let node = Setup::new("groestlcoin").start();
    mine(&node, 150);
    mine(&node, 50);
    assert_eq!(height(&node), 200);
    let times: Vec<i64> = (1..=200).map(|height| time(&node, height)).collect();
    for pair in times.windows(2) {
        assert!(pair[1] - pair[0] >= 3, "{pair:?}");
    }
}

#[test]
fn blocks_that_run_ahead_of_the_clock_are_told_apart_from_failures() {
    let node = Setup::new("groestlcoin").start();
    mine(&node, 5);
    let tip_time = time(&node, 5);
    // Two hours ahead is as far as a block may be: two more fit, at three seconds each.
    node.call("setmocktime", json!([tip_time - 7200 + 7]));
    assert_eq!(mine(&node, 10).len(), 2);
    assert_eq!(height(&node), 7);
    let expected = "Blocks of this chain lie at least 3 seconds apart, and the newest is as far ahead of the clock as a block may be. The next one can be made in 2 seconds.";
    for (method, args) in [
        ("generatetodescriptor", json!([1, "raw(51)"])),
        ("generateblock", json!(["raw(51)", []])),
    ] {
        let (_, text) = node.refused(method, args);
        assert_eq!(text, expected, "{method}");
    }
    node.call("setmocktime", json!([tip_time - 7200 + 9]));
    assert_eq!(mine(&node, 1).len(), 1);
}

#[test]
fn the_first_block_of_a_period_lies_near_its_parent() {
    let node = Setup::new("bitcoin").start();
    let now = 1_700_000_000;
    node.call("setmocktime", json!([now]));
    mine(&node, 142);
    node.call("setmocktime", json!([now + 7000]));
    mine(&node, 1);
    node.call("setmocktime", json!([now]));
    mine(&node, 2);
    let times = [143, 144, 145].map(|height| time(&node, height) - now);
    assert_eq!(times[..2], [7000, 6400]);
    assert!(times[2] < 6400, "{times:?}");
}

fn time(node: &Node, height: u64) -> i64 {
    let header = node.call("getblockheader", json!([block_hash(node, height)]));
    header["time"].as_i64().unwrap()
}

#[test]
fn a_file_that_is_no_chain_is_left_out() {
    let mut node = Setup::new("bitcoin")
        .arg("-loadblock=garbage.dat")
        .arg("-loadblock=missing.dat");
    std::fs::write(node.data().path().join("garbage.dat"), [0x5a; 3000]).unwrap();
    node = node.arg("-checkblocks=6");
    let mut node = node.start();
    assert_eq!(height(&node), 0);
    node.stop();
}

#[test]
fn one_wrong_byte_in_a_signature_makes_no_block() {
    let mut node = Setup::new("bitcoin").wallet().start();
    let wallet = Wallet::create(&node, "w");
    let address = wallet.address("legacy");
    node.call("generatetoaddress", json!([101, address]));
    wallet.synced();
    let txid = wallet.send(&address, "1");
    let spend = text(&node.call("getrawtransaction", json!([txid])));
    let made = node.call("generateblock", json!(["raw(51)", [spend], false]));
    let good = text(&made["hex"]);
    let params = ChainParams::get(Coin::Bitcoin, Network::Regtest);
    let block = Block::from_bytes(&from_hex(&made["hex"]), params.hashes).unwrap();
    let bad = to_hex(&with_flipped_byte(block, params).to_bytes());

    let reason = "block-script-verify-flag-failed (Script evaluated without error but finished with a false/empty top stack element)";
    assert_eq!(node.call("submitblock", json!([bad])), json!(reason));
    assert_eq!(height(&node), 101);
    node.wait_for_log(reason);
    // The very block with the right byte is fine.
    assert_eq!(node.call("submitblock", json!([good])), Value::Null);
    assert_eq!(height(&node), 102);
    node.stop();
}

/// The block with one byte of its one signature changed, and everything else in order: ids, root and work.
fn with_flipped_byte(mut block: Block, params: &ChainParams) -> Block {
    // A block without witnesses needs no commitment to them.
    let mut coinbase = (**block.txs[0]).clone();
    coinbase.outputs.truncate(1);
    coinbase.inputs[0].witness.clear();
    let mut spend = (**block.txs[1]).clone();
    let mut script = spend.inputs[0].script_sig.to_vec();
    // Behind the lengths, within the signature's first number.
    script[12] ^= 1;
    spend.inputs[0].script_sig = Script::from(script);
    block.txs = [coinbase, spend]
        .map(|data| Arc::new(Tx::new(data, params.hashes)))
        .to_vec();
    let [left, right] = [0, 1].map(|index: usize| block.txs[index].txid().0);
    block.header.merkle_root = Hash256(merkle_node(&left, &right));
    let target = block.header.bits.target().unwrap();
    loop {
        block.hash = block.header.hash(params.hashes);
        if U256::from_le_bytes(block.hash.0) <= target {
            return block;
        }
        block.header.nonce += 1;
    }
}
