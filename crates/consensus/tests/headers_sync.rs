//! Headers of a chain whose work is not known: what the reference's own tests ask, and more.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::sync::LazyLock;

use consensus::headers_sync::{HashedHeader, HeadersSyncState, SyncError, SyncPhase, SyncStart};
use consensus::pow::check_proof_of_work;
use primitives::encode::Reader;
use primitives::params::{Coin, HeadersSync, Network};
use primitives::{BlockHash, ChainParams, CompactTarget, Hash256, Header, U256};

/// So many blocks, the first one counted, make the work that is asked for.
const BLOCKS: usize = 15_000;
/// Fewer than those by more than a message holds.
const BUFFER: usize = BLOCKS - 2_123;
const NOW: i64 = 1_700_000_000;

fn params() -> &'static ChainParams {
    ChainParams::get(Coin::Bitcoin, Network::Regtest)
}

fn chain(count: usize, root: u8) -> Vec<HashedHeader> {
    let genesis = &params().genesis;
    let first = Header::decode(&mut Reader::new(genesis.block)).unwrap();
    let (mut prev, mut time) = (genesis.hash, first.time);
    let mut headers = Vec::with_capacity(count);
    for _ in 0..count {
        time += 1;
        let mut header = Header {
            prev,
            time,
            merkle_root: Hash256([root; 32]),
            nonce: 0,
            ..first
        };
        prev = loop {
            let hash = header.hash(params().hashes);
            if check_proof_of_work(&hash, header.bits, params()) {
                break hash;
            }
            header.nonce += 1;
        };
        headers.push((header, prev));
    }
    headers
}

/// With the first block just enough work.
static FIRST: LazyLock<Vec<HashedHeader>> = LazyLock::new(|| chain(BLOCKS - 1, 0));
/// Too little by one block.
static SECOND: LazyLock<Vec<HashedHeader>> = LazyLock::new(|| chain(BLOCKS - 2, 1));

fn start() -> SyncStart {
    let genesis = &params().genesis;
    SyncStart {
        hash: genesis.hash,
        height: 0,
        bits: genesis.bits,
        chain_work: U256::from_u128(2),
        median_time: 1_296_688_602,
    }
}

fn sync_at(now: i64, secret: u8) -> HeadersSyncState {
    let sizes = HeadersSync {
        commitment_period: 600,
        redownload_buffer: u32::try_from(BUFFER).unwrap(),
    };
    // Every block here takes two tries.
    let work = U256::from_u128(2 * BLOCKS as u128);
    HeadersSyncState::with_sizes(params(), sizes, start(), work, now, [secret; 32])
}

/// Gives headers to a sync: how many come back, whether more are asked for, and behind what.
fn check(
    sync: &mut HeadersSyncState,
    headers: &[HashedHeader],
    full: bool,
    expected: Result<(usize, bool), SyncError>,
    behind: Option<BlockHash>,
) -> Vec<HashedHeader> {
    let step = sync.process(headers, full);
    let seen = step
        .as_ref()
        .map(|step| (step.headers.len(), step.request_more));
    assert_eq!(seen.map_err(|error| *error), expected);
    assert_eq!(sync.continue_from(), behind);
    let ended = sync.phase() == SyncPhase::Final;
    assert_eq!(ended, behind.is_none());
    step.map(|step| step.headers).unwrap_or_default()
}

#[test]
fn another_chain_is_noticed_the_second_time() {
    let genesis = params().genesis.hash;
    for secret in 0..8 {
        let mut sync = sync_at(NOW, secret);
        check(
            &mut sync,
            &FIRST[..1],
            true,
            Ok((0, true)),
            Some(FIRST[0].1),
        );
        assert_eq!(sync.phase(), SyncPhase::Presync);
        check(&mut sync, &FIRST[1..], true, Ok((0, true)), Some(genesis));
        assert_eq!(sync.phase(), SyncPhase::Redownload);
        let fooled = sync.process(&SECOND, true);
        assert!(
            matches!(fooled, Err(SyncError::CommitmentMismatch(_))),
            "{fooled:?}"
        );
        assert_eq!(sync.phase(), SyncPhase::Final);
        assert_eq!(sync.process(&SECOND, true), Err(SyncError::Ended));
    }
}

