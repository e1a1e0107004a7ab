//! The chain as the wallet process follows it.

use std::sync::Arc;

use chain::mempool::{MempoolChange as PoolChange, Removal};
use chain::{BlockInfo as Info, ChainReader, ReadError};
use ipc_schema::service::{ChainService, MempoolFeed, Reply};
use ipc_schema::{
    Ancestries, Ancestry, BlockInfo, BlockTip, BroadcastReply, ChainState, ChainStep, Fault,
    FaultCode, FeeEstimate, MempoolChange, MempoolSnapshot, MinimumFees, Phase, PullReply,
    RemovalReason, StoredBlocks, Task,
};
use primitives::{Amount, BlockHash, OutPoint, Tx, Txid};
use tokio::sync::{broadcast, watch};

use crate::context::{Chain, Node};
use crate::init;
use crate::rpc::mempool::{broadcast as broadcast_tx, minimum_rate};

/// Most coins looked up at once.
const MAX_COINS: usize = 10_000;
/// Most transactions whose ancestry is looked up at once.
const MAX_TXIDS: usize = 10_000;
/// Changes of the mempool that wait for a slow reader.
const FEED: usize = 4096;
/// Most bytes of blocks in one answer, whatever is asked.
const MAX_BYTES: u64 = 8 << 20;

/// Serves the wallet.
#[derive(Clone)]
pub(crate) struct ChainServer {
    pub(crate) node: Arc<Node>,
}

fn not_ready() -> Fault {
    Fault::new(FaultCode::NotReady, "The chain is not loaded yet.")
}

pub(crate) fn block_tip(info: &Info) -> BlockTip {
    BlockTip {
        hash: info.hash,
        height: info.height,
        time: i64::from(info.header.time),
        median_time: i64::from(info.median_time),
    }
}

impl ChainServer {
    /// Runs a look at the chain that may read files, off the async threads.
    fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Arc<Node>, &Chain) -> Result<T, Fault> + Send + 'static,
    ) -> Reply<T> {
        let node = Arc::clone(&self.node);
        Box::pin(async move {
            let work = tokio::task::spawn_blocking(move || {
                let chain = node.try_chain().cloned().ok_or_else(not_ready)?;
                look(&node, &chain)
            });
            work.await
                .unwrap_or_else(|error| Err(Fault::failed(error.to_string())))
        })
    }
}

/// A block with its bytes.
fn with_bytes(reader: &ChainReader, info: &Info) -> Result<BlockInfo, Fault> {
    let data = reader.read_raw_block(&info.hash).map_err(|error| {
        let code = match error {
            ReadError::Pruned => FaultCode::Pruned,
            _ => FaultCode::NotFound,
        };
        Fault::new(code, error.to_string())
    })?;
    Ok(BlockInfo {
        tip: block_tip(info),
        data,
    })
}

/// Blocks of the active chain from `height` upwards, about `max_bytes`, at least one.
fn blocks_from(reader: &ChainReader, height: u32, max_bytes: u64) -> Result<Vec<BlockInfo>, Fault> {
    let (mut blocks, mut bytes) = (Vec::new(), 0);
    let mut height = height;
    let mut parent: Option<BlockHash> = None;
    while bytes < max_bytes.min(MAX_BYTES) {
        let Some(info) = reader.block_at(height) else {
            break;
        };
        // The chain may be reorganised between two looks.
        if parent.is_some_and(|parent| parent != info.header.prev) {
            break;
        }
        // Below a snapshot they come later: whoever pulls hears of it.
        if info.position.is_none() && info.tx_count == 0 {
            break;
        }
        let block = with_bytes(reader, &info)?;
        bytes += block.data.len() as u64;
        parent = Some(info.hash);
        blocks.push(block);
        height += 1;
    }
    Ok(blocks)
}

fn decode_tx(node: &Node, bytes: &[u8]) -> Result<Tx, Fault> {
    Tx::from_bytes(bytes, node.params.hashes).map_err(|error| {
        Fault::new(
            FaultCode::InvalidArgument,
            format!("TX decode failed: {error}"),
        )
    })
}

impl ChainService for ChainServer {
    fn state(&self) -> watch::Receiver<ChainState> {
        self.node.chain_state.subscribe()
    }

