//! Keeps the status that windows are shown, and the doorbell that the wallet hears, up to date.

use std::sync::Arc;
use std::time::Duration;

use chain::{Ended, Tip};
use common::datadir;
use ipc_schema::{BlockTip, ChainState, MempoolStatus, NodeStatus};
use tokio::sync::watch;

use crate::context::{Chain, Node};
use crate::rpc::mempool::minimum_rate;
use crate::service::chain::block_tip;

/// Least time between two looks at what changes often.
const PAUSE: Duration = Duration::from_millis(100);
/// Time between two looks at the disk.
const DISK_PAUSE: Duration = Duration::from_secs(10);

/// Follows tip and mempool until the node stops. Says why the chain ended, where it did.
pub(crate) async fn follow(node: Arc<Node>, chain: Chain) -> Option<Ended> {
    let mut tip = chain.reader.subscribe();
    let mut ended = chain.reader.ended();
    let mut pool = chain.reader.mempool_changes();
    let mut disk = tokio::time::interval(DISK_PAUSE);
    let mut states = chain.reader.watch_chainstates();
    let mut files = chain.reader.watch_disk_bytes();
    let mut below_snapshot = false;
    update_tip(&node, &chain, &mut tip);
    update_pool(&node, &chain);
    loop {
        tokio::select! {
            changed = tip.changed() => {
                if changed.is_err() {
                    return None;
                }
                update_tip(&node, &chain, &mut tip);
                update_pool(&node, &chain);
                wait(&node).await;
            }
            change = pool.recv() => {
                use tokio::sync::broadcast::error::RecvError;
                if matches!(change, Err(RecvError::Closed)) {
                    return None;
                }
                update_pool(&node, &chain);
                wait(&node).await;
                // What came meanwhile is in the next look.
                while pool.try_recv().is_ok() {}
                update_pool(&node, &chain);
            }
            _ = disk.tick() => update_disk(&node, &chain),
            Ok(()) = files.changed() => {
                // Pruning changes what is stored, and not the tip.
                files.borrow_and_update();
                update_tip(&node, &chain, &mut tip);
                wait(&node).await;
            }
            Ok(()) = states.changed() => {
                let several = states.borrow_and_update().len() > 1;
                // Blocks that the tip does not tell of are here now.
                if several || below_snapshot {
                    node.chain_state.send_modify(|_| ());
                    wait(&node).await;
                }
                below_snapshot = several;
            }
            reason = why(&mut ended) => return reason,
            () = node.stop.stopped() => return None,
        }
    }
}

/// Waits until the chain has ended, which may be before anybody looked.
async fn why(ended: &mut watch::Receiver<Option<Ended>>) -> Option<Ended> {
    let reason = ended.wait_for(Option::is_some).await;
    reason.ok().and_then(|reason| reason.clone())
}

async fn wait(node: &Node) {
    tokio::select! {
        () = tokio::time::sleep(PAUSE) => {}
        () = node.stop.stopped() => {}
    }
}

fn update_tip(node: &Node, chain: &Chain, tips: &mut watch::Receiver<Tip>) {
    let tip = *tips.borrow_and_update();
    let shown = BlockTip {
        hash: tip.hash,
        height: tip.height,
        time: i64::from(tip.time),
        median_time: i64::from(tip.median_time),
    };
    node.status.send_if_modified(|status| {
        let before = status.clone();
        status.tip = (!tip.hash.is_zero()).then_some(shown);
        status.headers_height = tip.headers;
        status.headers_time = i64::from(tip.headers_time);
        status.initial_download = tip.initial_download;
        status.progress = tip.progress;
        status.disk_used = chain.reader.disk_bytes();
        status.cache = chain.reader.coins_memory();
        status.prune_height = first_stored(chain);
        *status != before
    });
    update_chain_state(node, chain, tip.initial_download);
}

/// The first block that is on disk, where older ones were pruned.
fn first_stored(chain: &Chain) -> Option<u32> {
    let reader = &chain.reader;
    reader
        .have_pruned()
        .then(|| reader.first_stored())
        .flatten()
}

fn update_chain_state(node: &Node, chain: &Chain, initial_download: bool) {
    let tip = chain.reader.tip_block().as_ref().map(block_tip);
    node.chain_state.send_if_modified(|state| {
        let new = ChainState {
            tip,
            initial_download,
            mock_time: node.clock.mock().unwrap_or(0),
            ..*state
        };
        let changed = *state != new;
        *state = new;
        changed
    });
}

fn update_pool(node: &Node, chain: &Chain) {
    let limits = chain.reader.mempool_limits();
    let min_rate = minimum_rate(&chain.reader, node.clock.now());
    let mempool = {
        let pool = chain.reader.mempool();
        MempoolStatus {
            count: pool.len() as u64,
            vbytes: pool.total_vsize(),
            usage: pool.usage() as u64,
            max_usage: limits.max_usage as u64,
            fees: pool.total_fee(),
            min_rate,
        }
    };
    node.status.send_if_modified(|status| {
        let changed = status.mempool != mempool;
        status.mempool = mempool;
        changed
    });
}

fn update_disk(node: &Node, chain: &Chain) {
    let free = datadir::free_space(&chain.reader.config().blocks_dir).ok();
    node.status.send_if_modified(|status: &mut NodeStatus| {
        let cache = chain.reader.coins_memory();
        let changed = (status.disk_free, status.cache) != (free, cache);
        (status.disk_free, status.cache) = (free, cache);
        changed
    });
}
