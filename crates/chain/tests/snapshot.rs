//! Snapshots of all coins: written, loaded, confirmed in the background, refused.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chain::snapshot::{
    ActivationError, CoinsAt, METADATA_SIZE, RollbackOptions, SnapshotMetadata, populate,
};
use chain::{ChainConfig, Ended, Submission};
use common::crash::{DIR, Kill, WORK, run_and_kill, say_done, stand_still_at_place};
use common::mine::{Parent, mine, solve};
use common::snapshot::{
    BASE, HAVE, REWARD, TOP, blocks, dump, load, muhash, names, start, start_with, states, submit,
    wait_until, world, young,
};
use common::{Net, TestChain, copy_dir, files_below};
use consensus::block_subsidy;
use consensus::merkle::block_merkle_root;
use primitives::hash_scheme::sha256;
use primitives::params::AssumeUtxo;
use primitives::transaction::TxData;
use primitives::{Block, ChainParams, Hash256, Header, OutPoint, Script, Tx, TxIn, TxOut};

#[test]
fn going_back_gives_the_coins_of_then() {
    let params = Net::Regtest.params();
    let dir = tempfile::tempdir().unwrap();
    let chain = TestChain::open(Net::Regtest, dir.path(), |_| ());
    chain.import();
    let blocks = blocks(params);
    let mut then = Vec::new();
    for (height, block) in (0u32..).zip(&blocks) {
        if height > 0 {
            let submission = Submission::LOCAL;
            let submitted = chain.handle.submit_block(Arc::clone(block), submission);
            assert_eq!(submitted.wait().unwrap().connected, Some(Ok(())));
        }
        if height % 40 == 30 || height > 115 {
            let snapshot = chain.handle.coins_snapshot().wait().unwrap();
            then.push((height, dump(&CoinsAt::now(snapshot), params)));
        }
    }
    for (height, expected) in &then {
        for in_memory in [true, false] {
            let snapshot = chain.handle.coins_snapshot().wait().unwrap();
            let target = chain.reader.block_at(*height).unwrap();
            let options = RollbackOptions {
                in_memory,
                memory: 0,
            };
            let coins =
                CoinsAt::rolled_back(&chain.reader, snapshot, &target, options, |_, _| true);
            assert!(
                dump(&coins.unwrap(), params) == *expected,
                "height {height}"
            );
            // What was spilled is gone again.
            assert_eq!(names(dir.path()), ["blocks", "chainstate"]);
        }
    }
    chain.stop();
}

#[test]
fn a_snapshot_is_used_at_once_and_confirmed_later() {
    let world = world(|_| ());
    let dir = tempfile::tempdir().unwrap();
    let chain = young(&world, dir.path());
    load(&chain, &world.file).unwrap();
    assert_eq!(states(&chain), [(HAVE, true), (BASE, false)]);
    assert_eq!(chain.reader.height(), BASE);
    let again = load(&chain, &world.file).unwrap_err();
    assert!(matches!(again, ActivationError::Twice), "{again}");
    // Blocks above it come first.
    for block in &world.blocks[BASE as usize + 1..] {
        assert!(submit(&chain, block));
    }
    assert_eq!(states(&chain), [(HAVE, true), (TOP, false)]);
    assert_eq!(muhash(&chain), world.muhash);
    // Nothing below it can be taken back, nor can it be left for another branch.
    let below = world.blocks[BASE as usize - 2].hash;
    chain.handle.invalidate_block(below).wait().unwrap_err();
    assert_eq!(chain.reader.height(), TOP);
    for (n, block) in world.blocks[HAVE as usize + 1..=BASE as usize]
        .iter()
        .enumerate()
    {
        if n % 20 == 10 {
            assert!(
                !submit(&chain, &world.blocks[HAVE as usize + n + 2]),
                "its parent is missing"
            );
        }
        submit(&chain, block);
    }
    wait_until(&chain, |chain| states(chain).len() == 1);
    assert_eq!(states(&chain), [(TOP, true)]);
    assert_eq!(
        chain.reader.chainstates()[0].snapshot,
        Some(world.blocks[BASE as usize].hash)
    );
    assert!(chain.handle.verify_chain(4, 0).wait().unwrap());
    // Now the blocks are here, and may be taken back.
    assert!(chain.handle.invalidate_block(below).wait().unwrap());
    assert_eq!(chain.reader.height(), BASE - 3);
    assert!(chain.handle.reconsider_block(below).wait().unwrap());
    chain.stop().unwrap();
    assert!(names(dir.path()).contains(&"chainstate_snapshot".to_owned()));
    let chain = start(world.params, dir.path());
    assert_eq!(names(dir.path()), ["blocks", "chainstate"]);
    assert_eq!(
        (states(&chain), muhash(&chain)),
        (vec![(TOP, true)], world.muhash)
    );
    assert_eq!(chain.reader.chainstates()[0].snapshot, None);
    chain.stop().unwrap();
    let files = files_below(&dir.path().join("chainstate"));
    assert!(!files.iter().any(|file| file.ends_with("base_blockhash")));
}

