//! Coins in their store, under Core's keys and encodings.

use std::cmp::Ordering;
use std::sync::mpsc;

use fjall::Slice;
use primitives::encode::{DecodeError, Reader, Sink};
use primitives::{BlockHash, OutPoint, Txid};

use super::slot::{Slot, SlotRef};
use super::{Coin, CoinsCache, CoinsView};
use crate::compress::{put_varint, varint_u32};
use crate::random::random_u64;
use crate::store::{Batch, Durability, Store, StoreError, StoreSnapshot};

/// `C`, the transaction's id and the output's number: a coin.
const COIN: u8 = b'C';
/// `B`: the block that the coins stand at.
const BEST_BLOCK: u8 = b'B';
/// `H`: the block that a write in several parts leads to, and the one it started from.
const HEADS: u8 = b'H';

/// The least number of an output that takes three bytes in a key.
const THREE_BYTES: u32 = 0x4080;
/// Changes after which their progress is told.
const SHOWN: usize = 1 << 16;
/// More changes than this go into table files at once: the engine's journal and buffer would write
/// them twice and hold them in memory.
pub(crate) const BULK_CHANGES: usize = 1 << 16;
/// Changes that are gathered at a time for such a write.
const GATHERED_CHANGES: usize = 1 << 12;
/// Bytes that such a change takes or, mostly, less.
const USUAL_CHANGE: usize = 80;
/// How many times so many may wait for the store.
const GATHERED_PARTS: usize = 4;

/// The store that holds the coins.
#[derive(Clone, Debug)]
pub struct CoinsStore(pub(super) Store);

/// A write of coins that did not come to its end: they stand somewhere between two blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heads {
    /// Where it leads.
    pub(crate) new: BlockHash,
    /// Where it started; `None`: before the first block.
    pub(crate) old: Option<BlockHash>,
}

/// How coins are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WriteOptions {
    /// Bytes in one part.
    pub(crate) batch_bytes: usize,
    /// One in so many parts ends the process.
    pub(crate) crash_ratio: Option<u32>,
    /// More changes than this are written as tables at once.
    pub(crate) bulk: usize,
}

pub(crate) fn coin_key(outpoint: &OutPoint) -> Vec<u8> {
    let mut key = Vec::with_capacity(38);
    put_coin_key(&mut key, outpoint);
    key
}

fn put_coin_key(out: &mut impl Sink, outpoint: &OutPoint) {
    out.put_u8(COIN);
    out.put(&outpoint.txid.0);
    put_varint(out, outpoint.vout.into());
}

/// The order of the keys of two places.
pub(super) fn key_order(a: &OutPoint, b: &OutPoint) -> Ordering {
    a.txid
        .cmp(&b.txid)
        .then_with(|| match a.vout.max(b.vout) < THREE_BYTES {
            true => a.vout.cmp(&b.vout),
            // Longer ones are not always in the order of their values.
            false => coin_key(a).cmp(&coin_key(b)),
        })
}

/// The place of the coin that lies under a key.
pub(crate) fn coin_place(key: &[u8]) -> Result<OutPoint, DecodeError> {
    let mut reader = Reader::new(key);
    reader.u8()?;
    let outpoint = OutPoint::new(Txid(reader.array()?), varint_u32(&mut reader)?);
    reader.finish()?;
    Ok(outpoint)
}

impl CoinsStore {
    pub(crate) const fn new(store: Store) -> Self {
        Self(store)
    }

    /// The error for something that cannot be what was stored.
    pub(crate) fn bad_value(&self, what: &'static str) -> StoreError {
        self.0.bad_value(what)
    }

    /// The coin at a place, as memory keeps it.
    pub(super) fn slot(&self, outpoint: &OutPoint) -> Result<Option<Slot>, StoreError> {
        let Some(value) = self.0.get(&coin_key(outpoint))? else {
            return Ok(None);
        };
        let slot = Slot::stored(*outpoint, &value);
        slot.map(Some).map_err(|_| self.0.bad_value("a coin"))
    }

    pub(crate) fn heads(&self) -> Result<Option<Heads>, StoreError> {
        let Some(value) = self.0.get(&[HEADS])? else {
            return Ok(None);
        };
        let decode = || {
            let (new, old) = value.split_at_checked(32)?;
            let old = BlockHash::from_slice(old)?;
            let old = (!old.is_zero()).then_some(old);
            Some(Heads {
                new: BlockHash::from_slice(new)?,
                old,
            })
        };
        decode()
            .map(Some)
            .ok_or_else(|| self.0.bad_value("the heads of the coins"))
    }

