//! Following the chain: each wallet pulls its blocks when the doorbell rings; the mempool is read by
//! one task for all.

use std::sync::Arc;
use std::time::Duration;

use ipc_schema::{BlockInfo, ChainClient, ChainStep, FaultCode, IpcError, PullReply};
use primitives::encode::{DecodeError, Reader};
use primitives::{Block, BlockHash, ChainParams};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::WalletError;
use crate::context::Context;
use crate::wallet::{BlockData, BlockPlace, KnownBlock, Step};

mod mempool;

pub use mempool::follow_mempool;
pub(crate) use mempool::scan_mempool;

use mempool::read_mempool;

/// Bytes of blocks that are asked for at once.
const PULL_BYTES: u64 = 4 << 20;
/// Pause after a failed call of a node that is still connected.
const RETRY: Duration = Duration::from_secs(1);
/// Callers that wait for a wallet to be where the node is.
const WAITING: usize = 64;
/// Blocks so much older than the wallet are not looked at when it is opened, in seconds.
const BIRTH_MARGIN: i64 = 14 * 86_400;
/// Blocks behind the tip from which on catching up is shown as progress.
const SHOWN_FROM: u32 = 50;
/// How often stored transactions are given to the node again.
const RESEND: Duration = Duration::from_secs(12 * 3600);

/// The task that follows the chain for one wallet; clones are the same.
#[derive(Clone, Debug)]
pub struct Follower {
    sync: mpsc::Sender<oneshot::Sender<()>>,
    stop: CancellationToken,
}

impl Follower {
    /// Starts the task.
    pub(crate) fn start(context: Arc<Context>, name: String) -> Self {
        let (sync, waiting) = mpsc::channel(WAITING);
        let stop = context.stop.token().child_token();
        let follower = Self {
            sync,
            stop: stop.clone(),
        };
        let runtime = context.runtime.clone();
        runtime.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = run(&context, &name, waiting) => {}
            }
        });
        follower
    }

    /// Waits until the wallet is where the node is now.
    pub(crate) async fn sync(&self) {
        let (done, synced) = oneshot::channel();
        if self.sync.send(done).await.is_ok() {
            // Dropped where the task ends.
            let _ = synced.await;
        }
    }

    /// Ends the task.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }
}

