//! Commands to the chain's thread.

use std::future::{Future, IntoFuture};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use primitives::{Amount, Block, BlockHash, Header, OutPoint, Tx, Txid};
use tokio::sync::{mpsc, oneshot};

use crate::coins::{Coin, CoinsSnapshot};
use crate::error::{BlockRejection, ChainError, SubmitError, SubmitTxError};
use crate::mempool::accept::{AcceptOptions, Accepted as TxAccepted};
use crate::mempool::package::PackageVerdict;
use crate::snapshot::SnapshotCommand;
use crate::template::TemplateRequest;

/// Commands that wait at most; whoever sends one more waits.
pub(crate) const QUEUE: usize = 64;

/// Where an answer goes.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, ChainError>>;
/// Where an answer to something that may be refused goes.
pub(crate) type Verdict<T> = oneshot::Sender<Result<T, SubmitError>>;

/// Where the answer to a transaction goes.
pub(crate) type PoolVerdict = oneshot::Sender<Result<TxAccepted, SubmitTxError>>;

/// How a block is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Whether it was asked for: others are kept only if they may soon become the tip.
    pub requested: bool,
    /// Whether its chain is known to have enough work to be kept (Core's `min_pow_checked`).
    pub work_checked: bool,
}

impl Submission {
    /// As `submitblock` and own blocks are.
    pub const LOCAL: Self = Self {
        requested: true,
        work_checked: true,
    };
}

/// What became of a submitted block that is not invalid as far as it was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Whether it was stored just now: not known before, and wanted.
    pub new: bool,
    /// What connecting it gave; `None` where it was not tried, since another chain is better.
    pub connected: Option<Result<(), BlockRejection>>,
}

/// What is asked of the mempool.
pub(crate) enum PoolCommand {
    SubmitTx {
        tx: Arc<Tx>,
        options: AcceptOptions,
        answer: PoolVerdict,
    },
    TestPackage {
        txs: Vec<Arc<Tx>>,
        answer: Answer<PackageVerdict>,
    },
    CreateBlock {
        request: TemplateRequest,
        answer: Verdict<Block>,
    },
    Prioritise {
        txid: Txid,
        delta: Amount,
        answer: Answer<()>,
    },
    Unbroadcast {
        txids: Vec<Txid>,
        answer: Answer<()>,
    },
    Loaded {
        answer: Answer<()>,
    },
}

pub(crate) enum Command {
    Import {
        files: Vec<PathBuf>,
        answer: Answer<()>,
    },
    SubmitBlock {
        block: Arc<Block>,
        submission: Submission,
        answer: Verdict<Accepted>,
    },
    SubmitHeaders {
        headers: Vec<Header>,
        work_checked: bool,
        answer: Verdict<Option<BlockHash>>,
    },
    TestBlock {
        block: Arc<Block>,
        work_and_root: (bool, bool),
        answer: Verdict<()>,
    },
    Invalidate {
        hash: BlockHash,
        answer: Answer<bool>,
    },
    Reconsider {
        hash: BlockHash,
        answer: Answer<bool>,
    },
    Precious {
        hash: BlockHash,
        answer: Answer<bool>,
    },
    Coins {
        outpoints: Vec<OutPoint>,
        answer: Answer<Vec<Option<Coin>>>,
    },
    Snapshot {
        answer: Answer<CoinsSnapshot>,
    },
    Prune {
        height: u32,
        answer: Answer<()>,
    },
    Verify {
        level: u8,
        blocks: u32,
        answer: Answer<bool>,
    },
    Pool(PoolCommand),
    AssumeUtxo(SnapshotCommand),
    Flush {
        answer: Answer<()>,
    },
    Barrier {
        answer: Answer<()>,
    },
    Shutdown {
        answer: Answer<()>,
    },
}

/// Sends commands to the chain's thread; clones are the same.
///
/// Every method gives a [`Call`]: nothing happens until it is waited for. They are carried out one
/// after another; a long task such as an import lets commands through between two blocks.
#[derive(Clone, Debug)]
pub struct ChainHandle {
    commands: mpsc::Sender<Command>,
}

