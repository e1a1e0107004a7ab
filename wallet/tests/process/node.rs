//! A node of the test: chain and mempool in memory, served as the real one serves them.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use ipc_schema::service::{ChainService, MempoolFeed, Reply};
use ipc_schema::{
    BlockInfo, BlockTip, BroadcastReply, ChainState, ChainStep, Fault, FeeEstimate, MempoolChange,
    MempoolSnapshot, MinimumFees, PullReply, RemovalReason, StoredBlocks, Task,
};
use primitives::address::Destination;
use primitives::block::Header;
use primitives::encode::Reader;
use primitives::transaction::TxData;
use primitives::{
    Amount, Block, BlockHash, ChainParams, FeeRate, Hash160, Hash256, OutPoint, Script, Tx, TxIn,
    TxOut, Txid,
};
use tokio::sync::{broadcast, watch};

struct Inner {
    /// The active chain, the first block at height 0.
    chain: Vec<Arc<Block>>,
    /// Every block ever, with its height.
    known: BTreeMap<BlockHash, (u32, Arc<Block>)>,
    mempool: Vec<Arc<Tx>>,
    sequence: u64,
    serial: u32,
    refuse: String,
    /// The first height whose block cannot be read from the disk.
    unreadable: Option<usize>,
    startup: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct TestNode {
    params: &'static ChainParams,
    inner: Arc<Mutex<Inner>>,
    state: Arc<watch::Sender<ChainState>>,
    changes: broadcast::Sender<(u64, MempoolChange)>,
    /// Whether blocks are kept back.
    held: Arc<watch::Sender<bool>>,
    /// The transaction that was taken without an answer; `None` where they are answered.
    silent: Arc<watch::Sender<Option<String>>>,
}

fn tip_of(block: &Block, height: u32) -> BlockTip {
    let time = i64::from(block.header.time);
    BlockTip {
        hash: block.hash,
        height,
        time,
        median_time: time,
    }
}

fn reply<T: Send + 'static>(value: T) -> Reply<T> {
    Box::pin(async move { Ok(value) })
}

impl TestNode {
    pub(crate) fn new(params: &'static ChainParams) -> Self {
        let node = Self::at_genesis(params);
        node.mine_empty(3);
        node
    }

    /// A node with the blocks that follow the first one, in the form in which nodes exchange them.
    pub(crate) fn with_blocks(params: &'static ChainParams, bytes: &[u8]) -> Self {
        let node = Self::at_genesis(params);
        {
            let mut inner = node.inner();
            let mut reader = Reader::new(bytes);
            while !reader.is_empty() {
                let block = Arc::new(Block::decode(&mut reader, params.hashes).unwrap());
                let height = u32::try_from(inner.chain.len()).unwrap();
                inner.known.insert(block.hash, (height, Arc::clone(&block)));
                inner.chain.push(block);
            }
        }
        node.publish();
        node
    }

    fn at_genesis(params: &'static ChainParams) -> Self {
        let genesis = Arc::new(Block::from_bytes(params.genesis.block, params.hashes).unwrap());
        Self {
            params,
            inner: Arc::new(Mutex::new(Inner {
                known: [(genesis.hash, (0, Arc::clone(&genesis)))].into(),
                chain: vec![genesis],
                mempool: Vec::new(),
                sequence: 0,
                serial: 0,
                refuse: String::new(),
                unreadable: None,
                startup: Vec::new(),
            })),
            state: Arc::new(watch::Sender::new(ChainState::default())),
            changes: broadcast::Sender::new(1000),
            held: Arc::default(),
            silent: Arc::default(),
        }
    }

    pub(crate) fn params(&self) -> &'static ChainParams {
        self.params
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    fn publish(&self) {
        let tip = {
            let inner = self.inner();
            let height = u32::try_from(inner.chain.len()).unwrap() - 1;
            tip_of(inner.chain.last().unwrap(), height)
        };
        let state = ChainState {
            tip: Some(tip),
            ready: true,
            ..ChainState::default()
        };
        self.state.send_replace(state);
    }

    /// An address that no wallet of the test owns.
    pub(crate) fn stranger(&self) -> String {
        Destination::WitnessV0KeyHash(Hash160([0x99; 20])).to_address(self.params)
    }

    fn mine(&self, txs: Vec<Arc<Tx>>) {
        {
            let mut inner = self.inner();
            inner.serial += 1;
            let parent = Arc::clone(inner.chain.last().unwrap());
            let mut input = TxIn::unsigned(OutPoint::NULL, 0xffff_ffff);
            input.script_sig = Script::from(inner.serial.to_be_bytes().to_vec());
            let coinbase = TxData {
                version: 2,
                inputs: vec![input],
                outputs: vec![TxOut {
                    value: Amount::from_coins(50),
                    script_pubkey: Script::from(vec![0x51]),
                }],
                lock_time: 0,
            };
            let mut all = vec![Arc::new(Tx::new(coinbase, self.params.hashes))];
            for tx in &txs {
                inner.mempool.retain(|known| known.txid() != tx.txid());
            }
            all.extend(txs.clone());
            let header = Header {
                version: 4,
                prev: parent.hash,
                merkle_root: Hash256([7; 32]),
                time: 1_800_000_000 + inner.serial,
                bits: self.params.genesis.bits,
                nonce: inner.serial,
            };
            let block = Arc::new(Block::new(header, all, self.params.hashes));
            let height = u32::try_from(inner.chain.len()).unwrap();
            inner.known.insert(block.hash, (height, Arc::clone(&block)));
            inner.chain.push(block);
            for tx in txs {
                inner.sequence += 1;
                let gone = MempoolChange::Removed {
                    txid: tx.txid(),
                    reason: RemovalReason::Block,
                };
                let _ = self.changes.send((inner.sequence, gone));
            }
        }
        self.publish();
    }

