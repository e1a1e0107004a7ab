//! Where the coins of a snapshot lie beside the older ones, and how they take their place.
//!
//! `chainstate_snapshot` counts as soon as the file in it names its block, which is written last.
//! It becomes `chainstate` at the start that finds the older coins at the same block.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use primitives::BlockHash;
use primitives::params::AssumeUtxo;

use super::activate::SnapshotPlan;
use crate::block_files::FileError;
use crate::coins::{CoinsStore, CoinsView as _};
use crate::coinstats::{CoinStatsError, CoinStatsHash, coin_stats};
use crate::config::{ChainConfig, Reindex, Task};
use crate::disk::{Disk, read_at_most};
use crate::error::{ChainError, StartError};
use crate::load::refused_or;
use crate::store::{Store, StoreError, StoreKind, StoreOptions, refuse_newer, sync_dir};

/// The file that names the block of a snapshot.
const BASE_FILE: &str = "base_blockhash";
/// Its name while it is written.
const UNFINISHED: &str = "base_blockhash.new";
/// Memory of a store that is only looked at, in bytes.
const SMALL_CACHE: u64 = 8 << 20;

/// A store that was opened for a snapshot.
pub(super) struct Opened {
    pub(super) store: CoinsStore,
    pub(super) dir: PathBuf,
}

/// The directory of a snapshot's coins.
pub(super) fn snapshot_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("chainstate_snapshot")
}

fn open(dir: &Path, config: &ChainConfig, cache_bytes: u64) -> Result<CoinsStore, StoreError> {
    let options = StoreOptions {
        kind: StoreKind::Coins,
        cache_bytes,
        buffer_bytes: cache_bytes.max(1 << 20),
        wipe: false,
    };
    let disk = Disk::new(config.faults.clone());
    Store::open(dir, config.params, &options).map(|store| CoinsStore::new(store.on(&disk)))
}

/// Makes an empty store for a snapshot; what an interrupted attempt left is deleted.
pub(super) fn open_new(plan: &SnapshotPlan) -> Result<Opened, StoreError> {
    let options = StoreOptions {
        kind: StoreKind::Coins,
        cache_bytes: plan.cache_bytes,
        buffer_bytes: plan.cache_bytes,
        wipe: true,
    };
    let dir = plan.dir.clone();
    let store = Store::open(&dir, plan.params, &options)?.on(&plan.disk);
    let store = CoinsStore::new(store);
    Ok(Opened { store, dir })
}

/// Opens the store of the snapshot in use.
pub(super) fn open_used(config: &ChainConfig, cache_bytes: u64) -> Result<CoinsStore, StoreError> {
    open(&snapshot_dir(&config.data_dir), config, cache_bytes)
}

/// Says, durably, which block a snapshot's coins stand at: from now on they are in use.
pub(super) fn write_base(dir: &Path, base: BlockHash) -> io::Result<()> {
    let (unfinished, finished) = (dir.join(UNFINISHED), dir.join(BASE_FILE));
    let mut file = fs::File::create(&unfinished)?;
    file.write_all(&base.0)?;
    file.sync_all()?;
    fs::rename(&unfinished, &finished)?;
    sync_dir(dir)?;
    dir.parent().map_or(Ok(()), sync_dir)
}

/// The block that a snapshot's coins stand at.
pub(crate) fn read_base(dir: &Path) -> Option<BlockHash> {
    let bytes = read_at_most(&dir.join(BASE_FILE), 32).ok()?;
    if bytes.len() > 32 {
        tracing::warn!(
            target: "validation", "[snapshot] unexpected trailing data in {}", dir.display()
        );
    }
    bytes.get(..32).and_then(BlockHash::from_slice)
}

/// Deletes a directory of ours; what stays is told.
pub(super) fn remove(dir: &Path) {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => tracing::warn!(
            target: "validation",
            "Cannot delete {}: {error}. It is not needed any more: please delete it.",
            dir.display()
        ),
        _ => {}
    }
}

/// Puts a snapshot aside that turned out to be wrong.
pub(super) fn set_aside(data_dir: &Path) -> io::Result<PathBuf> {
    let dir = snapshot_dir(data_dir);
    let aside = data_dir.join("chainstate_snapshot_INVALID");
    remove(&aside);
    fs::rename(&dir, &aside)?;
    sync_dir(data_dir)?;
    Ok(aside)
}

