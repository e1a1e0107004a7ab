//! What holds for every script: nothing panics, and more rules never make one valid.

use consensus::{PrecomputedTx, ScriptFlags, TxChecker, check_transaction, verify_script};
use primitives::params::{ChainParams, Coin, Network};
use primitives::transaction::TxData;
use primitives::{Amount, HashScheme, OutPoint, Script, TxIn, TxOut, Txid};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_oneof, proptest};
use proptest::sample::select;

/// Opcodes that occur together, short pushes, and any bytes.
fn script() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => select(&[0u8, 0x4f, 0x51, 0x52, 0x53, 0x61, 0x63, 0x64, 0x67, 0x68, 0x69][..])
            .prop_map(|op| vec![op]),
        6 => (0x6b..=0xbau8).prop_map(|op| vec![op]),
        2 => vec(any::<u8>(), 1..4).prop_map(|data| Script::new().push(&data).into_bytes()),
        1 => vec(any::<u8>(), 1..3),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A script as it stands, or behind one of the programs that reveal it.
fn spend() -> impl Strategy<Value = (Script, Script, Vec<Vec<u8>>)> {
    let stack = vec(vec(any::<u8>(), 0..4), 0..4);
    (0..4u8, script(), script(), stack).prop_map(|(kind, script_sig, script, mut stack)| {
        use primitives::hash_scheme::{hash160, sha256};
        let script = Script::from(script);
        let pushes = stack
            .iter()
            .fold(Script::new(), |all, element| all.push(element));
        match kind {
            0 => (Script::from(script_sig), script, Vec::new()),
            1 => (
                pushes.push(&script),
                Script::pay_to_script_hash(&hash160(&script)),
                Vec::new(),
            ),
            2 => {
                stack.push(script.to_vec());
                (
                    Script::new(),
                    Script::witness_program(0, &sha256(&script)),
                    stack,
                )
            }
            _ => (
                Script::from(script_sig),
                Script::witness_program(1, &[3; 32]),
                stack,
            ),
        }
    })
}

fn flags() -> impl Strategy<Value = ScriptFlags> {
    any::<u32>().prop_map(|bits| {
        let chosen = (0..)
            .zip(ScriptFlags::all())
            .filter(|(i, _)| bits >> i & 1 != 0);
        chosen.fold(ScriptFlags::NONE, |all, (_, (_, flag))| all | flag)
    })
}

/// Adds the rules that others need.
fn fill(mut flags: ScriptFlags) -> ScriptFlags {
    if flags.contains(ScriptFlags::CLEANSTACK) {
        flags |= ScriptFlags::WITNESS;
    }
    if flags.contains(ScriptFlags::WITNESS) {
        flags |= ScriptFlags::P2SH;
    }
    flags
}

fn is_valid(
    (script_sig, pubkey, witness): &(Script, Script, Vec<Vec<u8>>),
    flags: ScriptFlags,
) -> bool {
    let input = TxIn {
        prevout: OutPoint::new(Txid([1; 32]), 0),
        script_sig: script_sig.clone(),
        sequence: 5,
        witness: witness.clone(),
    };
    let output = TxOut {
        value: Amount::from_sat(1),
        script_pubkey: pubkey.clone(),
    };
    let outputs = vec![output.clone()];
    let tx = TxData {
        version: 2,
        inputs: vec![input],
        outputs,
        lock_time: 9,
    };
    let precomputed = PrecomputedTx::new(&tx, vec![&output], HashScheme::Bitcoin);
    let mut checker = TxChecker::new(&precomputed, 0);
    verify_script(script_sig, pubkey, witness, flags, &mut checker).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn rules_only_take_away(spend in spend(), flags in flags(), more in flags()) {
        let fewer = is_valid(&spend, fill(flags));
        let all = is_valid(&spend, fill(flags | more));
        prop_assert!(fewer || !all, "{spend:?} is valid under more rules only");
    }

    #[test]
    fn any_bytes_are_judged(bytes in vec(any::<u8>(), 0..200)) {
        let params = ChainParams::get(Coin::Groestlcoin, Network::Main);
        let mut reader = primitives::encode::Reader::new(&bytes);
        if let Ok(tx) = TxData::decode(&mut reader, true) {
            let spent: Vec<&TxOut> = tx.outputs.iter().take(tx.inputs.len()).collect();
            let precomputed = PrecomputedTx::new(&tx, spent, params.hashes);
            for (i, input) in tx.inputs.iter().enumerate() {
                let mut checker = TxChecker::new(&precomputed, i);
                let (script, witness) = (&input.script_sig, &input.witness);
                let flags = ScriptFlags::STANDARD;
                // Only that it ends counts.
                let _verdict = verify_script(script, script, witness, flags, &mut checker);
            }
            let _verdict = check_transaction(&tx, params);
        }
    }
}
