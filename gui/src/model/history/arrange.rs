//! Order and filter of the rows of a history, worked out from a picture of them: in a task where they are many.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ipc_schema::{TxKind, TxRow, TxState};
use primitives::Amount;

use super::{CONTACTS, History, Key, index};
use crate::model::bits::Bits;
use crate::model::filter::Filter;
use crate::model::rows::Rows;
use crate::model::sort::Sort;

/// What a list is worked out from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct By {
    pub(super) filter: Filter,
    pub(super) sort: Sort<Key>,
    /// Counts the changes of the rows.
    pub(super) version: u64,
}

/// Tickets are never given twice: what belongs to a history that is gone is told apart.
static TICKETS: AtomicU64 = AtomicU64::new(0);

/// A list that is to be worked out.
#[derive(Debug)]
pub struct Work {
    ticket: u64,
    by: By,
    rows: Rows<TxRow>,
    present: Bits,
    order: Arc<Vec<u32>>,
    added: Vec<u32>,
    unordered: bool,
    /// The list of before, where all that is wanted is in it and in the right order.
    wider: Option<Arc<Vec<u32>>>,
    contacts: Option<Arc<Vec<(String, String)>>>,
}

/// A list that was worked out.
#[derive(Debug, Clone)]
pub struct Arranged {
    pub(super) ticket: u64,
    pub(super) by: By,
    pub(super) order: Arc<Vec<u32>>,
    /// How many of the added rows have found their places.
    pub(super) taken: usize,
    pub(super) shown: Arc<Vec<u32>>,
    pub(super) sum: Amount,
    pub(super) contacts: Arc<Vec<(String, String)>>,
}

impl Work {
    pub(super) fn new(history: &History) -> Self {
        let (old, new) = (&history.shown_by, &history.wanted);
        let same_rows = old.version == new.version;
        let narrows = same_rows && old.sort == new.sort && new.filter.narrows(&old.filter);
        Self {
            ticket: TICKETS.fetch_add(1, Ordering::Relaxed),
            by: new.clone(),
            rows: history.rows.clone(),
            present: history.present.clone(),
            order: Arc::clone(&history.order),
            added: history.added.clone(),
            unordered: history.unordered,
            wider: narrows.then(|| Arc::clone(&history.shown)),
            contacts: same_rows.then(|| Arc::clone(&history.contacts)),
        }
    }

    pub(super) fn ticket(&self) -> u64 {
        self.ticket
    }

    /// Works it out.
    pub fn run(self) -> Arranged {
        let order = self.ordered();
        let shown = match &self.wider {
            Some(wider) => self.filtered(wider),
            None => self.sorted(self.filtered(&order)),
        };
        let amounts = shown.iter().filter_map(|number| self.row(*number));
        let sum = amounts.map(|row| row.amount).sum();
        let known = self.contacts.clone();
        Arranged {
            ticket: self.ticket,
            taken: self.added.len(),
            shown: Arc::new(shown),
            sum,
            contacts: known.unwrap_or_else(|| Arc::new(contacts(&self.rows, &order))),
            order,
            by: self.by,
        }
    }

    fn row(&self, number: u32) -> Option<&TxRow> {
        self.rows.get(index(number))
    }

    /// All rows, newest first.
    fn ordered(&self) -> Arc<Vec<u32>> {
        if self.added.is_empty() && !self.unordered {
            return Arc::clone(&self.order);
        }
        let all = self.order.iter().chain(&self.added).copied();
        let mut order: Vec<u32> = all
            .filter(|number| self.present.contains(*number))
            .collect();
        // Nearly in order already, which is what this sort is quick at.
        order.sort_by_key(|number| self.row(*number).map(|row| place_key(row, *number)));
        // A row that went and came back stands there twice.
        order.dedup();
        Arc::new(order)
    }

    fn filtered(&self, numbers: &[u32]) -> Vec<u32> {
        let filter = &self.by.filter;
        if filter.is_open() {
            return numbers.to_vec();
        }
        let passes = |number: &u32| self.row(*number).is_some_and(|row| filter.passes(row));
        numbers.iter().copied().filter(passes).collect()
    }

    /// Brings what passes the filter, newest first, into the order of the column.
    fn sorted(&self, mut numbers: Vec<u32>) -> Vec<u32> {
        let sort = self.by.sort;
        match sort.by {
            Key::Date => {}
            Key::Kind => self.by_key(&mut numbers, |row| kind_order(row.kind)),
            Key::Amount => self.by_key(&mut numbers, |row| row.amount),
            Key::State => self.by_key(&mut numbers, |row| state_order(&row.state)),
            Key::Label => self.by_key(&mut numbers, name_order),
        }
        numbers
    }

    fn by_key<K: Ord>(&self, numbers: &mut Vec<u32>, key: impl Fn(&TxRow) -> K) {
        let sort = self.by.sort;
        let mut keyed: Vec<(Option<K>, u32)> = numbers
            .iter()
            .map(|number| (self.row(*number).map(&key), *number))
            .collect();
        keyed.sort_by(|a, b| sort.order(a.0.cmp(&b.0)));
        numbers.clear();
        numbers.extend(keyed.into_iter().map(|(_, number)| number));
    }
}

/// Addresses of others that these rows paid, each once, with their labels.
pub(super) fn contacts(rows: &Rows<TxRow>, numbers: &[u32]) -> Vec<(String, String)> {
    let mut seen = HashSet::new();
    let rows = numbers.iter().filter_map(|number| rows.get(index(*number)));
    let sent = rows.filter(|row| row.kind == TxKind::Sent);
    sent.flat_map(|row| row.outputs.iter().filter(|output| !output.is_mine))
        .filter(|output| !output.address.is_empty() && seen.insert(output.address.as_str()))
        .take(CONTACTS)
        .map(|output| (output.address.clone(), output.label.clone()))
        .collect()
}

/// The key of a row's place among all: what is equal otherwise stands as it came, the latest first.
pub(super) fn place_key(row: &TxRow, number: u32) -> impl Ord + use<> {
    (newest_first(row), Reverse(number))
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
pub(super) fn newest_first(row: &TxRow) -> (Reverse<i64>, Reverse<u32>, bool) {
    let height = match row.state {
        TxState::Confirmed { height, .. } => height,
        _ => u32::MAX,
    };
    let mined = row.kind == TxKind::Mined;
    (Reverse(row.time), Reverse(height), mined)
}
