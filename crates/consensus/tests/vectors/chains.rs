//! Opcodes, signed transactions and blocks of the coin family.

use std::sync::Mutex;

use consensus::block_check::{
    BlockChecks, check_block, check_header, contextual_check_block, is_block_mutated,
};
use consensus::merkle::{block_merkle_root, block_witness_merkle_root};
use consensus::script::ScriptError;
use consensus::{
    DummyChecker, PrecomputedTx, ScriptFlags, SignatureCache, SignatureEntry, TxChecker,
    block_subsidy, verify_script,
};
use primitives::params::{ChainParams, Coin, Network};
use primitives::script::opcodes::OP_EQUAL;
use primitives::{Amount, Block, Script, Tx, TxOut};
use testkit::{chain_vectors, from_hex, to_hex};

use crate::sighashes::scheme;

#[test]
fn opcodes() {
    let Some(vectors) = chain_vectors() else {
        return;
    };
    for vector in vectors.of_kind("opcode") {
        let opcode = u8::try_from(vector["input"]["opcode"].as_u64().unwrap()).unwrap();
        let element = Script::new().push(&from_hex(&vector["input"]["element"]));
        let expected = from_hex(&vector["output"]);
        let run = |expected: &[u8]| {
            let script = Script::new().op(opcode).push(expected).op(OP_EQUAL);
            let mut checker = DummyChecker(scheme(vector));
            verify_script(&element, &script, &[], ScriptFlags::NONE, &mut checker)
        };
        assert_eq!(run(&expected), Ok(()), "{}", vector["id"]);
        assert_eq!(
            run(&expected[1..]),
            Err(ScriptError::EvalFalse),
            "{}",
            vector["id"]
        );
    }
}

/// What was said to be valid, and once more for every time that it was.
#[derive(Default)]
struct Memory(Mutex<Vec<String>>);

impl SignatureCache for Memory {
    fn get(&self, entry: &SignatureEntry<'_>) -> bool {
        self.0.lock().unwrap().contains(&format!("{entry:?}"))
    }

    fn insert(&self, entry: &SignatureEntry<'_>) {
        self.0.lock().unwrap().push(format!("{entry:?}"));
    }
}

#[test]
fn signed_transactions() {
    let Some(vectors) = chain_vectors() else {
        return;
    };
    for vector in vectors.of_kind("signed_tx") {
        let scheme = scheme(vector);
        let tx = Tx::from_bytes(&from_hex(&vector["output"]), scheme).unwrap();
        assert_eq!(to_hex(&tx.txid().0), vector["txid"], "{}", vector["id"]);
        let spent = TxOut {
            value: Amount::from_sat(vector["input"]["amount"].as_i64().unwrap()),
            script_pubkey: Script::from(from_hex(&vector["input"]["prevout_script"])),
        };
        let cache = Memory::default();
        let verify = |spent: &TxOut| {
            let precomputed = PrecomputedTx::new(&tx, vec![spent], scheme);
            let input = &tx.inputs[0];
            let (script, witness) = (&input.script_sig, &input.witness);
            let mut checker = TxChecker::new(&precomputed, 0).with_cache(&cache);
            let flags = ScriptFlags::STANDARD;
            verify_script(script, &spent.script_pubkey, witness, flags, &mut checker)
        };
        assert_eq!(verify(&spent), Ok(()), "{}", vector["id"]);
        let known = cache.0.lock().unwrap().len();
        assert!(known > 0, "valid signatures are remembered");
        assert_eq!(verify(&spent), Ok(()), "{}", vector["id"]);
        assert_eq!(
            cache.0.lock().unwrap().len(),
            known,
            "and not checked again"
        );
        // Witness signatures cover the amount.
        let other = TxOut {
            value: Amount::ZERO,
            ..spent.clone()
        };
        assert_eq!(
            verify(&other).is_err(),
            tx.has_witness(),
            "{}",
            vector["id"]
        );
    }
}

#[test]
fn made_blocks() {
    let Some(vectors) = chain_vectors() else {
        return;
    };
    for vector in vectors.of_kind("block") {
        let (id, output) = (&vector["id"], &vector["output"]);
        let coin: Coin = vector["coin"].as_str().unwrap().parse().unwrap();
        let network: Network = vector["network"].as_str().unwrap().parse().unwrap();
        let params = ChainParams::get(coin, network);
        let block = Block::from_bytes(&from_hex(&vector["input"]), params.hashes).unwrap();
        assert_eq!(block.hash.to_string(), output["display"], "{id}");
        assert_eq!(
            to_hex(&block_merkle_root(&block).0.0),
            output["merkle_root"],
            "{id}"
        );
        let witness_root = to_hex(&block_witness_merkle_root(&block).0);
        assert_eq!(witness_root, output["witness_merkle_root"], "{id}");
        let height = u32::try_from(output["height"].as_u64().unwrap()).unwrap();
        assert_eq!(
            block_subsidy(height, params).sat(),
            output["subsidy"],
            "{id}"
        );
        assert_eq!(
            check_block(&block, params, BlockChecks::ALL),
            Ok(()),
            "{id}"
        );
        let median_time = block.header.time - 1;
        let contextual = contextual_check_block(&block, height, median_time, params);
        assert_eq!(contextual, Ok(()), "{id}");
        assert!(!is_block_mutated(&block, true), "{id}");
    }
}

/// Every genesis meets its own target and passes the checks of a block.
#[test]
fn genesis_blocks() {
    for params in ChainParams::all() {
        let block = Block::from_bytes(params.genesis.block, params.hashes).unwrap();
        let name = (params.coin, params.network);
        assert_eq!(block.hash, params.genesis.hash, "{name:?}");
        assert_eq!(
            check_header(&block.hash, &block.header, params),
            Ok(()),
            "{name:?}"
        );
        assert_eq!(
            check_block(&block, params, BlockChecks::ALL),
            Ok(()),
            "{name:?}"
        );
    }
}
