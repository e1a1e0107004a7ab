//! Coins in memory, packed: records of few sizes, and a table of their numbers.
//!
//! A full table of whole coins would double in size at once, far over what `-dbcache` allows; here only
//! numbers double. The record of a usual coin takes 69 or 85 bytes, that of a spent one 37.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::mem::{size_of, take};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use primitives::{OutPoint, Txid};

use super::slot::{Packed, SHORT, Slot, SlotRef};

/// The place of a coin, and the number that stands behind it in a record.
type Key = [u8; 36];

/// A place, then one byte with two flags and the length of what follows.
const HEAD: usize = size_of::<Key>() + 1;
/// A record of a coin with a script of 20 bytes and what belongs to it.
const SMALL: usize = HEAD + 32;
/// A record of a coin with a script of 32 bytes and what belongs to it.
const MIDDLE: usize = HEAD + SHORT;

const DIRTY: u8 = 1;
const FRESH: u8 = 2;
/// Bits of the flags, below those of the length.
const FLAG_BITS: u32 = 2;

/// Most memory that a table may be allowed, in bytes: the numbers of records have 30 bits.
pub(crate) const MOST_MEMORY: u64 = 32 << 30;

/// The vectors of records.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Spent,
    Small,
    Middle,
    Long,
}

/// Which vector, in two bits, and the number of the record there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(u32);

impl Number {
    const BITS: u32 = 30;

    fn new(size: Size, at: usize) -> Self {
        let at = u32::try_from(at).ok().filter(|at| at >> Self::BITS == 0);
        let at = at.expect("memory is limited so that numbers fit");
        let size = match size {
            Size::Spent => 0,
            Size::Small => 1,
            Size::Middle => 2,
            Size::Long => 3,
        };
        Self(size << Self::BITS | at)
    }

    pub(super) const fn bits(self) -> u32 {
        self.0
    }

    pub(super) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    const fn size(self) -> Size {
        match self.0 >> Self::BITS {
            0 => Size::Spent,
            1 => Size::Small,
            2 => Size::Middle,
            _ => Size::Long,
        }
    }

    fn at(self) -> usize {
        let at = self.0 & ((1 << Self::BITS) - 1);
        usize::try_from(at).expect("32 bits fit")
    }
}

/// Records of one size, in parts that stay where they are: one vector would be copied as a whole, old
/// and new side by side, each time it is full.
#[derive(Debug)]
struct Records<R> {
    parts: Vec<Vec<R>>,
    /// Those that nobody uses; their flags are clear.
    free: Vec<u32>,
}

/// Records in a part.
const PART: usize = 1 << 13;

