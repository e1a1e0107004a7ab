//! The key-value store behind coins, block index and indexes: one database per directory.
//!
//! A directory belongs to one network of one coin, which its marker names; see [`StoreKind`].

mod error;
pub(crate) mod journal;
mod marker;
pub(crate) mod sound;

pub(crate) use marker::{is_marker, refuse_newer, sync_dir};

use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fjall::config::{
    BlockSizePolicy, BloomConstructionPolicy, CompressionPolicy, FilterPolicy, FilterPolicyEntry,
    HashRatioPolicy, PartitioningPolicy,
};
use fjall::{
    AbstractTree as _, CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode,
    Readable, Slice,
};
use primitives::ChainParams;

use crate::disk::{Disk, FileAction};
pub use error::StoreError;
use journal::NUMBER_KEY;
pub use marker::FORMAT;
use sound::Journals;

/// The one table of a database.
const TABLE: &str = "data";
/// The file by which the engine knows its directory.
const ENGINE_VERSION: &str = "version";
/// Least size of the engine's journal, in bytes.
const JOURNAL_BYTES: u64 = 128 << 20;
/// Threads that write table files.
const WORKERS: usize = 2;
/// Most buffers that wait for a table file while another is filled. Behind four the engine lets writers wait for a
/// thread even where that has died.
const MAX_FULL_BUFFERS: usize = 1;
/// Most runs of new table files. Behind thirty the engine does the same.
const MAX_NEW_RUNS: usize = 18;
/// Time between two looks at the engine's threads, which tell nobody when they are done.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);

/// What a store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// Coins: `chainstate`.
    Coins,
    /// Block index: `blocks/index`.
    BlockIndex,
    /// An index over the chain: `indexes/…`.
    Index,
}

impl StoreKind {
    /// Most table files that are open at once: all of them together are fewer than the 1,024 files that a
    /// process usually may have open.
    const fn open_files(self) -> usize {
        match self {
            Self::Coins => 256,
            Self::BlockIndex => 32,
            Self::Index => 64,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Coins => "chainstate",
            Self::BlockIndex => "block index",
            Self::Index => "index",
        }
    }
}

/// How a store is opened.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// What it holds.
    pub kind: StoreKind,
    /// Memory for blocks of data that were read, in bytes.
    pub cache_bytes: u64,
    /// Memory for changes before they go to a table file, in bytes.
    pub buffer_bytes: u64,
    /// Whether what it holds is deleted first.
    pub wipe: bool,
}

/// A key with its value.
pub type KeyValue = (Slice, Slice);

/// One open database; clones are the same.
#[derive(Clone)]
pub struct Store {
    database: Database,
    table: Keyspace,
    path: PathBuf,
    disk: Disk,
    /// How many batches it has taken.
    number: Arc<Mutex<u64>>,
}

/// Changes that take effect together.
#[derive(Debug, Default)]
pub struct Batch {
    changes: Vec<(Slice, Option<Slice>)>,
    bytes: usize,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `key` to `value`.
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        self.bytes += key.len() + value.len();
        self.changes.push((key.into(), Some(value.into())));
    }

    /// Removes `key`.
    pub fn remove(&mut self, key: &[u8]) {
        self.bytes += key.len();
        self.changes.push((key.into(), None));
    }

    /// Keys and values so far, in bytes.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// How durable a write is when it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It survives the end of the process.
    Process,
    /// It survives a loss of power.
    Disk,
}

impl Store {
    /// Opens the store in `path`, which is created if absent.
    ///
    /// # Errors
    /// Where the directory is not ours to use, or the engine cannot open it.
    pub fn open(
        path: &Path,
        params: &ChainParams,
        options: &StoreOptions,
    ) -> Result<Self, StoreError> {
        Self::open_prepared(path, params, options, |_| Ok(()))
    }

