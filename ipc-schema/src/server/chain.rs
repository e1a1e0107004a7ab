//! The chain, as the wallet follows it.

use std::rc::Rc;
use std::sync::Arc;

use primitives::{Amount, BlockHash, Txid};

use super::{Runner, Subscribed, answer, feed};
use crate::generated::chain_capnp::chain;
use crate::service::ChainService;
use crate::session::{Held, Session};
use crate::types::{BroadcastReply, Task};
use crate::wire::{self, Wire};

/// Most bytes of blocks in one answer, well below a message's limit.
const MAX_BLOCK_BYTES: u64 = 8 << 20;

/// Serves `Chain`.
pub(crate) struct ChainObject {
    runner: Runner,
    service: Arc<dyn ChainService>,
    /// Counts for whoever came to a listener; a child is not counted.
    watch: Option<(Rc<Session>, Held)>,
}

impl ChainObject {
    pub(crate) fn client(
        runner: Runner,
        service: Arc<dyn ChainService>,
        watch: Option<(Rc<Session>, Held)>,
    ) -> chain::Client {
        capnp_rpc::new_client(Self {
            runner,
            service,
            watch,
        })
    }

    fn hold_subscription(&self) -> capnp::Result<Option<Held>> {
        let session = self.watch.as_ref().map(|(session, _)| session);
        session
            .map(|session| session.hold_subscription())
            .transpose()
    }
}

impl chain::Server for ChainObject {
    async fn subscribe(
        self: Rc<Self>,
        params: chain::SubscribeParams,
        mut results: chain::SubscribeResults,
    ) -> Result<(), capnp::Error> {
        let held = self.hold_subscription()?;
        let sink = params.get()?.get_sink()?;
        let feed = feed::chain_state(self.service.state(), sink);
        results
            .get()
            .set_subscription(Subscribed::start(feed, held));
        Ok(())
    }

    async fn pull(
        self: Rc<Self>,
        params: chain::PullParams,
        mut results: chain::PullResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let locator: Vec<BlockHash> = wire::take_hashes(params.get_locator()?)?;
        let max_bytes = params.get_max_bytes().min(MAX_BLOCK_BYTES);
        let outcome = self
            .runner
            .wait(self.service.pull(locator, max_bytes))
            .await;
        answer!(results, outcome, |b, reply| {
            wire::put_list(
                b.reborrow().init_steps(wire::length(&reply.steps)),
                &reply.steps,
            );
            reply.tip.put(b.reborrow().init_tip());
            b.set_unknown(reply.unknown);
        })
    }

    async fn find_fork(
        self: Rc<Self>,
        params: chain::FindForkParams,
        mut results: chain::FindForkResults,
    ) -> Result<(), capnp::Error> {
        let locator = wire::take_hashes(params.get()?.get_locator()?)?;
        let outcome = self.runner.wait(self.service.find_fork(locator)).await;
        answer!(results, outcome, |b, block| if let Some(block) = block {
            block.put(b.init_block());
        })
    }

    async fn block_at(
        self: Rc<Self>,
        params: chain::BlockAtParams,
        mut results: chain::BlockAtResults,
    ) -> Result<(), capnp::Error> {
        let work = self.service.block_at(params.get()?.get_height());
        answer!(
            results,
            self.runner.wait(work).await,
            |b, block| if let Some(block) = block {
                block.put(b.init_block());
            }
        )
    }

    async fn find_block(
        self: Rc<Self>,
        params: chain::FindBlockParams,
        mut results: chain::FindBlockResults,
    ) -> Result<(), capnp::Error> {
        let hash = wire::hash(params.get()?.get_hash()?)?;
        let outcome = self.runner.wait(self.service.find_block(hash)).await;
        answer!(
            results,
            outcome,
            |b, found| if let Some((block, active)) = found {
                b.set_active(active);
                block.put(b.init_block());
            }
        )
    }

    async fn block(
        self: Rc<Self>,
        params: chain::BlockParams,
        mut results: chain::BlockResults,
    ) -> Result<(), capnp::Error> {
        let hash = wire::hash(params.get()?.get_hash()?)?;
        let outcome = self.runner.wait(self.service.block(hash)).await;
        answer!(results, outcome, |b, block| if let Some(block) = block {
            block.put(b.init_block());
        })
    }

    async fn blocks(
        self: Rc<Self>,
        params: chain::BlocksParams,
        mut results: chain::BlocksResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let max_bytes = params.get_max_bytes().min(MAX_BLOCK_BYTES);
        let work = self.service.blocks(params.get_from(), max_bytes);
        answer!(results, self.runner.wait(work).await, |b, blocks| {
            wire::put_list(b.init_blocks(wire::length(&blocks)), &blocks)
        })
    }

    async fn first_block_since(
        self: Rc<Self>,
        params: chain::FirstBlockSinceParams,
        mut results: chain::FirstBlockSinceResults,
    ) -> Result<(), capnp::Error> {
        let work = self.service.first_block_since(params.get()?.get_time());
        answer!(
            results,
            self.runner.wait(work).await,
            |b, block| if let Some(block) = block {
                block.put(b.init_block());
            }
        )
    }

