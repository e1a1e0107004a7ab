//! Checks of headers and blocks that need no coins.

mod error;
mod witness;

pub use error::{BlockError, BlockErrorKind};
pub use witness::{add_witness_commitment, check_witness_malleation, witness_commitment_index};

use primitives::params::{
    MAX_BLOCK_SIGOPS_COST, MAX_BLOCK_WEIGHT, MAX_FUTURE_BLOCK_TIME, WITNESS_SCALE_FACTOR,
};
use primitives::{Block, BlockHash, ChainParams, Header, Script};

use crate::deployments::BuriedDeployment;
use crate::header_chain::HeaderChain;
use crate::merkle::block_merkle_root;
use crate::pow::{check_proof_of_work, is_work_enforced, next_work_required};
use crate::signet::check_signet_solution;
use crate::tx_check::check_transaction;
use crate::tx_verify::{is_final_tx, legacy_sigop_count};

/// Which dear checks [`check_block`] makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockChecks {
    /// Proof of work and, where blocks are signed, the signature.
    pub proof_of_work: bool,
    /// That the header names these transactions.
    pub merkle_root: bool,
}

impl BlockChecks {
    /// All of them: for a block from outside.
    pub const ALL: Self = Self {
        proof_of_work: true,
        merkle_root: true,
    };
}

/// Checks a header alone (Core's `CheckBlockHeader`). `hash` is its id.
///
/// # Errors
/// [`BlockError::HighHash`].
pub fn check_header(
    hash: &BlockHash,
    header: &Header,
    params: &ChainParams,
) -> Result<(), BlockError> {
    if check_proof_of_work(hash, header.bits, params) {
        Ok(())
    } else {
        Err(BlockError::HighHash)
    }
}

/// Checks a header against its ancestors, of which `parent` is the branch that ends in its parent,
/// and against the clock: `now` in seconds since 1970 (Core's `ContextualCheckBlockHeader`).
///
/// # Errors
/// A [`BlockError`].
pub fn contextual_check_header(
    header: &Header,
    parent: &(impl HeaderChain + ?Sized),
    now: i64,
    params: &ChainParams,
) -> Result<(), BlockError> {
    let height = parent.height() + 1;
    if is_work_enforced(height, params)
        && header.bits != next_work_required(parent, header.time, params)
    {
        return Err(BlockError::BadDiffBits);
    }
    if header.time <= parent.median_time_past(parent.height()) {
        return Err(BlockError::TimeTooOld);
    }
    if params.bip94 && height.is_multiple_of(params.difficulty_adjustment_interval) {
        let least = i64::from(parent.last().time) - i64::from(params.bip94_max_timewarp);
        if i64::from(header.time) < least {
            return Err(BlockError::TimeWarp);
        }
    }
    if i64::from(header.time) > now.saturating_add(i64::from(MAX_FUTURE_BLOCK_TIME)) {
        return Err(BlockError::TimeTooNew);
    }
    let outdated = [
        (2, BuriedDeployment::HeightInCoinbase),
        (3, BuriedDeployment::Dersig),
        (4, BuriedDeployment::Cltv),
    ]
    .into_iter()
    .any(|(version, rule)| header.version < version && rule.is_active(height, params));
    if outdated {
        Err(BlockError::BadVersion(header.version))
    } else {
        Ok(())
    }
}

/// Checks that a block's transactions are those that its header names.
///
/// # Errors
/// [`BlockError::BadMerkleRoot`] or [`BlockError::DuplicateTransactions`].
pub fn check_merkle_root(block: &Block) -> Result<(), BlockError> {
    let (root, mutated) = block_merkle_root(block);
    if root != block.header.merkle_root {
        Err(BlockError::BadMerkleRoot)
    } else if mutated {
        Err(BlockError::DuplicateTransactions)
    } else {
        Ok(())
    }
}

/// Checks what a block shows by itself (Core's `CheckBlock`). Witnesses are not looked at: that
/// they are the right ones is known only after [`contextual_check_block`].
///
/// # Errors
/// A [`BlockError`].
pub fn check_block(
    block: &Block,
    params: &ChainParams,
    checks: BlockChecks,
) -> Result<(), BlockError> {
    if checks.proof_of_work {
        check_header(&block.hash, &block.header, params)?;
        if !check_signet_solution(block, params) {
            return Err(BlockError::BadSignetSignature);
        }
    }
    // Before all else that concerns transactions: they may not be the block's own.
    if checks.merkle_root {
        check_merkle_root(block)?;
    }
    let limit = (MAX_BLOCK_WEIGHT / WITNESS_SCALE_FACTOR) as usize;
    if block.txs.is_empty() || block.txs.len() > limit || block.size(false) > limit {
        return Err(BlockError::BadLength);
    }
    if !block.txs[0].is_coinbase() {
        return Err(BlockError::CoinbaseMissing);
    }
    if block.txs[1..].iter().any(|tx| tx.is_coinbase()) {
        return Err(BlockError::CoinbaseMultiple);
    }
    for tx in &block.txs {
        check_transaction(tx, params).map_err(|error| BlockError::Tx {
            txid: tx.txid(),
            error,
            connecting: false,
        })?;
    }
    // Too few are counted here: those behind hashes and in witnesses need the coins.
    let sigops: u32 = block.txs.iter().map(|tx| legacy_sigop_count(tx)).sum();
    if sigops > MAX_BLOCK_SIGOPS_COST / WITNESS_SCALE_FACTOR {
        return Err(BlockError::TooManyLegacySigops);
    }
    Ok(())
}

/// Checks a block at `height`, whose parent has this median time, against the rules in force there
/// (Core's `ContextualCheckBlock`). [`check_block`] comes first.
///
/// # Errors
/// A [`BlockError`].
pub fn contextual_check_block(
    block: &Block,
    height: u32,
    parent_median_time: u32,
    params: &ChainParams,
) -> Result<(), BlockError> {
    let by_median = BuriedDeployment::Csv.is_active(height, params);
    let cutoff = if by_median {
        parent_median_time
    } else {
        block.header.time
    };
    if !block
        .txs
        .iter()
        .all(|tx| is_final_tx(tx, height, i64::from(cutoff)))
    {
        return Err(BlockError::NonFinal(None));
    }
    if BuriedDeployment::HeightInCoinbase.is_active(height, params) {
        let expected = Script::new().push_int(i64::from(height));
        let coinbase = block.txs.first().and_then(|tx| tx.inputs.first());
        if !coinbase.is_some_and(|input| input.script_sig.starts_with(&expected)) {
            return Err(BlockError::CoinbaseHeight);
        }
    }
    check_witness_malleation(block, BuriedDeployment::Segwit.is_active(height, params))?;
    // Only now: filling up the coinbase's witness changes neither id.
    if block.weight() > MAX_BLOCK_WEIGHT as usize {
        return Err(BlockError::BadWeight);
    }
    Ok(())
}

/// Whether a block's transactions or witnesses are surely not those it was made with, so that the
/// block must be asked for again (Core's `IsBlockMutated`).
pub fn is_block_mutated(block: &Block, check_witness_root: bool) -> bool {
    if check_merkle_root(block).is_err() {
        return true;
    }
    if !block.txs.first().is_some_and(|tx| tx.is_coinbase()) {
        // A transaction of 64 bytes can pass for an inner node of the tree.
        return block.txs.iter().any(|tx| tx.size(false) == 64);
    }
    check_witness_malleation(block, check_witness_root).is_err()
}

#[cfg(test)]
mod tests;