    /// As [`Store::open`]; `prepare` fills a new store before it counts as made. A start that is cut
    /// short before that is as if it had not been.
    pub(crate) fn open_prepared(
        path: &Path,
        params: &ChainParams,
        options: &StoreOptions,
        prepare: impl FnOnce(&Self) -> Result<(), StoreError>,
    ) -> Result<Self, StoreError> {
        if options.wipe {
            tracing::info!(target: "validation", "Wiping LevelDB in {}", path.display());
        }
        let claim = marker::claim(path, params, options.kind, options.wipe)?;
        // The engine is another one, but this is the line that people look for.
        tracing::info!(target: "validation", "Opening LevelDB in {}", path.display());
        let open = |workers| guard(path, || Self::open_engine(path, options, workers))?;
        let is_new = claim == marker::Claim::Empty;
        let mut journals = Journals::default();
        if is_new {
            // A new journal takes 64 MiB until it is opened for the second time.
            drop(open(WORKERS)?);
        } else if !path.join(ENGINE_VERSION).exists() {
            // Without it the engine would take the directory for a new one.
            return Err(StoreError::Damaged(path.to_owned()));
        } else {
            journals = sound::check(path)?;
        }
        if journals.count > 1 {
            // With threads it would write out what the older ones hold, gaps or not.
            open(0)?.check_order(&journals)?;
        }
        let store = open(WORKERS)?;
        if journals.count == 1 {
            store.check_order(&journals)?;
        }
        if is_new {
            prepare(&store)?;
            store.persist()?;
            marker::finish(path, params, options.kind)?;
        }
        tracing::info!(target: "validation", "Opened LevelDB successfully");
        Ok(store)
    }

    fn open_engine(
        path: &Path,
        options: &StoreOptions,
        workers: usize,
    ) -> Result<Self, StoreError> {
        let engine = |source| engine_error(path, source);
        let database = Database::builder(path)
            .cache_size(options.cache_bytes)
            .worker_threads_unchecked(workers)
            .max_cached_files(Some(options.kind.open_files()))
            .max_journaling_size(JOURNAL_BYTES.max(options.buffer_bytes * 4))
            .journal_compression(CompressionType::None)
            .manual_journal_persist(true)
            .open()
            .map_err(engine)?;
        let buffer = options.buffer_bytes;
        let bloom =
            |rate| FilterPolicyEntry::Bloom(BloomConstructionPolicy::FalsePositiveRate(rate));
        // Who asks for a coin knows that it was made. The filters of all coins of a main network are
        // larger than the engine's cache, and would be read from disk for each of them.
        let hits = options.kind == StoreKind::Coins;
        let create = move || {
            KeyspaceCreateOptions::default()
                .expect_point_read_hits(hits)
                .max_memtable_size(buffer)
                .manual_journal_persist(true)
                .data_block_size_policy(BlockSizePolicy::all(4096))
                .data_block_hash_ratio_policy(HashRatioPolicy::all(1.0))
                .data_block_compression_policy(CompressionPolicy::disabled())
                .filter_policy(FilterPolicy::new([bloom(0.001), bloom(0.01)]))
                // A whole table's filter or index is larger than a part of the engine's cache: it would
                // be read again for every key.
                .filter_block_partitioning_policy(PartitioningPolicy::all(true))
                .index_block_partitioning_policy(PartitioningPolicy::all(true))
        };
        let table = database.keyspace(TABLE, create).map_err(engine)?;
        let number = table.get(NUMBER_KEY).map_err(engine)?;
        let store = Self {
            database,
            table,
            path: path.to_owned(),
            disk: Disk::default(),
            number: Arc::default(),
        };
        *store.number() = store.decode_number(number)?.unwrap_or(0);
        Ok(store)
    }