/// A command that is about to be sent. `.wait()` in a thread, `.await` in a task; dropped, it does
/// nothing.
#[must_use = "the command is sent when this is waited for"]
pub struct Call<T, E = ChainError> {
    commands: mpsc::Sender<Command>,
    command: Command,
    reply: oneshot::Receiver<Result<T, E>>,
}

impl<T, E: From<ChainError>> Call<T, E> {
    /// Sends the command and waits for the answer. Not for a thread that runs tasks.
    ///
    /// # Errors
    /// What the command reports, and [`ChainError::Stopped`] where the thread has ended.
    pub fn wait(self) -> Result<T, E> {
        self.commands
            .blocking_send(self.command)
            .map_err(|_| ChainError::Stopped)?;
        self.reply
            .blocking_recv()
            .unwrap_or_else(|_| Err(ChainError::Stopped.into()))
    }
}

impl<T: Send + 'static, E: From<ChainError> + Send + 'static> IntoFuture for Call<T, E> {
    type Output = Result<T, E>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            self.commands
                .send(self.command)
                .await
                .map_err(|_| ChainError::Stopped)?;
            self.reply
                .await
                .unwrap_or_else(|_| Err(ChainError::Stopped.into()))
        })
    }
}

impl<T, E> std::fmt::Debug for Call<T, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