#[test]
fn a_restart_goes_on_with_both_chains() {
    let world = world(|_| ());
    let dir = tempfile::tempdir().unwrap();
    let chain = young(&world, dir.path());
    load(&chain, &world.file).unwrap();
    chain.stop().unwrap();
    let mut chain = start(world.params, dir.path());
    assert_eq!(states(&chain), [(HAVE, true), (BASE, false)]);
    for (n, block) in world.blocks[HAVE as usize + 1..].iter().enumerate() {
        submit(&chain, block);
        if n % 17 == 3 {
            chain.stop().unwrap();
            chain = start(world.params, dir.path());
        }
    }
    wait_until(&chain, |chain| states(chain) == [(TOP, true)]);
    assert_eq!(muhash(&chain), world.muhash);
    // Killed while one takes the place of the other, at each step of that.
    chain.stop().unwrap();
    let [current, snapshot, old] = ["chainstate", "chainstate_snapshot", "chainstate_todelete"]
        .map(|name| dir.path().join(name));
    let mut chain = match snapshot.exists() {
        true => {
            fs::rename(&current, &old).unwrap();
            start(world.params, dir.path())
        }
        // The last restart was late enough to do it already.
        false => start(world.params, dir.path()),
    };
    assert_eq!(
        (states(&chain), muhash(&chain)),
        (vec![(TOP, true)], world.muhash.clone())
    );
    assert_eq!(names(dir.path()), ["blocks", "chainstate"]);
    chain.stop().unwrap();
    copy_dir(&current, &old);
    chain = start(world.params, dir.path());
    assert_eq!(muhash(&chain), world.muhash);
    assert_eq!(names(dir.path()), ["blocks", "chainstate"]);
    chain.stop().unwrap();
}

#[test]
fn a_killed_load_leaves_the_older_chain() {
    let world = world(|_| ());
    let dir = tempfile::tempdir().unwrap();
    let chain = young(&world, dir.path());
    load(&chain, &world.file).unwrap();
    chain.stop().unwrap();
    // The file that says that it counts is written last.
    let base = dir.path().join("chainstate_snapshot/base_blockhash");
    assert_eq!(fs::read(&base).unwrap(), world.blocks[BASE as usize].hash.0);
    fs::remove_file(base).unwrap();
    let chain = start(world.params, dir.path());
    assert_eq!(states(&chain), [(HAVE, true)]);
    load(&chain, &world.file).unwrap();
    assert_eq!(states(&chain), [(HAVE, true), (BASE, false)]);
    chain.stop().unwrap();
    // A new start from the blocks leaves nothing of it.
    let reindex = |config: &mut ChainConfig| config.reindex = chain::Reindex::Chainstate;
    let chain = start_with(world.params, dir.path(), reindex).unwrap();
    assert_eq!(states(&chain), [(HAVE, true)]);
    assert_eq!(names(dir.path()), ["blocks", "chainstate"]);
    chain.stop().unwrap();
}

