//! A wallet's transactions. What changes is taken in at once; order and filter of many rows are worked out elsewhere
//! ([`Work`]), and the list stands as it was until that is done.

mod arrange;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use ipc_schema::{TxCursor, TxKind, TxPage, TxRow, TxState, WalletDelta};
use primitives::{Amount, Txid};

use self::arrange::{By, newest_first, place_key};
use super::bits::Bits;
use super::filter::Filter;
use super::rows::Rows;
use super::sort::Sort;
use super::spread::Spread;

pub use self::arrange::{Arranged, Work};

/// Confirmations after which a payment counts as final.
pub const FINAL: u32 = 6;

/// Up to so many rows are arranged on the spot: that takes less than handing them over.
const AT_ONCE: usize = 1000;
/// Most addresses of others that are offered.
const CONTACTS: usize = 1000;

/// All transactions of a wallet that are known here.
#[derive(Debug, Default)]
pub struct History {
    /// Every row that ever came, each at the number that it keeps.
    rows: Rows<TxRow>,
    /// Their amounts, side by side, to be added up.
    amounts: Vec<Amount>,
    /// Which of them the wallet has now.
    present: Bits,
    by_id: Spread<Txid, u32>,
    /// Hashes of the addresses of others that were ever paid.
    paid: Spread<u64, ()>,
    hasher: RandomState,
    /// The newest first, as worked out last.
    order: Arc<Vec<u32>>,
    /// Rows that have no place in `order` yet.
    added: Vec<u32>,
    /// Whether rows of `order` went or moved.
    unordered: bool,
    contacts: Arc<Vec<(String, String)>>,
    /// What passes the filter, in the order of the column, as worked out last.
    shown: Arc<Vec<u32>>,
    sum: Amount,
    /// What `shown` was worked out from.
    shown_by: By,
    wanted: By,
    /// What is being worked out now.
    running: Option<u64>,
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

/// The list as it stands, to be read elsewhere.
#[derive(Debug, Clone)]
pub struct Listed {
    rows: Rows<TxRow>,
    shown: Arc<Vec<u32>>,
    mirrored: bool,
}

impl Listed {
    /// The rows with their numbers, as they stand in the list.
    pub fn rows(&self) -> impl Iterator<Item = (u32, &TxRow)> {
        let count = self.shown.len();
        (0..count).filter_map(move |place| {
            let place = if self.mirrored {
                count - 1 - place
            } else {
                place
            };
            let number = *self.shown.get(place)?;
            Some((number, self.rows.get(index(number))?))
        })
    }
}

fn index(number: u32) -> usize {
    // A `usize` holds every `u32` on the machines that this is built for.
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl History {
    /// Number of rows in the list.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether no row is in the list.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Number of all rows here.
    pub fn known(&self) -> usize {
        self.present.len()
    }

    /// Number of all rows the wallet has.
    pub fn total(&self) -> u64 {
        let known = u64::try_from(self.known()).unwrap_or(u64::MAX);
        self.total.max(known)
    }

    /// Whether the first page came.
    pub fn is_started(&self) -> bool {
        self.started
    }

    /// The row at `place` of the list.
    pub fn row(&self, place: usize) -> Option<&TxRow> {
        self.rows.get(index(self.number_at(place)?))
    }

    /// The number of the row at `place` of the list; it keeps it wherever it stands.
    pub fn number_at(&self, place: usize) -> Option<u32> {
        self.shown.get(self.mirrored(place)?).copied()
    }

    /// The number of a transaction.
    pub fn number_of(&self, txid: &Txid) -> Option<u32> {
        let number = *self.by_id.get(txid)?;
        self.present.contains(number).then_some(number)
    }

    /// The row of a transaction, whatever the filter.
    pub fn get(&self, txid: &Txid) -> Option<&TxRow> {
        self.rows.get(index(self.number_of(txid)?))
    }

    /// Where a transaction stands in the list.
    pub fn place_of(&self, txid: &Txid) -> Option<usize> {
        let number = self.number_of(txid)?;
        let place = self.shown.iter().position(|shown| *shown == number)?;
        self.mirrored(place)
    }

    /// The list as it stands, to be read elsewhere.
    pub fn listed(&self) -> Listed {
        Listed {
            rows: self.rows.clone(),
            shown: Arc::clone(&self.shown),
            mirrored: self.is_mirrored(),
        }
    }

    /// All rows, the newest first, to be read elsewhere.
    pub fn all(&self) -> Listed {
        Listed {
            rows: self.rows.clone(),
            shown: Arc::clone(&self.order),
            mirrored: false,
        }
    }

    /// The numbers of all rows in the list.
    pub fn numbers(&self) -> Bits {
        self.shown.iter().copied().collect()
    }

    /// The oldest first is the newest first from the other end.
    fn is_mirrored(&self) -> bool {
        self.shown_by.sort == Sort::up(Key::Date)
    }

    fn mirrored(&self, place: usize) -> Option<usize> {
        if self.is_mirrored() {
            self.shown.len().checked_sub(place + 1)
        } else {
            Some(place)
        }
    }

    /// By which column the rows are to stand.
    pub fn sort(&self) -> Sort<Key> {
        self.wanted.sort
    }

    /// Brings the rows into the order of another column, as soon as that is worked out.
    pub fn set_sort(&mut self, sort: Sort<Key>) {
        self.wanted.sort = sort;
        if self.shown_by.sort.by == Key::Date && sort.by == Key::Date {
            self.shown_by.sort = sort;
        }
        self.arrange_few();
    }

    /// The newest rows, whatever the filter.
    pub fn newest(&self, count: usize) -> impl Iterator<Item = &TxRow> {
        let here = self
            .order
            .iter()
            .filter(|number| self.present.contains(**number));
        here.take(count)
            .filter_map(|number| self.rows.get(index(*number)))
    }

    /// Whether money went to an address of somebody else, ever.
    pub fn has_paid(&self, address: &str) -> bool {
        self.paid.contains(&self.hasher.hash_one(address))
    }

    /// Addresses of others that were paid, newest first, with their labels.
    pub fn contacts(&self) -> &[(String, String)] {
        &self.contacts
    }

    /// The sum of the rows in the list.
    pub fn sum(&self) -> Amount {
        self.sum
    }

    /// How many of these rows the wallet has, and their sum.
    pub fn sum_of(&self, numbers: &Bits) -> (usize, Amount) {
        let here = numbers
            .iter()
            .filter(|number| self.present.contains(*number));
        here.fold((0, Amount::ZERO), |(count, sum), number| {
            let amount = self.amounts.get(index(number)).copied();
            (count + 1, sum + amount.unwrap_or(Amount::ZERO))
        })
    }

    /// The filter that is wanted.
    pub fn filter(&self) -> &Filter {
        &self.wanted.filter
    }

    /// Takes in a page; the first one of a wallet replaces everything.
    pub fn apply_page(&mut self, page: TxPage, first: bool) -> Next {
        if first {
            self.begin(page.sequence);
        }
        self.total = page.total;
        self.next = page.next;
        let newer = page.sequence > self.sequence;
        let in_order = !self.is_due() && self.running.is_none();
        let version = self.wanted.version;
        for row in page.rows {
            self.put(row);
        }
        let only_added = u64::try_from(self.added.len()) == Ok(self.wanted.version - version);
        if in_order && only_added && self.added.len() <= AT_ONCE {
            self.append();
        }
        self.arrange_few();
        if newer {
            // Rows of earlier pages may have changed in between; deltas up to that number were sent to us as well,
            // so nothing is lost: they only have to be taken in by their own order.
            self.sequence = self.sequence.max(page.sequence.min(self.sequence + 1));
        }
        self.next.map_or(Next::Idle, Next::Page)
    }

    /// Everything is read anew. Rows keep their numbers, and the list stands until the new one is worked out.
    fn begin(&mut self, sequence: u64) {
        self.present = Bits::default();
        self.order = Arc::default();
        self.added.clear();
        self.unordered = false;
        // What is being worked out is of the past.
        self.running = None;
        self.wanted.version += 1;
        self.sequence = sequence;
        self.started = true;
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
        for row in delta.rows {
            self.put(row);
        }
        for txid in &delta.removed {
            self.remove(txid);
        }
        self.total = self.total();
        self.arrange_few();
        Next::Idle
    }

    /// Shows only what passes `filter`, as soon as that is worked out.
    pub fn set_filter(&mut self, filter: Filter) {
        self.wanted.filter = filter;
        self.arrange_few();
    }

    fn put(&mut self, row: TxRow) {
        if row.kind == TxKind::Sent {
            let others = row.outputs.iter().filter(|output| !output.is_mine);
            for output in others {
                self.paid
                    .insert(self.hasher.hash_one(output.address.as_str()), ());
            }
        }
        let Some(number) = self.by_id.get(&row.txid).copied() else {
            let number = u32::try_from(self.rows.len()).expect("a wallet has fewer than 2^32 rows");
            self.by_id.insert(row.txid, number);
            self.amounts.push(row.amount);
            self.rows.push(row);
            self.come(number);
            return;
        };
        let at = index(number);
        let known = self.rows.get(at);
        let changed = known != Some(&row);
        if changed {
            self.unordered |= known.map(newest_first) != Some(newest_first(&row));
            self.wanted.version += 1;
            if let Some(amount) = self.amounts.get_mut(at) {
                *amount = row.amount;
            }
            self.rows.set(at, row);
        }
        if !self.present.contains(number) {
            self.come(number);
        }
    }

    fn come(&mut self, number: u32) {
        self.present.insert(number);
        self.added.push(number);
        self.wanted.version += 1;
    }

    fn remove(&mut self, txid: &Txid) {
        if let Some(number) = self.number_of(txid) {
            self.present.remove(number);
            self.unordered = true;
            self.wanted.version += 1;
        }
    }

    /// Puts what was added at the end of order and list, where it belongs there: that is how pages come.
    fn append(&mut self) {
        let rows = &self.rows;
        let key = |number: &u32| rows.get(index(*number)).map(|row| place_key(row, *number));
        self.added.sort_by_cached_key(key);
        let (last, first) = (self.order.last(), self.added.first());
        let in_turn = last.is_none_or(|last| first.is_none_or(|first| key(last) <= key(first)));
        let by_date = self.wanted.sort.by == Key::Date && self.shown_by.sort.by == Key::Date;
        if self.unordered || !in_turn || !by_date {
            return;
        }
        if self.contacts.len() < CONTACTS {
            let found = arrange::contacts(rows, &self.added);
            let known: HashSet<&str> = self.contacts.iter().map(|c| c.0.as_str()).collect();
            let new = found.into_iter().filter(|c| !known.contains(c.0.as_str()));
            let new: Vec<(String, String)> = new.take(CONTACTS - self.contacts.len()).collect();
            Arc::make_mut(&mut self.contacts).extend(new);
        }
        let filter = &self.wanted.filter;
        let passing = |number: &&u32| {
            rows.get(index(**number))
                .is_some_and(|row| filter.passes(row))
        };
        let passing: Vec<u32> = self.added.iter().filter(passing).copied().collect();
        let amounts = passing
            .iter()
            .filter_map(|number| self.amounts.get(index(*number)));
        self.sum = amounts.fold(self.sum, |sum, amount| sum + *amount);
        Arc::make_mut(&mut self.shown).extend(passing);
        Arc::make_mut(&mut self.order).append(&mut self.added);
        self.shown_by = self.wanted.clone();
    }

    /// Whether the list is the one that is wanted, of the rows that are here.
    pub fn is_arranged(&self) -> bool {
        !self.is_due() && self.running.is_none()
    }

    fn is_due(&self) -> bool {
        self.shown_by != self.wanted
    }

    /// What has to be worked out elsewhere now, if anything; it comes back by [`Self::arranged`].
    pub fn work(&mut self) -> Option<Work> {
        if self.running.is_some() || !self.is_due() {
            return None;
        }
        let work = Work::new(self);
        self.running = Some(work.ticket());
        self.unordered = false;
        Some(work)
    }

    /// Takes in what was worked out; what belongs to another list, or to a filter or column of before, is dropped.
    pub fn arranged(&mut self, done: Option<Arranged>) {
        let Some(done) = done else {
            // Whoever worked it out was interrupted.
            self.running = None;
            self.unordered = true;
            return;
        };
        if self.running != Some(done.ticket) {
            return;
        }
        self.running = None;
        self.order = done.order;
        self.added.drain(..done.taken.min(self.added.len()));
        self.contacts = done.contacts;
        let same_column = done.by.sort.by == Key::Date && self.wanted.sort.by == Key::Date;
        if done.by.filter == self.wanted.filter && (same_column || done.by.sort == self.wanted.sort)
        {
            self.shown = done.shown;
            self.sum = done.sum;
            self.shown_by = By {
                sort: self.wanted.sort,
                ..done.by
            };
        }
    }

    /// Works out whatever is due, here and now.
    pub fn settle(&mut self) {
        while let Some(work) = self.work() {
            self.arranged(Some(work.run()));
        }
    }

    fn arrange_few(&mut self) {
        if self.rows.len() <= AT_ONCE {
            self.settle();
        }
    }
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
    // The wallet waits one block longer than the rules of the chain do.
    let left = row.mature_height?.saturating_sub(height?);
    (left > 0 && matches!(row.state, TxState::Confirmed { .. })).then_some(left)
}