impl ChainHandle {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Command>) {
        let (commands, receiver) = mpsc::channel(QUEUE);
        (Self { commands }, receiver)
    }

    /// Sends answers of other threads to the chain's, for as long as someone else may send commands.
    pub(crate) fn answers(&self) -> mpsc::WeakSender<Command> {
        self.commands.downgrade()
    }

    pub(crate) fn call<T, E>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, E>>) -> Command,
    ) -> Call<T, E> {
        let (answer, reply) = oneshot::channel();
        Call {
            commands: self.commands.clone(),
            command: command(answer),
            reply,
        }
    }

    /// Goes on with an interrupted or wanted reindex, then loads the blocks in `files`
    /// (`-loadblock`), then connects what is on disk. The answer comes when all is done; a file
    /// that cannot be opened is logged and left out.
    pub fn import(&self, files: Vec<PathBuf>) -> Call<()> {
        self.call(|answer| Command::Import { files, answer })
    }

    /// Checks, stores and, if its chain is the best, connects a block (Core's `ProcessNewBlock`).
    pub fn submit_block(
        &self,
        block: Arc<Block>,
        submission: Submission,
    ) -> Call<Accepted, SubmitError> {
        self.call(|answer| Command::SubmitBlock {
            block,
            submission,
            answer,
        })
    }

    /// Checks headers, each the child of the one before, and adds them to the index; gives the id of
    /// the last one (Core's `ProcessNewBlockHeaders`). Stops at the first that is refused.
    pub fn submit_headers(
        &self,
        headers: Vec<Header>,
        work_checked: bool,
    ) -> Call<Option<BlockHash>, SubmitError> {
        self.call(|answer| Command::SubmitHeaders {
            headers,
            work_checked,
            answer,
        })
    }

    /// Checks a block on the tip without keeping anything (Core's `TestBlockValidity`).
    pub fn test_block(
        &self,
        block: Arc<Block>,
        check_work: bool,
        check_merkle_root: bool,
    ) -> Call<(), SubmitError> {
        let work_and_root = (check_work, check_merkle_root);
        self.call(|answer| Command::TestBlock {
            block,
            work_and_root,
            answer,
        })
    }

    /// Marks a block and its descendants invalid, and leaves them for the best other chain
    /// (`invalidateblock`). Gives false where the block is unknown or the first one.
    pub fn invalidate_block(&self, hash: BlockHash) -> Call<bool> {
        self.call(|answer| Command::Invalidate { hash, answer })
    }

    /// Takes back [`ChainHandle::invalidate_block`] for the block, its ancestors and descendants
    /// (`reconsiderblock`). Gives false where the block is unknown.
    pub fn reconsider_block(&self, hash: BlockHash) -> Call<bool> {
        self.call(|answer| Command::Reconsider { hash, answer })
    }

    /// Prefers a block over others with as much work (`preciousblock`). Gives false where it is
    /// unknown.
    pub fn precious_block(&self, hash: BlockHash) -> Call<bool> {
        self.call(|answer| Command::Precious { hash, answer })
    }

    /// The coins at these places as of the tip, `None` where one is spent or never was.
    pub fn coins(&self, outpoints: Vec<OutPoint>) -> Call<Vec<Option<Coin>>> {
        self.call(|answer| Command::Coins { outpoints, answer })
    }

    /// Writes all coins and gives a view of them that later blocks do not change: for
    /// `gettxoutsetinfo` and `scantxoutset`, which read it on their own thread.
    pub fn coins_snapshot(&self) -> Call<CoinsSnapshot> {
        self.call(|answer| Command::Snapshot { answer })
    }

    /// Deletes the block and undo files whose blocks all lie up to `height`, but none of the last
    /// [`MIN_BLOCKS_TO_KEEP`](crate::MIN_BLOCKS_TO_KEEP) (`pruneblockchain`). Nothing happens
    /// without `-prune`.
    pub fn prune(&self, height: u32) -> Call<()> {
        self.call(|answer| Command::Prune { height, answer })
    }

    /// Checks the last `blocks` (0: all) at `level` 0 to 4 (`verifychain`); false where it found a
    /// fault.
    pub fn verify_chain(&self, level: u8, blocks: u32) -> Call<bool> {
        self.call(|answer| Command::Verify {
            level,
            blocks,
            answer,
        })
    }

    /// Takes a transaction into the mempool, or only says whether it would enter.
    pub fn submit_tx(
        &self,
        tx: Arc<Tx>,
        options: AcceptOptions,
    ) -> Call<TxAccepted, SubmitTxError> {
        self.call(|answer| {
            Command::Pool(PoolCommand::SubmitTx {
                tx,
                options,
                answer,
            })
        })
    }

    /// Says whether several transactions, parents first, would enter the mempool together.
    pub fn test_package(&self, txs: Vec<Arc<Tx>>) -> Call<PackageVerdict> {
        self.call(|answer| Command::Pool(PoolCommand::TestPackage { txs, answer }))
    }

    /// Builds a block on the tip and checks it; proof of work and merkle root are left to the miner
    /// (Core's `BlockAssembler`).
    pub fn create_block(&self, request: TemplateRequest) -> Call<Block, SubmitError> {
        self.call(|answer| Command::Pool(PoolCommand::CreateBlock { request, answer }))
    }

    /// Adds to the fee that a transaction is mined by (`prioritisetransaction`).
    pub fn prioritise(&self, txid: Txid, delta: Amount) -> Call<()> {
        self.call(|answer| {
            Command::Pool(PoolCommand::Prioritise {
                txid,
                delta,
                answer,
            })
        })
    }

    /// Notes that nobody has asked for these transactions yet.
    pub fn mark_unbroadcast(&self, txids: Vec<Txid>) -> Call<()> {
        self.call(|answer| Command::Pool(PoolCommand::Unbroadcast { txids, answer }))
    }

    /// Says that what was saved of the mempool has been read.
    pub fn finish_loading(&self) -> Call<()> {
        self.call(|answer| Command::Pool(PoolCommand::Loaded { answer }))
    }

    /// Writes everything to disk.
    pub fn flush(&self) -> Call<()> {
        self.call(|answer| Command::Flush { answer })
    }

    /// Answers when all commands sent before have been carried out.
    pub fn barrier(&self) -> Call<()> {
        self.call(|answer| Command::Barrier { answer })
    }

    /// Writes everything to disk and ends the thread. Later commands get [`ChainError::Stopped`].
    pub fn shutdown(&self) -> Call<()> {
        self.call(|answer| Command::Shutdown { answer })
    }
}