#[test]
fn a_wrong_snapshot_is_found_out() {
    // The program was made to trust a file in which a coin is of another kind: the last bit of height and kind.
    let world = world(|file| {
        let mut at = METADATA_SIZE + 32 + 1 + 1;
        while file[at] & 0x80 != 0 {
            at += 1;
        }
        file[at] ^= 1;
    });
    let dir = tempfile::tempdir().unwrap();
    let chain = young(&world, dir.path());
    load(&chain, &world.file).unwrap();
    for block in &world.blocks[HAVE as usize + 1..=BASE as usize] {
        submit(&chain, block);
    }
    wait_until(&chain, |chain| chain.reader.ended().borrow().is_some());
    let Some(Ended::Fatal(text)) = chain.reader.ended().borrow().clone() else {
        panic!("the process goes on");
    };
    assert!(text.contains("chainstate_snapshot_INVALID"), "{text}");
    chain.stop().unwrap();
    let chain = start(world.params, dir.path());
    assert_eq!(states(&chain), [(BASE, true)]);
    assert_eq!(
        names(dir.path()),
        ["blocks", "chainstate", "chainstate_snapshot_INVALID"]
    );
    for block in &world.blocks[BASE as usize + 1..] {
        assert!(submit(&chain, block));
    }
    assert_eq!(muhash(&chain), world.muhash);
    chain.stop().unwrap();
}

#[test]
fn what_is_no_use_is_refused() {
    let world = world(|_| ());
    let dir = tempfile::tempdir().unwrap();
    let chain = start(world.params, dir.path());
    let base = world.blocks[BASE as usize].hash;
    let check = |file: &[u8], expected: &str| {
        let text = load(&chain, file).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
        assert_eq!(names(dir.path()), ["blocks", "chainstate"]);
    };
    check(&world.file, "must appear in the headers chain");
    let mut unknown = world.file.clone();
    unknown[11] ^= 1;
    check(
        &unknown,
        "The following snapshot heights are available: 112",
    );
    let headers = world.blocks[1..].iter().map(|block| block.header);
    let headers = chain.handle.submit_headers(headers.collect(), true);
    headers.wait().unwrap();
    check(&world.file[..world.file.len() - 1], "truncated snapshot");
    let mut other = world.file.clone();
    other[METADATA_SIZE + 2] ^= 1;
    check(&other, "Bad snapshot content hash");
    // While one is loaded, another has to wait.
    let metadata = SnapshotMetadata::from_bytes(&world.file, world.params).unwrap();
    let plan = chain.handle.plan_snapshot(metadata).wait().unwrap();
    check(&world.file, "Another snapshot is being loaded");
    let stopped = populate(&plan, &world.file[METADATA_SIZE..], |_, _, _| false);
    let text = stopped.unwrap_err().to_string();
    assert_eq!(text, "Aborting after an interrupt was requested");
    drop(plan);
    chain.handle.invalidate_block(base).wait().unwrap();
    check(&world.file, "is part of an invalid chain");
    chain.handle.reconsider_block(base).wait().unwrap();
    // Another branch of headers has more work.
    let parent = Parent::of(&world.blocks[BASE as usize - 1], BASE - 1);
    let mut at = parent;
    let mut rival = Vec::new();
    for height in BASE..=TOP + 1 {
        let block = mine(world.params, at, &[], 99, REWARD);
        at = Parent::of(&block, height);
        rival.push(block.header);
    }
    chain.handle.submit_headers(rival, true).wait().unwrap();
    check(&world.file, "A forked headers-chain with more work");
    chain.stop().unwrap();
    let snapshot = dir.path().join("chainstate_snapshot");
    fs::create_dir(&snapshot).unwrap();
    fs::write(snapshot.join("base_blockhash"), [b'z'; 32]).unwrap();
    let error = start_with(world.params, dir.path(), |_| ()).unwrap_err();
    assert!(error.to_string().contains(&"7a".repeat(32)), "{error}");
}

