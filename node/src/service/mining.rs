//! Core's interface `Mining`: what the chain tells at once is served; templates and checks of whole blocks are refused
//! with a sentence, because they are offered over JSON-RPC alone.

use std::sync::Arc;
use std::time::Duration;

use ipc_schema::service::{
    BlockCheck, BlockCheckOptions, BlockCreateOptions, BlockTemplate, BlockVerdict, MiningService,
    Reply,
};
use ipc_schema::{BlockTip, Fault, FaultCode};
use primitives::{BlockHash, Txid, Wtxid};

use crate::context::Node;
use crate::service::chain::block_tip;

/// Serves miners.
pub(crate) struct MiningServer {
    pub(crate) node: Arc<Node>,
}

/// The answer to what is not offered.
fn refused<T: Send + 'static>(method: &'static str) -> Reply<T> {
    let text =
        format!("{method} is not offered over IPC. Use the RPC commands of category mining.");
    Box::pin(async move { Err(Fault::new(FaultCode::Failed, text)) })
}

impl MiningServer {
    fn look_up<I: Send + 'static>(
        &self,
        ids: Vec<I>,
        find: impl Fn(&chain::mempool::Mempool, &I) -> Option<Vec<u8>> + Send + 'static,
    ) -> Reply<Vec<Option<Vec<u8>>>> {
        let reader = self.node.try_chain().map(|chain| chain.reader.clone());
        Box::pin(async move {
            Ok(match reader {
                Some(reader) => {
                    let pool = reader.mempool();
                    ids.iter().map(|id| find(&pool, id)).collect()
                }
                None => ids.iter().map(|_| None).collect(),
            })
        })
    }
}

impl MiningService for MiningServer {
    fn is_test_chain(&self) -> bool {
        self.node.params.is_test_chain
    }

    fn is_initial_block_download(&self) -> Reply<bool> {
        let initial = self.node.status.borrow().initial_download;
        Box::pin(async move { Ok(initial) })
    }

    fn tip(&self) -> Reply<Option<BlockTip>> {
        let tip = self
            .node
            .try_chain()
            .and_then(|chain| chain.reader.tip_block());
        let tip = tip.as_ref().map(block_tip);
        Box::pin(async move { Ok(tip) })
    }

    fn wait_tip_changed(&self, current: BlockHash, timeout: Option<Duration>) -> Reply<BlockTip> {
        let mut state = self.node.chain_state.subscribe();
        Box::pin(async move {
            let changed = async {
                // A stop is no new tip: whoever serves this ends its waits then.
                let found =
                    state.wait_for(|state| state.tip.is_some_and(|tip| tip.hash != current));
                found.await.map(|state| state.tip).ok().flatten()
            };
            let tip = match timeout {
                Some(timeout) => tokio::time::timeout(timeout, changed).await.ok().flatten(),
                None => changed.await,
            };
            let tip = tip.or_else(|| state.borrow().tip);
            tip.ok_or_else(|| Fault::new(FaultCode::NotReady, "The chain is not loaded yet."))
        })
    }

    fn create_new_block(
        &self,
        _: BlockCreateOptions,
        _: bool,
    ) -> Reply<Option<Arc<dyn BlockTemplate>>> {
        refused("createNewBlock")
    }

    fn check_block(&self, _: Vec<u8>, _: BlockCheckOptions) -> Reply<BlockCheck> {
        refused("checkBlock")
    }

    fn submit_block(&self, _: Vec<u8>) -> Reply<BlockVerdict> {
        refused("submitBlock")
    }

    fn transactions_by_txid(&self, ids: Vec<Txid>) -> Reply<Vec<Option<Vec<u8>>>> {
        self.look_up(ids, |pool, id| {
            pool.get(id).map(|entry| entry.tx.to_bytes())
        })
    }

    fn transactions_by_wtxid(&self, ids: Vec<Wtxid>) -> Reply<Vec<Option<Vec<u8>>>> {
        self.look_up(ids, |pool, id| {
            pool.get_by_wtxid(id).map(|entry| entry.tx.to_bytes())
        })
    }
}