/// Follows node after node, until the wallet is closed.
async fn run(context: &Arc<Context>, name: &str, mut waiting: mpsc::Receiver<oneshot::Sender<()>>) {
    let mut nodes = context.chain.watch();
    loop {
        let chain = nodes.borrow_and_update().clone();
        let Some(chain) = chain else {
            set_at_tip(context, name, false).await;
            tokio::select! {
                changed = nodes.changed() => if changed.is_err() { return },
                // Without a node there is nothing to wait for.
                request = waiting.recv() => match request {
                    Some(done) => drop(done),
                    None => return,
                },
            }
            continue;
        };
        let followed = tokio::select! {
            result = follow_node(context, name, &chain, &mut waiting) => result,
            _ = nodes.changed() => continue,
        };
        match followed {
            Ok(()) => return,
            Err(WalletError::NotLoaded | WalletError::Stopped(_)) => return,
            Err(error) => {
                tracing::debug!("[{name}] following the chain: {error}");
                // Answered rather than kept waiting: the caller reads what the wallet knows.
                while let Ok(done) = waiting.try_recv() {
                    drop(done);
                }
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

async fn set_at_tip(context: &Context, name: &str, at_tip: bool) {
    let set = context.handle.with_open(name, move |open| {
        open.set_at_tip(at_tip);
        Ok(())
    });
    if let Err(error) = set.await {
        tracing::debug!("[{name}] {error}");
    }
}

/// Follows one node until it is gone; `Ok` where the wallet is closed.
async fn follow_node(
    context: &Arc<Context>,
    name: &str,
    chain: &ChainClient,
    waiting: &mut mpsc::Receiver<oneshot::Sender<()>>,
) -> Result<(), WalletError> {
    let mut state = context.chain.watch_state();
    let mut requests: Vec<oneshot::Sender<()>> = Vec::new();
    let mut attached = false;
    let mut resend = Box::pin(tokio::time::sleep(RESEND));
    loop {
        let ready = {
            let now = state.borrow_and_update();
            now.ready && now.tip.is_some()
        };
        if ready {
            if !attached {
                attach(context, name, chain).await?;
            }
            while let Ok(done) = waiting.try_recv() {
                requests.push(done);
            }
            pull_all(context, name, chain).await?;
            if !attached {
                attached = true;
                read_mempool(context, name, chain).await?;
                resend_all(context, name, chain).await?;
            }
            for done in requests.drain(..) {
                // Whoever waited may have left.
                let _ = done.send(());
            }
        }
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return Ok(()) },
            request = waiting.recv() => match request {
                Some(done) if ready => requests.push(done),
                // The chain is still being loaded.
                Some(done) => drop(done),
                None => return Ok(()),
            },
            () = &mut resend => {
                resend_all(context, name, chain).await?;
                resend = Box::pin(tokio::time::sleep(RESEND));
            }
        }
    }
}

/// Refuses a wallet that was used on another chain, or has not seen blocks that are not here (Core's
/// `CWallet::AttachChain`).
///
/// # Errors
/// [`WalletError::OtherChain`], [`WalletError::Pruned`], [`WalletError::BelowSnapshot`].
pub(crate) async fn check_chain(context: &Context, name: &str) -> Result<(), WalletError> {
    let (locator, best, birth) = context
        .handle
        .with(name, |wallet| {
            Ok((wallet.locator(), wallet.best(), wallet.birth_time()))
        })
        .await?;
    if !context.options.cross_chain
        && let Some(last) = locator.last()
        && *last != context.params.genesis.hash
    {
        return Err(WalletError::OtherChain);
    }
    if context.chain.state().tip.is_none() {
        // No chain yet that anything could be missing of.
        return Ok(());
    }
    let stored = context
        .ask(|chain| async move { chain.stored_blocks().await })
        .await?;
    let seen = match best {
        Some((_, height)) => height,
        None => {
            let fork = context
                .ask(|chain| async move { chain.find_fork(locator).await })
                .await?;
            fork.map_or(0, |fork| fork.height)
        }
    };
    let tip = stored.tip.height;
    if seen >= stored.first.min(tip) {
        return Ok(());
    }
    let since = match birth {
        Some(birth) => {
            let time = birth - BIRTH_MARGIN;
            let first = context.ask(|chain| async move { chain.first_block_since(time).await });
            first.await?.map_or(tip, |block| block.height)
        }
        None => 0,
    };
    if seen.max(since) >= stored.first.min(tip) {
        Ok(())
    } else if stored.below_snapshot {
        Err(WalletError::BelowSnapshot(stored.first.min(tip)))
    } else {
        Err(WalletError::Pruned)
    }
}

/// Brings what the wallet remembers of the chain in line with the node.
async fn attach(context: &Context, name: &str, chain: &ChainClient) -> Result<(), WalletError> {
    let (locator, best, birth, untouched) = context
        .handle
        .with(name, |wallet| {
            Ok((
                wallet.locator(),
                wallet.best(),
                wallet.birth_time(),
                wallet.txs().is_empty(),
            ))
        })
        .await?;
    let mut at = best;
    if let Some(newest) = locator.first() {
        match chain.find_block(*newest).await? {
            Some((tip, _)) if best.is_none() => {
                let (hash, height) = (*newest, tip.height);
                context
                    .handle
                    .with(name, move |wallet| {
                        wallet.place_best(hash, height);
                        Ok(())
                    })
                    .await?;
                at = Some((hash, height));
            }
            Some(_) => {}
            None => {
                let fork = chain.find_fork(locator).await?;
                let genesis = (context.params.genesis.hash, 0);
                let (hash, height) = fork.map_or(genesis, |fork| (fork.hash, fork.height));
                tracing::warn!(
                    "[{name}] the node does not know the wallet's last block: going back to {height}"
                );
                context
                    .handle
                    .with(name, move |wallet| wallet.rewind_to(hash, height))
                    .await?;
                at = Some((hash, height));
            }
        }
    }
    skip_before_birth(context, name, chain, at, birth, untouched).await?;
    place_blocks(context, name, chain).await
}

/// Moves a wallet past blocks that are older than it.
async fn skip_before_birth(
    context: &Context,
    name: &str,
    chain: &ChainClient,
    at: Option<(BlockHash, u32)>,
    birth: Option<i64>,
    untouched: bool,
) -> Result<(), WalletError> {
    let from = at.map_or(0, |(_, height)| height);
    let start = match birth {
        Some(birth) => chain.first_block_since(birth - BIRTH_MARGIN).await?,
        None => None,
    };
    let start = match (start, birth) {
        (Some(start), _) => start.height.saturating_sub(1),
        // Nothing can concern it, or nothing yet.
        (None, _) => context.chain.state().tip.map_or(0, |tip| tip.height),
    };
    if start <= from && at.is_some() || !untouched && at.is_some() {
        return Ok(());
    }
    if let Some(block) = chain.block_at(start.max(from)).await? {
        context
            .handle
            .with(name, move |wallet| {
                wallet.rewind_to(block.hash, block.height)
            })
            .await?;
    }
    Ok(())
}

/// Asks for the heights of blocks that transactions name and the file does not tell.
async fn place_blocks(
    context: &Context,
    name: &str,
    chain: &ChainClient,
) -> Result<(), WalletError> {
    let unplaced = context
        .handle
        .with(name, |wallet| Ok(wallet.unplaced_blocks()))
        .await?;
    let mut known = Vec::with_capacity(unplaced.len());
    for hash in unplaced {
        let found = chain.find_block(hash).await?;
        let place = found
            .filter(|(_, active)| *active)
            .map(|(tip, _)| BlockPlace {
                height: tip.height,
                time: tip.time,
            });
        known.push(KnownBlock { hash, place });
    }
    if !known.is_empty() {
        context
            .handle
            .with(name, move |wallet| wallet.place_blocks(&known))
            .await?;
    }
    Ok(())
}

/// Pulls until the wallet is where the node is.
async fn pull_all(
    context: &Arc<Context>,
    name: &str,
    chain: &ChainClient,
) -> Result<(), WalletError> {
    let mut shown = None;
    let mut disconnected = false;
    let at_tip = loop {
        let (locator, best) = context
            .handle
            .with(name, |wallet| Ok((wallet.locator(), wallet.best())))
            .await?;
        let locator = if locator.is_empty() {
            vec![context.params.genesis.hash]
        } else {
            locator
        };
        let pulled = chain.pull(locator, PULL_BYTES).await;
        let reply = match pulled {
            Ok(reply) => reply,
            Err(IpcError::Fault(fault)) if fault.code == FaultCode::Pruned => {
                return Err(WalletError::Pruned);
            }
            Err(error) => return Err(error.into()),
        };
        if reply.unknown {
            attach(context, name, chain).await?;
            continue;
        }
        let at = best.map_or(0, |(_, height)| height);
        if reply.steps.is_empty() {
            // Blocks below a snapshot of coins may be still to come.
            break at >= reply.tip.height;
        }
        if shown.is_none() && reply.tip.height > at.saturating_add(SHOWN_FROM) {
            shown = Some((crate::rescan::catch_up_task(context, name), at));
            set_at_tip(context, name, false).await;
        }
        let is_undone = |step: &ChainStep| matches!(step, ChainStep::Disconnect { .. });
        disconnected |= reply.steps.iter().any(is_undone);
        let reached = apply(context, name, reply).await?;
        if let Some((task, from)) = &shown {
            let (done, all) = (
                reached.0.saturating_sub(*from),
                reached.1.saturating_sub(*from),
            );
            let progress = f64::from(done) / f64::from(all.max(1));
            task.update(
                Some(progress),
                format!("Block {} of {}", reached.0, reached.1),
            );
            set_scanning(context, name, Some(progress)).await?;
        }
    };
    if let Some((task, _)) = shown {
        task.finish(ipc_schema::TaskState::Done, String::new(), context.now());
        set_scanning(context, name, None).await?;
    }
    if disconnected {
        ask_mempool(context, name, chain).await?;
    }
    set_at_tip(context, name, at_tip).await;
    Ok(())
}

/// Asks whether the node has taken transactions of disconnected blocks back into its mempool: it may have said so
/// before the wallet knew that their blocks are gone.
async fn ask_mempool(
    context: &Context,
    name: &str,
    chain: &ChainClient,
) -> Result<(), WalletError> {
    let stored = context
        .handle
        .with(name, |wallet| Ok(wallet.unconfirmed()))
        .await?;
    for txid in stored.iter().map(|tx| tx.txid()) {
        if chain.is_in_mempool(txid).await? {
            context
                .handle
                .with(name, move |wallet| {
                    wallet.mark_in_mempool(&txid);
                    Ok(())
                })
                .await?;
        }
    }
    Ok(())
}

pub(crate) async fn set_scanning(
    context: &Context,
    name: &str,
    progress: Option<f64>,
) -> Result<(), WalletError> {
    context
        .handle
        .with_open(name, move |open| {
            open.set_scanning(progress);
            Ok(())
        })
        .await
}

/// Decodes steps off the async threads and takes them; gives the height reached and the tip's.
async fn apply(context: &Context, name: &str, reply: PullReply) -> Result<(u32, u32), WalletError> {
    let params = context.params;
    let tip = reply.tip.height;
    let steps = tokio::task::spawn_blocking(move || decode_steps(reply, params))
        .await
        .map_err(|error| WalletError::File(error.to_string()))??;
    let now = context.now();
    let best = context
        .handle
        .with(name, move |wallet| {
            wallet.apply_steps(&steps, now)?;
            Ok(wallet.best())
        })
        .await?;
    Ok((best.map_or(0, |(_, height)| height), tip))
}

fn decode_steps(reply: PullReply, params: &ChainParams) -> Result<Vec<Step>, WalletError> {
    reply
        .steps
        .into_iter()
        .map(|step| match step {
            ChainStep::Disconnect { hash, height } => Ok(Step::Disconnect { hash, height }),
            ChainStep::Connect(block) => decode_block(&block, params).map(Step::Connect),
        })
        .collect()
}

/// Decodes a block that the node vouches for.
pub(crate) fn decode_block(
    info: &BlockInfo,
    params: &ChainParams,
) -> Result<BlockData, WalletError> {
    let mut reader = Reader::new(&info.data);
    let block = Block::decode_known(&mut reader, info.tip.hash, params.hashes)
        .and_then(|block| reader.finish().map(|()| block));
    let block = block.map_err(|error| garbled("block", error))?;
    Ok(BlockData {
        hash: info.tip.hash,
        place: BlockPlace {
            height: info.tip.height,
            time: info.tip.time,
        },
        txs: block.txs,
    })
}

fn garbled(what: &str, error: DecodeError) -> WalletError {
    WalletError::Node(IpcError::Remote(format!(
        "the node sent a {what} that cannot be read: {error}"
    )))
}

/// Gives stored transactions to the node that it does not have.
async fn resend_all(context: &Context, name: &str, chain: &ChainClient) -> Result<(), WalletError> {
    if !context.options.broadcast {
        return Ok(());
    }
    let stored = context
        .handle
        .with(name, |wallet| Ok(wallet.unconfirmed()))
        .await?;
    for tx in stored {
        match chain.broadcast(tx.to_bytes(), None).await? {
            ipc_schema::BroadcastReply::Accepted => {
                context
                    .handle
                    .with(name, move |wallet| {
                        wallet.mark_in_mempool(&tx.txid());
                        Ok(())
                    })
                    .await?;
            }
            ipc_schema::BroadcastReply::Rejected(reason) => {
                tracing::debug!("[{name}] {} is not taken: {reason}", tx.txid());
            }
        }
    }
    Ok(())
}

/// Keeps clock and doorbell of whichever node there is.
pub async fn follow_state(context: Arc<Context>) {
    let mut nodes = context.chain.watch();
    loop {
        let chain = nodes.borrow_and_update().clone();
        if let Some(chain) = chain {
            match chain.state().await {
                Ok(mut states) => loop {
                    let state = *states.borrow_and_update();
                    context.set_mock_time(state.mock_time);
                    context.chain.set_state(state);
                    tokio::select! {
                        changed = states.changed() => if changed.is_err() { break },
                        _ = nodes.changed() => break,
                        () = context.stop.stopped() => return,
                    }
                },
                Err(error) => tracing::debug!("the node's state: {error}"),
            }
            let known = context.chain.state();
            context.chain.set_state(ipc_schema::ChainState {
                ready: false,
                ..known
            });
            tokio::select! {
                () = tokio::time::sleep(RETRY) => {}
                () = context.stop.stopped() => return,
            }
            continue;
        }
        tokio::select! {
            changed = nodes.changed() => if changed.is_err() { return },
            () = context.stop.stopped() => return,
        }
    }
}
