use primitives::CompactTarget;
use primitives::params::{Coin, Deployment, DeploymentStart, Network};

use super::*;
use crate::header_chain::{HeaderChain, HeaderInfo};

/// A chain whose block at each height has that height in its id, 10 s after its parent.
struct Versions(Vec<u32>);

impl HeaderChain for Versions {
    fn height(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap() - 1
    }

    fn header(&self, height: u32) -> HeaderInfo {
        let version = self.0[height as usize].cast_signed();
        HeaderInfo {
            version,
            time: height * 10,
            bits: CompactTarget(0x207f_ffff),
        }
    }

    fn hash(&self, height: u32) -> BlockHash {
        let mut hash = BlockHash::ZERO;
        hash.0[..4].copy_from_slice(&height.to_le_bytes());
        hash
    }
}

const NONE: u32 = VERSIONBITS_TOP_BITS;
const SIGNAL: u32 = VERSIONBITS_TOP_BITS | 1 << 28;

fn deployment(min_activation_height: u32) -> Deployment {
    Deployment {
        id: DeploymentId::TestDummy,
        bit: 28,
        start: DeploymentStart::At(95),
        timeout: Some(440),
        min_activation_height,
        threshold: 8,
        period: 10,
    }
}

/// The state of the first block of each period, with a cache and without.
fn states(versions: &[u32], deployment: &Deployment) -> Vec<&'static str> {
    let mut kept = VersionBitsCache::default();
    (0..=versions.len() / 10)
        .map(|period| {
            let chain = Versions(versions[..period * 10].to_vec());
            let chain = (period > 0).then_some(&chain);
            let state = kept.state(deployment, chain);
            assert_eq!(VersionBitsCache::default().state(deployment, chain), state);
            state.name()
        })
        .collect()
}

fn periods(counts: &[usize]) -> Vec<u32> {
    counts
        .iter()
        .flat_map(|n| (0..10).map(|i| if i < *n { SIGNAL } else { NONE }))
        .collect()
}

#[test]
fn signalling_locks_in_and_activates() {
    // The median lags: 95 s are reached by the end of the second period.
    let blocks = periods(&[10, 10, 7, 8, 0, 0]);
    let expected = [
        "defined",
        "defined",
        "started",
        "started",
        "locked_in",
        "active",
        "active",
    ];
    assert_eq!(states(&blocks, &deployment(0)), expected);
    let expected = [
        "defined",
        "defined",
        "started",
        "started",
        "locked_in",
        "locked_in",
        "active",
    ];
    assert_eq!(states(&blocks, &deployment(60)), expected);
}

#[test]
fn signalling_fails_after_the_timeout() {
    let expected = [
        "defined", "defined", "started", "started", "started", "failed", "failed",
    ];
    assert_eq!(
        states(&periods(&[0, 0, 7, 7, 7, 10]), &deployment(0)),
        expected
    );
    // Enough signals in the last period count although its end is late.
    let expected = [
        "defined",
        "defined",
        "started",
        "started",
        "started",
        "locked_in",
        "active",
    ];
    assert_eq!(
        states(&periods(&[0, 0, 7, 7, 8, 0]), &deployment(0)),
        expected
    );
}

#[test]
fn fixed_states_need_no_blocks() {
    let mut always = deployment(0);
    always.start = DeploymentStart::Always;
    assert_eq!(states(&[], &always), ["active"]);
    always.start = DeploymentStart::Never;
    assert_eq!(states(&[], &always), ["failed"]);
}

#[test]
fn statistics_of_the_running_period() {
    let mut cache = VersionBitsCache::default();
    let mut blocks = periods(&[0, 0]);
    blocks.extend([SIGNAL, NONE, SIGNAL, NONE]);
    let info = cache.info(&deployment(0), &Versions(blocks.clone()));
    let stats = Bip9Stats {
        period: 10,
        threshold: 8,
        elapsed: 4,
        count: 2,
        possible: true,
    };
    assert_eq!(info.stats, Some(stats));
    assert_eq!(info.signalling, [true, false, true, false]);
    assert_eq!((info.state.name(), info.since), ("started", 20));
    blocks.push(NONE);
    let info = cache.info(&deployment(0), &Versions(blocks));
    assert!(!info.stats.unwrap().possible);

    let info = cache.info(&deployment(0), &Versions(periods(&[0, 0, 8, 0])));
    assert_eq!(
        (info.state.name(), info.next_state.name()),
        ("locked_in", "active")
    );
    assert_eq!((info.since, info.active_since), (30, Some(40)));
}

