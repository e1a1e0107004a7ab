//! A chain with all indexes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chain::indexes::{IndexConfig, IndexError, IndexKind, Indexes};
use chain::{BlockInfo, ChainConfig, ChainReader, Submission};
use primitives::block_filter::{BlockFilter, filter_header};
use primitives::{Block, Hash256};

use super::world::World;
use super::{Net, TestChain};

/// How long an index may take.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) fn config() -> IndexConfig {
    IndexConfig {
        kinds: IndexKind::ALL.to_vec(),
        cache_bytes: 4 << 20,
        progress: Arc::new(|_, _| ()),
    }
}

/// A running chain with all indexes.
pub(crate) struct Indexed {
    pub(crate) chain: TestChain,
    pub(crate) indexes: Indexes,
}

impl Indexed {
    pub(crate) fn try_open(
        dir: &Path,
        change: impl FnOnce(&mut ChainConfig),
    ) -> Result<Self, IndexError> {
        let chain = TestChain::open(Net::Regtest, dir, change);
        let result = Indexes::open(chain.reader.clone(), &config()).and_then(|indexes| {
            chain.import();
            indexes.start().map(|()| indexes)
        });
        match result {
            Ok(indexes) => Ok(Self { chain, indexes }),
            Err(error) => {
                chain.stop();
                Err(error)
            }
        }
    }

    pub(crate) fn open(dir: &Path) -> Self {
        Self::try_open(dir, |config| config.script_threads = 2).unwrap()
    }

    pub(crate) fn submit(&self, blocks: &[Arc<Block>]) {
        for block in blocks {
            let submission = Submission::LOCAL;
            let call = self
                .chain
                .handle
                .submit_block(Arc::clone(block), submission);
            call.wait().unwrap();
        }
    }

    /// Waits until every index is at the tip.
    pub(crate) fn settle(&self) {
        let started = Instant::now();
        while !IndexKind::ALL
            .into_iter()
            .all(|kind| self.indexes.wait_for_tip(kind))
        {
            assert!(started.elapsed() < PATIENCE, "{:?}", self.indexes);
            assert_eq!(*self.chain.reader.ended().borrow(), None);
            std::thread::yield_now();
        }
    }

    /// Stops as a node does.
    pub(crate) fn stop(self) {
        self.chain.handle.flush().wait().unwrap();
        self.indexes.stop();
        let Self { chain, indexes } = self;
        drop(indexes);
        chain.stop();
    }
}

/// Checks that everything about a block is in the indexes, and gives its filter's header.
pub(crate) fn check_block(reader: &ChainReader, indexes: &Indexes, info: &BlockInfo) {
    let block = reader.read_block(&info.hash).unwrap();
    let undo = reader.read_undo(&info.hash).unwrap();
    let spent = undo.txs.iter().flat_map(|tx| &tx.spent);
    let scripts = spent.map(|coin| &coin.output.script_pubkey[..]);
    let filter = BlockFilter::basic(&block, scripts);
    let index = indexes.filter().unwrap();
    assert_eq!(index.filter(info).unwrap().as_ref(), Some(&filter));
    assert_eq!(index.filter_hash(info).unwrap(), Some(filter.hash()));
    let before = match info.height {
        0 => Hash256::ZERO,
        _ => {
            let parent = reader.block(&info.header.prev).unwrap();
            index.header(&parent).unwrap().unwrap()
        }
    };
    let header = filter_header(&filter.hash(), &before);
    assert_eq!(index.header(info).unwrap(), Some(header));
    for tx in block.txs.iter().filter(|_| info.height > 0) {
        let found = indexes.tx().unwrap().find(&tx.txid()).unwrap().unwrap();
        assert_eq!(found.tx, **tx);
        if info.active {
            assert_eq!(found.block, info.hash);
        }
        for input in tx
            .inputs
            .iter()
            .filter(|_| info.active && !tx.is_coinbase())
        {
            let spender = indexes.spender().unwrap().find(&input.prevout).unwrap();
            let spender = spender.unwrap();
            assert_eq!((&spender.tx, spender.block), (&**tx, info.hash));
        }
    }
}

/// Checks that every block that was ever connected is in the indexes as the world wants it.
pub(crate) fn check_world(world: &World, indexed: &Indexed) {
    let (reader, indexes) = (&indexed.chain.reader, &indexed.indexes);
    let stats = indexes.coin_stats().unwrap();
    let mut seen = 0;
    for block in &world.blocks {
        let info = reader.block(&block.hash).unwrap();
        let Some(stats) = stats.stats(&info).unwrap() else {
            assert!(!info.active, "nothing about block {}", info.height);
            continue;
        };
        seen += 1;
        assert_eq!(stats.muhash.to_string(), world.hashes[&block.hash]);
        let made = stats.new_outputs_ex_coinbase + stats.coinbase;
        let coins = |amount: primitives::Amount| u128::try_from(amount.sat()).unwrap();
        assert_eq!(coins(stats.total_amount), made - stats.prevout_spent);
        let lost = coins(stats.unspendable());
        assert_eq!(stats.prevout_spent + coins(stats.subsidy), made + lost);
        // These miners take less than they may.
        assert!(stats.unclaimed_rewards > primitives::Amount::ZERO);
        check_block(reader, indexes, &info);
    }
    assert!(seen >= reader.height());
}