    fn pull(&self, locator: Vec<BlockHash>, max_bytes: u64) -> Reply<PullReply> {
        self.look(move |_, chain| {
            let reader = &chain.reader;
            let mut reply = PullReply::default();
            let tip = reader.tip_block().ok_or_else(not_ready)?;
            reply.tip = block_tip(&tip);
            let Some(mut best) = locator.iter().find_map(|hash| reader.block(hash)) else {
                reply.unknown = !locator.is_empty();
                if locator.is_empty() {
                    let blocks = blocks_from(reader, 0, max_bytes)?;
                    reply.steps = blocks.into_iter().map(ChainStep::Connect).collect();
                }
                return Ok(reply);
            };
            while !reader.is_active(&best.hash) {
                reply.steps.push(ChainStep::Disconnect {
                    hash: best.hash,
                    height: best.height,
                });
                best = reader.block(&best.header.prev).ok_or_else(not_ready)?;
            }
            let blocks = blocks_from(reader, best.height + 1, max_bytes)?;
            // A reorganisation in between shows in the first block's parent.
            if blocks.is_empty() || reader.is_active(&best.hash) {
                reply
                    .steps
                    .extend(blocks.into_iter().map(ChainStep::Connect));
            }
            Ok(reply)
        })
    }

    fn find_fork(&self, locator: Vec<BlockHash>) -> Reply<Option<BlockTip>> {
        self.look(move |_, chain| Ok(chain.reader.find_locator(&locator).as_ref().map(block_tip)))
    }

    fn block_at(&self, height: u32) -> Reply<Option<BlockTip>> {
        self.look(move |_, chain| Ok(chain.reader.block_at(height).as_ref().map(block_tip)))
    }

    fn find_block(&self, hash: BlockHash) -> Reply<Option<(BlockTip, bool)>> {
        self.look(move |_, chain| {
            Ok(chain
                .reader
                .block(&hash)
                .map(|info| (block_tip(&info), info.active)))
        })
    }

    fn block(&self, hash: BlockHash) -> Reply<Option<BlockInfo>> {
        self.look(move |_, chain| {
            let info = chain.reader.block(&hash);
            info.map(|info| with_bytes(&chain.reader, &info))
                .transpose()
        })
    }

    fn blocks(&self, from: u32, max_bytes: u64) -> Reply<Vec<BlockInfo>> {
        self.look(move |_, chain| blocks_from(&chain.reader, from, max_bytes))
    }

    fn first_block_since(&self, time: i64) -> Reply<Option<BlockTip>> {
        self.look(move |_, chain| {
            let reader = &chain.reader;
            // Times may go back from block to block: the last one that is older ends the search.
            let older = |info: &Info| i64::from(info.header.time) < time;
            let heights = 0..=reader.height();
            let last_older = heights.rev().find_map(|height| {
                reader
                    .block_at(height)
                    .filter(|info| older(info))
                    .map(|info| info.height)
            });
            let first = last_older.map_or(0, |height| height + 1);
            Ok(reader.block_at(first).as_ref().map(block_tip))
        })
    }

    fn mempool(&self) -> Reply<MempoolFeed> {
        self.look(move |_, chain| {
            // First the ear, then the look, so that nothing falls between.
            let mut changes = chain.reader.mempool_changes();
            let snapshot = {
                let pool = chain.reader.mempool();
                let entries = pool.in_order();
                MempoolSnapshot {
                    sequence: pool.sequence(),
                    transactions: entries.iter().map(|entry| entry.tx.to_bytes()).collect(),
                }
            };
            let (sender, receiver) = broadcast::channel(FEED);
            let from = snapshot.sequence;
            tokio::spawn(async move {
                // Ends when the reader is gone, or, by dropping the sender, when it must read anew.
                while let Ok((sequence, change)) = changes.recv().await {
                    if sequence > from && sender.send((sequence, wire_change(change))).is_err() {
                        return;
                    }
                }
            });
            Ok(MempoolFeed {
                snapshot,
                changes: receiver,
            })
        })
    }

    fn is_in_mempool(&self, txid: Txid) -> Reply<bool> {
        self.look(move |_, chain| Ok(chain.reader.mempool().get(&txid).is_some()))
    }

    fn find_coins(&self, outpoints: Vec<OutPoint>) -> Reply<Vec<Option<(Vec<u8>, Amount)>>> {
        self.look(move |_, chain| {
            if outpoints.len() > MAX_COINS {
                let text = format!("At most {MAX_COINS} coins at once.");
                return Err(Fault::new(FaultCode::InvalidArgument, text));
            }
            let coins = chain.handle.coins(outpoints.clone()).wait();
            let coins = coins.map_err(|error| Fault::failed(error.to_string()))?;
            let pool = chain.reader.mempool();
            let one = |(place, coin): (OutPoint, Option<chain::Coin>)| {
                let output = match pool.output(&place) {
                    Some(output) => Some(output.clone()),
                    None => coin.map(|coin| coin.output),
                };
                output
                    .filter(|_| pool.spender(&place).is_none())
                    .map(|output| (output.script_pubkey.into_bytes(), output.value))
            };
            Ok(outpoints.into_iter().zip(coins).map(one).collect())
        })
    }