    pub(crate) fn mine_empty(&self, count: u32) {
        for _ in 0..count {
            self.mine(Vec::new());
        }
    }

    pub(crate) fn mine_mempool(&self) {
        let txs = std::mem::take(&mut self.inner().mempool);
        self.mine(txs);
    }

    /// A block with a stranger's payment.
    pub(crate) fn pay(&self, address: &str, coins: i64) {
        let script = Destination::from_address(address, self.params)
            .unwrap()
            .to_script();
        let serial = {
            let mut inner = self.inner();
            inner.serial += 1;
            inner.serial
        };
        let data = TxData {
            version: 2,
            inputs: vec![TxIn::unsigned(
                OutPoint::new(Txid([0xee; 32]), serial),
                0xffff_ffff,
            )],
            outputs: vec![TxOut {
                value: Amount::from_coins(coins),
                script_pubkey: script,
            }],
            lock_time: 0,
        };
        self.mine(vec![Arc::new(Tx::new(data, self.params.hashes))]);
    }

    /// Takes the last block back; its payments are forgotten.
    pub(crate) fn unmine(&self) {
        self.inner().chain.pop();
        self.publish();
    }

    pub(crate) fn mempool_ids(&self) -> Vec<String> {
        self.inner()
            .mempool
            .iter()
            .map(|tx| tx.txid().to_string())
            .collect()
    }

    pub(crate) async fn wait_for_mempool(&self, txid: &str) {
        let mut changes = self.changes.subscribe();
        let arrived = async {
            while !self.mempool_ids().iter().any(|known| known == txid) {
                changes.recv().await.unwrap();
            }
        };
        tokio::time::timeout(crate::running::PATIENCE, arrived)
            .await
            .expect("the transaction comes");
    }

    /// Refuses transactions for this reason; none for an empty one.
    pub(crate) fn refuse(&self, reason: &str) {
        reason.clone_into(&mut self.inner().refuse);
    }

    /// Keeps blocks back that scans ask for, or gives them out again.
    pub(crate) fn hold_blocks(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// Leaves transactions without an answer from here on; gives what brings the first one's id.
    pub(crate) fn fall_silent(&self) -> watch::Receiver<Option<String>> {
        self.silent.send_replace(Some(String::new()));
        self.silent.subscribe()
    }

    /// Answers again.
    pub(crate) fn speak(&self) {
        self.silent.send_replace(None);
    }

    /// Lets blocks from this height on be unreadable; gives the time of the first of them.
    pub(crate) fn lose_blocks_from(&self, height: usize) -> u32 {
        let mut inner = self.inner();
        inner.unreadable = Some(height);
        inner.chain[height].header.time
    }

    pub(crate) fn startup(&self) -> Vec<String> {
        self.inner().startup.clone()
    }
}

impl Inner {
    fn info(&self, height: usize) -> Option<BlockInfo> {
        let block = self.chain.get(height)?;
        let tip = tip_of(block, u32::try_from(height).unwrap());
        Some(BlockInfo {
            tip,
            data: block.to_bytes(),
        })
    }

    fn is_active(&self, hash: &BlockHash) -> Option<u32> {
        let (height, _) = self.known.get(hash)?;
        let active = self.chain.get(usize::try_from(*height).unwrap())?;
        (active.hash == *hash).then_some(*height)
    }
}

impl ChainService for TestNode {
    fn state(&self) -> watch::Receiver<ChainState> {
        self.state.subscribe()
    }

    fn pull(&self, locator: Vec<BlockHash>, _: u64) -> Reply<PullReply> {
        let inner = self.inner();
        let top = inner.chain.len() - 1;
        let tip = inner.info(top).unwrap().tip;
        let Some(start) = locator.iter().find(|hash| inner.known.contains_key(*hash)) else {
            return reply(PullReply {
                steps: Vec::new(),
                tip,
                unknown: true,
            });
        };
        let mut steps = Vec::new();
        let mut at = *start;
        let fork = loop {
            if let Some(height) = inner.is_active(&at) {
                break height;
            }
            let (height, block) = &inner.known[&at];
            steps.push(ChainStep::Disconnect {
                hash: at,
                height: *height,
            });
            at = block.header.prev;
        };
        let first = usize::try_from(fork).unwrap() + 1;
        // A few at a time, so that several answers are needed.
        steps.extend(
            (first..=top)
                .take(7)
                .map(|h| ChainStep::Connect(inner.info(h).unwrap())),
        );
        reply(PullReply {
            steps,
            tip,
            unknown: false,
        })
    }

