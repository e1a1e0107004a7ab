use std::sync::Arc;

use primitives::params::{Coin, Network};
use primitives::transaction::TxData;
use primitives::{Amount, CompactTarget, Hash256, HashScheme, OutPoint, Tx, TxIn, TxOut};

use super::*;
use crate::header_chain::HeaderInfo;
use crate::merkle::block_merkle_root;

/// Ten-minute blocks with the easiest target.
struct Steady {
    length: u32,
    bits: CompactTarget,
}

const START: u32 = 1_600_000_000;

impl HeaderChain for Steady {
    fn height(&self) -> u32 {
        self.length - 1
    }

    fn header(&self, height: u32) -> HeaderInfo {
        HeaderInfo {
            version: 4,
            time: START + height * 600,
            bits: self.bits,
        }
    }

    fn hash(&self, _height: u32) -> BlockHash {
        BlockHash::ZERO
    }
}

/// The reason why a header on top of `length` blocks is refused, with its time in seconds after its
/// parent's.
fn header_reason(params: &ChainParams, length: u32, version: i32, after: i64, now: i64) -> String {
    let parent = Steady {
        length,
        bits: params.pow_limit_bits,
    };
    let parent_time = i64::from(parent.last().time);
    let header = Header {
        version,
        time: u32::try_from(parent_time + after).unwrap(),
        bits: params.pow_limit_bits,
        ..Header::default()
    };
    contextual_check_header(&header, &parent, parent_time + now, params).map_or_else(
        |error| error.reject_reason().into_owned(),
        |()| "ok".to_owned(),
    )
}

#[test]
fn headers_are_judged_by_their_ancestors() {
    let regtest = ChainParams::get(Coin::Bitcoin, Network::Regtest);
    let check = |version, after, now, expected: &str| {
        assert_eq!(header_reason(regtest, 20, version, after, now), expected);
    };
    check(4, 600, 0, "ok");
    // The median of eleven is five blocks back.
    check(4, -2999, 0, "ok");
    check(4, -3000, 0, "time-too-old");
    check(4, 7200, 0, "ok");
    check(4, 7201, 0, "time-too-new");
    check(4, 7201, 1, "ok");
    check(3, 600, 0, "bad-version(0x00000003)");
    check(0, 600, 0, "bad-version(0x00000000)");
    check(-1, 600, 0, "bad-version(0xffffffff)");
    check(0x2000_0000, 600, 0, "ok");

    let mut bip94 = regtest.clone();
    bip94.bip94 = true;
    let interval = bip94.difficulty_adjustment_interval;
    assert_eq!(header_reason(&bip94, interval, 4, -600, 0), "ok");
    assert_eq!(
        header_reason(&bip94, interval, 4, -601, 0),
        "time-timewarp-attack"
    );
    assert_eq!(header_reason(&bip94, interval + 1, 4, -601, 0), "ok");
    assert_eq!(header_reason(regtest, interval, 4, -601, 0), "ok");

    let mut harder = regtest.clone();
    harder.pow_limit_bits = CompactTarget(0x1d00_ffff);
    let parent = Steady {
        length: 20,
        bits: CompactTarget(0x1c00_ffff),
    };
    let header = Header {
        time: parent.last().time + 1,
        bits: harder.pow_limit_bits,
        ..Header::default()
    };
    let error = contextual_check_header(&header, &parent, i64::MAX, &harder);
    assert_eq!(error, Err(BlockError::BadDiffBits));
    assert_eq!(error.unwrap_err().kind(), BlockErrorKind::InvalidHeader);
}

#[test]
fn bits_below_the_enforced_height_are_free() {
    let groestl = ChainParams::get(Coin::Groestlcoin, Network::Main);
    let reason = |length| {
        let parent = Steady {
            length,
            bits: CompactTarget(0x1c00_ffff),
        };
        let header = Header {
            version: 0x2000_0000,
            time: parent.last().time + 60,
            bits: CompactTarget(0x1b00_1234),
            ..Header::default()
        };
        contextual_check_header(&header, &parent, i64::MAX, groestl)
    };
    assert_eq!(reason(99_999), Ok(()));
    assert_eq!(reason(100_000), Err(BlockError::BadDiffBits));
}

fn coinbase(height: i64) -> TxData {
    let mut input = TxIn::unsigned(OutPoint::NULL, u32::MAX);
    input.script_sig = Script::new().push_int(height).op(0);
    let output = TxOut {
        value: Amount::ZERO,
        script_pubkey: Script::new(),
    };
    TxData {
        version: 2,
        inputs: vec![input],
        outputs: vec![output],
        lock_time: 0,
    }
}

fn block(txs: Vec<TxData>) -> Block {
    let scheme = HashScheme::Bitcoin;
    let txs = txs
        .into_iter()
        .map(|tx| Arc::new(Tx::new(tx, scheme)))
        .collect();
    Block::new(
        Header {
            time: START,
            ..Header::default()
        },
        txs,
        scheme,
    )
}

