//! A write of coins that was cut short is completed, from the blocks.

use primitives::{BlockHash, OutPoint, Tx};

use crate::chainstate::Chainstate;
use crate::coins::{CoinsCache, CoinsView as _};
use crate::config::Task;
use crate::error::ChainError;
use crate::index::EntryId;

impl Chainstate {
    /// Completes a write of coins that ended between two blocks (Core's `ReplayBlocks`).
    pub(crate) fn replay(&mut self) -> Result<(), ChainError> {
        let Some(heads) = self.coins.base().heads()? else {
            return Ok(());
        };
        self.config().report(Task::Replaying, 0);
        tracing::info!(target: "validation", "Replaying blocks");
        let unknown = |hash| ChainError::UnknownHead(hash);
        let (new, old, fork) = {
            let index = self.shared.index();
            let find = |hash: BlockHash| index.find(&hash).ok_or_else(|| unknown(hash));
            let new = find(heads.new)?;
            let old = heads.old.map(find).transpose()?;
            (new, old, old.and_then(|old| index.last_common(old, new)))
        };
        let mut at = old;
        while let Some(id) = at.filter(|id| Some(*id) != fork) {
            let (height, prev) = {
                let index = self.shared.index();
                (index.entry(id).height, index.entry(id).prev)
            };
            if height > 0 {
                let (block, undo) = self.read_with_undo(id)?;
                let mut view = CoinsCache::new(&self.coins);
                // Some of it may never have been written: both ways lead to the same coins.
                self.disconnect_block(&block, undo, height, &mut view)?;
                let changes = view.into_changes();
                self.coins.apply(changes);
            }
            at = prev;
        }
        self.roll_forward(
            new,
            fork.map_or(0, |fork| self.shared.index().entry(fork).height),
        )?;
        self.coins.set_best_block(heads.new);
        self.write_coins(false, |_, _| ())?;
        self.config().report(Task::Replaying, 100);
        Ok(())
    }

    /// Applies the blocks above `height` up to `new` to coins that may know parts of them.
    fn roll_forward(&mut self, new: EntryId, height: u32) -> Result<(), ChainError> {
        let last = self.shared.index().entry(new).height;
        tracing::info!(
            target: "validation", "Rolling forward to height {last} from height {height}"
        );
        for at in height + 1..=last {
            let (hash, pos) = {
                let index = self.shared.index();
                let id = index
                    .ancestor(new, at)
                    .expect("below the block's own height");
                (index.entry(id).hash, index.entry(id).data_pos())
            };
            let pos = pos.ok_or(ChainError::CorruptBlock(hash))?;
            let block = self.writer.files().read_block(pos, &hash)?;
            for tx in &block.txs {
                self.reapply(tx, at)?;
            }
            let done = u64::from(at - height) * 100 / u64::from(last - height);
            self.config().report(Task::Replaying, done.min(99));
        }
        Ok(())
    }

    fn reapply(&mut self, tx: &Tx, height: u32) -> Result<(), ChainError> {
        if !tx.is_coinbase() {
            for input in &tx.inputs {
                self.coins.spend(&input.prevout)?;
            }
        }
        let outpoints: Vec<(OutPoint, _)> = crate::coins::coins_of(tx, height).collect();
        for (outpoint, coin) in outpoints {
            let overwrite = self.coins.has_coin(&outpoint)?;
            self.coins.add(outpoint, &coin, overwrite);
        }
        Ok(())
    }
}