#[test]
fn new_blocks_signal() {
    let mut params = ChainParams::get(Coin::Bitcoin, Network::Regtest).clone();
    params.deployments = vec![deployment(0)].leak();
    let version = |counts: &[usize]| {
        let chain = Versions(periods(counts));
        VersionBitsCache::default()
            .compute_block_version(&chain, &params)
            .cast_unsigned()
    };
    assert_eq!(version(&[0]), NONE);
    assert_eq!(version(&[0, 0]), SIGNAL);
    assert_eq!(version(&[0, 0, 8]), SIGNAL);
    assert_eq!(version(&[0, 0, 8, 0]), NONE);
}

#[test]
fn unknown_signals_are_noticed() {
    let mut params = ChainParams::get(Coin::Bitcoin, Network::Regtest).clone();
    params.difficulty_adjustment_interval = 10;
    let mut known = deployment(0);
    (known.bit, known.threshold) = (3, 9);
    params.deployments = vec![known].leak();
    let signal = |bit: u8, counts: &[usize]| {
        let versions = periods(counts).into_iter();
        Versions(
            versions
                .map(|v| if v == SIGNAL { NONE | 1 << bit } else { v })
                .collect(),
        )
    };
    let check = |bit, counts: &[usize], expected: &[(u8, bool)]| {
        let chain = signal(bit, counts);
        let mut cache = VersionBitsCache::default();
        assert_eq!(cache.unknown_activations(&chain, &params), expected);
        assert_eq!(
            cache.unknown_activations(&chain, &params),
            expected,
            "from the cache"
        );
    };
    check(2, &[0, 6], &[]);
    check(2, &[0, 7], &[(2, false)]);
    check(2, &[0, 7, 0], &[(2, true)]);
    // Bits above the fourth are not for signals.
    check(5, &[0, 7], &[]);
    // What is known does not count while it may signal: from the third period on.
    check(3, &[0, 7], &[(3, false)]);
    check(3, &[0, 0, 8, 8], &[]);
}

#[test]
fn flags_follow_heights_and_exceptions() {
    let main = ChainParams::get(Coin::Bitcoin, Network::Main);
    let check = |height, hash: &str, expected: &str| {
        assert_eq!(
            script_flags(height, &hash.parse().unwrap(), main).to_string(),
            expected
        );
    };
    let any = "00000000000000000000000000000000000000000000000000000000000000aa";
    check(0, any, "P2SH,TAPROOT,WITNESS");
    check(363_724, any, "P2SH,TAPROOT,WITNESS");
    check(363_725, any, "DERSIG,P2SH,TAPROOT,WITNESS");
    check(
        388_381,
        any,
        "CHECKLOCKTIMEVERIFY,DERSIG,P2SH,TAPROOT,WITNESS",
    );
    let bip16 = "00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22";
    check(170_060, bip16, "NONE");
    let taproot = "0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad";
    let buried = "CHECKLOCKTIMEVERIFY,CHECKSEQUENCEVERIFY,DERSIG,NULLDUMMY,P2SH";
    check(692_261, taproot, &format!("{buried},WITNESS"));
    assert_eq!(
        script_flags(900_000, &any.parse().unwrap(), main),
        ScriptFlags::MANDATORY
    );
}

#[test]
fn bip30_is_skipped_on_the_known_chain_only() {
    let mut params = ChainParams::get(Coin::Bitcoin, Network::Main).clone();
    params.bip34_height = 5;
    params.bip30_recheck_height = 20;
    let chain = |length: usize| Versions(vec![NONE; length]);
    params.bip34_hash = Some(chain(10).hash(5));
    let check =
        |length, params: &ChainParams| enforces_bip30(&chain(length), &BlockHash::ZERO, params);
    assert!(check(5, &params), "the block with the pinned id itself");
    assert!(!check(6, &params));
    assert!(!check(19, &params));
    assert!(check(20, &params));
    params.bip34_hash = Some(BlockHash([9; 32]));
    assert!(check(10, &params));
    params.bip34_hash = None;
    assert!(check(10, &params));
    let repeat = "00000000000a4d0a398161ffc163c503763b1f4360639393e0e4c8e300e0caec";
    assert!(is_bip30_repeat(91_842, &repeat.parse().unwrap()));
    assert!(!is_bip30_repeat(91_880, &repeat.parse().unwrap()));
}
