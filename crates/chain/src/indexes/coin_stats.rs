//! Figures of all coins at every block (`-coinstatsindex`, Core's `CoinStatsIndex`).

use std::sync::Arc;

use consensus::block_subsidy;
use consensus::deployments::is_bip30_unspendable;
use primitives::encode::{DecodeError, Reader, Sink as _};
use primitives::{Amount, BlockHash, ChainParams, Hash256, OutPoint};

use super::IndexError;
use super::entries::entry_key;
use super::indexing::{Indexing, Source};
use super::state::IndexState;
use crate::coins::Coin;
use crate::coinstats::{bogo_size, coin_bytes};
use crate::muhash::MuHash;
use crate::reader::BlockInfo;
use crate::store::{Batch, Store};

/// Figures of all coins at a block. Sums are of all blocks up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexedStats {
    /// The set hash of all coins.
    pub muhash: Hash256,
    /// Coins.
    pub outputs: u64,
    /// A size that does not depend on how coins are stored, in bytes.
    pub bogo_size: u64,
    /// The amounts of all coins.
    pub total_amount: Amount,
    /// What miners were allowed to make.
    pub subsidy: Amount,
    /// The amounts of all outputs that were spent, in base units.
    pub prevout_spent: u128,
    /// The amounts of all spendable outputs but those of coinbases, in base units.
    pub new_outputs_ex_coinbase: u128,
    /// The amounts of all spendable outputs of coinbases, in base units.
    pub coinbase: u128,
    /// What is lost with the first block.
    pub unspendable_genesis: Amount,
    /// What is lost with coinbases that had the id of an earlier one.
    pub unspendable_bip30: Amount,
    /// What is lost in scripts that can never be satisfied.
    pub unspendable_scripts: Amount,
    /// What miners could have taken and did not.
    pub unclaimed_rewards: Amount,
}

impl IndexedStats {
    /// All that can never be spent.
    pub fn unspendable(&self) -> Amount {
        self.unspendable_genesis
            + self.unspendable_bip30
            + self.unspendable_scripts
            + self.unclaimed_rewards
    }

    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = self.muhash.0.to_vec();
        bytes.put_u64(self.outputs);
        bytes.put_u64(self.bogo_size);
        bytes.put_i64(self.total_amount.sat());
        bytes.put_i64(self.subsidy.sat());
        for sum in [
            self.prevout_spent,
            self.new_outputs_ex_coinbase,
            self.coinbase,
        ] {
            bytes.put(&sum.to_le_bytes());
        }
        for amount in [
            self.unspendable_genesis,
            self.unspendable_bip30,
            self.unspendable_scripts,
            self.unclaimed_rewards,
        ] {
            bytes.put_i64(amount.sat());
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let r = &mut reader;
        let stats = Self {
            muhash: Hash256(r.array()?),
            outputs: r.u64()?,
            bogo_size: r.u64()?,
            total_amount: Amount::from_sat(r.i64()?),
            subsidy: Amount::from_sat(r.i64()?),
            prevout_spent: u128::from_le_bytes(r.array()?),
            new_outputs_ex_coinbase: u128::from_le_bytes(r.array()?),
            coinbase: u128::from_le_bytes(r.array()?),
            unspendable_genesis: Amount::from_sat(r.i64()?),
            unspendable_bip30: Amount::from_sat(r.i64()?),
            unspendable_scripts: Amount::from_sat(r.i64()?),
            unclaimed_rewards: Amount::from_sat(r.i64()?),
        };
        reader.finish().map(|()| stats)
    }
}

/// Looks figures up by their blocks, also those that left the active chain.
#[derive(Clone)]
pub struct CoinStatsIndex {
    store: Store,
    state: Arc<IndexState>,
}

impl std::fmt::Debug for CoinStatsIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CoinStatsIndex")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

pub(super) fn open(store: &Store, state: &Arc<IndexState>) -> (CoinStatsIndex, CoinStatsWriter) {
    let index = CoinStatsIndex {
        store: store.clone(),
        state: Arc::clone(state),
    };
    let writer = CoinStatsWriter {
        index: index.clone(),
        params: state.reader.params(),
        set: MuHash::new(),
        stats: IndexedStats::default(),
    };
    (index, writer)
}