    fn number(&self) -> std::sync::MutexGuard<'_, u64> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decode_number(&self, value: Option<Slice>) -> Result<Option<u64>, StoreError> {
        let number = value.map(|value| <[u8; 8]>::try_from(&*value).map(u64::from_le_bytes));
        number
            .transpose()
            .map_err(|_| self.bad_value("the number of the last batch"))
    }

    /// Makes sure that no change is missing between the tables and the journals.
    fn check_order(&self, journals: &Journals) -> Result<(), StoreError> {
        let tree = &self.table.tree;
        let persisted = guard(&self.path, || tree.get_highest_persisted_seqno())?;
        let number = persisted.map(|persisted| {
            let until = persisted.saturating_add(1);
            self.run(|| tree.get(NUMBER_KEY, until).map_err(fjall::Error::from))
        });
        let number = self.decode_number(number.transpose()?.flatten())?;
        journals.check_order(persisted, number)
    }

    /// The same store, whose writes fail where `disk` wants it.
    pub(crate) fn on(mut self, disk: &Disk) -> Self {
        self.disk = disk.clone();
        self
    }

    /// Runs the engine; a panic of it is an error.
    fn run<T>(&self, work: impl FnOnce() -> fjall::Result<T>) -> Result<T, StoreError> {
        guard(&self.path, work)?.map_err(|error| engine_error(&self.path, error))
    }

    /// The error for a value that does not decode.
    pub fn bad_value(&self, what: &'static str) -> StoreError {
        StoreError::BadValue {
            path: self.path.clone(),
            what,
        }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The value of `key`.
    ///
    /// # Errors
    /// Where the engine cannot read.
    pub fn get(&self, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        self.run(|| self.table.get(key))
    }

    /// Whether `key` has a value.
    ///
    /// # Errors
    /// Where the engine cannot read.
    pub fn contains(&self, key: &[u8]) -> Result<bool, StoreError> {
        self.run(|| self.table.contains_key(key))
    }

    /// All keys that begin with `prefix`, in order, as they are now.
    pub fn scan(
        &self,
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<KeyValue, StoreError>> + use<> {
        self.snapshot().scan(prefix)
    }

    fn check_write(&self) -> Result<(), StoreError> {
        let refused = |source| StoreError::File {
            action: "write to",
            path: self.path.clone(),
            source,
        };
        self.disk
            .check(FileAction::Write, &self.path)
            .map_err(refused)
    }

    /// Applies all changes or none.
    ///
    /// # Errors
    /// Where the engine cannot write; then nothing more can be written until a restart.
    pub fn write(&self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        self.check_write()?;
        let mode = match durability {
            Durability::Process => PersistMode::Buffer,
            Durability::Disk => PersistMode::SyncData,
        };
        let mut number = self.number();
        self.wait_for_room()?;
        let capacity = batch.changes.len() + 1;
        let mut engine = fjall::OwnedWriteBatch::with_capacity(self.database.clone(), capacity)
            .durability(Some(mode));
        let next = number.saturating_add(1);
        engine.insert(&self.table, NUMBER_KEY, next.to_le_bytes());
        for (key, value) in batch.changes {
            match value {
                Some(value) => engine.insert(&self.table, key, value),
                None => engine.remove(&self.table, key),
            }
        }
        self.run(|| engine.commit())?;
        *number = next;
        Ok(())
    }

    /// Waits until the engine can take a batch without waiting for its threads, which may die.
    fn wait_for_room(&self) -> Result<(), StoreError> {
        let tree = &self.table.tree;
        while tree.sealed_memtable_count() > MAX_FULL_BUFFERS || tree.l0_run_count() > MAX_NEW_RUNS
        {
            // Says so where they have.
            self.run(|| self.database.persist(PersistMode::Buffer))?;
            std::thread::sleep(LOOK_INTERVAL);
        }
        Ok(())
    }

    /// Applies many changes, or none, by writing table files at once; they survive a loss of power.
    /// Keys must come in ascending order. `None` removes.
    ///
    /// # Errors
    /// Where the engine cannot write.
    pub(crate) fn ingest(
        &self,
        changes: impl Iterator<Item = (Slice, Option<Slice>)>,
    ) -> Result<(), StoreError> {
        self.check_write()?;
        self.run(|| {
            let mut tables = self.table.start_ingestion()?;
            for (key, value) in changes {
                match value {
                    Some(value) => tables.write(key, value)?,
                    None => tables.write_tombstone(key)?,
                }
            }
            tables.finish()
        })
    }

    /// Makes all writes so far survive a loss of power.
    ///
    /// # Errors
    /// Where the engine cannot write.
    pub fn persist(&self) -> Result<(), StoreError> {
        self.run(|| self.database.persist(PersistMode::SyncAll))
    }

    /// The store as it is now, which later writes do not change.
    pub fn snapshot(&self) -> StoreSnapshot {
        StoreSnapshot {
            snapshot: self.database.snapshot(),
            store: self.clone(),
        }
    }

    /// Bytes on disk, journal left out.
    pub fn disk_bytes(&self) -> u64 {
        self.table.disk_space()
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The error for what the engine reports.
fn engine_error(path: &Path, source: fjall::Error) -> StoreError {
    let path = path.to_owned();
    let source = match source {
        fjall::Error::Poisoned => return StoreError::Halted(path),
        fjall::Error::Storage(fjall::LsmError::Io(source)) => fjall::Error::Io(source),
        source => source,
    };
    match source {
        // The system says so: the files themselves may be well.
        fjall::Error::Io(source)
            if source.raw_os_error().is_some() && source.kind() != io::ErrorKind::NotFound =>
        {
            StoreError::File {
                action: "use the database in",
                path,
                source,
            }
        }
        source => StoreError::Engine {
            path,
            source: Box::new(source),
        },
    }
}

/// Runs the engine, which panics on some damaged files; that is an error.
fn guard<T>(path: &Path, work: impl FnOnce() -> T) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| StoreError::Damaged(path.to_owned()))
}

/// Rows of the engine, until it panics.
fn guarded_rows(
    store: Store,
    mut rows: fjall::Iter,
) -> impl Iterator<Item = Result<KeyValue, StoreError>> {
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let mut next = || guard(&store.path, || rows.next().map(fjall::Guard::into_inner));
        let mut row = next();
        if matches!(&row, Ok(Some(Ok((key, _)))) if **key == *NUMBER_KEY) {
            row = next();
        }
        ended = !matches!(row, Ok(Some(Ok(_))));
        match row {
            Ok(row) => row.map(|row| row.map_err(|error| engine_error(&store.path, error))),
            Err(error) => Some(Err(error)),
        }
    })
}