    /// Writes the changes of `cache` and the block that they lead to. One part takes effect as a
    /// whole; of several, the first says what they lead to, so that a crash between them can be
    /// repaired from the blocks. `progress` hears percents.
    pub(crate) fn write(
        &self,
        cache: &CoinsCache<Self>,
        options: WriteOptions,
        mut progress: impl FnMut(u64),
    ) -> Result<(), StoreError> {
        let Some(new) = cache.best_block()? else {
            return Ok(());
        };
        let old = match self.heads()? {
            Some(heads) => heads.old,
            None => self.best_block()?,
        };
        let changes = cache.sorted_changes();
        let count = changes.len();
        let mut done = 0;
        let mut written = |more: usize| {
            let shown = done / SHOWN;
            done += more;
            if done / SHOWN != shown {
                progress(done as u64 * 100 / count as u64);
            }
        };
        if count > options.bulk {
            self.write_bulk(changes, new, options, written)?;
        } else {
            let changes = changes.inspect(|_| written(1));
            self.write_batches(changes, new, old, options)?;
        }
        tracing::debug!(
            target: "coindb",
            "Committed {count} changed transaction outputs (out of {}) to coin database...",
            cache.len()
        );
        Ok(())
    }

    /// As batches, of which the first says what they lead to.
    fn write_batches<'a>(
        &self,
        changes: impl Iterator<Item = SlotRef<'a>>,
        new: BlockHash,
        old: Option<BlockHash>,
        options: WriteOptions,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        let mut heads = new.0.to_vec();
        heads.put(&old.unwrap_or_default().0);
        batch.put(&[HEADS], &heads);
        batch.remove(&[BEST_BLOCK]);
        let mut value = Vec::new();
        for slot in changes {
            let key = coin_key(slot.outpoint());
            if slot.is_unspent() {
                value.clear();
                slot.encode(&mut value);
                batch.put(&key, &value);
            } else {
                batch.remove(&key);
            }
            if batch.bytes() > options.batch_bytes {
                log_batch("partial", batch.bytes());
                self.0
                    .write(std::mem::take(&mut batch), Durability::Process)?;
                crash_sometimes(options.crash_ratio);
            }
        }
        batch.remove(&[HEADS]);
        batch.put(&[BEST_BLOCK], &new.0);
        log_batch("final", batch.bytes());
        self.0.write(batch, Durability::Disk)
    }

    /// As new tables, which take effect together. Records are gathered on another thread: they lie
    /// anywhere in memory, and the store has enough to do.
    fn write_bulk<'a>(
        &self,
        mut changes: impl Iterator<Item = SlotRef<'a>> + Send,
        new: BlockHash,
        options: WriteOptions,
        mut written: impl FnMut(usize),
    ) -> Result<(), StoreError> {
        let (give, gathered) = mpsc::sync_channel(GATHERED_PARTS);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                loop {
                    let part = Gathered::of(changes.by_ref().take(GATHERED_CHANGES));
                    // Nobody takes it where the store has failed.
                    if part.is_empty() || give.send(part).is_err() {
                        return;
                    }
                }
            });
            let mut bytes = 0;
            let coins = gathered.into_iter().flat_map(|part| {
                bytes += part.bytes.len();
                written(part.ends.len());
                if bytes > options.batch_bytes {
                    log_batch("partial", std::mem::take(&mut bytes));
                    crash_sometimes(options.crash_ratio);
                }
                part.into_changes()
            });
            let best = std::iter::once(([BEST_BLOCK].into(), Some(new.0.into())));
            let heads = std::iter::once(([HEADS].into(), None));
            // In the order of their keys, as the store wants them.
            self.0.ingest(best.chain(coins).chain(heads))
        })
    }

    /// Fills an empty store with the coins that `next` gives, which stand at `best`.
    ///
    /// # Errors
    /// What `next` reports, and where the store cannot be written.
    pub(crate) fn fill<E: From<StoreError>>(
        &self,
        next: &mut impl FnMut() -> Result<Option<(OutPoint, Coin)>, E>,
        best: BlockHash,
        batch_bytes: usize,
    ) -> Result<(), E> {
        let (mut batch, mut value) = (Batch::new(), Vec::new());
        while let Some((outpoint, coin)) = next()? {
            value.clear();
            coin.encode(&mut value);
            batch.put(&coin_key(&outpoint), &value);
            if batch.bytes() > batch_bytes {
                self.0
                    .write(std::mem::take(&mut batch), Durability::Process)?;
            }
        }
        batch.put(&[BEST_BLOCK], &best.0);
        self.0.write(batch, Durability::Disk)?;
        Ok(())
    }

    /// The coins as they are on disk now; `None` before the first block.
    pub(crate) fn snapshot(&self) -> Result<Option<CoinsSnapshot>, StoreError> {
        let snapshot = self.0.snapshot();
        let Some(best) = snapshot.get(&[BEST_BLOCK])? else {
            return Ok(None);
        };
        let best = decode_hash(&self.0, &best)?;
        Ok(Some(CoinsSnapshot {
            snapshot,
            best_block: best,
        }))
    }
}

