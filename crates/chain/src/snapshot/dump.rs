//! The coins as of some block, written to a file.
//!
//! Going back does not touch the chain: what the blocks changed since is collected beside a view of
//! the coins, in memory or, where that is too little, in a store for the time being.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use primitives::encode::Reader;
use primitives::{BlockHash, ChainParams, HashScheme, OutPoint, Txid};

use super::file::{SnapshotMetadata, put_group};
use crate::coins::{Coin, CoinsCache, CoinsSnapshot, CoinsView, coin_key, coin_place};
use crate::coinstats::{CoinStats, CoinStatsError, CoinStatsHash, coin_stats_of};
use crate::connect::take_back;
use crate::error::ChainError;
use crate::reader::{BlockInfo, ChainReader};
use crate::store::{Batch, Durability, Store, StoreError, StoreKind, StoreOptions};

/// Bytes written at once.
const CHUNK: usize = 1 << 20;
/// Coins between two looks at whether somebody wants the end.
const LOOK: u64 = 5000;
/// Memory of the store for the time being, in bytes.
const STORE_BYTES: u64 = 16 << 20;
/// Where it lies in the data directory.
const STORE_DIR: &str = "chainstate_rollback";

/// Why the coins of a block cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The block is on another branch.
    #[error("Block is not in main chain")]
    NotOnChain,
    /// A block or what it spent is not here.
    #[error("Failed to read block at height {height}: {reason}")]
    Read {
        /// Its height.
        height: u32,
        /// Why.
        reason: String,
    },
    /// What a block spent does not fit it.
    #[error("Failed to roll back block at height {0}")]
    RollBack(u32),
    /// Somebody wanted the end.
    #[error("Shutting down")]
    Interrupted,
    /// The file cannot be written.
    #[error("the file cannot be written: {0}")]
    Write(#[from] io::Error),
    /// A store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How to go back to an older block.
#[derive(Clone, Copy, Debug)]
pub struct RollbackOptions {
    /// Whether all changes are kept in memory, however many.
    pub in_memory: bool,
    /// Memory for changes otherwise, in bytes.
    pub memory: usize,
}

/// The coins as of some block.
#[derive(Debug)]
pub struct CoinsAt {
    snapshot: CoinsSnapshot,
    block: BlockHash,
    changes: Changes,
}

/// What is other than in the snapshot: by key a coin, or that there is none.
#[derive(Debug)]
enum Changes {
    Memory(BTreeMap<Vec<u8>, Option<Coin>>),
    Disk(Spill),
}

/// Changes in a store, which is deleted with this.
#[derive(Debug)]
struct Spill {
    store: Option<Store>,
    dir: PathBuf,
}

impl Drop for Spill {
    fn drop(&mut self) {
        drop(self.store.take());
        super::directories::remove(&self.dir);
    }
}

impl Spill {
    fn create(data_dir: &Path, params: &ChainParams) -> Result<Self, StoreError> {
        let dir = data_dir.join(STORE_DIR);
        let options = StoreOptions {
            kind: StoreKind::Coins,
            cache_bytes: STORE_BYTES,
            buffer_bytes: STORE_BYTES,
            wipe: true,
        };
        let store = Store::open(&dir, params, &options)?;
        Ok(Self {
            store: Some(store),
            dir,
        })
    }

    fn store(&self) -> &Store {
        self.store.as_ref().expect("taken only when it is dropped")
    }

    fn add<V: CoinsView>(&self, cache: &CoinsCache<V>) -> Result<(), StoreError> {
        let (mut batch, mut value) = (Batch::new(), Vec::new());
        for slot in cache.sorted_changes() {
            value.clear();
            slot.encode(&mut value);
            batch.put(&coin_key(slot.outpoint()), &value);
        }
        self.store().write(batch, Durability::Process)
    }
}

/// An empty value says that there is no coin.
fn decode(store: &Store, value: &[u8]) -> Result<Option<Coin>, StoreError> {
    if value.is_empty() {
        return Ok(None);
    }
    let coin = Coin::decode(&mut Reader::new(value));
    coin.map(Some).map_err(|_| store.bad_value("a coin"))
}

/// What has been spilled, above the snapshot.
struct Base<'a> {
    snapshot: &'a CoinsSnapshot,
    spill: Option<Store>,
}

