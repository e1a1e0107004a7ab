//! A wallet's transactions, sorted once and filtered as the user types.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::HashMap;

use ipc_schema::{TxCursor, TxKind, TxOutputRow, TxPage, TxRow, TxState, WalletDelta};
use primitives::{Amount, Txid};

use super::filter::Filter;
use super::sort::Sort;

/// Confirmations after which a payment counts as final.
pub const FINAL: u32 = 6;

/// All transactions of a wallet that are known here, newest first.
#[derive(Debug, Default)]
pub struct History {
    rows: Vec<TxRow>,
    order: Vec<u32>,
    by_id: HashMap<Txid, u32>,
    shown: Vec<u32>,
    filter: Filter,
    sort: Sort<Key>,
    /// Number of the newest change that is contained.
    sequence: u64,
    /// Where the next page begins; `None` when all are here.
    next: Option<TxCursor>,
    total: u64,
    started: bool,
}

/// A column of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// When it happened.
    Date,
    /// What it did.
    Kind,
    /// Its label, or its address where there is none.
    Label,
    /// What changed for the wallet.
    Amount,
    /// How deep it is.
    State,
}

/// The newest first.
impl Default for Sort<Key> {
    fn default() -> Self {
        Self::down(Key::Date)
    }
}

/// What to do after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Idle,
    /// Read the page after this place.
    Page(TxCursor),
    /// Read everything again: changes were missed.
    Reload,
}

impl History {
    /// Number of rows that pass the filter.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether no row passes the filter.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Number of all rows here.
    pub fn known(&self) -> usize {
        self.order.len()
    }

    /// Number of all rows the wallet has.
    pub fn total(&self) -> u64 {
        self.total
            .max(u64::try_from(self.order.len()).unwrap_or(u64::MAX))
    }

    /// Whether the first page came.
    pub fn is_started(&self) -> bool {
        self.started
    }

    /// The row at `place` of those that pass the filter.
    pub fn row(&self, place: usize) -> Option<&TxRow> {
        let index = self.shown.get(self.mirrored(place)?)?;
        Some(&self.rows[*index as usize])
    }

    /// The row of a transaction, whatever the filter.
    pub fn get(&self, txid: &Txid) -> Option<&TxRow> {
        self.by_id
            .get(txid)
            .map(|index| &self.rows[*index as usize])
    }

    /// Where a transaction stands among the rows that pass the filter.
    pub fn place_of(&self, txid: &Txid) -> Option<usize> {
        let index = *self.by_id.get(txid)?;
        let place = self.shown.iter().position(|shown| *shown == index)?;
        self.mirrored(place)
    }

    /// The rows that pass the filter, as they stand in the list.
    pub fn shown(&self) -> impl Iterator<Item = &TxRow> {
        (0..self.len()).filter_map(|place| self.row(place))
    }

    /// The oldest first is the newest first from the other end.
    fn mirrored(&self, place: usize) -> Option<usize> {
        if self.sort == Sort::up(Key::Date) {
            self.shown.len().checked_sub(place + 1)
        } else {
            Some(place)
        }
    }

    /// By which column the rows stand.
    pub fn sort(&self) -> Sort<Key> {
        self.sort
    }

    /// Brings the rows into the order of another column.
    pub fn set_sort(&mut self, sort: Sort<Key>) {
        self.sort = sort;
        self.refilter();
    }

    /// Brings what passes the filter, newest first, into the order of the column.
    fn arrange(&mut self) {
        let (rows, sort) = (&self.rows, self.sort);
        let row = |index: &u32| &rows[*index as usize];
        match sort.by {
            Key::Date => {}
            Key::Kind => self.shown.sort_by(|a, b| {
                let kind = |index: &u32| kind_order(row(index).kind);
                sort.order(kind(a).cmp(&kind(b)))
            }),
            Key::Amount => self
                .shown
                .sort_by(|a, b| sort.order(row(a).amount.cmp(&row(b).amount))),
            Key::State => self.shown.sort_by(|a, b| {
                let state = |index: &u32| state_order(&row(index).state);
                sort.order(state(a).cmp(&state(b)))
            }),
            Key::Label => {
                let shown = std::mem::take(&mut self.shown);
                let mut named: Vec<(String, u32)> = shown
                    .into_iter()
                    .map(|index| (name_order(row(&index)), index))
                    .collect();
                named.sort_by(|a, b| sort.order(a.0.cmp(&b.0)));
                self.shown = named.into_iter().map(|(_, index)| index).collect();
            }
        }
    }

