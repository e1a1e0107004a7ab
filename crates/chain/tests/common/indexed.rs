//! A chain with all indexes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chain::indexes::{IndexConfig, IndexError, IndexKind, Indexes};
use chain::{ChainConfig, Submission};
use primitives::Block;

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