impl CoinsView for Base<'_> {
    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, StoreError> {
        if let Some(spill) = &self.spill
            && let Some(value) = spill.get(&coin_key(outpoint))?
        {
            return decode(spill, &value);
        }
        self.snapshot.coin(outpoint)
    }

    fn best_block(&self) -> Result<Option<BlockHash>, StoreError> {
        Ok(Some(self.snapshot.best_block()))
    }
}

impl CoinsAt {
    /// The coins as they are in `snapshot`.
    pub const fn now(snapshot: CoinsSnapshot) -> Self {
        let block = snapshot.best_block();
        Self {
            snapshot,
            block,
            changes: Changes::Memory(BTreeMap::new()),
        }
    }

    /// The coins as of an earlier block of the same chain. `go_on` is told how many blocks of how
    /// many were taken back, and says whether to go on.
    ///
    /// # Errors
    /// A [`DumpError`].
    pub fn rolled_back(
        reader: &ChainReader,
        snapshot: CoinsSnapshot,
        target: &BlockInfo,
        options: RollbackOptions,
        mut go_on: impl FnMut(u32, u32) -> bool,
    ) -> Result<Self, DumpError> {
        let from = snapshot.best_block();
        let ancestor = reader.ancestor(&from, target.height);
        if ancestor.is_none_or(|ancestor| ancestor.hash != target.hash) {
            return Err(DumpError::NotOnChain);
        }
        let height = reader.block(&from).map_or(0, |info| info.height);
        let total = height - target.height;
        tracing::info!(
            target: "rpc", "Rolling back from height {height} to {}", target.height
        );
        let mut spill: Option<Spill> = None;
        let mut memory = CoinsCache::new(Base {
            snapshot: &snapshot,
            spill: None,
        });
        for at in (target.height + 1..=height).rev() {
            if !go_on(height - at, total) {
                return Err(DumpError::Interrupted);
            }
            take_back_at(reader, &from, at, &mut memory)?;
            if !options.in_memory && memory.memory() > options.memory {
                let config = reader.config();
                let spilled = match spill.take() {
                    Some(spilled) => spilled,
                    None => Spill::create(&config.data_dir, config.params)?,
                };
                spilled.add(&memory)?;
                memory = CoinsCache::new(Base {
                    snapshot: &snapshot,
                    spill: Some(spilled.store().clone()),
                });
                spill = Some(spilled);
            }
        }
        let changes = match spill {
            Some(spill) => {
                spill.add(&memory)?;
                Changes::Disk(spill)
            }
            None => {
                let changes = memory.sorted_changes();
                let by_key = changes.map(|slot| (coin_key(slot.outpoint()), slot.coin()));
                Changes::Memory(by_key.collect())
            }
        };
        drop(memory);
        Ok(Self {
            snapshot,
            block: target.hash,
            changes,
        })
    }

    /// The block that they stand at.
    pub const fn block(&self) -> BlockHash {
        self.block
    }