    async fn mempool(
        self: Rc<Self>,
        params: chain::MempoolParams,
        mut results: chain::MempoolResults,
    ) -> Result<(), capnp::Error> {
        let held = self.hold_subscription()?;
        let sink = params.get()?.get_sink()?;
        let outcome = self.runner.wait(self.service.mempool()).await;
        answer!(results, outcome, |b, source| {
            b.set_subscription(Subscribed::start(feed::mempool(source, sink), held));
        })
    }

    async fn is_in_mempool(
        self: Rc<Self>,
        params: chain::IsInMempoolParams,
        mut results: chain::IsInMempoolResults,
    ) -> Result<(), capnp::Error> {
        let txid: Txid = wire::hash(params.get()?.get_txid()?)?;
        let outcome = self.runner.wait(self.service.is_in_mempool(txid)).await;
        answer!(results, outcome, |b, result| b.set_result(result))
    }

    async fn find_coins(
        self: Rc<Self>,
        params: chain::FindCoinsParams,
        mut results: chain::FindCoinsResults,
    ) -> Result<(), capnp::Error> {
        let outpoints = wire::take_list(params.get()?.get_outpoints()?)?;
        let outcome = self.runner.wait(self.service.find_coins(outpoints)).await;
        answer!(results, outcome, |b, coins| {
            let mut list = b.init_coins(wire::length(&coins));
            for (index, coin) in (0..list.len()).zip(coins) {
                if let Some((script, amount)) = coin {
                    let mut item = list.reborrow().get(index);
                    item.set_found(true);
                    item.set_script(&script);
                    item.set_amount(amount.sat());
                }
            }
        })
    }

    async fn broadcast(
        self: Rc<Self>,
        params: chain::BroadcastParams,
        mut results: chain::BroadcastResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let tx = params.get_transaction()?.to_vec();
        let max_fee = params
            .get_has_max_fee()
            .then(|| Amount::from_sat(params.get_max_fee()));
        let outcome = self
            .runner
            .finish(self.service.broadcast(tx, max_fee))
            .await;
        answer!(results, outcome, |b, reply| match reply {
            BroadcastReply::Accepted => b.set_accepted(true),
            BroadcastReply::Rejected(reason) => b.set_reason(reason.as_str()),
        })
    }

    async fn estimate_fee(
        self: Rc<Self>,
        params: chain::EstimateFeeParams,
        mut results: chain::EstimateFeeResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let work = self
            .service
            .estimate_fee(params.get_blocks(), params.get_conservative());
        answer!(results, self.runner.wait(work).await, |b, estimate| {
            b.set_has_rate(estimate.rate.is_some());
            b.set_rate(estimate.rate.unwrap_or_default().sat_per_kvb());
            b.set_blocks(estimate.blocks);
        })
    }

    async fn minimum_fees(
        self: Rc<Self>,
        _: chain::MinimumFeesParams,
        mut results: chain::MinimumFeesResults,
    ) -> Result<(), capnp::Error> {
        let outcome = self.runner.wait(self.service.minimum_fees()).await;
        answer!(results, outcome, |b, fees| fees.put(b.init_fees()))
    }

    async fn stored_blocks(
        self: Rc<Self>,
        _: chain::StoredBlocksParams,
        mut results: chain::StoredBlocksResults,
    ) -> Result<(), capnp::Error> {
        let outcome = self.runner.wait(self.service.stored_blocks()).await;
        answer!(results, outcome, |b, stored| stored.put(b.init_stored()))
    }

    async fn report_task(
        self: Rc<Self>,
        params: chain::ReportTaskParams,
        mut results: chain::ReportTaskResults,
    ) -> Result<(), capnp::Error> {
        let task = Task::take(params.get()?.get_task()?)?;
        answer!(
            results,
            self.runner.finish(self.service.report_task(task)).await
        )
    }

    async fn load_on_startup(
        self: Rc<Self>,
        params: chain::LoadOnStartupParams,
        mut results: chain::LoadOnStartupResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let work = self.service.load_on_startup(wallet, params.get_load());
        answer!(results, self.runner.finish(work).await)
    }

    async fn check_limits(
        self: Rc<Self>,
        params: chain::CheckLimitsParams,
        mut results: chain::CheckLimitsResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let tx = params.get_transaction()?.to_vec();
        let work = self.service.check_limits(tx, params.get_vsize());
        answer!(results, self.runner.wait(work).await, |b, fits| b
            .set_fits(fits))
    }

    async fn ancestry(
        self: Rc<Self>,
        params: chain::AncestryParams,
        mut results: chain::AncestryResults,
    ) -> Result<(), capnp::Error> {
        let txids: Vec<Txid> = wire::take_hashes(params.get()?.get_txids()?)?;
        let outcome = self.runner.wait(self.service.ancestry(txids)).await;
        answer!(results, outcome, |b, all| {
            b.set_max_ancestors(all.max_ancestors);
            b.set_max_descendants(all.max_descendants);
            wire::put_list(b.init_found(wire::length(&all.found)), &all.found);
        })
    }

    async fn wallets_open(
        self: Rc<Self>,
        params: chain::WalletsOpenParams,
        mut results: chain::WalletsOpenResults,
    ) -> Result<(), capnp::Error> {
        let wallets = wire::take_texts(params.get()?.get_wallets()?)?;
        answer!(
            results,
            self.runner.finish(self.service.wallets_open(wallets)).await
        )
    }
}
