//! The history: rows for people, in the order of time and id.

use ipc_schema::{TxCursor, TxKind, TxOutputRow, TxPage, TxQuery, TxRow};
use primitives::address::Destination;
use primitives::{Amount, OutPoint, Tx, TxOut, Txid};

use super::Wallet;
use crate::WalletError;
use crate::transaction::{TxState, WalletTx};

/// Most rows of a page.
const MAX_ROWS: usize = 500;
/// Most bytes of a page, roughly.
const MAX_BYTES: usize = 1 << 20;
/// Most outputs that a row shows.
const MAX_OUTPUTS: usize = 20;

/// One payment of a transaction, for JSON-RPC (Core's `COutputEntry`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmountEntry {
    /// Address, where there is one.
    pub destination: Option<Destination>,
    /// Amount.
    pub amount: Amount,
    /// Number of the output.
    pub vout: u32,
}

/// What a transaction did, payment by payment (Core's `CachedTxGetAmounts`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Payments to the wallet.
    pub received: Vec<AmountEntry>,
    /// Payments by the wallet.
    pub sent: Vec<AmountEntry>,
    /// What it paid in fees; zero for transactions of others.
    pub fee: Amount,
}

fn indexed(tx: &Tx) -> impl Iterator<Item = (u32, &TxOut)> {
    (0u32..).zip(&tx.outputs)
}

impl Wallet {
    /// What a transaction did, payment by payment.
    pub fn amounts(&self, tx: &WalletTx, include_change: bool) -> Amounts {
        let debit = self.debit(&tx.tx);
        let mut amounts = Amounts::default();
        let from_us = debit > Amount::ZERO;
        if from_us {
            amounts.fee = debit - tx.tx.value_out();
        }
        for (vout, output) in indexed(&tx.tx) {
            let mine = self.is_mine(&output.script_pubkey);
            if (from_us && !include_change && self.is_change(&output.script_pubkey))
                || (!from_us && !mine)
            {
                continue;
            }
            let entry = AmountEntry {
                destination: Destination::from_script(&output.script_pubkey),
                amount: output.value,
                vout,
            };
            if from_us {
                amounts.sent.push(entry.clone());
            }
            if mine {
                amounts.received.push(entry);
            }
        }
        amounts
    }

    /// The fee of a transaction whose inputs are all the wallet's.
    pub fn fee_of(&self, tx: &Tx) -> Option<Amount> {
        let all = !tx.is_coinbase() && tx.inputs.iter().all(|i| self.mine.contains(&i.prevout));
        all.then(|| self.debit(tx) - tx.value_out())
    }

    fn kind_of(&self, tx: &Tx, debit: Amount) -> TxKind {
        if tx.is_coinbase() {
            TxKind::Mined
        } else if debit == Amount::ZERO {
            TxKind::Received
        } else if tx.outputs.iter().all(|output| {
            self.is_mine(&output.script_pubkey) || output.script_pubkey.is_unspendable()
        }) {
            TxKind::SelfTransfer
        } else {
            TxKind::Sent
        }
    }

    /// An output for people.
    pub fn output_row(&self, vout: u32, output: &TxOut) -> TxOutputRow {
        let destination = Destination::from_script(&output.script_pubkey);
        TxOutputRow {
            vout,
            address: destination
                .as_ref()
                .map(|d| d.to_address(self.params))
                .unwrap_or_default(),
            label: destination
                .as_ref()
                .map(|d| self.label_of(d).to_owned())
                .unwrap_or_default(),
            amount: output.value,
            is_mine: self.is_mine(&output.script_pubkey),
            is_change: self.is_change(&output.script_pubkey),
        }
    }