/// The program's hash of the snapshot, for a child.
const HASH: &str = "hash.txt";
/// The snapshot, for a child.
const FILE: &str = "coins.dat";

/// The network of a child: it knows the snapshot that lies in its directory.
fn params_of(dir: &Path) -> (&'static ChainParams, Vec<u8>) {
    let file = fs::read(dir.join(FILE)).unwrap();
    let text = fs::read_to_string(dir.join(HASH)).unwrap();
    let (hash, count) = text.split_once(' ').unwrap();
    let params = Net::Regtest.params();
    let known = AssumeUtxo {
        height: BASE,
        block: SnapshotMetadata::from_bytes(&file, params).unwrap().base,
        hash_serialized: hash.parse().unwrap(),
        chain_tx_count: count.parse().unwrap(),
    };
    let mut own = params.clone();
    own.assumeutxo = Box::leak(Box::new([known]));
    (Box::leak(Box::new(own)), file)
}

/// Loads the snapshot and does all that follows, beginning wherever an earlier run was killed.
fn work_to_the_end(params: &'static ChainParams, dir: &Path, file: &[u8]) {
    let blocks = blocks(params);
    let chain = start(params, dir);
    let headers = blocks[1..].iter().map(|block| block.header);
    let headers = chain.handle.submit_headers(headers.collect(), true);
    headers.wait().unwrap();
    for block in &blocks[1..=HAVE as usize] {
        submit(&chain, block);
    }
    // Another run may have come farther.
    let loaded = load(&chain, file);
    assert!(
        loaded.is_ok() || chain.reader.height() >= BASE,
        "{loaded:?} at {}",
        chain.reader.height()
    );
    // In heaps, so that several blocks wait to be checked at a time.
    for heap in blocks[HAVE as usize + 1..].chunks(10) {
        for block in heap.iter().rev() {
            submit(&chain, block);
        }
        chain.handle.flush().wait().unwrap();
    }
    wait_until(&chain, |chain| states(chain) == [(TOP, true)]);
    chain.stop().unwrap();
    // Here the snapshot's coins take the place of the others.
    let chain = start(params, dir);
    assert_eq!(states(&chain), [(TOP, true)]);
    chain.stop().unwrap();
}

/// Runs in a process of its own, which another test kills.
#[test]
fn child() {
    let (Some(dir), Ok(_)) = (std::env::var_os(DIR), std::env::var(WORK)) else {
        return;
    };
    let (params, file) = params_of(dir.as_ref());
    stand_still_at_place();
    work_to_the_end(params, dir.as_ref(), &file);
    say_done();
}

