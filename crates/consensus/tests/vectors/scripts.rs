//! `script_tests.json`.

use consensus::{PrecomputedTx, ScriptError, TxChecker, verify_script};
use primitives::HashScheme;

use crate::cases::{ScriptCase, script_cases};

#[test]
fn script_tests() {
    let cases = script_cases();
    assert!(cases.is_empty() || cases.len() == 1233, "{}", cases.len());
    for case in &cases {
        assert_eq!(outcome(case), case.outcome, "{}", case.row);
    }
}

/// Runs a case and names its outcome.
fn outcome(case: &ScriptCase) -> &'static str {
    let precomputed = PrecomputedTx::new(&case.spend, vec![&case.spent], HashScheme::Bitcoin);
    let mut checker = TxChecker::new(&precomputed, 0);
    let input = &case.spend.inputs[0];
    match verify_script(
        &input.script_sig,
        &case.spent.script_pubkey,
        &input.witness,
        case.flags,
        &mut checker,
    ) {
        Ok(()) => "OK",
        // The vectors have a shorter name for this one.
        Err(ScriptError::SigNullfail) => "NULLFAIL",
        Err(error) => error.name(),
    }
}