    /// The newest rows, whatever the filter.
    pub fn newest(&self, count: usize) -> impl Iterator<Item = &TxRow> {
        self.order
            .iter()
            .take(count)
            .map(|index| &self.rows[*index as usize])
    }

    /// Outputs of payments to others, newest first.
    pub fn paid(&self) -> impl Iterator<Item = &TxOutputRow> {
        let rows = self.order.iter().map(|index| &self.rows[*index as usize]);
        rows.filter(|row| row.kind == TxKind::Sent)
            .flat_map(|row| row.outputs.iter().filter(|output| !output.is_mine))
    }

    /// The sum of the rows that pass the filter.
    pub fn sum(&self) -> Amount {
        self.shown
            .iter()
            .map(|index| self.rows[*index as usize].amount)
            .sum()
    }

    /// The filter in force.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Takes in a page; the first one of a wallet replaces everything.
    pub fn apply_page(&mut self, page: TxPage, first: bool) -> Next {
        if first {
            let filter = std::mem::take(&mut self.filter);
            *self = Self {
                filter,
                sort: self.sort,
                sequence: page.sequence,
                started: true,
                ..Self::default()
            };
        }
        self.total = page.total;
        self.next = page.next;
        let newer = page.sequence > self.sequence;
        let end = self.order.len();
        for row in page.rows {
            self.put(row);
        }
        self.sort_from(end);
        if newer {
            // Rows of earlier pages may have changed in between; deltas up to that number were sent to us as well,
            // so nothing is lost: they only have to be taken in by their own order.
            self.sequence = self.sequence.max(page.sequence.min(self.sequence + 1));
        }
        self.next.map_or(Next::Idle, Next::Page)
    }

    /// Takes in a change.
    pub fn apply_delta(&mut self, delta: WalletDelta) -> Next {
        if !self.started || delta.sequence <= self.sequence {
            return Next::Idle;
        }
        if delta.sequence > self.sequence + 1 {
            return Next::Reload;
        }
        self.sequence = delta.sequence;
        let moved = delta.rows.iter().any(|row| {
            let old = self.get(&row.txid);
            old.is_some_and(|old| newest_first(old) != newest_first(row))
        });
        let end = self.order.len();
        for row in delta.rows {
            self.put(row);
        }
        if moved {
            self.sort_from(0);
        } else {
            self.merge_from(end);
        }
        for txid in &delta.removed {
            self.remove(txid);
        }
        self.refilter();
        self.total = self
            .total
            .max(u64::try_from(self.order.len()).unwrap_or(u64::MAX));
        Next::Idle
    }

    /// Shows only what passes `filter`; narrowing searches the last result only.
    pub fn set_filter(&mut self, filter: Filter) {
        if filter.narrows(&self.filter) {
            let rows = &self.rows;
            self.shown
                .retain(|index| filter.passes(&rows[*index as usize]));
            self.filter = filter;
        } else {
            self.filter = filter;
            self.refilter();
        }
    }

    fn put(&mut self, row: TxRow) {
        if let Some(index) = self.by_id.get(&row.txid) {
            self.rows[*index as usize] = row;
        } else {
            let index = u32::try_from(self.rows.len()).expect("a wallet has fewer than 2^32 rows");
            self.by_id.insert(row.txid, index);
            self.order.push(index);
            self.rows.push(row);
        }
    }

    fn remove(&mut self, txid: &Txid) {
        if let Some(index) = self.by_id.remove(txid) {
            self.order.retain(|other| *other != index);
        }
    }

