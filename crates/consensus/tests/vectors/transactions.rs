//! `tx_valid.json` and `tx_invalid.json`.

use consensus::{PrecomputedTx, ScriptFlags, TxChecker, check_transaction, verify_script};
use primitives::HashScheme;
use primitives::params::{ChainParams, Coin, Network};

use crate::asm::parse_flags;
use crate::cases::{TxCase, tx_cases};

fn are_scripts_valid(case: &TxCase, flags: ScriptFlags) -> bool {
    let precomputed = PrecomputedTx::new(&case.tx, Vec::new(), HashScheme::Bitcoin);
    case.tx.inputs.iter().enumerate().all(|(i, input)| {
        let spent = &case.prevouts[&input.prevout];
        let mut checker = TxChecker::new(&precomputed, i).with_amount(spent.value);
        verify_script(
            &input.script_sig,
            &spent.script_pubkey,
            &input.witness,
            flags,
            &mut checker,
        )
        .is_ok()
    })
}

/// Takes out what needs a flag that is missing.
fn trim(flags: ScriptFlags) -> ScriptFlags {
    let mut flags = flags;
    if !flags.contains(ScriptFlags::P2SH) {
        flags = flags & !ScriptFlags::WITNESS;
    }
    if !flags.contains(ScriptFlags::WITNESS) {
        flags = flags & !ScriptFlags::CLEANSTACK;
    }
    flags
}

/// Adds what the flags need.
fn fill(mut flags: ScriptFlags) -> ScriptFlags {
    if flags.contains(ScriptFlags::CLEANSTACK) {
        flags |= ScriptFlags::WITNESS;
    }
    if flags.contains(ScriptFlags::WITNESS) {
        flags |= ScriptFlags::P2SH;
    }
    flags
}

#[test]
fn valid_transactions() {
    let params = ChainParams::get(Coin::Bitcoin, Network::Main);
    let cases = tx_cases("tx_valid.json");
    for case in &cases {
        let txid = case.tx.txid();
        assert_eq!(check_transaction(&case.tx, params), Ok(()), "{txid}");
        let excluded = parse_flags(&case.flags);
        assert!(are_scripts_valid(case, !excluded), "{txid}");
        for (name, flag) in ScriptFlags::all() {
            let fewer = trim(!(excluded | flag));
            assert!(are_scripts_valid(case, fewer), "{txid} without {name}");
            // No flag is excluded in vain.
            let less_excluded = trim(excluded & !flag);
            if less_excluded != excluded {
                assert!(
                    !are_scripts_valid(case, !less_excluded),
                    "{txid} with {name}"
                );
            }
        }
    }
    assert!(cases.is_empty() || cases.len() == 121, "{}", cases.len());
}

#[test]
fn invalid_transactions() {
    let params = ChainParams::get(Coin::Bitcoin, Network::Main);
    let cases = tx_cases("tx_invalid.json");
    for case in &cases {
        let txid = case.tx.txid();
        if check_transaction(&case.tx, params).is_err() {
            assert_eq!(case.flags, "BADTX", "{txid}");
            continue;
        }
        let flags = parse_flags(&case.flags);
        assert!(!are_scripts_valid(case, flags), "{txid}");
        for (name, flag) in ScriptFlags::all() {
            assert!(
                !are_scripts_valid(case, fill(flags | flag)),
                "{txid} with {name}"
            );
            // No flag is needed in vain.
            let fewer = trim(flags & !flag);
            if fewer != flags {
                assert!(are_scripts_valid(case, fewer), "{txid} without {name}");
            }
        }
    }
    assert!(cases.is_empty() || cases.len() == 93, "{}", cases.len());
}