#[test]
fn killed_anywhere_it_goes_on_where_it_was() {
    let world = world(|_| ());
    let known = &world.params.assumeutxo[0];
    // The coins' hash at every height, from a chain that nobody disturbs.
    let dir = tempfile::tempdir().unwrap();
    let clean = start(Net::Regtest.params(), dir.path());
    let mut hashes = vec![muhash(&clean)];
    for block in &world.blocks[1..] {
        assert!(submit(&clean, block));
        hashes.push(muhash(&clean));
    }
    clean.stop().unwrap();
    let places = [
        ("[snapshot] loading", 1),
        ("[snapshot] loaded", 1),
        ("[snapshot] validated snapshot", 1),
        ("Committed", 2),
        ("[snapshot] successfully activated", 1),
        ("Writing final batch", 6),
        ("Committed", 9),
        ("[snapshot] computing UTXO stats", 1),
        ("[snapshot] snapshot beginning at", 1),
        ("[snapshot] cleaning up", 1),
        ("[snapshot] moving snapshot", 1),
        ("[snapshot] deleted background", 1),
    ];
    let at_places = places.map(|(place, count)| Kill::At(place, count));
    let at_times = (1..=12).map(|n| Kill::After(Duration::from_millis(n * 60)));
    let dir = tempfile::tempdir().unwrap();
    let reset = || {
        for entry in fs::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => fs::remove_dir_all(path).unwrap(),
                false => fs::remove_file(path).unwrap(),
            }
        }
        fs::write(dir.path().join(FILE), &world.file).unwrap();
        let text = format!("{} {}", known.hash_serialized, known.chain_tx_count);
        fs::write(dir.path().join(HASH), text).unwrap();
    };
    reset();
    for kill in at_places.into_iter().chain(at_times) {
        let killed = run_and_kill(dir.path(), "all", kill);
        if killed.done {
            reset();
            continue;
        }
        let chain = start(world.params, dir.path());
        let heights = states(&chain);
        let height = heights.last().unwrap().0;
        assert_eq!(
            muhash(&chain),
            hashes[height as usize],
            "{kill:?}: {heights:?}"
        );
        chain.stop().unwrap();
    }
    work_to_the_end(world.params, dir.path(), &world.file);
    let chain = start(world.params, dir.path());
    assert_eq!(muhash(&chain), world.muhash);
    chain.stop().unwrap();
    assert_eq!(names(dir.path()), ["blocks", "chainstate", FILE, HASH]);
}

/// The chain by which the reference tests its own reading of snapshots.
fn reference_blocks(params: &ChainParams, count: u32) -> Vec<Arc<Block>> {
    let genesis = Block::from_bytes(params.genesis.block, params.hashes).unwrap();
    let (mut prev, mut time) = (genesis.hash, genesis.header.time);
    let mut blocks = Vec::new();
    for height in 1..=count {
        let input = TxIn {
            script_sig: Script::new().push_int(height.into()).op(0),
            ..TxIn::unsigned(OutPoint::NULL, 0xffff_fffe)
        };
        let coinbase = TxData {
            version: 2,
            inputs: vec![input],
            outputs: vec![TxOut {
                value: block_subsidy(height, params),
                script_pubkey: Script::witness_program(0, &sha256(&[0x51])),
            }],
            lock_time: height - 1,
        };
        time += 1;
        let header = Header {
            version: 4,
            prev,
            merkle_root: Hash256::ZERO,
            time,
            bits: params.genesis.bits,
            nonce: 0,
        };
        let txs = vec![Arc::new(Tx::new(coinbase, params.hashes))];
        let mut block = Block::new(header, txs, params.hashes);
        block.header.merkle_root = block_merkle_root(&block).0;
        let block = solve(params, block.header, &block.txs);
        prev = block.hash;
        blocks.push(block);
    }
    blocks
}

#[test]
fn a_snapshot_of_the_reference_is_known() {
    let params = Net::Regtest.params();
    let known = params
        .assumeutxo
        .iter()
        .find(|known| known.height == 200)
        .unwrap();
    let blocks = reference_blocks(params, 200);
    assert_eq!(blocks[199].hash, known.block);
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let first = start(params, dirs[0].path());
    for block in &blocks {
        assert!(submit(&first, block));
    }
    let snapshot = first.handle.coins_snapshot().wait().unwrap();
    let (file, hash) = dump(&CoinsAt::now(snapshot), params);
    assert_eq!(hash, known.hash_serialized);
    assert_eq!(
        first.reader.tip_block().unwrap().chain_tx_count,
        known.chain_tx_count
    );
    let second = start(params, dirs[1].path());
    let headers = blocks.iter().map(|block| block.header).collect();
    second.handle.submit_headers(headers, true).wait().unwrap();
    load(&second, &file).unwrap();
    assert_eq!(states(&second), [(0, true), (200, false)]);
    for block in &blocks {
        submit(&second, block);
    }
    wait_until(&second, |chain| states(chain) == [(200, true)]);
    assert_eq!(muhash(&second), muhash(&first));
    for chain in [first, second] {
        chain.stop().unwrap();
    }
}