    /// Sorts, knowing that everything before `from` is in order and newer than what follows when pages come in turn.
    fn sort_from(&mut self, from: usize) {
        let rows = &self.rows;
        let key = |index: &u32| (newest_first(&rows[*index as usize]), Reverse(*index));
        let from = from.min(self.order.len());
        self.order[from..].sort_by_key(key);
        let in_turn = from == 0
            || from == self.order.len()
            || key(&self.order[from - 1]) <= key(&self.order[from]);
        if !in_turn {
            self.order.sort_by_key(key);
        }
        if in_turn && from > 0 {
            let filter = &self.filter;
            let added = self.order[from..].iter().copied();
            self.shown
                .extend(added.filter(|index| filter.passes(&rows[*index as usize])));
            self.arrange();
        } else {
            self.refilter();
        }
    }

    /// Brings the rows from `from` on, which are in no order, to their places among the others.
    fn merge_from(&mut self, from: usize) {
        let rows = &self.rows;
        let key = |index: &u32| (newest_first(&rows[*index as usize]), Reverse(*index));
        let mut added = self.order.split_off(from);
        if added.is_empty() {
            return;
        }
        added.sort_by_key(key);
        let mut merged = Vec::with_capacity(from + added.len());
        let mut rest = self.order.as_slice();
        for index in added {
            // Only a few of the rows that were there are looked at.
            let place = rest.partition_point(|other| key(other) < key(&index));
            let (before, after) = rest.split_at(place);
            merged.extend_from_slice(before);
            merged.push(index);
            rest = after;
        }
        merged.extend_from_slice(rest);
        self.order = merged;
    }

    fn refilter(&mut self) {
        if self.filter.is_open() {
            self.shown.clone_from(&self.order);
        } else {
            let rows = &self.rows;
            let filter = &self.filter;
            let all = self.order.iter().copied();
            self.shown = all
                .filter(|index| filter.passes(&rows[*index as usize]))
                .collect();
        }
        self.arrange();
    }
}

fn kind_order(kind: TxKind) -> u8 {
    match kind {
        TxKind::Mined => 0,
        TxKind::Received => 1,
        TxKind::Sent => 2,
        TxKind::SelfTransfer => 3,
    }
}

/// The less settled, the smaller.
fn state_order(state: &TxState) -> (u8, Reverse<u32>) {
    match state {
        TxState::Abandoned => (0, Reverse(0)),
        TxState::Conflicted { height } => (1, Reverse(*height)),
        TxState::Inactive => (2, Reverse(0)),
        TxState::InMempool => (3, Reverse(0)),
        TxState::Confirmed { height, .. } => (4, Reverse(*height)),
    }
}

/// What a row is found under: rows with a label before those with an address alone.
fn name_order(row: &TxRow) -> String {
    if row.label.is_empty() {
        let address = row.outputs.first().map(|output| output.address.as_str());
        format!("\u{10FFFF}{}", address.unwrap_or_default())
    } else {
        row.label.to_lowercase()
    }
}

/// The key that puts the newest row first. Blocks of one second are told apart by height; in a block the mined
/// coins come before everything that could spend them. What is equal stands as it came.
fn newest_first(row: &TxRow) -> (Reverse<i64>, Reverse<u32>, bool) {
    let height = match row.state {
        TxState::Confirmed { height, .. } => height,
        _ => u32::MAX,
    };
    let mined = row.kind == TxKind::Mined;
    (Reverse(row.time), Reverse(height), mined)
}

/// Blocks on top of a transaction, its own counted; 0 while unconfirmed.
pub fn confirmations(state: &TxState, height: Option<u32>) -> u32 {
    match state {
        TxState::Confirmed { height: at, .. } => {
            height.map_or(0, |tip| tip.saturating_sub(*at).saturating_add(1))
        }
        _ => 0,
    }
}

/// Blocks until mined money can be spent; `None` when it can.
pub fn blocks_to_maturity(row: &TxRow, height: Option<u32>) -> Option<u32> {
    // The next block is the first in which it may be spent.
    let left = row.mature_height?.saturating_sub(height?.saturating_add(1));
    (left > 0 && matches!(row.state, TxState::Confirmed { .. })).then_some(left)
}
