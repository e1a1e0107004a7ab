//! `mempool.dat`: read once the chain is ready, written when the node stops, and both on demand.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chain::mempool::accept::AcceptOptions;
use chain::mempool::file::{MempoolFile, MempoolFileError};
use chain::{ChainError, SubmitTxError};

use crate::context::{Chain, Node};

/// Name of the file in the directory of the network.
const NAME: &str = "mempool.dat";

/// Which notes of a file are believed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Belief {
    /// When its transactions came in.
    pub(crate) times: bool,
    /// What `prioritisetransaction` added.
    pub(crate) deltas: bool,
    /// Which of them nobody had asked for.
    pub(crate) unbroadcast: bool,
}

impl Belief {
    /// The node's own file.
    const OWN: Self = Self {
        times: true,
        deltas: true,
        unbroadcast: true,
    };
}

/// Why a file was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The file is at fault.
    #[error(transparent)]
    File(#[from] MempoolFileError),
    /// The chain has ended.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

/// Where the node keeps its file.
pub(crate) fn path(node: &Node) -> PathBuf {
    node.config().network_dir().join(NAME)
}

/// Whether the mempool outlives a stop.
fn persists(node: &Node) -> bool {
    node.config().get_bool("persistmempool")
}

/// Reads the node's own file, if it is to. False where the node stopped meanwhile: then the file
/// holds more than the mempool.
pub(crate) async fn load_own(node: &Arc<Node>, chain: &Chain) -> bool {
    if !persists(node) {
        return true;
    }
    let (node, chain) = (Arc::clone(node), chain.clone());
    let work = tokio::task::spawn_blocking(move || {
        let path = path(&node);
        if !path.exists() {
            return true;
        }
        match load(&node, &chain, &path, Belief::OWN) {
            Ok(()) => true,
            Err(LoadError::File(error)) => {
                tracing::warn!(
                    "The saved mempool cannot be read: {error}. The node goes on without the rest of it, and writes the \
                     file anew when it stops."
                );
                true
            }
            Err(error) => {
                tracing::info!("The saved mempool was not read to its end: {error}");
                false
            }
        }
    });
    work.await.unwrap_or(false)
}

/// Offers what a file holds to the mempool.
///
/// # Errors
/// A [`LoadError`]; what was taken in before stays.
pub(crate) fn load(
    node: &Node,
    chain: &Chain,
    path: &Path,
    belief: Belief,
) -> Result<(), LoadError> {
    let mut file = MempoolFile::open(path, node.params.hashes)?;
    tracing::info!("Loading {} mempool transactions from file...", file.total());
    let (mut taken, mut failed, mut expired, mut there) = (0, 0, 0, 0);
    let oldest = node.clock.now() - chain.reader.mempool_limits().expiry;
    while let Some(saved) = file.next_tx()? {
        if node.stop.is_stopping() {
            return Err(LoadError::Stopping);
        }
        let txid = saved.tx.txid();
        let time = if belief.times {
            saved.time
        } else {
            node.clock.now()
        };
        if belief.deltas && saved.delta.sat() != 0 {
            chain.handle.prioritise(txid, saved.delta).wait()?;
        }
        if time <= oldest {
            expired += 1;
            continue;
        }
        let options = AcceptOptions {
            saved_at: Some(time),
            ..AcceptOptions::default()
        };
        match chain.handle.submit_tx(saved.tx, options).wait() {
            Ok(_) => taken += 1,
            Err(SubmitTxError::Chain(error)) => return Err(error.into()),
            // A wallet may have given its own payments before.
            Err(_) if chain.reader.mempool().get(&txid).is_some() => there += 1,
            Err(_) => failed += 1,
        }
    }
    let notes = file.notes()?;
    if belief.deltas {
        for (txid, delta) in notes.deltas {
            chain.handle.prioritise(txid, delta).wait()?;
        }
    }
    let waiting = if belief.unbroadcast {
        notes.unbroadcast.len()
    } else {
        0
    };
    if waiting > 0 {
        chain.handle.mark_unbroadcast(notes.unbroadcast).wait()?;
    }
    tracing::info!(
        "Imported mempool transactions from file: {taken} succeeded, {failed} failed, {expired} expired, {there} already \
         there, {waiting} waiting for initial broadcast"
    );
    Ok(())
}

/// Writes the node's file when it stops, if it is to: not before the last one was read.
pub(crate) fn save_at_stop(node: &Node, chain: &Chain) {
    if persists(node) && chain.reader.mempool().is_loaded() {
        let path = path(node);
        if let Err(error) = save(node, chain, &path) {
            tracing::error!("The mempool could not be saved: {error}");
        }
    }
}

/// Writes a file.
///
/// # Errors
/// [`MempoolFileError::Io`].
pub(crate) fn save(node: &Node, chain: &Chain, path: &Path) -> Result<(), MempoolFileError> {
    let plain = node.config().get_bool("persistmempoolv1");
    let snapshot = chain.reader.mempool().snapshot();
    tracing::info!("Writing {} mempool transactions to file...", snapshot.len());
    tracing::info!(
        "Writing {} unbroadcast transactions to file.",
        snapshot.unbroadcast()
    );
    let size = snapshot.write(path, plain)?;
    tracing::info!("Dumped mempool: {size} bytes dumped to file");
    Ok(())
}
