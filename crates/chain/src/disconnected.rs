//! Transactions of blocks that were taken back, on their way to the mempool (Core's
//! `DisconnectedBlockTransactions`).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use primitives::{Block, Tx, Txid};

/// Memory that they may take, in bytes.
const MAX_BYTES: usize = 20_000_000;
/// What a transaction takes beside its own bytes, about.
const OVERHEAD: usize = 200;

/// Transactions in the order in which they were taken back: the last of the tip first.
#[derive(Debug, Default)]
pub(crate) struct DisconnectedTxs {
    txs: BTreeMap<u64, Arc<Tx>>,
    places: HashMap<Txid, u64>,
    next: u64,
    bytes: usize,
    /// Whether a block was taken back at all.
    touched: bool,
}

fn bytes_of(tx: &Tx) -> usize {
    tx.size(true) + OVERHEAD
}

impl DisconnectedTxs {
    /// Takes in the transactions of a block that was the tip. Gives those that there is no room for:
    /// they were on top of all others, and what spends them must go, too.
    pub(crate) fn add_block(&mut self, block: &Block) -> Vec<Arc<Tx>> {
        self.touched = true;
        // A coinbase is worth nothing without its block.
        for tx in block.txs.iter().skip(1).rev() {
            self.bytes += bytes_of(tx);
            self.places.insert(tx.txid(), self.next);
            self.txs.insert(self.next, Arc::clone(tx));
            self.next += 1;
        }
        let mut dropped = Vec::new();
        while self.bytes > MAX_BYTES {
            let Some((_, tx)) = self.txs.pop_first() else {
                break;
            };
            self.places.remove(&tx.txid());
            self.bytes -= bytes_of(&tx);
            dropped.push(tx);
        }
        dropped
    }

    /// Forgets what another block has.
    pub(crate) fn remove_block(&mut self, block: &Block) {
        if self.txs.is_empty() {
            return;
        }
        for tx in &block.txs {
            if let Some(place) = self.places.remove(&tx.txid())
                && let Some(tx) = self.txs.remove(&place)
            {
                self.bytes -= bytes_of(&tx);
            }
        }
    }

    /// All transactions in the order of the chain, parents first; `None` where no block was taken
    /// back since the last time.
    pub(crate) fn take(&mut self) -> Option<Vec<Arc<Tx>>> {
        let Self { txs, touched, .. } = std::mem::take(self);
        touched.then(|| txs.into_values().rev().collect())
    }
}

#[cfg(test)]
mod tests {
    use primitives::transaction::TxData;
    use primitives::{Amount, HashScheme, Header, OutPoint, Script, TxIn, TxOut};

    use super::*;

    fn tx(number: u32, size: usize) -> Arc<Tx> {
        let data = TxData {
            version: 2,
            inputs: vec![TxIn::unsigned(OutPoint::new(Txid([9; 32]), number), 0)],
            outputs: vec![TxOut {
                value: Amount::from_sat(1),
                script_pubkey: Script::from(vec![0x51; size]),
            }],
            lock_time: 0,
        };
        Arc::new(Tx::new(data, HashScheme::Bitcoin))
    }

    fn block(txs: &[Arc<Tx>]) -> Block {
        let mut all = vec![tx(u32::MAX, 1)];
        all.extend(txs.iter().cloned());
        Block::new(Header::default(), all, HashScheme::Bitcoin)
    }

    #[test]
    fn the_chain_s_order_is_kept_and_the_top_goes_first() {
        let txs: Vec<_> = (0..6).map(|n| tx(n, 10)).collect();
        let mut waiting = DisconnectedTxs::default();
        assert_eq!(waiting.take(), None);
        assert!(waiting.add_block(&block(&txs[3..])).is_empty());
        assert!(waiting.add_block(&block(&txs[..3])).is_empty());
        waiting.remove_block(&block(&txs[1..2]));
        let expected: Vec<_> = [0, 2, 3, 4, 5].map(|n: usize| Arc::clone(&txs[n])).into();
        assert_eq!(waiting.take(), Some(expected));
        assert_eq!(waiting.take(), None);
        let large: Vec<_> = (0..3).map(|n| tx(n, MAX_BYTES / 2)).collect();
        assert!(waiting.add_block(&block(&large[2..])).is_empty());
        let dropped = waiting.add_block(&block(&large[..2]));
        assert_eq!(
            dropped,
            large[1..].iter().rev().cloned().collect::<Vec<_>>()
        );
        assert_eq!(waiting.take(), Some(vec![Arc::clone(&large[0])]));
        assert!(waiting.add_block(&block(&[])).is_empty());
        assert_eq!(
            waiting.take(),
            Some(Vec::new()),
            "a block without transactions"
        );
    }
}