    fn find_fork(&self, locator: Vec<BlockHash>) -> Reply<Option<BlockTip>> {
        let inner = self.inner();
        let found = locator.iter().find_map(|hash| inner.is_active(hash));
        reply(
            found
                .and_then(|height| inner.info(usize::try_from(height).unwrap()))
                .map(|i| i.tip),
        )
    }

    fn block_at(&self, height: u32) -> Reply<Option<BlockTip>> {
        reply(
            self.inner()
                .info(usize::try_from(height).unwrap())
                .map(|info| info.tip),
        )
    }

    fn find_block(&self, hash: BlockHash) -> Reply<Option<(BlockTip, bool)>> {
        let inner = self.inner();
        let active = inner.is_active(&hash).is_some();
        reply(
            inner
                .known
                .get(&hash)
                .map(|(height, block)| (tip_of(block, *height), active)),
        )
    }

    fn block(&self, hash: BlockHash) -> Reply<Option<BlockInfo>> {
        let inner = self.inner();
        reply(inner.known.get(&hash).map(|(height, block)| BlockInfo {
            tip: tip_of(block, *height),
            data: block.to_bytes(),
        }))
    }

    fn blocks(&self, from: u32, _: u64) -> Reply<Vec<BlockInfo>> {
        let (node, mut held) = (self.clone(), self.held.subscribe());
        Box::pin(async move {
            held.wait_for(|held| !held).await.unwrap();
            let inner = node.inner();
            let from = usize::try_from(from).unwrap();
            let end = inner.unreadable.unwrap_or(usize::MAX);
            if from >= end {
                return Err(Fault::failed("The block cannot be read."));
            }
            Ok((from..inner.chain.len().min(end))
                .take(5)
                .filter_map(|h| inner.info(h))
                .collect())
        })
    }

    fn first_block_since(&self, time: i64) -> Reply<Option<BlockTip>> {
        let inner = self.inner();
        let found = inner
            .chain
            .iter()
            .position(|b| i64::from(b.header.time) >= time);
        reply(
            found
                .and_then(|height| inner.info(height))
                .map(|info| info.tip),
        )
    }

    fn mempool(&self) -> Reply<MempoolFeed> {
        let inner = self.inner();
        let transactions = inner.mempool.iter().map(|tx| tx.to_bytes()).collect();
        reply(MempoolFeed {
            snapshot: MempoolSnapshot {
                sequence: inner.sequence,
                transactions,
            },
            changes: self.changes.subscribe(),
        })
    }

    fn is_in_mempool(&self, txid: Txid) -> Reply<bool> {
        reply(self.inner().mempool.iter().any(|tx| tx.txid() == txid))
    }

    fn find_coins(&self, outpoints: Vec<OutPoint>) -> Reply<Vec<Option<(Vec<u8>, Amount)>>> {
        reply(outpoints.iter().map(|_| None).collect())
    }

    fn broadcast(&self, tx: Vec<u8>, _: Option<Amount>) -> Reply<BroadcastReply> {
        let tx = Arc::new(Tx::from_bytes(&tx, self.params.hashes).unwrap());
        if self.silent.borrow().is_some() {
            self.silent.send_replace(Some(tx.txid().to_string()));
            return Box::pin(std::future::pending());
        }
        let mut inner = self.inner();
        if !inner.refuse.is_empty() {
            return reply(BroadcastReply::Rejected(inner.refuse.clone()));
        }
        if !inner.mempool.iter().any(|known| known.txid() == tx.txid()) {
            inner.sequence += 1;
            inner.mempool.push(Arc::clone(&tx));
            let _ = self
                .changes
                .send((inner.sequence, MempoolChange::Added(tx.to_bytes())));
        }
        reply(BroadcastReply::Accepted)
    }

    fn estimate_fee(&self, blocks: u32, _: bool) -> Reply<FeeEstimate> {
        reply(FeeEstimate { rate: None, blocks })
    }

    fn minimum_fees(&self) -> Reply<MinimumFees> {
        let rate = FeeRate::from_sat_per_kvb(1000);
        reply(MinimumFees {
            mempool: rate,
            relay: rate,
            incremental: rate,
            dust: self.params.policy.dust_relay_fee,
            max_fee: self.params.wallet.max_fee,
        })
    }

    fn stored_blocks(&self) -> Reply<StoredBlocks> {
        let tip = self.state.borrow().tip.unwrap_or_default();
        reply(StoredBlocks {
            tip,
            ..StoredBlocks::default()
        })
    }

    fn report_task(&self, _: Task) -> Reply<()> {
        reply(())
    }

    fn load_on_startup(&self, wallet: String, load: bool) -> Reply<()> {
        let mut inner = self.inner();
        inner.startup.retain(|known| *known != wallet);
        if load {
            inner.startup.push(wallet);
        }
        reply(())
    }
}
