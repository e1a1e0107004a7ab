//! The coins: which there are, which can be spent, which are frozen.

use std::collections::{BTreeMap, HashSet};

use primitives::address::Destination;
use primitives::{Amount, OutPoint, TxOut};

use super::Wallet;
use crate::WalletError;
use crate::db::key;
use crate::db::record;
use crate::transaction::TxState;

/// Which coins are wanted.
#[derive(Clone, Debug)]
pub struct CoinFilter {
    /// Fewest confirmations.
    pub min_depth: i32,
    /// Most confirmations.
    pub max_depth: i32,
    /// Whether unconfirmed coins of others are wanted too.
    pub include_unsafe: bool,
    /// Whether coins on addresses that were spent from are wanted too.
    pub include_used: bool,
    /// Whether frozen coins are wanted too.
    pub include_locked: bool,
    /// Whether rewards that are not ripe are wanted too.
    pub include_immature: bool,
    /// Least value.
    pub min_amount: Amount,
    /// Greatest value.
    pub max_amount: Amount,
    /// Enough once they sum up to this.
    pub min_sum: Amount,
    /// Most coins; 0 for all.
    pub max_count: usize,
}

impl Default for CoinFilter {
    fn default() -> Self {
        Self {
            min_depth: 0,
            max_depth: 9_999_999,
            include_unsafe: false,
            include_used: true,
            include_locked: false,
            include_immature: false,
            min_amount: Amount::from_sat(1),
            max_amount: Amount::from_sat(i64::MAX),
            min_sum: Amount::from_sat(i64::MAX),
            max_count: 0,
        }
    }
}

/// A coin that is there.
#[derive(Clone, Debug)]
pub struct AvailableCoin {
    /// Which one.
    pub outpoint: OutPoint,
    /// Value and script.
    pub output: TxOut,
    /// Confirmations.
    pub depth: i32,
    /// Whether it may be chosen without the user naming it.
    pub safe: bool,
    /// Whether the wallet made its transaction.
    pub from_me: bool,
    /// When its transaction came.
    pub time: u32,
}

impl Wallet {
    /// Coins that are there and that `filter` wants (Core's `AvailableCoins`).
    pub fn available_coins(&self, filter: &CoinFilter) -> Vec<AvailableCoin> {
        let mut coins = Vec::new();
        let mut trusted = HashSet::new();
        let mut sum = Amount::ZERO;
        for place in &self.mine {
            let (Some(tx), Some(output)) = (self.txs.get(&place.txid), self.output_of(place))
            else {
                continue;
            };
            let depth = self.depth(tx);
            let unripe = self.blocks_to_maturity(tx) > 0;
            if depth < 0
                || !(filter.min_depth..=filter.max_depth).contains(&depth)
                || (depth == 0 && !tx.state.is_in_mempool())
                || (unripe && !filter.include_immature)
                || output.value < filter.min_amount
                || output.value > filter.max_amount
                || (!filter.include_locked && self.frozen.contains_key(place))
                || self.is_spent(place)
            {
                continue;
            }
            let replaced = depth == 0 && (tx.replaces.is_some() || tx.replaced_by.is_some());
            let safe = self.is_trusted(tx, &mut trusted) && !replaced;
            if !safe && !filter.include_unsafe {
                continue;
            }
            if !filter.include_used
                && self.has_flag(record::FLAG_AVOID_REUSE)
                && Destination::from_script(&output.script_pubkey)
                    .is_some_and(|destination| self.is_spent_from(&destination))
            {
                continue;
            }
            coins.push(AvailableCoin {
                outpoint: *place,
                output: output.clone(),
                depth,
                safe,
                from_me: self.is_from_me(&tx.tx),
                time: tx.time(),
            });
            sum += output.value;
            if sum >= filter.min_sum || (filter.max_count > 0 && coins.len() >= filter.max_count) {
                break;
            }
        }
        coins
    }

    /// Coins of prepared payments, or of those that nobody reviews.
    pub(super) fn reserved_coins(&self, without_previews: bool) -> HashSet<OutPoint> {
        self.prepared
            .values()
            .filter(|prepared| !(without_previews && prepared.preview))
            .flat_map(|p| p.tx.inputs.iter().map(|i| i.prevout))
            .collect()
    }