/// A store as it was at one moment.
#[derive(Clone)]
pub struct StoreSnapshot {
    snapshot: fjall::Snapshot,
    store: Store,
}

impl StoreSnapshot {
    /// The value of `key`.
    ///
    /// # Errors
    /// Where the engine cannot read.
    pub fn get(&self, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        self.store.run(|| self.snapshot.get(&self.store.table, key))
    }

    /// All keys that begin with `prefix`, in order.
    pub fn scan(
        &self,
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<KeyValue, StoreError>> + use<> {
        let rows = self.snapshot.prefix(&self.store.table, prefix);
        guarded_rows(self.store.clone(), rows)
    }

    /// All keys from `start` on that begin with `prefix`, in order.
    pub fn scan_from(
        &self,
        prefix: &[u8],
        start: &[u8],
    ) -> impl Iterator<Item = Result<KeyValue, StoreError>> + use<> {
        let prefix = prefix.to_vec();
        let range = (Bound::Included(start.to_vec()), Bound::Unbounded);
        let rows = self.snapshot.range(&self.store.table, range);
        guarded_rows(self.store.clone(), rows).take_while(move |row| {
            row.as_ref()
                .map_or(true, |(key, _)| key.starts_with(&prefix))
        })
    }

    /// The store that this is a view of.
    pub const fn store(&self) -> &Store {
        &self.store
    }
}

impl std::fmt::Debug for StoreSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreSnapshot")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
