use primitives::params::{ChainParams, Coin, Network};
use primitives::{OutPoint, Script, TxIn, Txid};

use super::*;

fn tx(version: u32, sequences: &[u32], lock_time: u32, value_out: i64) -> TxData {
    let prevout = |vout| OutPoint::new(Txid([7; 32]), vout);
    TxData {
        version,
        inputs: (0..)
            .zip(sequences)
            .map(|(i, s)| TxIn::unsigned(prevout(i), *s))
            .collect(),
        outputs: vec![output(value_out)],
        lock_time,
    }
}

fn output(value: i64) -> TxOut {
    TxOut {
        value: Amount::from_sat(value),
        script_pubkey: Script::new(),
    }
}

#[test]
fn lock_times() {
    let check = |lock_time, sequence, height, time| {
        is_final_tx(&tx(1, &[sequence], lock_time, 0), height, time)
    };
    assert!(check(0, 0, 0, 0));
    assert!(
        !check(100, 0, 100, i64::MAX),
        "the last height that is too early"
    );
    assert!(check(100, 0, 101, 0));
    assert!(check(100, SEQUENCE_FINAL, 0, 0));
    assert!(!check(
        LOCKTIME_THRESHOLD,
        0,
        u32::MAX,
        i64::from(LOCKTIME_THRESHOLD)
    ));
    assert!(check(
        LOCKTIME_THRESHOLD,
        0,
        0,
        i64::from(LOCKTIME_THRESHOLD) + 1
    ));
}

#[test]
fn relative_lock_times() {
    let check = |version, sequence| {
        let tx = tx(
            version,
            &[SEQUENCE_LOCKTIME_DISABLE_FLAG | 9, sequence],
            0,
            0,
        );
        let locks = sequence_locks(&tx, [50, 100], |height| height * 1000);
        (locks.height, locks.time)
    };
    assert_eq!(check(1, 10), (-1, -1), "before version 2 they mean nothing");
    assert_eq!(check(2, 0), (99, -1), "already the next block will do");
    assert_eq!(check(2, 10), (109, -1));
    assert_eq!(
        check(2, SEQUENCE_LOCKTIME_TYPE_FLAG | 2),
        (-1, 99_000 + 1024 - 1)
    );
    assert_eq!(check(2, 0xffff_ffff), (-1, -1));
    let locks = SequenceLocks {
        height: 109,
        time: 100_023,
    };
    assert!(locks.allow(110, 100_024));
    assert!(!locks.allow(109, 100_024));
    assert!(!locks.allow(110, 100_023));
}

/// What is wrong, or the fee.
fn fee(coins: &[Option<(i64, u32, bool)>], value_out: i64) -> String {
    let params = ChainParams::get(Coin::Bitcoin, Network::Main);
    let tx = tx(2, &[0; 2], 0, value_out);
    let outputs: Vec<_> = coins
        .iter()
        .map(|c| output(c.map_or(0, |(value, ..)| value)))
        .collect();
    let coins = coins.iter().zip(&outputs).map(|(coin, output)| {
        coin.map(|(_, height, coinbase)| SpentCoin {
            output,
            height,
            coinbase,
        })
    });
    match check_tx_inputs(&tx, coins, 200, params) {
        Ok(fee) => fee.sat().to_string(),
        Err(error) => format!("{}, {}", error.reject_reason(), error.debug_message()),
    }
}

#[test]
fn inputs() {
    let check = |coins: &[Option<(i64, u32, bool)>], value_out, expected: &str| {
        assert_eq!(fee(coins, value_out), expected);
    };
    let coin = Some((60, 100, true));
    check(&[coin, Some((50, 199, false))], 100, "10");
    check(
        &[coin, Some((50, 101, true))],
        100,
        "bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 99",
    );
    check(
        &[Some((50, 101, true)), None],
        100,
        "bad-txns-inputs-missingorspent, CheckTxInputs: inputs missing/spent",
    );
    check(
        &[coin],
        0,
        "bad-txns-inputs-missingorspent, CheckTxInputs: inputs missing/spent",
    );
    check(
        &[coin, coin],
        150_000_000,
        "bad-txns-in-belowout, value in (0.0000012) < value out (1.50)",
    );
    let all = Some((2_100_000_000_000_000, 100, false));
    check(&[all, coin], 1, "bad-txns-inputvalues-outofrange, ");
    check(
        &[Some((-1, 1, false)), coin],
        1,
        "bad-txns-inputvalues-outofrange, ",
    );
}
