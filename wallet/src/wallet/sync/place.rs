//! Where the wallet stands in the chain: its best block, its locator, the heights of blocks.

use std::collections::BTreeSet;

use primitives::encode::Sink as _;
use primitives::{BlockHash, Txid};

use super::KnownBlock;
use crate::WalletError;
use crate::db::key;
use crate::db::record;
use crate::transaction::TxState;
use crate::wallet::Wallet;

/// How far back from the tip every block stands in a locator.
const LOCATOR_DENSE: u32 = 10;

/// Fills in the height of the block that a state names.
pub(in crate::wallet) const fn placed(state: TxState, at: u32) -> TxState {
    match state {
        TxState::Confirmed { block, index, .. } => TxState::Confirmed {
            block,
            height: Some(at),
            index,
        },
        TxState::Conflicted { block, .. } => TxState::Conflicted {
            block,
            height: Some(at),
        },
        other => other,
    }
}

/// Whether a locator of `tip` names the block at `height`: all near the tip, then ever fewer.
const fn in_locator(height: u32, tip: u32) -> bool {
    let age = tip.saturating_sub(height);
    if height == 0 || age <= LOCATOR_DENSE {
        return true;
    }
    height.is_multiple_of(locator_step(age))
}

/// What divides the heights that a locator names so far behind its tip.
const fn locator_step(age: u32) -> u32 {
    1 << (age / 2).ilog2()
}

/// The heights that a locator of `tip` names, highest first. The way there is short even where a damaged file names a
/// tip that is far away.
fn locator_heights(tip: u32) -> Vec<u32> {
    let mut heights = vec![tip];
    let mut height = tip;
    while let Some(mut next) = height.checked_sub(1) {
        while !in_locator(next, tip) {
            next -= next % locator_step(tip - next);
        }
        heights.push(next);
        height = next;
    }
    heights
}

/// Gives the hashes of a stored locator their heights where those can be told.
pub(in crate::wallet) fn with_heights(
    hashes: Vec<BlockHash>,
    tip: Option<u32>,
) -> Vec<(BlockHash, Option<u32>)> {
    let heights: Vec<u32> = match tip {
        Some(tip) => locator_heights(tip),
        None => Vec::new(),
    };
    let fits = heights.len() == hashes.len();
    hashes
        .into_iter()
        .enumerate()
        .map(|(i, hash)| (hash, heights.get(i).copied().filter(|_| fits || i == 0)))
        .collect()
}

impl Wallet {
    /// Hashes by which the node finds the last block that both know, newest first.
    pub fn locator(&self) -> Vec<BlockHash> {
        self.locator.iter().map(|(hash, _)| *hash).collect()
    }

    /// Begins at a block without looking at it.
    pub(in crate::wallet) fn start_at(&mut self, hash: BlockHash, height: u32) {
        self.locator.clear();
        if height > 0 {
            self.locator.push((self.params.genesis.hash, Some(0)));
        }
        self.advance(hash, height);
        self.record_best_block();
    }

    pub(super) fn advance(&mut self, hash: BlockHash, height: u32) {
        self.locator.insert(0, (hash, Some(height)));
        self.locator
            .retain(|(_, at)| at.is_none_or(|at| in_locator(at, height)));
        // Of a foreign locator only its end is kept, once ours has grown long enough.
        if self.locator.iter().filter(|(_, at)| at.is_some()).count() > 64 {
            self.locator.retain(|(_, at)| at.is_some());
        }
        self.best = Some((hash, height));
        self.changes.state = true;
    }

    pub(super) fn retreat(&mut self, hash: &BlockHash, height: u32) {
        self.locator
            .retain(|(known, at)| known != hash && at.is_none_or(|at| at < height));
        let before = height.saturating_sub(1);
        self.best = match self.locator.first() {
            Some((hash, Some(at))) if *at == before => Some((*hash, before)),
            // The parent is not among the hashes; the next step tells it.
            _ => None,
        };
        self.changes.state = true;
    }

    /// Writes where the wallet stands.
    pub(in crate::wallet) fn record_best_block(&mut self) {
        let Some((hash, height)) = self.best else {
            return;
        };
        let mut place = hash.0.to_vec();
        place.put_u32(height);
        self.batch.put(key::named(key::BEST_PLACE), place);
        self.batch
            .put(key::named(key::BEST_BLOCK), record::locator(&[]));
        self.batch.put(
            key::named(key::BEST_BLOCK_NOMERKLE),
            record::locator(&self.locator()),
        );
    }

    /// Blocks that transactions name and whose heights are not known.
    pub fn unplaced_blocks(&self) -> BTreeSet<BlockHash> {
        self.txs
            .values()
            .filter(|tx| tx.state.height().is_none())
            .filter_map(|tx| tx.state.block())
            .collect()
    }

    /// Takes what the chain knows about blocks that transactions name.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn place_blocks(&mut self, known: &[KnownBlock]) -> Result<(), WalletError> {
        self.transact(|this| {
            for block in known {
                let named: Vec<Txid> = this
                    .txs
                    .values()
                    .filter(|tx| tx.state.block() == Some(block.hash))
                    .map(|tx| tx.tx.txid())
                    .collect();
                if let Some(place) = block.place {
                    this.put_place(block.hash, place);
                }
                for txid in named {
                    let Some(tx) = this.txs.get(&txid) else {
                        continue;
                    };
                    let state = match block.place {
                        Some(place) => placed(tx.state, place.height),
                        None => TxState::Inactive { abandoned: false },
                    };
                    this.set_state(&txid, state);
                }
            }
            Ok(())
        })
    }

    /// Goes back to a block without being told the blocks between: the chain that the wallet knew is
    /// not the node's.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn rewind_to(&mut self, hash: BlockHash, height: u32) -> Result<(), WalletError> {
        self.transact(|this| {
            let above: BTreeSet<(u32, BlockHash)> = this
                .txs
                .values()
                .filter_map(|tx| Some((tx.state.height()?, tx.state.block()?)))
                .filter(|(at, _)| *at > height)
                .collect();
            for (at, block) in above.into_iter().rev() {
                // The node may have lost blocks and fetch them again: nothing is given up for that.
                this.disconnect(&block, at, false);
            }
            this.locator
                .retain(|(_, at)| at.is_some_and(|at| at < height));
            this.advance(hash, height);
            this.record_best_block();
            Ok(())
        })
    }

    /// Fixes the height of the wallet's best block, which old files do not tell.
    pub fn place_best(&mut self, hash: BlockHash, height: u32) {
        let hashes = self.locator();
        self.locator = with_heights(hashes, Some(height));
        self.best = Some((hash, height));
        self.changes.state = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_of_a_locator() {
        for tip in (0..700).chain([4095, 4096, 4097, 100_003]) {
            let slowly: Vec<u32> = (0..=tip).rev().filter(|at| in_locator(*at, tip)).collect();
            assert_eq!(locator_heights(tip), slowly, "{tip}");
        }
        let far = locator_heights(u32::MAX);
        assert!(far.len() < 150 && far.last() == Some(&0), "{}", far.len());
    }
}