    fn broadcast(&self, tx: Vec<u8>, max_fee: Option<Amount>) -> Reply<BroadcastReply> {
        self.look(move |node, _| {
            let tx = decode_tx(node, &tx)?;
            Ok(match broadcast_tx(node, &Arc::new(tx), max_fee) {
                Ok(()) => BroadcastReply::Accepted,
                Err(error) => BroadcastReply::Rejected(error.message),
            })
        })
    }

    fn estimate_fee(&self, blocks: u32, _conservative: bool) -> Reply<FeeEstimate> {
        // Nothing is known until blocks and mempool have been watched for a while.
        Box::pin(async move { Ok(FeeEstimate { rate: None, blocks }) })
    }

    fn minimum_fees(&self) -> Reply<MinimumFees> {
        self.look(move |node, chain| {
            let policy = chain.reader.policy();
            let max_fee = node.config().get_amount("maxtxfee").unwrap_or_default();
            Ok(MinimumFees {
                mempool: minimum_rate(&chain.reader, node.clock.now()),
                relay: policy.min_relay_fee,
                incremental: policy.incremental_relay_fee,
                dust: policy.dust_relay_fee,
                max_fee,
            })
        })
    }

    fn stored_blocks(&self) -> Reply<StoredBlocks> {
        self.look(move |_, chain| {
            let reader = &chain.reader;
            let tip = reader.tip_block().ok_or_else(not_ready)?;
            Ok(StoredBlocks {
                tip: block_tip(&tip),
                first: reader.first_stored().unwrap_or(0),
                below_snapshot: reader.is_below_snapshot() && !reader.have_pruned(),
            })
        })
    }

    fn check_limits(&self, tx: Vec<u8>, vsize: u64) -> Reply<bool> {
        self.look(move |node, chain| {
            let tx = decode_tx(node, &tx)?;
            let limits = chain.reader.mempool_limits();
            Ok(chain.reader.mempool().has_room_for(&tx, vsize, &limits))
        })
    }

    fn ancestry(&self, txids: Vec<Txid>) -> Reply<Ancestries> {
        self.look(move |node, chain| {
            if txids.len() > MAX_TXIDS {
                let text = format!("At most {MAX_TXIDS} transactions at once.");
                return Err(Fault::new(FaultCode::InvalidArgument, text));
            }
            let limit = |name: &str| u64::try_from(node.config().get_int(name)).unwrap_or(0);
            let (max_ancestors, max_descendants) =
                (limit("limitancestorcount"), limit("limitdescendantcount"));
            let pool = chain.reader.mempool();
            let one = |txid: Txid| {
                if pool.get(&txid).is_none() {
                    return Ancestry::default();
                }
                let mut above = pool.ancestors(&txid);
                above.insert(txid);
                let (fees, vsize) = pool.package(&above);
                Ancestry {
                    ancestors: above.len() as u64,
                    cluster: pool.cluster([txid].into()).len() as u64,
                    vsize,
                    fees,
                }
            };
            Ok(Ancestries {
                found: txids.into_iter().map(one).collect(),
                max_ancestors,
                max_descendants,
            })
        })
    }

    fn report_task(&self, task: Task) -> Reply<()> {
        if task.kind == "warning" {
            // The log has it from the wallet process itself.
            if self.node.status.borrow().phase != Phase::Running {
                init::warn_user(&format!("Warning: {}", task.title));
            }
        } else {
            self.node.tasks.put(task);
        }
        Box::pin(async { Ok(()) })
    }

    fn wallets_open(&self, wallets: Vec<String>) -> Reply<()> {
        self.node.wallet.set_open(wallets);
        Box::pin(async { Ok(()) })
    }

    fn load_on_startup(&self, wallet: String, load: bool) -> Reply<()> {
        let node = Arc::clone(&self.node);
        Box::pin(async move {
            let work = tokio::task::spawn_blocking(move || {
                crate::settings::load_on_startup(&mut node.config(), &wallet, load)
            });
            work.await
                .unwrap_or_else(|error| Err(Fault::failed(error.to_string())))
        })
    }
}

fn wire_change(change: PoolChange) -> MempoolChange {
    match change {
        PoolChange::Added(tx) => MempoolChange::Added(tx.to_bytes()),
        PoolChange::Removed(tx, reason) => MempoolChange::Removed {
            txid: tx.txid(),
            reason: match reason {
                Removal::Expiry => RemovalReason::Expiry,
                Removal::SizeLimit => RemovalReason::SizeLimit,
                Removal::Reorg => RemovalReason::Reorg,
                Removal::Block => RemovalReason::Block,
                Removal::Conflict => RemovalReason::Conflict,
                Removal::Replaced => RemovalReason::Replaced,
            },
        },
    }
}
