//! Coins in memory, packed: one vector of slots, and a table of their numbers.
//!
//! A full table of whole coins would double in size at once, far over what `-dbcache` allows; here only
//! numbers double. Scripts of the usual lengths lie in the slot itself.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::mem::{replace, size_of};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use primitives::encode::Sink;
use primitives::{Amount, OutPoint, Script, TxOut};

use super::{Coin, code};
use crate::compress::{put_value_and_script, put_varint};

/// Bytes of script that a slot holds: all of the usual outputs, taproot's among them.
const SHORT: usize = 34;

/// A script.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Packed {
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

impl Packed {
    fn new(script: &[u8]) -> Self {
        match u8::try_from(script.len()) {
            Ok(len) if script.len() <= SHORT => {
                let mut bytes = [0; SHORT];
                bytes[..script.len()].copy_from_slice(script);
                Self::Short(len, bytes)
            }
            _ => Self::Long(script.into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Short(len, bytes) => &bytes[..usize::from(*len)],
            Self::Long(bytes) => bytes,
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Self::Short(..) => 0,
            // Allocators round up to 16 bytes and keep some for themselves.
            Self::Long(bytes) => (bytes.len() + 31) & !15,
        }
    }
}

/// A coin at its place, or the news that it is spent.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    outpoint: OutPoint,
    height: u32,
    value: i64,
    script: Packed,
    coinbase: bool,
    unspent: bool,
    /// The view below has something else.
    pub(super) dirty: bool,
    /// The view below has nothing, so that a spent coin need not be mentioned to it.
    pub(super) fresh: bool,
}

impl Slot {
    /// What the view below has, too.
    pub(super) fn clean(outpoint: OutPoint, coin: Option<&Coin>) -> Self {
        let mut slot = Self {
            outpoint,
            height: 0,
            value: 0,
            script: Packed::Short(0, [0; SHORT]),
            coinbase: false,
            unspent: false,
            dirty: false,
            fresh: false,
        };
        if let Some(coin) = coin {
            slot.set(coin);
        }
        slot
    }

    /// A change that the view below does not know.
    pub(super) fn dirty(outpoint: OutPoint, coin: Option<&Coin>, fresh: bool) -> Self {
        Self {
            dirty: true,
            fresh,
            ..Self::clean(outpoint, coin)
        }
    }

    fn set(&mut self, coin: &Coin) {
        self.height = coin.height;
        self.coinbase = coin.coinbase;
        self.value = coin.output.value.sat();
        self.script = Packed::new(&coin.output.script_pubkey);
        self.unspent = true;
    }

    pub(crate) const fn outpoint(&self) -> &OutPoint {
        &self.outpoint
    }

    pub(crate) const fn is_unspent(&self) -> bool {
        self.unspent
    }

    /// Writes the coin as [`Coin::encode`] does; nothing where it is spent.
    pub(crate) fn encode(&self, out: &mut impl Sink) {
        if self.unspent {
            put_varint(out, code(self.height, self.coinbase));
            put_value_and_script(out, self.value, self.script.bytes());
        }
    }

    /// The coin, unless it is spent.
    pub(crate) fn coin(&self) -> Option<Coin> {
        self.unspent.then(|| Coin {
            height: self.height,
            coinbase: self.coinbase,
            output: TxOut {
                value: Amount::from_sat(self.value),
                script_pubkey: Script::from(self.script.bytes()),
            },
        })
    }
}

/// Where a slot is, with a part of its hash: most others need not be looked at.
#[derive(Clone, Copy, Debug)]
struct Place {
    hash: u32,
    slot: u32,
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
    slots: Vec<Slot>,
    /// Numbers of slots that nobody uses.
    free: Vec<u32>,
    heap_bytes: usize,
    dirty: usize,
}

fn at(slot: u32) -> usize {
    usize::try_from(slot).expect("numbers of slots fit")
}