fn spend(vout: u32) -> TxData {
    let prevout = OutPoint::new(primitives::Txid([1; 32]), vout);
    TxData {
        inputs: vec![TxIn::unsigned(prevout, 0)],
        ..coinbase(0)
    }
}

#[test]
fn witnesses_need_a_commitment() {
    let params = ChainParams::get(Coin::Bitcoin, Network::Regtest);
    let check = |block: &Block| contextual_check_block(block, 7, START, params);
    let mut plain = block(vec![coinbase(7), spend(0)]);
    assert_eq!(check(&plain), Ok(()));
    assert_eq!(
        check(&block(vec![coinbase(8)])),
        Err(BlockError::CoinbaseHeight)
    );

    let mut signed = spend(0);
    signed.inputs[0].witness = vec![vec![1]];
    let mut with_witness = block(vec![coinbase(7), signed]);
    assert_eq!(check(&with_witness), Err(BlockError::UnexpectedWitness));

    add_witness_commitment(&mut with_witness, true, HashScheme::Bitcoin);
    assert_eq!(check(&with_witness), Ok(()));
    assert_eq!(
        check_witness_malleation(&with_witness, false),
        Err(BlockError::UnexpectedWitness)
    );
    // Once more changes nothing.
    let again = with_witness.clone();
    add_witness_commitment(&mut with_witness, true, HashScheme::Bitcoin);
    assert_eq!(with_witness, again);

    add_witness_commitment(&mut plain, true, HashScheme::Bitcoin);
    assert_eq!(check(&plain), Ok(()));
    let mut other = with_witness.clone();
    other.txs[1] = plain.txs[1].clone();
    assert_eq!(check(&other), Err(BlockError::WitnessMerkleMatch));

    let mut reserved = with_witness.txs[0].data().clone();
    reserved.inputs[0].witness = vec![vec![0; 31]];
    with_witness.txs[0] = Arc::new(Tx::new(reserved, HashScheme::Bitcoin));
    let error = check(&with_witness).unwrap_err();
    assert_eq!(error.reject_reason(), "bad-witness-nonce-size");
    assert_eq!(error.kind(), BlockErrorKind::Mutated);
}

#[test]
fn lock_times_and_limits() {
    let params = ChainParams::get(Coin::Bitcoin, Network::Regtest);
    let mut locked = spend(0);
    locked.lock_time = START;
    let block_with = |tx: TxData| block(vec![coinbase(7), tx]);
    let check =
        |tx: &TxData, median| contextual_check_block(&block_with(tx.clone()), 7, median, params);
    assert_eq!(check(&locked, START), Err(BlockError::NonFinal(None)));
    assert_eq!(check(&locked, START + 1), Ok(()));

    let unchecked = BlockChecks {
        proof_of_work: false,
        merkle_root: true,
    };
    let check = |tx: TxData| {
        let mut block = block_with(tx);
        block.header.merkle_root = block_merkle_root(&block).0;
        check_block(&block, params, unchecked)
    };
    let mut many = spend(0);
    many.outputs[0].script_pubkey = Script::from(vec![0xac; 20_000]);
    assert_eq!(check(many.clone()), Ok(()));
    many.outputs[0].script_pubkey = Script::from(vec![0xac; 20_001]);
    let error = check(many).unwrap_err();
    assert_eq!(error.reject_reason(), "bad-blk-sigops");
    assert_eq!(error.debug_message(), "out-of-bounds SigOpCount");
    let mut large = spend(0);
    large.outputs[0].script_pubkey = Script::from(vec![0; 999_900]);
    assert_eq!(check(large), Err(BlockError::BadLength));
    let mut negative = spend(0);
    negative.outputs[0].value = Amount::from_sat(-1);
    let error = check(negative).unwrap_err();
    assert_eq!(error.reject_reason(), "bad-txns-vout-negative");
    assert!(
        error
            .debug_message()
            .starts_with("Transaction check failed (tx hash ")
    );

    let mut heavy = spend(0);
    heavy.inputs[0].witness = vec![vec![0; 3_999_900]];
    let mut heavy = block_with(heavy);
    add_witness_commitment(&mut heavy, true, HashScheme::Bitcoin);
    let error = contextual_check_block(&heavy, 7, START, params);
    assert_eq!(error, Err(BlockError::BadWeight));
}

#[test]
fn repeated_transactions_are_a_mutation() {
    let params = ChainParams::get(Coin::Bitcoin, Network::Regtest);
    let mut block = block(vec![coinbase(7), spend(0), spend(1)]);
    block.header.merkle_root = block_merkle_root(&block).0;
    block.txs.push(block.txs[2].clone());
    let unchecked = BlockChecks {
        proof_of_work: false,
        merkle_root: true,
    };
    let error = check_block(&block, params, unchecked).unwrap_err();
    assert_eq!(error, BlockError::DuplicateTransactions);
    assert_eq!(error.kind(), BlockErrorKind::Mutated);
    block.header.merkle_root = Hash256::ZERO;
    let error = check_block(&block, params, unchecked);
    assert_eq!(error, Err(BlockError::BadMerkleRoot));
}
