//! What subscribers are sent, each at the pace at which they answer.

use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep_until};

use crate::generated::chain_capnp::{mempool_sink, state_sink};
use crate::generated::node_capnp::node_sink;
use crate::generated::types_capnp::task_sink;
use crate::generated::wallet_capnp::wallet_sink;
use crate::service::{LogFeed, MempoolFeed, WalletFeed};
use crate::types::{ChainState, LogLine, MempoolChange, NodeStatus, Task, WalletState};
use crate::wire::chain::NumberedChange;
use crate::wire::{self, Wire};

/// Shortest time between two values of a coalescing topic: four a second.
const PACE: Duration = Duration::from_millis(250);
/// Log lines or changes in one delivery.
const BATCH: usize = 500;
/// Bytes in one delivery.
const BATCH_BYTES: usize = 1 << 20;

/// Sends each newest value at most every `pace`, until the source or the reader is gone.
async fn coalesce<T: Clone>(
    mut source: watch::Receiver<T>,
    pace: Duration,
    mut send: impl AsyncFnMut(T) -> capnp::Result<()>,
) {
    loop {
        let value = source.borrow_and_update().clone();
        if send(value).await.is_err() {
            return;
        }
        sleep_until(Instant::now() + pace).await;
        if source.changed().await.is_err() {
            return;
        }
    }
}

pub(super) async fn status(source: watch::Receiver<NodeStatus>, sink: node_sink::Client) {
    coalesce(source, PACE, async |status: NodeStatus| {
        let mut request = sink.status_request();
        status.put(request.get().init_status());
        request.send().promise.await.map(drop)
    })
    .await;
}

pub(super) async fn tasks(source: watch::Receiver<Vec<Task>>, sink: node_sink::Client) {
    coalesce(source, PACE, async |tasks: Vec<Task>| {
        let mut request = sink.tasks_request();
        wire::put_list(request.get().init_tasks(wire::length(&tasks)), &tasks);
        request.send().promise.await.map(drop)
    })
    .await;
}

pub(super) async fn wallet_tasks(source: watch::Receiver<Vec<Task>>, sink: task_sink::Client) {
    coalesce(source, PACE, async |tasks: Vec<Task>| {
        let mut request = sink.tasks_request();
        wire::put_list(request.get().init_tasks(wire::length(&tasks)), &tasks);
        request.send().promise.await.map(drop)
    })
    .await;
}

/// The wallet's doorbell rings without a pause: only the newest value waits anyway.
pub(super) async fn chain_state(source: watch::Receiver<ChainState>, sink: state_sink::Client) {
    coalesce(source, Duration::ZERO, async |state: ChainState| {
        let mut request = sink.state_request();
        state.put(request.get().init_state());
        request.send().promise.await.map(drop)
    })
    .await;
}

pub(super) async fn log(feed: LogFeed, sink: node_sink::Client) {
    let LogFeed {
        recent,
        lines: mut source,
    } = feed;
    let mut lines = recent;
    let mut dropped = 0;
    loop {
        for chunk in batches(&lines) {
            let mut request = sink.log_request();
            let mut params = request.get();
            params.set_dropped(std::mem::take(&mut dropped));
            wire::put_list(params.init_lines(wire::length(chunk)), chunk);
            if request.send().promise.await.is_err() {
                return;
            }
        }
        lines.clear();
        match source.recv().await {
            Ok(line) => lines.push(line),
            Err(broadcast::error::RecvError::Lagged(lost)) => dropped += lost,
            Err(broadcast::error::RecvError::Closed) => return,
        }
        while lines.len() < BATCH {
            match source.try_recv() {
                Ok(line) => lines.push(line),
                Err(broadcast::error::TryRecvError::Lagged(lost)) => dropped += lost,
                Err(_) => break,
            }
        }
    }
}

/// Cuts lines into deliveries.
fn batches(lines: &[LogLine]) -> impl Iterator<Item = &[LogLine]> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut bytes = 0;
        let mut fits = |line: &LogLine| {
            bytes += line.text.len() + 64;
            bytes <= BATCH_BYTES
        };
        let count = rest
            .iter()
            .take(BATCH)
            .take_while(|line| fits(line))
            .count()
            .max(1);
        let (now, later) = rest.split_at(count);
        rest = later;
        Some(now)
    })
}

pub(super) async fn mempool(feed: MempoolFeed, sink: mempool_sink::Client) {
    let MempoolFeed {
        snapshot,
        mut changes,
    } = feed;
    let mut rest = snapshot.transactions.as_slice();
    loop {
        let mut bytes = 0;
        let count = rest
            .iter()
            .take_while(|tx| {
                bytes += tx.len();
                bytes <= BATCH_BYTES
            })
            .count()
            .max(usize::from(!rest.is_empty()));
        let (now, later) = rest.split_at(count);
        let mut request = sink.snapshot_request();
        let mut params = request.get();
        params.set_sequence(snapshot.sequence);
        params.set_last(later.is_empty());
        wire::put_datas(params.init_transactions(wire::length(now)), now);
        if request.send().promise.await.is_err() {
            return;
        }
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    drop(snapshot.transactions);
    loop {
        let Some(batch) = next_changes(&mut changes, snapshot.sequence).await else {
            // The reader will subscribe again; nothing to do where it is gone.
            let _ = sink.resync_request().send().promise.await;
            return;
        };
        if batch.is_empty() {
            continue;
        }
        let mut request = sink.changes_request();
        wire::put_list(request.get().init_changes(wire::length(&batch)), &batch);
        if request.send().promise.await.is_err() {
            return;
        }
    }
}

/// The next changes after `known`; `None` where some were lost or the source is gone.
async fn next_changes(
    source: &mut broadcast::Receiver<(u64, MempoolChange)>,
    known: u64,
) -> Option<Vec<NumberedChange>> {
    let (sequence, change) = source.recv().await.ok()?;
    let mut batch = vec![NumberedChange(sequence, change)];
    let mut bytes = 0;
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        match source.try_recv() {
            Ok((sequence, change)) => {
                bytes += match &change {
                    MempoolChange::Added(tx) => tx.len(),
                    MempoolChange::Removed { .. } => 0,
                };
                batch.push(NumberedChange(sequence, change));
            }
            Err(broadcast::error::TryRecvError::Lagged(_)) => return None,
            Err(_) => break,
        }
    }
    batch.retain(|change| change.0 > known);
    Some(batch)
}

pub(super) async fn wallet(feed: WalletFeed, sink: wallet_sink::Client) {
    let WalletFeed { state, deltas } = feed;
    let states = coalesce(state, PACE, async |state: WalletState| {
        let mut request = sink.state_request();
        state.put(request.get().init_state());
        request.send().promise.await.map(drop)
    });
    tokio::select! {
        () = states => {}
        () = wallet_deltas(deltas, &sink) => {}
    }
    // Tells a living reader that the wallet was closed.
    let _ = sink.closed_request().send().promise.await;
}

async fn wallet_deltas(
    mut source: broadcast::Receiver<crate::types::WalletDelta>,
    sink: &wallet_sink::Client,
) {
    loop {
        let sent = match source.recv().await {
            Ok(delta) => {
                let mut request = sink.delta_request();
                delta.put(request.get().init_delta());
                request.send().promise.await.map(drop)
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {
                sink.resync_request().send().promise.await.map(drop)
            }
            Err(broadcast::error::RecvError::Closed) => return,
        };
        if sent.is_err() {
            return;
        }
    }
}
