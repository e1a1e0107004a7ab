//! The chain, for the wallet.

use primitives::{Amount, BlockHash, FeeRate, OutPoint, Txid};
use tokio::sync::{mpsc, watch};

use super::sink;
use crate::generated::chain_capnp::chain;
use crate::remote::{Remote, ask};
use crate::types::{
    Ancestries, BlockInfo, BlockTip, BroadcastReply, ChainState, FeeEstimate, FoundCoin, IpcError,
    MempoolEvent, MinimumFees, PullReply, StoredBlocks, Task,
};
use crate::wire::{self, Wire};

/// The node's chain.
#[derive(Clone, Debug)]
pub struct ChainClient {
    remote: Remote<chain::Client>,
}

impl ChainClient {
    pub(crate) fn new(client: chain::Client) -> Self {
        Self {
            remote: Remote::new(client),
        }
    }

    /// The doorbell: holds the newest state, begins with the present one, and ends with the
    /// connection.
    ///
    /// # Errors
    /// [`IpcError`] where the node refuses or is gone.
    pub async fn state(&self) -> Result<watch::Receiver<ChainState>, IpcError> {
        self.remote
            .call("subscribe", move |client| async move {
                let (sink, mut receiver, first) = sink::chain_state();
                let mut request = client.subscribe_request();
                request.get().set_sink(sink);
                let answer = request.send().promise.await?;
                let reply = answer.get()?;
                sink::check(reply.has_fault(), reply.get_fault())?;
                let subscription = reply.get_subscription()?;
                first.await.map_err(|_| IpcError::Disconnected)?;
                receiver.mark_unchanged();
                let mut ending = receiver.clone();
                // Watched until the connection ends; without readers the sink refuses the next
                // value, which ends the subscription on the other side.
                tokio::task::spawn_local(async move {
                    while ending.changed().await.is_ok() {}
                    drop(subscription);
                });
                Ok(receiver)
            })
            .await
    }

    /// Steps from the first known block of `locator` (newest first) towards the tip, blocks of
    /// about `max_bytes` together, at least one where there is one.
    ///
    /// # Errors
    /// [`IpcError`] where blocks are pruned or the node is gone.
    pub async fn pull(
        &self,
        locator: Vec<BlockHash>,
        max_bytes: u64,
    ) -> Result<PullReply, IpcError> {
        ask!(
            self.remote,
            pull_request,
            |p| {
                wire::put_datas(p.reborrow().init_locator(wire::length(&locator)), &locator);
                p.set_max_bytes(max_bytes);
            },
            |r| PullReply {
                steps: wire::take_list(r.get_steps()?)?,
                tip: BlockTip::take(r.get_tip()?)?,
                unknown: r.get_unknown(),
            }
        )
    }

    /// The newest block of `locator` on the active chain.
    ///
    /// # Errors
    /// [`IpcError`] where the node is gone.
    pub async fn find_fork(&self, locator: Vec<BlockHash>) -> Result<Option<BlockTip>, IpcError> {
        ask!(
            self.remote,
            find_fork_request,
            |p| wire::put_datas(p.reborrow().init_locator(wire::length(&locator)), &locator),
            |r| wire::take!(opt_node, r, get_block init_block has_block)
        )
    }

    /// The active chain's block at a height.
    ///
    /// # Errors
    /// [`IpcError`] where the node is gone.
    pub async fn block_at(&self, height: u32) -> Result<Option<BlockTip>, IpcError> {
        ask!(
            self.remote,
            block_at_request,
            |p| p.set_height(height),
            |r| wire::take!(opt_node, r, get_block init_block has_block)
        )
    }

    /// A block's place, and whether it is on the active chain.
    ///
    /// # Errors
    /// [`IpcError`] where the node is gone.
    pub async fn find_block(&self, hash: BlockHash) -> Result<Option<(BlockTip, bool)>, IpcError> {
        ask!(
            self.remote,
            find_block_request,
            |p| p.set_hash(hash.as_bytes()),
            |r| {
                let block: Option<BlockTip> =
                    wire::take!(opt_node, r, get_block init_block has_block);
                block.map(|block| (block, r.get_active()))
            }
        )
    }