    /// Outputs that concern the user.
    fn telling_outputs<'a>(&self, tx: &'a Tx, kind: TxKind) -> Vec<(u32, &'a TxOut)> {
        let wanted = |output: &TxOut| match kind {
            TxKind::Received | TxKind::Mined => self.is_mine(&output.script_pubkey),
            TxKind::Sent | TxKind::SelfTransfer => !self.is_change(&output.script_pubkey),
        };
        let some: Vec<_> = indexed(tx).filter(|(_, output)| wanted(output)).collect();
        // A transfer to change addresses alone is shown with those.
        if some.is_empty() {
            indexed(tx).collect()
        } else {
            some
        }
    }

    fn ipc_state(&self, state: TxState) -> ipc_schema::TxState {
        match state {
            TxState::Confirmed { block, height, .. } => ipc_schema::TxState::Confirmed {
                height: height.unwrap_or_default(),
                block,
                time: self.blocks.get(&block).map_or(0, |place| place.time),
            },
            TxState::InMempool => ipc_schema::TxState::InMempool,
            TxState::Conflicted { height, .. } => ipc_schema::TxState::Conflicted {
                height: height.unwrap_or_default(),
            },
            TxState::Inactive { abandoned: true } => ipc_schema::TxState::Abandoned,
            TxState::Inactive { abandoned: false } | TxState::Unrecognized { .. } => {
                ipc_schema::TxState::Inactive
            }
        }
    }

    /// The row of a transaction.
    pub fn row(&self, tx: &WalletTx) -> TxRow {
        let debit = self.debit(&tx.tx);
        let kind = self.kind_of(&tx.tx, debit);
        let mut outputs: Vec<TxOutputRow> = self
            .telling_outputs(&tx.tx, kind)
            .into_iter()
            .take(MAX_OUTPUTS)
            .map(|(vout, output)| self.output_row(vout, output))
            .collect();
        outputs.sort_by_key(|row| row.label.is_empty());
        let label = outputs
            .first()
            .map(|row| row.label.clone())
            .unwrap_or_default();
        outputs.sort_by_key(|row| row.vout);
        let mature_height = tx
            .tx
            .is_coinbase()
            .then(|| {
                tx.state
                    .height()
                    .map(|height| height.saturating_add(self.params.coinbase_maturity))
            })
            .flatten();
        TxRow {
            txid: tx.tx.txid(),
            time: i64::from(tx.time()),
            kind,
            state: self.ipc_state(tx.state),
            amount: self.credit(&tx.tx) - debit,
            fee: self.fee_of(&tx.tx),
            label,
            comment: tx.comment.clone().unwrap_or_default(),
            outputs,
            mature_height,
            can_abandon: self.can_abandon(tx),
            can_bump: false,
        }
    }

    /// The row of a transaction by id.
    pub fn row_of(&self, txid: &Txid) -> Option<TxRow> {
        self.txs.get(txid).map(|tx| self.row(tx))
    }

    /// A page of the history, newest first. The caller fills in the history's number.
    pub fn page(&self, query: &TxQuery) -> TxPage {
        let limit = usize::try_from(query.limit)
            .unwrap_or(MAX_ROWS)
            .clamp(1, MAX_ROWS);
        let words: Vec<String> = query
            .filter
            .split_whitespace()
            .map(str::to_lowercase)
            .collect();
        let before = query
            .before
            .map(|at| (u32::try_from(at.time).unwrap_or(u32::MAX), at.txid));
        let mut page = TxPage::default();
        let mut bytes = 0;
        let mut full = false;
        if words.is_empty() {
            page.total = self.by_time.len() as u64;
        }
        let newest_first = self.by_time.iter().rev();
        for key in newest_first {
            let older = before.is_none_or(|before| *key < before);
            if words.is_empty() && !older {
                continue;
            }
            let Some(tx) = self.txs.get(&key.1) else {
                continue;
            };
            if !words.is_empty() {
                if !self.matches(tx, &words) {
                    continue;
                }
                page.total += 1;
                if !older {
                    continue;
                }
            }
            if full {
                page.next = page.rows.last().map(cursor_of);
                if words.is_empty() {
                    break;
                }
                continue;
            }
            let row = self.row(tx);
            bytes += 200 + row.comment.len() + row.outputs.len() * 140;
            page.rows.push(row);
            full = page.rows.len() >= limit || bytes >= MAX_BYTES;
        }
        page
    }

    /// Whether every word stands in label, address, comment or id.
    fn matches(&self, tx: &WalletTx, words: &[String]) -> bool {
        let mut text = tx.tx.txid().to_string();
        text.push(' ');
        text.push_str(&tx.comment.as_deref().unwrap_or_default().to_lowercase());
        let cheap = |text: &str| words.iter().all(|word| text.contains(word));
        if cheap(&text) {
            return true;
        }
        for output in &tx.tx.outputs {
            if let Some(destination) = Destination::from_script(&output.script_pubkey) {
                text.push(' ');
                text.push_str(&self.label_of(&destination).to_lowercase());
                text.push(' ');
                text.push_str(&destination.to_address(self.params).to_lowercase());
            }
        }
        cheap(&text)
    }

    /// All about one transaction.
    ///
    /// # Errors
    /// [`WalletError::UnknownTx`].
    pub fn details(&self, txid: &Txid) -> Result<ipc_schema::TxDetails, WalletError> {
        let tx = self.txs.get(txid).ok_or(WalletError::UnknownTx(*txid))?;
        let row = self.row(tx);
        let vsize = u64::try_from(tx.tx.vsize()).unwrap_or(u64::MAX);
        let inputs = tx
            .tx
            .inputs
            .iter()
            .filter_map(|input| {
                Some(self.output_row(input.prevout.vout, self.output_of(&input.prevout)?))
            })
            .collect();
        Ok(ipc_schema::TxDetails {
            fee_rate: row.fee.map(|fee| primitives::FeeRate::of(fee, vsize)),
            row,
            raw: tx.tx.to_bytes(),
            inputs,
            outputs: indexed(&tx.tx)
                .map(|(vout, output)| self.output_row(vout, output))
                .collect(),
            vsize,
        })
    }

    /// What an address received so far, unconfirmed included, and in how many payments.
    pub fn received_by(&self) -> std::collections::HashMap<Destination, (Amount, u32)> {
        let mut sums = std::collections::HashMap::new();
        for place in &self.mine {
            let alive = self
                .txs
                .get(&place.txid)
                .is_some_and(|tx| tx.state.is_confirmed() || tx.state.is_in_mempool());
            if alive
                && let Some(output) = self.output_of(&OutPoint::new(place.txid, place.vout))
                && let Some(destination) = Destination::from_script(&output.script_pubkey)
            {
                let sum: &mut (Amount, u32) = sums.entry(destination).or_default();
                sum.0 += output.value;
                sum.1 += 1;
            }
        }
        sums
    }
}

/// The place of a row.
fn cursor_of(row: &TxRow) -> TxCursor {
    TxCursor {
        time: row.time,
        txid: row.txid,
    }
}