impl<R> Default for Records<R> {
    fn default() -> Self {
        Self {
            parts: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<R> Records<R> {
    fn get(&self, at: usize) -> &R {
        &self.parts[at / PART][at % PART]
    }

    fn get_mut(&mut self, at: usize) -> &mut R {
        &mut self.parts[at / PART][at % PART]
    }

    fn iter(&self) -> impl Iterator<Item = &R> {
        self.parts.iter().flatten()
    }

    fn put(&mut self, record: R) -> usize {
        if let Some(at) = self.free.pop() {
            let at = usize::try_from(at).expect("32 bits fit");
            *self.get_mut(at) = record;
            return at;
        }
        match self.parts.last_mut() {
            // The first one grows, for tables of few coins.
            Some(part) if part.len() < PART => part.push(record),
            None => self.parts.push(vec![record]),
            Some(_) => {
                let mut part = Vec::with_capacity(PART);
                part.push(record);
                self.parts.push(part);
            }
        }
        self.len() - 1
    }

    fn len(&self) -> usize {
        match self.parts.last() {
            Some(last) => (self.parts.len() - 1) * PART + last.len(),
            None => 0,
        }
    }

    fn release(&mut self, at: usize) {
        let at = u32::try_from(at).expect("memory is limited so that numbers fit");
        self.free.push(at);
    }

    fn memory(&self) -> usize {
        self.len() * size_of::<R>() + self.free.len() * size_of::<u32>()
    }
}

fn key_of(outpoint: &OutPoint) -> Key {
    let mut key = [0; size_of::<Key>()];
    key[..32].copy_from_slice(&outpoint.txid.0);
    key[32..].copy_from_slice(&outpoint.vout.to_le_bytes());
    key
}

fn outpoint_of(key: &Key) -> OutPoint {
    let (txid, vout) = key.split_first_chunk().expect("a key is 36 bytes");
    let vout = vout.try_into().expect("a key is 36 bytes");
    OutPoint::new(Txid(*txid), u32::from_le_bytes(vout))
}

fn flags_of(slot: &Slot) -> u8 {
    let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
    flag(slot.dirty, DIRTY) | flag(slot.fresh, FRESH)
}

/// A record of `N` bytes.
fn record<const N: usize>(slot: &Slot) -> [u8; N] {
    let bytes = slot.packed.bytes();
    let len = u8::try_from(bytes.len()).expect("short coins only");
    let mut record = [0; N];
    record[..HEAD - 1].copy_from_slice(&key_of(&slot.outpoint));
    record[HEAD - 1] = len << FLAG_BITS | flags_of(slot);
    record[HEAD..HEAD + bytes.len()].copy_from_slice(bytes);
    record
}

/// The coin in a record, none where it is spent.
fn coin_bytes(record: &[u8]) -> &[u8] {
    let len = usize::from(record[HEAD - 1] >> FLAG_BITS);
    &record[HEAD..HEAD + len]
}

/// All records, without the table that finds them.
#[derive(Debug, Default)]
struct Shelves {
    spent: Records<[u8; HEAD]>,
    small: Records<[u8; SMALL]>,
    middle: Records<[u8; MIDDLE]>,
    long: Records<([u8; HEAD], Box<[u8]>)>,
    /// What the long ones take elsewhere, in bytes.
    heap_bytes: usize,
    dirty: usize,
}

impl Shelves {
    /// What all records begin with.
    fn head(&self, number: Number) -> &[u8; HEAD] {
        let at = number.at();
        let head = match number.size() {
            Size::Spent => Some(self.spent.get(at)),
            Size::Small => self.small.get(at).first_chunk(),
            Size::Middle => self.middle.get(at).first_chunk(),
            Size::Long => Some(&self.long.get(at).0),
        };
        head.expect("records are longer than what they begin with")
    }

    fn head_mut(&mut self, number: Number) -> &mut [u8; HEAD] {
        let at = number.at();
        let head = match number.size() {
            Size::Spent => Some(self.spent.get_mut(at)),
            Size::Small => self.small.get_mut(at).first_chunk_mut(),
            Size::Middle => self.middle.get_mut(at).first_chunk_mut(),
            Size::Long => Some(&mut self.long.get_mut(at).0),
        };
        head.expect("records are longer than what they begin with")
    }

    fn is_at(&self, number: Number, key: &Key) -> bool {
        self.head(number).starts_with(key)
    }

    fn bytes(&self, number: Number) -> &[u8] {
        let at = number.at();
        match number.size() {
            Size::Spent => &[],
            Size::Small => coin_bytes(self.small.get(at)),
            Size::Middle => coin_bytes(self.middle.get(at)),
            Size::Long => &self.long.get(at).1,
        }
    }

    fn view(&self, number: Number) -> SlotRef<'_> {
        let key = self.head(number).first_chunk();
        SlotRef {
            outpoint: outpoint_of(key.expect("a record begins with a key")),
            bytes: self.bytes(number),
        }
    }

    fn slot(&self, number: Number) -> Slot {
        let view = self.view(number);
        let flags = self.head(number)[HEAD - 1];
        Slot {
            outpoint: view.outpoint,
            packed: Packed::from_bytes(view.bytes),
            dirty: flags & DIRTY != 0,
            fresh: flags & FRESH != 0,
        }
    }

    fn put(&mut self, slot: Slot) -> Number {
        self.dirty += usize::from(slot.dirty);
        let flags = flags_of(&slot);
        let (size, at) = match slot.packed {
            Packed::Spent => (Size::Spent, self.spent.put(record(&slot))),
            Packed::Short(len, _) if usize::from(len) <= SMALL - HEAD => {
                (Size::Small, self.small.put(record(&slot)))
            }
            Packed::Short(..) => (Size::Middle, self.middle.put(record(&slot))),
            Packed::Long(bytes) => {
                self.heap_bytes += heap_bytes(&bytes);
                let mut head = [0; HEAD];
                head[..HEAD - 1].copy_from_slice(&key_of(&slot.outpoint));
                head[HEAD - 1] = flags;
                (Size::Long, self.long.put((head, bytes)))
            }
        };
        Number::new(size, at)
    }

    fn release(&mut self, number: Number) {
        let head = self.head_mut(number);
        let was_dirty = head[HEAD - 1] & DIRTY != 0;
        head[HEAD - 1] = 0;
        self.dirty -= usize::from(was_dirty);
        let at = number.at();
        match number.size() {
            Size::Spent => self.spent.release(at),
            Size::Small => self.small.release(at),
            Size::Middle => self.middle.release(at),
            Size::Long => {
                self.heap_bytes -= heap_bytes(&take(&mut self.long.get_mut(at).1));
                self.long.release(at);
            }
        }
    }

    /// The numbers of all records whose coins differ from what the view below has.
    fn changes(&self) -> impl Iterator<Item = Number> {
        fn dirty<'a>(
            size: Size,
            heads: impl Iterator<Item = &'a [u8]>,
        ) -> impl Iterator<Item = Number> {
            let heads = heads.enumerate();
            let dirty = heads.filter(|(_, head)| head[HEAD - 1] & DIRTY != 0);
            dirty.map(move |(at, _)| Number::new(size, at))
        }
        let spent = dirty(Size::Spent, self.spent.iter().map(<[u8; HEAD]>::as_slice));
        let small = dirty(Size::Small, self.small.iter().map(<[u8; SMALL]>::as_slice));
        let middle = self.middle.iter().map(<[u8; MIDDLE]>::as_slice);
        let middle = dirty(Size::Middle, middle);
        let long = self.long.iter().map(|(head, _)| head.as_slice());
        let long = dirty(Size::Long, long);
        spent.chain(small).chain(middle).chain(long)
    }
}

/// What an allocation of these bytes takes.
const fn heap_bytes(bytes: &[u8]) -> usize {
    // Allocators round up to 16 bytes and keep some for themselves.
    (bytes.len() + 31) & !15
}

/// Where a slot is, with a part of its hash: most others need not be looked at.
#[derive(Clone, Copy, Debug)]
struct Place {
    hash: u32,
    number: Number,
}

impl Place {
    /// All bits of it count in a table.
    const fn spread(hash: u32) -> u64 {
        (hash as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// Slots by their places.
#[derive(Debug, Default)]
pub(super) struct CoinTable {
    hasher: RandomState,
    table: HashTable<Place>,
    shelves: Shelves,
}

impl CoinTable {
    fn hash(&self, key: &Key) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(key);
        u32::try_from(hasher.finish() >> 32).expect("32 bits")
    }

    fn number(&self, outpoint: &OutPoint) -> Option<Number> {
        let key = key_of(outpoint);
        let hash = self.hash(&key);
        let same = |place: &Place| place.hash == hash && self.shelves.is_at(place.number, &key);
        let place = self.table.find(Place::spread(hash), same)?;
        Some(place.number)
    }

    pub(super) fn get(&self, outpoint: &OutPoint) -> Option<SlotRef<'_>> {
        Some(self.shelves.view(self.number(outpoint)?))
    }

    pub(super) fn contains(&self, outpoint: &OutPoint) -> bool {
        self.number(outpoint).is_some()
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) const fn dirty_count(&self) -> usize {
        self.shelves.dirty
    }

    /// Memory in use, in bytes, as near as can be told from outside the allocator.
    pub(super) fn memory(&self) -> usize {
        // A table of n places is filled to 7/8, with a byte of control each.
        let places = (self.table.capacity() * 8).div_ceil(7);
        let shelves = &self.shelves;
        places * (size_of::<Place>() + 1)
            + shelves.spent.memory()
            + shelves.small.memory()
            + shelves.middle.memory()
            + shelves.long.memory()
            + shelves.heap_bytes
    }

    /// Lets `change` make a new slot of what is there; `None` removes it.
    pub(super) fn change<T>(
        &mut self,
        outpoint: &OutPoint,
        change: impl FnOnce(Option<Slot>) -> (Option<Slot>, T),
    ) -> T {
        let key = key_of(outpoint);
        let hash = self.hash(&key);
        let shelves = &mut self.shelves;
        let same = |place: &Place| place.hash == hash && shelves.is_at(place.number, &key);
        let rehash = |place: &Place| Place::spread(place.hash);
        match self.table.entry(Place::spread(hash), same, rehash) {
            Entry::Occupied(mut entry) => {
                let number = entry.get().number;
                let (new, result) = change(Some(shelves.slot(number)));
                shelves.release(number);
                match new {
                    Some(new) => entry.get_mut().number = shelves.put(new),
                    None => drop(entry.remove()),
                }
                result
            }
            Entry::Vacant(entry) => {
                let (new, result) = change(None);
                if let Some(new) = new {
                    let number = shelves.put(new);
                    entry.insert(Place { hash, number });
                }
                result
            }
        }
    }

    /// The numbers of all slots that differ from the view below, in no order.
    pub(super) fn changes(&self) -> impl Iterator<Item = Number> {
        self.shelves.changes()
    }

    pub(super) fn view(&self, number: Number) -> SlotRef<'_> {
        self.shelves.view(number)
    }

    /// All slots that differ from the view below.
    pub(super) fn into_changes(self) -> impl Iterator<Item = Slot> {
        let numbers: Vec<_> = self.changes().collect();
        numbers
            .into_iter()
            .map(move |number| self.shelves.slot(number))
    }

    /// The view below has all changes now: spent coins are forgotten.
    pub(super) fn settle(&mut self) {
        let Self { table, shelves, .. } = self;
        table.retain(|place| {
            shelves.head_mut(place.number)[HEAD - 1] &= !(DIRTY | FRESH);
            place.number.size() != Size::Spent
        });
        shelves.spent = Records::default();
        shelves.dirty = 0;
    }
}