#[test]
fn a_chain_with_work_is_given_on() {
    let genesis = params().genesis.hash;
    for full in [false, true] {
        let mut sync = sync_at(NOW, 7);
        // The message that reaches the goal need not be a full one.
        check(&mut sync, &FIRST, full, Ok((0, true)), Some(genesis));
        let behind = Some(FIRST[BUFFER - 1].1);
        check(&mut sync, &FIRST[..BUFFER], true, Ok((0, true)), behind);
        let behind = Some(FIRST[BUFFER].1);
        let one = &FIRST[BUFFER..=BUFFER];
        let mut got = check(&mut sync, one, true, Ok((1, true)), behind);
        let rest = &FIRST[BUFFER + 1..];
        got.extend(check(
            &mut sync,
            rest,
            full,
            Ok((FIRST.len() - 1, false)),
            None,
        ));
        assert!(got == *FIRST, "the same headers come out");
    }
}

#[test]
fn a_chain_that_grew_meanwhile_is_given_on_to_its_end() {
    let mut sync = sync_at(NOW, 9);
    let longer = {
        let mut headers = chain(BLOCKS + 700, 0);
        assert!(headers[..FIRST.len()] == FIRST[..]);
        headers.split_off(FIRST.len())
    };
    sync.process(&FIRST, true).unwrap();
    let all: Vec<_> = FIRST.iter().chain(&longer).copied().collect();
    check(&mut sync, &all, true, Ok((all.len(), false)), None);
}

#[test]
fn a_chain_with_little_work_costs_nothing() {
    let mut sync = sync_at(NOW, 7);
    let behind = Some(SECOND[0].1);
    check(&mut sync, &SECOND[..1], true, Ok((0, true)), behind);
    check(&mut sync, &SECOND[1..], false, Ok((0, false)), None);
    // The peer that had the work and then serves less of it.
    let mut sync = sync_at(NOW, 7);
    sync.process(&FIRST, true).unwrap();
    check(&mut sync, &FIRST[..100], false, Ok((0, false)), None);
}

#[test]
fn what_is_no_chain_ends_the_sync() {
    let mut gap = sync_at(NOW, 7);
    let expected = Err(SyncError::NotContinuous(1));
    check(&mut gap, &FIRST[1..3], true, expected, None);

    let mut weak = FIRST[..2].to_vec();
    weak[1].1 = BlockHash([0xff; 32]);
    let expected = Err(SyncError::NoWork(2));
    check(&mut sync_at(NOW, 7), &weak, true, expected, None);

    // Longer than six blocks a second would make it: the start is 2,400 s ago, and a block may lie
    // two hours ahead.
    let soon = i64::from(start().median_time) + 2_400;
    let mut long = sync_at(soon - 7_200, 7);
    assert!(long.process(&FIRST[..600], true).is_ok());
    let mut long = sync_at(soon - 7_200 - 2_000, 7);
    let result = long.process(&FIRST, true);
    assert!(matches!(result, Err(SyncError::TooLong(_))), "{result:?}");
    assert_eq!(long.phase(), SyncPhase::Final);
}

#[test]
fn difficulty_may_not_jump() {
    let params = ChainParams::get(Coin::Bitcoin, Network::Main);
    let genesis = &params.genesis;
    let at = SyncStart {
        hash: genesis.hash,
        height: 0,
        bits: genesis.bits,
        chain_work: U256::from_u128(1 << 32),
        median_time: 1_231_006_505,
    };
    let mut sync = HeadersSyncState::new(params, at, U256::from_u128(1 << 40), NOW, [1; 32]);
    let header = Header {
        prev: genesis.hash,
        bits: CompactTarget(0x1c00_ffff),
        ..Header::default()
    };
    let result = sync.process(&[(header, BlockHash([0; 32]))], true);
    assert_eq!(result, Err(SyncError::BadTransition(1)));
}