    /// All coins, in the order of the store.
    fn rows(&self) -> impl Iterator<Item = Result<(OutPoint, Coin), StoreError>> + '_ {
        type Change = Result<(Vec<u8>, Option<Coin>), StoreError>;
        let changes: Box<dyn Iterator<Item = Change> + '_> = match &self.changes {
            Changes::Memory(map) => Box::new(
                map.iter()
                    .map(|(key, coin)| Ok((key.clone(), coin.clone()))),
            ),
            Changes::Disk(spill) => Box::new(spill.store().scan(b"C").map(|row| {
                let (key, value) = row?;
                Ok((key.to_vec(), decode(spill.store(), &value)?))
            })),
        };
        let bad = || self.snapshot.bad_value("a coin");
        let mut changes = changes.peekable();
        let mut coins = self.snapshot.iter().peekable();
        std::iter::from_fn(move || {
            loop {
                let change = match changes.peek() {
                    None => return coins.next(),
                    Some(Ok((key, _))) => key,
                    Some(Err(_)) => return changes.next()?.err().map(Err),
                };
                if let Some(Ok((outpoint, _))) = coins.peek() {
                    match coin_key(outpoint).cmp(change) {
                        std::cmp::Ordering::Less => return coins.next(),
                        // The change says what is there instead.
                        std::cmp::Ordering::Equal => drop(coins.next()),
                        std::cmp::Ordering::Greater => {}
                    }
                } else if coins.peek().is_some() {
                    return coins.next();
                }
                if let Some(Ok((key, Some(coin)))) = changes.next() {
                    let place = coin_place(&key).map_err(|_| bad());
                    return Some(place.map(|place| (place, coin)));
                }
            }
        })
    }

    /// Counts and hashes the coins.
    ///
    /// # Errors
    /// A [`CoinStatsError`].
    pub fn stats(
        &self,
        scheme: HashScheme,
        go_on: impl FnMut(u8) -> bool,
    ) -> Result<CoinStats, CoinStatsError> {
        let hash = CoinStatsHash::Serialized;
        coin_stats_of(self.rows(), self.block, hash, scheme, go_on)
    }

    /// Writes a snapshot of `coins` coins, which [`CoinsAt::stats`] counted; gives their number.
    /// `go_on` is told how many are written, and says whether to go on.
    ///
    /// # Errors
    /// A [`DumpError`].
    pub fn write(
        &self,
        out: &mut impl Write,
        params: &ChainParams,
        coins: u64,
        mut go_on: impl FnMut(u64) -> bool,
    ) -> Result<u64, DumpError> {
        let metadata = SnapshotMetadata {
            base: self.block,
            coins,
        };
        let mut buffer = metadata.to_bytes(params);
        let mut group: (Txid, Vec<(u32, Coin)>) = (Txid([0; 32]), Vec::new());
        let mut written = 0u64;
        for row in self.rows() {
            let (outpoint, coin) = row?;
            if written.is_multiple_of(LOOK) && !go_on(written) {
                return Err(DumpError::Interrupted);
            }
            written += 1;
            if group.0 != outpoint.txid && !group.1.is_empty() {
                put_group(&mut buffer, &group.0, &group.1);
                group.1.clear();
            }
            group.0 = outpoint.txid;
            group.1.push((outpoint.vout, coin));
            if buffer.len() > CHUNK {
                out.write_all(&buffer)?;
                buffer.clear();
            }
        }
        if !group.1.is_empty() {
            put_group(&mut buffer, &group.0, &group.1);
        }
        out.write_all(&buffer)?;
        out.flush()?;
        Ok(written)
    }
}

/// Takes the block at a height back.
fn take_back_at<V: CoinsView>(
    reader: &ChainReader,
    tip: &BlockHash,
    height: u32,
    view: &mut CoinsCache<V>,
) -> Result<(), DumpError> {
    let unreadable = |reason: String| DumpError::Read { height, reason };
    let info = reader.ancestor(tip, height).ok_or(DumpError::NotOnChain)?;
    let block = reader.read_block(&info.hash);
    let block = block.map_err(|error| unreadable(error.to_string()))?;
    let undo = reader.read_undo(&info.hash);
    let undo = undo.map_err(|error| unreadable(error.to_string()))?;
    match take_back(&block, undo, height, view) {
        // A coin that was overwritten once is missed, and that is as it should be.
        Ok(_) => Ok(()),
        Err(ChainError::Store(error)) => Err(error.into()),
        Err(_) => Err(DumpError::RollBack(height)),
    }
}
