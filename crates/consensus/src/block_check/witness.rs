//! The commitment to a block's witnesses (BIP141).

use std::sync::Arc;

use primitives::hash_scheme::merkle_node;
use primitives::script::opcodes::OP_RETURN;
use primitives::{Amount, Block, HashScheme, Script, Tx, TxOut};

use super::BlockError;
use crate::merkle::block_witness_merkle_root;

/// What an output's script begins with where it holds the commitment.
const HEADER: [u8; 6] = [OP_RETURN, 0x24, 0xaa, 0x21, 0xa9, 0xed];
/// Bytes of header and hash.
const COMMITMENT_SIZE: usize = 38;

/// Which output of the coinbase holds the commitment: the last one that looks like it.
pub fn witness_commitment_index(block: &Block) -> Option<usize> {
    block
        .txs
        .first()?
        .outputs
        .iter()
        .rposition(|output| commitment(output).is_some())
}

fn commitment(output: &TxOut) -> Option<&[u8]> {
    let script = output.script_pubkey.get(..COMMITMENT_SIZE)?;
    script.strip_prefix(&HEADER)
}

/// Checks that the witnesses are those that the block commits to, or that there are none. With
/// `expected`, segwit is in force (Core's `CheckWitnessMalleation`).
///
/// # Errors
/// [`BlockError::WitnessNonceSize`], [`BlockError::WitnessMerkleMatch`] or
/// [`BlockError::UnexpectedWitness`].
pub fn check_witness_malleation(block: &Block, expected: bool) -> Result<(), BlockError> {
    if expected
        && let (Some(coinbase), Some(index)) = (block.txs.first(), witness_commitment_index(block))
    {
        let witness = coinbase
            .inputs
            .first()
            .map_or(&[][..], |input| &input.witness);
        let [reserved] = witness else {
            return Err(BlockError::WitnessNonceSize);
        };
        let reserved: &[u8; 32] = reserved
            .as_slice()
            .try_into()
            .map_err(|_| BlockError::WitnessNonceSize)?;
        // An ambiguous tree of witnesses needs an ambiguous tree of ids.
        let root = block_witness_merkle_root(block);
        let expected = merkle_node(&root.0, reserved);
        if commitment(&coinbase.outputs[index]) != Some(&expected) {
            return Err(BlockError::WitnessMerkleMatch);
        }
        return Ok(());
    }
    if block.txs.iter().any(|tx| tx.has_witness()) {
        return Err(BlockError::UnexpectedWitness);
    }
    Ok(())
}

/// Adds the commitment to a block that is being made, unless it has one, and where segwit is in force
/// the coinbase's witness (Core's `GenerateCoinbaseCommitment`). The root in the header is not
/// changed.
pub fn add_witness_commitment(block: &mut Block, segwit: bool, scheme: HashScheme) {
    const RESERVED: [u8; 32] = [0; 32];
    let Some(coinbase) = block.txs.first() else {
        return;
    };
    let mut data = coinbase.data().clone();
    if witness_commitment_index(block).is_none() {
        let root = block_witness_merkle_root(block);
        let mut script = HEADER.to_vec();
        script.extend(merkle_node(&root.0, &RESERVED));
        data.outputs.push(TxOut {
            value: Amount::ZERO,
            script_pubkey: Script::from(script),
        });
    }
    if segwit
        && !data.has_witness()
        && let Some(input) = data.inputs.first_mut()
    {
        input.witness = vec![RESERVED.to_vec()];
    }
    block.txs[0] = Arc::new(Tx::new(data, scheme));
}
