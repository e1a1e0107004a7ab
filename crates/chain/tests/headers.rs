//! Many headers that come at once, as in a sync.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::path::Path;

use chain::{Chain, ChainConfig, SubmitError};
use consensus::pow::{check_proof_of_work, next_work_required};
use consensus::{HeaderChain, HeaderInfo};
use primitives::params::{Coin, Network};
use primitives::{Block, BlockHash, ChainParams, CompactTarget, Header};

/// As many as one message brings.
const COUNT: usize = 2000;
/// Seconds between two headers: so many that the next one is never harder.
const SPACING: u32 = 1300;

/// The chain whose header ids are the dearest.
fn params() -> &'static ChainParams {
    ChainParams::get(Coin::Bitquantum, Network::Regtest)
}

struct Headers(Vec<(Header, BlockHash)>);

impl HeaderChain for Headers {
    fn height(&self) -> u32 {
        u32::try_from(self.0.len() - 1).unwrap()
    }

    fn header(&self, height: u32) -> HeaderInfo {
        let (header, _) = &self.0[height as usize];
        HeaderInfo {
            version: header.version,
            time: header.time,
            bits: header.bits,
        }
    }

    fn hash(&self, height: u32) -> BlockHash {
        self.0[height as usize].1
    }
}

/// The id of `header`, once its number is one that gives enough work, or not enough.
fn solve(header: &mut Header, enough: bool) -> BlockHash {
    loop {
        let hash = header.hash(params().hashes);
        if check_proof_of_work(&hash, header.bits, params()) == enough {
            return hash;
        }
        header.nonce += 1;
    }
}

fn start(dir: &Path) -> Chain {
    std::fs::create_dir_all(dir.join("blocks")).unwrap();
    let mut config = ChainConfig::new(params(), dir);
    config.script_threads = 4;
    let chain = chain::start(config).unwrap();
    chain.handle.import(Vec::new()).wait().unwrap();
    chain
}

#[test]
fn one_bad_header_among_many_ends_what_comes_behind_it() {
    let genesis = Block::from_bytes(params().genesis.block, params().hashes).unwrap();
    let mut made = Headers(vec![(genesis.header, genesis.hash)]);
    for _ in 0..COUNT {
        let (last, prev) = *made.0.last().unwrap();
        let time = last.time + SPACING;
        let mut header = Header {
            version: 0x2000_0000,
            prev,
            time,
            nonce: 0,
            bits: next_work_required(&made, time, params()),
            ..last
        };
        let hash = solve(&mut header, true);
        made.0.push((header, hash));
    }
    let good: Vec<Header> = made.0[1..].iter().map(|(header, _)| *header).collect();
    let ids: Vec<BlockHash> = made.0[1..].iter().map(|(_, hash)| *hash).collect();
    let middle = COUNT / 2;
    let spoil = |spoil: &dyn Fn(&mut Header)| {
        let mut headers = good.clone();
        spoil(&mut headers[middle]);
        headers
    };
    let little_work = spoil(&|header| {
        solve(header, false);
    });
    let other_bits = spoil(&|header| {
        header.bits = CompactTarget(header.bits.0 - 1);
        solve(header, true);
    });
    let another = spoil(&|header| {
        header.time += 1;
        header.version += 1;
        solve(header, true);
    });
    let too_early = spoil(&|header| {
        header.time = genesis.header.time;
        solve(header, true);
    });
    let no_parent = spoil(&|header| {
        header.prev = BlockHash([7; 32]);
        solve(header, true);
    });
    for (headers, reason, from) in [
        (little_work, "high-hash", middle),
        (other_bits, "bad-diffbits", middle),
        (too_early, "time-too-old", middle),
        (no_parent, "prev-blk-not-found", middle),
        // Another header in the middle is none of the others' parent.
        (another, "prev-blk-not-found", middle + 1),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let chain = start(dir.path());
        let refused = chain.handle.submit_headers(headers.clone(), true).wait();
        let Err(SubmitError::Rejected(rejection)) = refused else {
            panic!("{reason}: {refused:?}");
        };
        assert_eq!(rejection.to_string(), reason);
        // Those before are known, and none behind.
        assert_eq!(chain.reader.tip().headers as usize, from);
        let known = |id: &BlockHash| chain.reader.block(id).is_some();
        assert!(ids[..middle].iter().all(known), "{reason}");
        assert!(!ids[middle..].iter().any(known), "{reason}");
        let spoilt = headers[middle].hash(params().hashes);
        assert_eq!(known(&spoilt), from > middle);
        // A chain that brings the right ones goes on.
        let last = chain
            .handle
            .submit_headers(good.clone(), true)
            .wait()
            .unwrap();
        assert_eq!(last, ids.last().copied());
        assert_eq!(chain.reader.best_header().unwrap().hash, ids[COUNT - 1]);
        chain.stop().unwrap();
    }
}