impl CoinStatsIndex {
    /// The figures at a block; `None` where it is not in the index.
    ///
    /// # Errors
    /// Where the index cannot be read.
    pub fn stats(&self, block: &BlockInfo) -> Result<Option<IndexedStats>, IndexError> {
        self.entry(block.height, &block.hash)
    }

    fn entry(&self, height: u32, hash: &BlockHash) -> Result<Option<IndexedStats>, IndexError> {
        let value = self.store.get(&entry_key(height, hash));
        let value = value.map_err(|error| self.state.store_error(error))?;
        let stats = value.map(|value| IndexedStats::from_bytes(&value));
        stats
            .transpose()
            .map_err(|_| self.state.damaged("an entry does not decode"))
    }
}

/// What a block changes.
#[derive(Debug, Default)]
pub(super) struct Change {
    set: MuHash,
    made: u64,
    spent: u64,
    bogo_made: u64,
    bogo_spent: u64,
    prevout_spent: u128,
    new_outputs_ex_coinbase: u128,
    coinbase: u128,
    bip30: Amount,
    scripts: Amount,
}

fn sats(amount: Amount) -> u128 {
    // A block that is connected has no negative amounts.
    u128::from(amount.sat().unsigned_abs())
}

impl Change {
    fn of(source: &Source<'_>, params: &ChainParams) -> Option<Self> {
        let mut change = Self::default();
        let (height, block) = (source.info.height, source.block);
        if height == 0 {
            return Some(change);
        }
        for (number, tx) in block.txs.iter().enumerate() {
            let coinbase = tx.is_coinbase();
            if coinbase && is_bip30_unspendable(height, &block.hash) {
                change.bip30 += block_subsidy(height, params);
                continue;
            }
            for (output, vout) in tx.outputs.iter().zip(0..) {
                if output.script_pubkey.is_unspendable() {
                    change.scripts += output.value;
                    continue;
                }
                let coin = Coin {
                    height,
                    coinbase,
                    output: output.clone(),
                };
                change.make(&OutPoint::new(tx.txid(), vout), &coin);
            }
            if !coinbase {
                let undo = source.undo.txs.get(number.checked_sub(1)?)?;
                if undo.spent.len() != tx.inputs.len() {
                    return None;
                }
                for (input, coin) in tx.inputs.iter().zip(&undo.spent) {
                    change.spend(&input.prevout, coin);
                }
            }
        }
        Some(change)
    }

    fn make(&mut self, outpoint: &OutPoint, coin: &Coin) {
        self.set.insert(&coin_bytes(outpoint, coin));
        self.made += 1;
        self.bogo_made += bogo_size(coin);
        let sum = match coin.coinbase {
            true => &mut self.coinbase,
            false => &mut self.new_outputs_ex_coinbase,
        };
        *sum += sats(coin.output.value);
    }

    fn spend(&mut self, outpoint: &OutPoint, coin: &Coin) {
        self.set.remove(&coin_bytes(outpoint, coin));
        self.spent += 1;
        self.bogo_spent += bogo_size(coin);
        self.prevout_spent += sats(coin.output.value);
    }

    /// The figures after a block with this change; `None` where they cannot be right.
    fn apply(
        &self,
        before: &IndexedStats,
        height: u32,
        params: &ChainParams,
    ) -> Option<IndexedStats> {
        let subsidy = block_subsidy(height, params);
        let made = self.new_outputs_ex_coinbase + self.coinbase;
        let amount = i128::try_from(made).ok()? - i128::try_from(self.prevout_spent).ok()?;
        let mut stats = IndexedStats {
            muhash: Hash256::ZERO,
            outputs: (before.outputs + self.made).checked_sub(self.spent)?,
            bogo_size: (before.bogo_size + self.bogo_made).checked_sub(self.bogo_spent)?,
            total_amount: before
                .total_amount
                .checked_add(Amount::from_sat(i64::try_from(amount).ok()?))?,
            subsidy: before.subsidy + subsidy,
            prevout_spent: before.prevout_spent + self.prevout_spent,
            new_outputs_ex_coinbase: before.new_outputs_ex_coinbase + self.new_outputs_ex_coinbase,
            coinbase: before.coinbase + self.coinbase,
            unspendable_bip30: before.unspendable_bip30 + self.bip30,
            unspendable_scripts: before.unspendable_scripts + self.scripts,
            ..*before
        };
        if height == 0 {
            stats.unspendable_genesis += subsidy;
        }
        // What could be taken and went nowhere.
        let sources = stats.prevout_spent + sats(stats.subsidy);
        let uses = stats.new_outputs_ex_coinbase + stats.coinbase + sats(stats.unspendable());
        let unclaimed = i64::try_from(sources.checked_sub(uses)?).ok()?;
        stats.unclaimed_rewards += Amount::from_sat(unclaimed);
        Some(stats)
    }
}