    /// Rows of the coins that are not spent, largest first, from row `skip` on.
    pub fn coin_rows(&self, skip: usize, limit: usize) -> Vec<ipc_schema::CoinRow> {
        let mut places: Vec<(Amount, OutPoint)> = self
            .mine
            .iter()
            .filter(|place| {
                self.txs
                    .get(&place.txid)
                    .is_some_and(|tx| tx.state.is_confirmed() || tx.state.is_in_mempool())
                    && !self.is_spent(place)
            })
            .filter_map(|place| Some((self.output_of(place)?.value, *place)))
            .collect();
        places.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let reserved = self.reserved_coins(false);
        let mut trusted = HashSet::new();
        places
            .into_iter()
            .skip(skip)
            .take(limit)
            .filter_map(|(_, place)| self.coin_row(&place, &reserved, &mut trusted))
            .collect()
    }

    fn coin_row(
        &self,
        place: &OutPoint,
        reserved: &HashSet<OutPoint>,
        trusted: &mut HashSet<primitives::Txid>,
    ) -> Option<ipc_schema::CoinRow> {
        let tx = self.txs.get(&place.txid)?;
        let output = self.output_of(place)?;
        let row = self.output_row(place.vout, output);
        let frozen = self.frozen.contains_key(place);
        Some(ipc_schema::CoinRow {
            outpoint: *place,
            address: row.address,
            label: row.label,
            amount: output.value,
            height: match tx.state {
                TxState::Confirmed { height, .. } => height,
                _ => None,
            },
            is_change: row.is_change,
            frozen,
            spendable: !frozen
                && !reserved.contains(place)
                && self.blocks_to_maturity(tx) == 0
                && !self.is_watch_only(),
            safe: self.is_trusted(tx, trusted),
        })
    }

    /// Frozen coins; whether they stay so when the wallet is closed.
    pub const fn frozen(&self) -> &BTreeMap<OutPoint, bool> {
        &self.frozen
    }

    /// Whether a coin is the wallet's and known.
    pub fn owns_coin(&self, place: &OutPoint) -> bool {
        self.mine.contains(place)
    }

    /// Freezes coins, for good if `persistent`, or frees them: all or none of them.
    ///
    /// # Errors
    /// [`WalletError::Coin`] with Core's text, or where the file cannot be written.
    pub fn set_frozen(
        &mut self,
        places: &[OutPoint],
        frozen: bool,
        persistent: bool,
    ) -> Result<(), WalletError> {
        for place in places {
            let tx = self.txs.get(&place.txid);
            let tx = tx.ok_or(WalletError::Coin("Invalid parameter, unknown transaction"))?;
            if usize::try_from(place.vout).unwrap_or(usize::MAX) >= tx.tx.outputs.len() {
                return Err(WalletError::Coin(
                    "Invalid parameter, vout index out of bounds",
                ));
            }
            if self.is_spent(place) {
                return Err(WalletError::Coin(
                    "Invalid parameter, expected unspent output",
                ));
            }
            let known = self.frozen.get(place);
            if !frozen && known.is_none() {
                return Err(WalletError::Coin(
                    "Invalid parameter, expected locked output",
                ));
            }
            if frozen && known.is_some() && !(persistent && known == Some(&false)) {
                return Err(WalletError::Coin(
                    "Invalid parameter, output already locked",
                ));
            }
        }
        self.transact(|this| {
            for place in places {
                if frozen {
                    this.frozen.insert(*place, persistent);
                    if persistent {
                        this.batch.put(key::locked_utxo(place), b"1".to_vec());
                    }
                } else if this.frozen.remove(place) == Some(true) {
                    this.batch.delete(key::locked_utxo(place));
                }
            }
            this.changes.coins = true;
            this.changes.state = true;
            Ok(())
        })
    }

    /// Frees every coin.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn free_all(&mut self) -> Result<(), WalletError> {
        let all: Vec<OutPoint> = self.frozen.keys().copied().collect();
        self.transact(|this| {
            for place in all {
                if this.frozen.remove(&place) == Some(true) {
                    this.batch.delete(key::locked_utxo(&place));
                }
            }
            this.changes.coins = true;
            Ok(())
        })
    }
}
