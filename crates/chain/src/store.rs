//! The key-value store behind coins, block index and indexes: one database per directory.
//!
//! A directory belongs to one network of one coin, which its marker names; see [`StoreKind`].

mod marker;

pub(crate) use marker::sync_dir;

use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fjall::config::{
    BlockSizePolicy, BloomConstructionPolicy, CompressionPolicy, FilterPolicy, FilterPolicyEntry,
    HashRatioPolicy, PartitioningPolicy,
};
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Slice,
};
use primitives::ChainParams;

use crate::block_files::advice;
use crate::disk::{Disk, FileAction};
use crate::error::rights_or_room;
pub use marker::FORMAT;

/// The one table of a database.
const TABLE: &str = "data";
/// The file by which the engine knows its directory.
const ENGINE_VERSION: &str = "version";
/// Least size of the engine's journal, in bytes.
const JOURNAL_BYTES: u64 = 128 << 20;

/// A store that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another program's database lies in the directory.
    #[error(
        "{} holds the database of another program, which bitq neither reads nor changes. Choose \
         another data directory with -datadir.", .0.display()
    )]
    Foreign(PathBuf),
    /// Files lie in the directory that no store made.
    #[error(
        "{} is not empty and holds no database of bitq. Move its files elsewhere or choose another \
         data directory with -datadir.", .0.display()
    )]
    NotEmpty(PathBuf),
    /// The directory belongs to another network or coin.
    #[error(
        "{} belongs to {found}, not to {expected}. Choose another data directory with -datadir.",
        .path.display()
    )]
    WrongChain {
        /// The directory.
        path: PathBuf,
        /// Coin and network that it belongs to.
        found: String,
        /// Coin and network that were asked for.
        expected: String,
    },
    /// A newer bitq wrote the directory.
    #[error(
        "{} was written by a newer bitq, {writer}: its format is {found}. This is bitq {version}, \
         which knows formats up to {known}. Use the newer version, or choose another data \
         directory with -datadir.",
        .path.display()
    )]
    TooNew {
        /// The directory.
        path: PathBuf,
        /// The version that wrote it.
        writer: String,
        /// Format on disk.
        found: u32,
        /// This version.
        version: &'static str,
        /// Newest format that this version knows.
        known: u32,
    },
    /// The marker cannot be understood.
    #[error("{} cannot be understood. Restart with -reindex to build the data anew.", .0.display())]
    BadMarker(PathBuf),
    /// A file operation failed.
    #[error("Cannot {action} {}: {source}. {}", .path.display(), advice(.source.kind()))]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The engine reports a failure.
    #[error(
        "database error in {}: {source}. Check the disk; if this comes again, restart with -reindex.",
        .path.display()
    )]
    Engine {
        /// The directory.
        path: PathBuf,
        /// What the engine says.
        source: Box<fjall::Error>,
    },
    /// The engine gave up on files that it cannot make sense of.
    #[error("the database in {} is damaged. Restart with -reindex to build it anew.", .0.display())]
    Damaged(PathBuf),
    /// A write, or the engine's work in the background, failed earlier.
    #[error(
        "the database in {} takes no more changes after an earlier failure: the disk may be full \
         or fail, or its files are damaged. Make room and check the disk, then start again.",
        .0.display()
    )]
    Halted(PathBuf),
    /// A stored value cannot be understood.
    #[error(
        "the database in {} is damaged: {what}. Restart with -reindex to build it anew.",
        .path.display()
    )]
    BadValue {
        /// The directory.
        path: PathBuf,
        /// Which value.
        what: &'static str,
    },
}

impl StoreError {
    /// Whether room on the disk or rights to a file are missing, so that no rebuild helps.
    pub(crate) fn is_about_rights_or_room(&self) -> bool {
        match self {
            Self::File { source, .. } => rights_or_room(source.kind()),
            Self::Engine { source, .. } => {
                matches!(&**source, fjall::Error::Io(error) if rights_or_room(error.kind()))
            }
            _ => false,
        }
    }

    /// Whether the directory is not ours to use, rather than damaged.
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Foreign(_) | Self::NotEmpty(_) | Self::WrongChain { .. } | Self::TooNew { .. }
        )
    }
}

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
        let open = || guard(path, || Self::open_engine(path, options))?;
        let is_new = claim == marker::Claim::Empty;
        if is_new {
            // A new journal takes 64 MiB until it is opened for the second time.
            drop(open()?);
        } else if !path.join(ENGINE_VERSION).exists() {
            // Without it the engine would take the directory for a new one.
            return Err(StoreError::Damaged(path.to_owned()));
        }
        let store = open()?;
        if is_new {
            prepare(&store)?;
            store.persist()?;
            marker::finish(path, params, options.kind)?;
        }
        tracing::info!(target: "validation", "Opened LevelDB successfully");
        Ok(store)
    }

    fn open_engine(path: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        let engine = |source| StoreError::Engine {
            path: path.to_owned(),
            source: Box::new(source),
        };
        let database = Database::builder(path)
            .cache_size(options.cache_bytes)
            .worker_threads(2)
            .max_journaling_size(JOURNAL_BYTES.max(options.buffer_bytes * 4))
            .journal_compression(CompressionType::None)
            .manual_journal_persist(true)
            .open()
            .map_err(engine)?;
        let buffer = options.buffer_bytes;
        let bloom =
            |rate| FilterPolicyEntry::Bloom(BloomConstructionPolicy::FalsePositiveRate(rate));
        let create = move || {
            KeyspaceCreateOptions::default()
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
        Ok(Self {
            database,
            table,
            path: path.to_owned(),
            disk: Disk::default(),
        })
    }

    /// The same store, whose writes fail where `disk` wants it.
    pub(crate) fn on(mut self, disk: &Disk) -> Self {
        self.disk = disk.clone();
        self
    }

    fn engine_error(&self, source: fjall::Error) -> StoreError {
        match source {
            fjall::Error::Poisoned => StoreError::Halted(self.path.clone()),
            source => StoreError::Engine {
                path: self.path.clone(),
                source: Box::new(source),
            },
        }
    }

    /// Runs the engine; a panic of it is an error.
    fn run<T>(&self, work: impl FnOnce() -> fjall::Result<T>) -> Result<T, StoreError> {
        guard(&self.path, work)?.map_err(|error| self.engine_error(error))
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
        let capacity = batch.changes.len();
        let mut engine = fjall::OwnedWriteBatch::with_capacity(self.database.clone(), capacity)
            .durability(Some(mode));
        for (key, value) in batch.changes {
            match value {
                Some(value) => engine.insert(&self.table, key, value),
                None => engine.remove(&self.table, key),
            }
        }
        self.run(|| engine.commit())
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
        let row = guard(&store.path, || rows.next().map(fjall::Guard::into_inner));
        ended = !matches!(row, Ok(Some(Ok(_))));
        match row {
            Ok(row) => row.map(|row| row.map_err(|error| store.engine_error(error))),
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
