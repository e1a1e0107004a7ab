//! Blocks that are signed (BIP325).

use primitives::encode::{Reader, Sink};
use primitives::script::opcodes::{OP_0, OP_RETURN};
use primitives::transaction::TxData;
use primitives::{Amount, Block, ChainParams, HashScheme, OutPoint, Script, Tx, TxIn, TxOut};

use crate::block_check::witness_commitment_index;
use crate::merkle::merkle_root;
use crate::script::{ScriptFlags, TxChecker, verify_script};
use crate::sighash::PrecomputedTx;

/// What the push with the solution begins with.
const HEADER: [u8; 4] = [0xec, 0xc7, 0xda, 0xa2];

/// Script rules of a solution.
const FLAGS: [ScriptFlags; 4] = [
    ScriptFlags::P2SH,
    ScriptFlags::WITNESS,
    ScriptFlags::DERSIG,
    ScriptFlags::NULLDUMMY,
];

/// Whether the block carries a valid solution of the chain's challenge, or the chain has none
/// (Core's `CheckSignetBlockSolution`). Genesis needs no solution.
pub fn check_signet_solution(block: &Block, params: &ChainParams) -> bool {
    let Some(challenge) = params.signet_challenge else {
        return true;
    };
    if block.hash == params.genesis.hash {
        return true;
    }
    let Some((spent, spending)) = signet_txs(block, challenge, params.hashes) else {
        return false;
    };
    let flags = FLAGS
        .into_iter()
        .fold(ScriptFlags::NONE, |all, flag| all | flag);
    let precomputed = PrecomputedTx::new(&spending, vec![&spent], params.hashes);
    let input = &spending.inputs[0];
    let mut checker = TxChecker::new(&precomputed, 0);
    let (script, witness) = (&input.script_sig, &input.witness);
    verify_script(script, &spent.script_pubkey, witness, flags, &mut checker).is_ok()
}

/// The output that holds the challenge and the transaction that solves it; `None` where the block
/// has no commitment or its solution cannot be read.
fn signet_txs(block: &Block, challenge: &[u8], scheme: HashScheme) -> Option<(TxOut, TxData)> {
    let index = witness_commitment_index(block)?;
    let mut coinbase = block.txs.first()?.data().clone();
    let (cleared, solution) = split_solution(&coinbase.outputs[index].script_pubkey);
    let mut solver = TxIn::unsigned(OutPoint::NULL, 0);
    if let Some(solution) = solution {
        // Without one the challenge may still be trivial.
        coinbase.outputs[index].script_pubkey = cleared;
        let mut reader = Reader::new(&solution);
        solver.script_sig = Script::from(reader.var_bytes().ok()?);
        solver.witness = reader.list(1, |r| r.var_bytes().map(<[u8]>::to_vec)).ok()?;
        reader.finish().ok()?;
    }
    let mut leaves: Vec<_> = block.txs.iter().map(|tx| tx.txid().0).collect();
    leaves[0] = Tx::new(coinbase, scheme).txid().0;
    let (root, _mutated) = merkle_root(leaves);

    let mut data = Vec::with_capacity(72);
    data.put_i32(block.header.version);
    data.put(&block.header.prev.0);
    data.put(&root.0);
    data.put_u32(block.header.time);
    let mut holder = TxIn::unsigned(OutPoint::NULL, 0);
    holder.script_sig = Script::new().op(OP_0).push(&data);
    let challenge = TxOut {
        value: Amount::ZERO,
        script_pubkey: Script::from(challenge),
    };
    let to_spend = transaction(holder, challenge.clone());
    solver.prevout = OutPoint::new(Tx::new(to_spend, scheme).txid(), 0);
    let nothing = TxOut {
        value: Amount::ZERO,
        script_pubkey: Script::new().op(OP_RETURN),
    };
    Some((challenge, transaction(solver, nothing)))
}

fn transaction(input: TxIn, output: TxOut) -> TxData {
    TxData {
        version: 0,
        inputs: vec![input],
        outputs: vec![output],
        lock_time: 0,
    }
}

/// Takes the solution out of the commitment's script: the rest of the first push that begins with
/// the header and goes on.
fn split_solution(script: &Script) -> (Script, Option<Vec<u8>>) {
    let mut rebuilt = Script::new();
    let mut solution = None;
    for piece in script.instructions().map_while(Result::ok) {
        let mut data = piece.data;
        if let (None, Some([first, rest @ ..])) = (&solution, data.strip_prefix(&HEADER)) {
            solution = Some([&[*first], rest].concat());
            data = &HEADER;
        }
        rebuilt = if data.is_empty() {
            rebuilt.op(piece.opcode)
        } else {
            rebuilt.push(data)
        };
    }
    (rebuilt, solution)
}

#[cfg(test)]
mod tests;