    /// A block with its bytes; `None` where unknown.
    ///
    /// # Errors
    /// [`IpcError`] where it is pruned or the node is gone.
    pub async fn block(&self, hash: BlockHash) -> Result<Option<BlockInfo>, IpcError> {
        ask!(
            self.remote,
            block_request,
            |p| p.set_hash(hash.as_bytes()),
            |r| wire::take!(opt_node, r, get_block init_block has_block)
        )
    }

    /// Blocks of the active chain upwards from a height, about `max_bytes` of them, at least one
    /// where there is one.
    ///
    /// # Errors
    /// [`IpcError`] where they are pruned or the node is gone.
    pub async fn blocks(&self, from: u32, max_bytes: u64) -> Result<Vec<BlockInfo>, IpcError> {
        ask!(
            self.remote,
            blocks_request,
            |p| {
                p.set_from(from);
                p.set_max_bytes(max_bytes);
            },
            |r| wire::take_list(r.get_blocks()?)?
        )
    }

    /// The first block whose time, and every later block's, is at least `time`.
    ///
    /// # Errors
    /// [`IpcError`] where the node is gone.
    pub async fn first_block_since(&self, time: i64) -> Result<Option<BlockTip>, IpcError> {
        ask!(
            self.remote,
            first_block_since_request,
            |p| p.set_time(time),
            |r| wire::take!(opt_node, r, get_block init_block has_block)
        )
    }

    /// The mempool and its changes. The channel ends with the connection and after a resync.
    ///
    /// # Errors
    /// [`IpcError`] where the node refuses or is gone.
    pub async fn mempool(&self) -> Result<mpsc::Receiver<MempoolEvent>, IpcError> {
        self.remote
            .call("mempool", move |client| async move {
                let (sink, alive, events, receiver) = sink::mempool();
                let mut request = client.mempool_request();
                request.get().set_sink(sink);
                let answer = request.send().promise.await?;
                let reply = answer.get()?;
                sink::check(reply.has_fault(), reply.get_fault())?;
                sink::hold(reply.get_subscription()?, alive, async move {
                    events.closed().await
                });
                Ok(receiver)
            })
            .await
    }

    /// Whether a transaction is in the mempool.
    ///
    /// # Errors
    /// [`IpcError`] where the node is gone.
    pub async fn is_in_mempool(&self, txid: Txid) -> Result<bool, IpcError> {
        ask!(
            self.remote,
            is_in_mempool_request,
            |p| p.set_txid(txid.as_bytes()),
            |r| r.get_result()
        )
    }

    /// Script and amount of each output that is unspent in the chain or the mempool.
    ///
    /// # Errors
    /// [`IpcError`] where the node is gone.
    pub async fn find_coins(
        &self,
        outpoints: Vec<OutPoint>,
    ) -> Result<Vec<Option<FoundCoin>>, IpcError> {
        ask!(
            self.remote,
            find_coins_request,
            |p| wire::put_list(
                p.reborrow().init_outpoints(wire::length(&outpoints)),
                &outpoints
            ),
            |r| {
                let mut coins = Vec::new();
                for coin in r.get_coins()? {
                    coins.push(if coin.get_found() {
                        Some((
                            coin.get_script()?.to_vec(),
                            Amount::from_sat(coin.get_amount()),
                        ))
                    } else {
                        None
                    });
                }
                coins
            }
        )
    }

    /// Gives a transaction to the mempool and the network; `max_fee` is what it may pay at most.
    ///
    /// # Errors
    /// [`IpcError`] where the node is not ready or gone.
    pub async fn broadcast(
        &self,
        tx: Vec<u8>,
        max_fee: Option<Amount>,
    ) -> Result<BroadcastReply, IpcError> {
        ask!(
            self.remote,
            broadcast_request,
            |p| {
                p.set_transaction(&tx);
                p.set_has_max_fee(max_fee.is_some());
                p.set_max_fee(max_fee.unwrap_or_default().sat());
            },
            |r| {
                if r.get_accepted() {
                    BroadcastReply::Accepted
                } else {
                    BroadcastReply::Rejected(r.get_reason()?.to_string()?)
                }
            }
        )
    }