impl CoinTable {
    fn hash(&self, outpoint: &OutPoint) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(&outpoint.txid.0);
        hasher.write_u32(outpoint.vout);
        u32::try_from(hasher.finish() >> 32).expect("32 bits")
    }

    fn place(&self, outpoint: &OutPoint) -> Option<usize> {
        let hash = self.hash(outpoint);
        let same =
            |place: &Place| place.hash == hash && self.slots[at(place.slot)].outpoint == *outpoint;
        let place = self.table.find(Place::spread(hash), same)?;
        Some(at(place.slot))
    }

    pub(super) fn get(&self, outpoint: &OutPoint) -> Option<&Slot> {
        Some(&self.slots[self.place(outpoint)?])
    }

    pub(super) fn contains(&self, outpoint: &OutPoint) -> bool {
        self.place(outpoint).is_some()
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) const fn dirty_count(&self) -> usize {
        self.dirty
    }

    /// Memory in use, in bytes, as near as can be told from outside the allocator.
    pub(super) fn memory(&self) -> usize {
        // A table of n places is filled to 7/8, with a byte of control each.
        let places = (self.table.capacity() * 8).div_ceil(7);
        places * (size_of::<Place>() + 1)
            + self.slots.len() * size_of::<Slot>()
            + self.free.len() * size_of::<u32>()
            + self.heap_bytes
    }

    /// Lets `change` make a new slot of what is there; `None` removes it.
    pub(super) fn change<T>(
        &mut self,
        outpoint: &OutPoint,
        change: impl FnOnce(Option<Slot>) -> (Option<Slot>, T),
    ) -> T {
        let hash = self.hash(outpoint);
        let slots = &mut self.slots;
        let same =
            |place: &Place| place.hash == hash && slots[at(place.slot)].outpoint == *outpoint;
        let rehash = |place: &Place| Place::spread(place.hash);
        match self.table.entry(Place::spread(hash), same, rehash) {
            Entry::Occupied(entry) => {
                let number = entry.get().slot;
                let slot = &mut slots[at(number)];
                let old = replace(slot, Slot::clean(*outpoint, None));
                self.heap_bytes -= old.script.heap_bytes();
                self.dirty -= usize::from(old.dirty);
                let (new, result) = change(Some(old));
                if let Some(new) = new {
                    self.heap_bytes += new.script.heap_bytes();
                    self.dirty += usize::from(new.dirty);
                    *slot = new;
                } else {
                    entry.remove();
                    self.free.push(number);
                }
                result
            }
            Entry::Vacant(entry) => {
                let (new, result) = change(None);
                if let Some(new) = new {
                    self.heap_bytes += new.script.heap_bytes();
                    self.dirty += usize::from(new.dirty);
                    let number = self.free.pop().unwrap_or_else(|| {
                        u32::try_from(slots.len()).expect("memory holds fewer coins than 2^32")
                    });
                    match slots.get_mut(at(number)) {
                        Some(slot) => *slot = new,
                        None => slots.push(new),
                    }
                    entry.insert(Place { hash, slot: number });
                }
                result
            }
        }
    }

    /// All slots that differ from the view below, in no order.
    pub(super) fn changes(&self) -> impl Iterator<Item = &Slot> {
        // Slots that nobody uses are clean.
        self.slots.iter().filter(|slot| slot.dirty)
    }

    /// As [`CoinTable::changes`], taking them out.
    pub(super) fn into_changes(self) -> impl Iterator<Item = Slot> {
        self.slots.into_iter().filter(|slot| slot.dirty)
    }

    /// The view below has all changes now: spent coins are forgotten.
    pub(super) fn settle(&mut self) {
        let Self {
            table, slots, free, ..
        } = self;
        table.retain(|place| {
            let slot = &mut slots[at(place.slot)];
            (slot.dirty, slot.fresh) = (false, false);
            if !slot.unspent {
                free.push(place.slot);
            }
            slot.unspent
        });
        self.dirty = 0;
    }
}