pub(super) struct CoinStatsWriter {
    index: CoinStatsIndex,
    params: &'static ChainParams,
    set: MuHash,
    stats: IndexedStats,
}

impl CoinStatsWriter {
    fn mismatch(&self, info: &BlockInfo) -> IndexError {
        let what = format!("its figures do not fit block {}", info.hash);
        self.index.state.damaged(what)
    }

    /// The figures at a block, whose hash must be that of the set.
    fn load(&self, height: u32, hash: &BlockHash) -> Result<IndexedStats, IndexError> {
        let stats = self.index.entry(height, hash)?;
        let own = Hash256(self.set.finalize());
        stats.filter(|stats| stats.muhash == own).ok_or_else(|| {
            let what = format!("the coins' hash is not that of block {hash}");
            self.index.state.damaged(what)
        })
    }
}

impl Indexing for CoinStatsWriter {
    type Part = Change;

    fn prepare(&self, source: &Source<'_>) -> Result<Change, IndexError> {
        Change::of(source, self.params).ok_or_else(|| self.mismatch(source.info))
    }

    fn connect(
        &mut self,
        info: &BlockInfo,
        change: Change,
        batch: &mut Batch,
    ) -> Result<(), IndexError> {
        let stats = change.apply(&self.stats, info.height, self.params);
        let mut stats = stats.ok_or_else(|| self.mismatch(info))?;
        self.set.union(&change.set);
        stats.muhash = Hash256(self.set.finalize());
        batch.put(&entry_key(info.height, &info.hash), &stats.to_bytes());
        self.stats = stats;
        Ok(())
    }

    fn disconnect(&mut self, info: &BlockInfo, change: Option<Change>) -> Result<(), IndexError> {
        let (Some(change), Some(height)) = (change, info.height.checked_sub(1)) else {
            return Err(self.mismatch(info));
        };
        self.set.difference(&change.set);
        self.stats = self.load(height, &info.header.prev)?;
        Ok(())
    }

    fn restore(&mut self, at: Option<(&BlockInfo, &[u8])>) -> Result<(), IndexError> {
        let Some((info, state)) = at else {
            return Ok(());
        };
        let set = MuHash::from_bytes(state);
        self.set = set.ok_or_else(|| self.index.state.damaged("its state does not decode"))?;
        self.stats = self.load(info.height, &info.hash)?;
        Ok(())
    }

    fn state(&self) -> Vec<u8> {
        self.set.to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back() {
        let stats = IndexedStats {
            muhash: Hash256([9; 32]),
            outputs: 1,
            bogo_size: 2,
            total_amount: Amount::from_sat(3),
            subsidy: Amount::from_sat(4),
            prevout_spent: 5 << 70,
            new_outputs_ex_coinbase: 6,
            coinbase: 7,
            unspendable_genesis: Amount::from_sat(8),
            unspendable_bip30: Amount::from_sat(9),
            unspendable_scripts: Amount::from_sat(10),
            unclaimed_rewards: Amount::from_sat(11),
        };
        let bytes = stats.to_bytes();
        assert_eq!(IndexedStats::from_bytes(&bytes), Ok(stats));
        assert!(IndexedStats::from_bytes(&bytes[1..]).is_err());
        assert_eq!(stats.unspendable(), Amount::from_sat(38));
    }
}