    /// Estimates a rate for confirmation within `blocks`.
    ///
    /// # Errors
    /// [`IpcError`] where the node is gone.
    pub async fn estimate_fee(
        &self,
        blocks: u32,
        conservative: bool,
    ) -> Result<FeeEstimate, IpcError> {
        ask!(
            self.remote,
            estimate_fee_request,
            |p| {
                p.set_blocks(blocks);
                p.set_conservative(conservative);
            },
            |r| FeeEstimate {
                rate: r
                    .get_has_rate()
                    .then(|| FeeRate::from_sat_per_kvb(r.get_rate())),
                blocks: r.get_blocks(),
            }
        )
    }

    /// Minimum rates.
    ///
    /// # Errors
    /// [`IpcError`] where the node is gone.
    pub async fn minimum_fees(&self) -> Result<MinimumFees, IpcError> {
        ask!(self.remote, minimum_fees_request, |r| MinimumFees::take(
            r.get_fees()?
        )?)
    }

    /// Which blocks of the active chain are on disk, as of now.
    ///
    /// # Errors
    /// [`IpcError`] where the node is gone.
    pub async fn stored_blocks(&self) -> Result<StoredBlocks, IpcError> {
        ask!(self.remote, stored_blocks_request, |r| StoredBlocks::take(
            r.get_stored()?
        )?)
    }

    /// Shows a task of the wallet among the node's.
    ///
    /// # Errors
    /// [`IpcError`] where the node is gone.
    pub async fn report_task(&self, task: Task) -> Result<(), IpcError> {
        ask!(
            self.remote,
            report_task_request,
            |p| task.put(p.reborrow().init_task()),
            |_r| ()
        )
    }

    /// Notes in the node's `settings.json` whether a wallet is opened at every start.
    ///
    /// # Errors
    /// [`IpcError`] where it cannot be written or the node is gone.
    pub async fn load_on_startup(&self, wallet: String, load: bool) -> Result<(), IpcError> {
        ask!(
            self.remote,
            load_on_startup_request,
            |p| {
                p.set_wallet(wallet.as_str());
                p.set_load(load);
            },
            |_r| ()
        )
    }

    /// Whether a transaction of `vsize` virtual bytes would keep to the mempool's limits on what
    /// hangs together.
    ///
    /// # Errors
    /// [`IpcError`] where the node is not ready or gone.
    pub async fn check_limits(&self, tx: Vec<u8>, vsize: u64) -> Result<bool, IpcError> {
        ask!(
            self.remote,
            check_limits_request,
            |p| {
                p.set_transaction(&tx);
                p.set_vsize(vsize);
            },
            |r| r.get_fits()
        )
    }

    /// What hangs together with transactions of the mempool, in the order asked for.
    ///
    /// # Errors
    /// [`IpcError`] where the node is not ready or gone.
    pub async fn ancestry(&self, txids: Vec<Txid>) -> Result<Ancestries, IpcError> {
        ask!(
            self.remote,
            ancestry_request,
            |p| wire::put_datas(p.reborrow().init_txids(wire::length(&txids)), &txids),
            |r| Ancestries {
                found: wire::take_list(r.get_found()?)?,
                max_ancestors: r.get_max_ancestors(),
                max_descendants: r.get_max_descendants(),
            }
        )
    }

    /// Tells which wallets are open: the node opens them again where this process dies.
    ///
    /// # Errors
    /// [`IpcError`] where the node is gone.
    pub async fn wallets_open(&self, wallets: Vec<String>) -> Result<(), IpcError> {
        ask!(
            self.remote,
            wallets_open_request,
            |p| wire::put_texts(p.reborrow().init_wallets(wire::length(&wallets)), &wallets),
            |_r| ()
        )
    }
}