/// Changes one behind the other, as the store takes them.
struct Gathered {
    bytes: Vec<u8>,
    /// Where each key and each value ends; a coin that is spent has no value.
    ends: Vec<(usize, usize)>,
}

impl Gathered {
    fn of<'a>(changes: impl Iterator<Item = SlotRef<'a>>) -> Self {
        // They lie anywhere in memory: it is looked at for many at once, and then their bytes are near.
        let changes: Vec<_> = changes.collect();
        let mut part = Self {
            bytes: Vec::with_capacity(changes.len() * USUAL_CHANGE),
            ends: Vec::with_capacity(changes.len()),
        };
        for change in changes {
            put_coin_key(&mut part.bytes, change.outpoint());
            let key = part.bytes.len();
            change.encode(&mut part.bytes);
            part.ends.push((key, part.bytes.len()));
        }
        part
    }

    const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn into_changes(self) -> impl Iterator<Item = (Slice, Option<Slice>)> {
        let mut start = 0;
        self.ends.into_iter().map(move |(key, value)| {
            let change = (&self.bytes[start..key], &self.bytes[key..value]);
            start = value;
            let value = (!change.1.is_empty()).then(|| change.1.into());
            (change.0.into(), value)
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn log_batch(which: &str, bytes: usize) {
    let size = bytes as f64 / f64::from(1 << 20);
    tracing::debug!(target: "coindb", "Writing {which} batch of {size:.2} MiB");
}

fn crash_sometimes(ratio: Option<u32>) {
    if let Some(ratio) = ratio
        && random_u64().is_multiple_of(u64::from(ratio.max(1)))
    {
        tracing::error!(target: "coindb", "Simulating a crash. Goodbye.");
        std::process::exit(0);
    }
}

fn decode_hash(store: &Store, value: &[u8]) -> Result<BlockHash, StoreError> {
    BlockHash::from_slice(value).ok_or_else(|| store.bad_value("the best block of the coins"))
}

impl CoinsView for CoinsStore {
    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, StoreError> {
        let Some(value) = self.0.get(&coin_key(outpoint))? else {
            return Ok(None);
        };
        let coin = Coin::decode(&mut Reader::new(&value));
        coin.map(Some).map_err(|_| self.0.bad_value("a coin"))
    }

    fn best_block(&self) -> Result<Option<BlockHash>, StoreError> {
        self.0
            .get(&[BEST_BLOCK])?
            .map(|value| decode_hash(&self.0, &value))
            .transpose()
    }

    fn has_coin(&self, outpoint: &OutPoint) -> Result<bool, StoreError> {
        self.0.contains(&coin_key(outpoint))
    }
}

/// All coins as of one block, which later blocks do not change.
#[derive(Clone, Debug)]
pub struct CoinsSnapshot {
    snapshot: StoreSnapshot,
    best_block: BlockHash,
}

impl CoinsSnapshot {
    /// The block that the coins stand at.
    pub const fn best_block(&self) -> BlockHash {
        self.best_block
    }

    /// All coins, by id of transaction. Coins of one transaction follow each other, but not always
    /// in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = Result<(OutPoint, Coin), StoreError>> + use<> {
        let store = self.snapshot.store().clone();
        self.snapshot.scan(&[COIN]).map(move |row| {
            let (key, value) = row?;
            let coin = coin_place(&key)
                .and_then(|outpoint| Ok((outpoint, Coin::decode(&mut Reader::new(&value))?)));
            coin.map_err(|_| store.bad_value("a coin"))
        })
    }

    /// The coin at `outpoint`, unless it is spent or never was.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, StoreError> {
        let Some(value) = self.snapshot.get(&coin_key(outpoint))? else {
            return Ok(None);
        };
        let coin = Coin::decode(&mut Reader::new(&value));
        coin.map(Some)
            .map_err(|_| self.snapshot.store().bad_value("a coin"))
    }

    /// The error for something that cannot be what was stored.
    pub(crate) fn bad_value(&self, what: &'static str) -> StoreError {
        self.snapshot.store().bad_value(what)
    }

    /// Bytes that the coins take on disk.
    pub fn disk_bytes(&self) -> u64 {
        self.snapshot.store().disk_bytes()
    }
}