/// The snapshot in use, if any. Before that, coins of a snapshot that the older ones have reached
/// take the place of those.
///
/// # Errors
/// Where the snapshot is one that the program does not know, or was proven wrong.
pub(crate) fn settle_directories(
    config: &ChainConfig,
) -> Result<Option<&'static AssumeUtxo>, StartError> {
    let data_dir = &config.data_dir;
    refuse_newer_stores(data_dir).map_err(ChainError::from)?;
    finish_exchange(data_dir).map_err(|error| failed("move", data_dir, error))?;
    let dir = snapshot_dir(data_dir);
    if !dir.exists() {
        return Ok(None);
    }
    if config.reindex != Reindex::No {
        tracing::info!(
            target: "validation", "[snapshot] deleting snapshot chainstate due to reindexing"
        );
        // First it must not count any more.
        let _absent = fs::remove_file(dir.join(BASE_FILE));
        remove(&dir);
        return Ok(None);
    }
    let Some(base) = read_base(&dir) else {
        tracing::warn!(
            target: "validation",
            "[snapshot] {} is what an interrupted loadtxoutset left. It is not used, and the next \
             one replaces it.",
            dir.display()
        );
        return Ok(None);
    };
    let mut known = config.params.assumeutxo.iter();
    let known = known.find(|known| known.block == base);
    let known = known.ok_or(StartError::UnknownSnapshot(base))?;
    tracing::info!(
        target: "validation",
        "[snapshot] detected active snapshot chainstate ({}) - loading",
        dir.display()
    );
    if is_confirmed(config, known)? {
        tracing::info!(
            target: "validation",
            "[snapshot] cleaning up unneeded background chainstate, then reinitializing"
        );
        exchange(data_dir).map_err(|error| failed("move", &dir, error))?;
        return Ok(None);
    }
    Ok(Some(known))
}

/// Refuses the stores of a newer version, all of them before anything is deleted or built anew.
pub(crate) fn refuse_newer_stores(data_dir: &Path) -> Result<(), StoreError> {
    refuse_newer(
        &data_dir.join("blocks").join("index"),
        StoreKind::BlockIndex,
    )?;
    refuse_newer(&data_dir.join("chainstate"), StoreKind::Coins)?;
    refuse_newer(&snapshot_dir(data_dir), StoreKind::Coins)
}

fn failed(action: &'static str, path: &Path, error: io::Error) -> StartError {
    ChainError::from(FileError::io(action, path, error)).into()
}

/// Whether the older coins stand at the snapshot's block and are what the program expects there.
fn is_confirmed(config: &ChainConfig, known: &AssumeUtxo) -> Result<bool, StartError> {
    let store = open(&config.data_dir.join("chainstate"), config, SMALL_CACHE)
        .map_err(|error| refused_or(error, StartError::OpenCoins))?;
    let read = |error: StoreError| StartError::OpenCoins(error);
    let between = store.heads().map_err(read)?.is_some();
    if between || store.best_block().map_err(read)? != Some(known.block) {
        return Ok(false);
    }
    let Some(snapshot) = store.snapshot().map_err(read)? else {
        return Ok(false);
    };
    config.report(Task::CheckingSnapshot, 0);
    let go_on = |percent: u8| {
        config.report(Task::CheckingSnapshot, percent.into());
        !config.is_stopping()
    };
    let stats = coin_stats(
        &snapshot,
        CoinStatsHash::Serialized,
        config.params.hashes,
        go_on,
    );
    config.report(Task::CheckingSnapshot, 100);
    let stats = stats.map_err(|error| match error {
        CoinStatsError::Store(error) => StartError::OpenCoins(error),
        CoinStatsError::Interrupted => StartError::Interrupted,
    })?;
    drop((snapshot, store));
    if stats.hash == Some(known.hash_serialized) {
        return Ok(true);
    }
    tracing::error!(
        target: "validation",
        "[snapshot] hash mismatch: actual={}, expected={}",
        stats.hash.unwrap_or_default(),
        known.hash_serialized
    );
    let dir = snapshot_dir(&config.data_dir);
    set_aside(&config.data_dir).map_err(|error| failed("move", &dir, error))?;
    Err(StartError::WrongSnapshot)
}

/// Names of the directories that change places.
fn places(data_dir: &Path) -> (PathBuf, PathBuf, PathBuf) {
    let old = data_dir.join("chainstate_todelete");
    (data_dir.join("chainstate"), snapshot_dir(data_dir), old)
}

/// Lets a snapshot's coins take the place of the older ones. A start that is cut short goes on here.
fn exchange(data_dir: &Path) -> io::Result<()> {
    let (current, _, old) = places(data_dir);
    remove(&old);
    fs::rename(&current, &old)?;
    finish_exchange(data_dir)
}

fn finish_exchange(data_dir: &Path) -> io::Result<()> {
    let (current, snapshot, old) = places(data_dir);
    if old.exists() && !current.exists() && snapshot.exists() {
        tracing::info!(
            target: "validation",
            "[snapshot] moving snapshot chainstate ({}) to default chainstate directory ({})",
            snapshot.display(),
            current.display()
        );
        fs::rename(&snapshot, &current)?;
        sync_dir(data_dir)?;
    }
    if current.join(BASE_FILE).exists() {
        fs::remove_file(current.join(BASE_FILE))?;
    }
    if old.exists() {
        remove(&old);
        tracing::info!(
            target: "validation",
            "[snapshot] deleted background chainstate directory ({})", current.display()
        );
    }
    Ok(())
}
