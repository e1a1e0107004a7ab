//! The thread `chain`: carries out commands, and imports between them.

mod activation;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use consensus::BlockChecks;
use consensus::block_check::{check_block, contextual_check_block, contextual_check_header};
use primitives::Block;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use crate::chainstate::Chainstate;
use crate::coins::{CoinsCache, CoinsView as _};
use crate::config::{ChainConfig, Task};
use crate::connect::Purpose;
use crate::error::{BlockRejection, ChainError, StartError, SubmitError};
use crate::flush::FlushMode;
use crate::handle::{ChainHandle, Command, PoolCommand};
use crate::import::{Import, Slice};
use crate::reader::{ChainReader, Ended};
use crate::snapshot::{ActivationError, SnapshotCommand};
use crate::template::TemplateRequest;
use crate::verify::Verified;
use activation::Way;

/// The running chain: two handles that clone freely, and the thread behind them.
#[derive(Debug)]
pub struct Chain {
    /// Sends commands.
    pub handle: ChainHandle,
    /// Looks at what is there.
    pub reader: ChainReader,
    thread: JoinHandle<Result<(), ChainError>>,
}

impl Chain {
    /// Finishes the block at hand, writes everything to disk and ends the thread.
    ///
    /// # Errors
    /// What ended the thread, if not this: the failure that [`Ended::Fatal`] told of, too.
    pub fn stop(self) -> Result<(), ChainError> {
        let asked = self.handle.shutdown().wait();
        match self.thread.join() {
            Ok(result) => result,
            Err(_) => asked,
        }
    }
}

/// Starts the thread `chain` and returns once the chain is loaded; the last blocks are checked then,
/// but blocks on disk may be waiting to be connected, and with `-reindex` to be found: send
/// [`ChainHandle::import`] next, in any case. Blocks the caller, and takes long after a crash.
///
/// # Errors
/// A [`StartError`].
pub fn start(config: ChainConfig) -> Result<Chain, StartError> {
    let (handle, commands) = ChainHandle::new();
    let (loaded, is_loaded) = oneshot::channel();
    let answers = handle.answers();
    let run = move || {
        let load = || Chainstate::load(config);
        let chain = match or_panic(load, |panic| Err(panic.into())) {
            Ok(chain) => chain,
            Err(error) => {
                // The caller waits for this alone.
                let _gone = loaded.send(Err(error));
                return Ok(());
            }
        };
        let reader = ChainReader {
            shared: Arc::clone(&chain.shared),
        };
        let _gone = loaded.send(Ok(reader));
        ChainThread {
            chain,
            commands,
            answers,
            check: None,
            import: None,
            catching_up: false,
            paused: false,
            way: None,
        }
        .run()
    };
    let thread = std::thread::Builder::new()
        .name("chain".to_owned())
        .spawn(run)
        .map_err(|source| ChainError::Thread {
            name: "chain",
            source,
        })?;
    match is_loaded.blocking_recv() {
        Ok(Ok(reader)) => Ok(Chain {
            handle,
            reader,
            thread,
        }),
        Ok(Err(error)) => {
            // Directories are free again when the thread has ended.
            let _ended = thread.join();
            Err(error)
        }
        Err(_) => Err(ChainError::Stopped.into()),
    }
}

/// Does `work`; a panic becomes an error.
pub(crate) fn or_panic<T>(work: impl FnOnce() -> T, failed: impl FnOnce(ChainError) -> T) -> T {
    let text = |panic: &(dyn Any + Send)| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        text.unwrap_or_else(|| "panic".to_owned())
    };
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| failed(ChainError::Panicked(text(&*panic))))
}

struct ChainThread {
    chain: Chainstate,
    commands: mpsc::Receiver<Command>,
    /// For threads that hash coins.
    answers: mpsc::WeakSender<Command>,
    /// The thread that hashes the older coins.
    check: Option<JoinHandle<()>>,
    import: Option<Import>,
    /// Blocks that were read are connected before more are read.
    catching_up: bool,
    /// What is on disk waits until the next start.
    paused: bool,
    /// A way that takes long, while it is gone.
    way: Option<Way>,
}

impl ChainThread {
    fn run(mut self) -> Result<(), ChainError> {
        // Nobody waits for this thread: whoever runs it must hear of a panic, too.
        let result = or_panic(|| self.serve(), Err);
        if let Err(error) = &result {
            tracing::error!(target: "validation", "A fatal internal error occurred: {error}");
            self.chain.end(Ended::Fatal(error.to_string()));
        }
        result
    }

    fn serve(&mut self) -> Result<(), ChainError> {
        loop {
            let in_background = !self.has_stopped() && self.chain.has_background_work();
            let importing = self.import.is_some() && !self.paused;
            let command = if importing || in_background {
                match self.commands.try_recv() {
                    Ok(command) => Some(command),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => return self.shut_down(),
                }
            } else {
                match self.commands.blocking_recv() {
                    Some(command) => Some(command),
                    None => return self.shut_down(),
                }
            };
            match command {
                Some(Command::Shutdown { answer }) => {
                    let result = self.shut_down();
                    let _gone = answer.send(Ok(()));
                    return result;
                }
                Some(command) => self.carry_out(command)?,
                None => {
                    self.go_on_importing()?;
                    self.go_on_in_background()?;
                }
            }
        }
    }

    /// Lets the older chain, below a snapshot, go on.
    fn go_on_in_background(&mut self) -> Result<(), ChainError> {
        if self.has_stopped() {
            return Ok(());
        }
        let (chain, commands) = (&mut self.chain, &self.commands);
        let waits = || !commands.is_empty();
        let busy = self.import.is_some() && !self.paused;
        let check = chain.work_in_background(busy, waits, &self.answers)?;
        if check.is_some() {
            self.check = check;
        }
        Ok(())
    }

    fn shut_down(&mut self) -> Result<(), ChainError> {
        let result = self.chain.flush(FlushMode::ForceFlush);
        if let Some(check) = self.check.take() {
            // It must not wait for room in a queue that nobody reads.
            self.commands.close();
            // What it found is found again at the next start.
            let _panicked = check.join();
        }
        result
    }

    fn carry_out_with_snapshot(&mut self, command: SnapshotCommand) -> Result<(), ChainError> {
        match command {
            SnapshotCommand::Plan { metadata, answer } => {
                let _gone = answer.send(self.chain.plan_snapshot(metadata));
            }
            SnapshotCommand::Activate { populated, answer } => {
                let result = match self.chain.activate_snapshot(*populated) {
                    Err(ActivationError::Chain(error)) => return Err(error),
                    result => result,
                };
                let _gone = answer.send(result);
            }
            SnapshotCommand::Checked(hash) => self.chain.finish_check(hash?)?,
        }
        Ok(())
    }

    fn go_on_importing(&mut self) -> Result<(), ChainError> {
        // A stop lets an import rest; it goes on from the index at the next start.
        if self.has_stopped() {
            self.end_import();
            return Ok(());
        }
        if self.paused || self.pause() {
            return Ok(());
        }
        if self.catching_up {
            return self.catch_up();
        }
        let Some(import) = &mut self.import else {
            return Ok(());
        };
        let next = import.slice(&mut self.chain)?;
        // Headers that were found show how far it is.
        self.chain.publish_tip();
        if next == Slice::Connect {
            self.report_connecting();
            if !self.advance(None)? || self.has_stopped() {
                self.end_import();
            }
        } else {
            // Only what lies far below the tip can be pruned, so the tip must keep pace.
            self.catching_up = self.chain.config().prune.is_on() && !self.chain.reindexing;
        }
        Ok(())
    }

    /// Connects a part of what an import has read so far.
    fn catch_up(&mut self) -> Result<(), ChainError> {
        // While a file is read, its progress is the one that is shown.
        if self
            .import
            .as_ref()
            .is_some_and(|import| !import.is_reading())
        {
            self.report_connecting();
        }
        self.catching_up = self.advance(None)?;
        if self.has_stopped() {
            self.end_import();
        } else if !self.catching_up {
            self.chain.check_pruning = true;
            self.chain.flush(FlushMode::PruneOnly)?;
        }
        Ok(())
    }

    /// Lets blocks on disk wait where somebody asked for that; says whether. The import does not end: others go on waiting
    /// for it.
    fn pause(&mut self) -> bool {
        let pausable = |import: &Import| !import.reads_foreign();
        if !self.import.as_ref().is_some_and(pausable) || !self.chain.config().cancel.take_pause() {
            return false;
        }
        tracing::info!(
            target: "validation", "Blocks on disk wait until the next start, as somebody asked for"
        );
        self.paused = true;
        let task = match self.chain.reindexing {
            true => Task::Reindexing,
            false => Task::Connecting,
        };
        self.chain.config().report(task, 100);
        true
    }

    fn report_connecting(&mut self) {
        if self.chain.steps_to_go() == 0 {
            return;
        }
        let height = {
            let index = self.chain.shared.index();
            index.best_header.map_or(0, |id| index.entry(id).height)
        };
        let done = self.chain.chain.len() as u64 * 100 / u64::from(height.max(1));
        self.chain.config().report(Task::Connecting, done.min(99));
    }

    fn end_import(&mut self) {
        self.catching_up = false;
        if let Some(import) = self.import.take() {
            import.finish(&mut self.chain);
        }
    }

    /// Whether no further block is to be connected.
    fn has_stopped(&self) -> bool {
        self.chain.config().is_stopping() || self.has_ended()
    }

    /// Whether the process is asked to end for what happened here, as at the height to stop at.
    fn has_ended(&self) -> bool {
        self.chain.shared.ended.borrow().is_some()
    }

    fn carry_out(&mut self, command: Command) -> Result<(), ChainError> {
        // Whoever asked may have gone; what was asked for is done all the same.
        match command {
            Command::Import { files, answer } => {
                self.end_import();
                // Not before: whoever needs old blocks has said so by now.
                self.chain.prune_at_start()?;
                self.import = Some(Import::new(&mut self.chain, files, answer));
            }
            Command::SubmitBlock {
                block,
                submission,
                answer,
            } => {
                let _gone = answer.send(self.submit(&block, submission)?);
            }
            Command::SubmitHeaders {
                headers,
                work_checked,
                answer,
            } => {
                let accepted = self.chain.accept_headers(&headers, work_checked);
                let _gone = answer.send(accepted.map_err(SubmitError::from));
            }
            Command::TestBlock {
                block,
                work_and_root,
                answer,
            } => {
                let _gone = answer.send(self.test_block(&block, work_and_root));
            }
            Command::Invalidate { hash, answer } => {
                let _gone = answer.send(harmless(self.invalidate(&hash))?);
            }
            Command::Reconsider { hash, answer } => {
                let known = self.chain.reconsider(&hash);
                self.activate(None)?;
                let _gone = answer.send(Ok(known));
            }
            Command::Precious { hash, answer } => {
                let known = self.chain.prefer(&hash);
                self.activate(None)?;
                let _gone = answer.send(Ok(known));
            }
            Command::Coins { outpoints, answer } => {
                let coins = outpoints
                    .iter()
                    .map(|outpoint| self.chain.coins.coin(outpoint));
                let coins = coins.collect::<Result<_, _>>()?;
                let _gone = answer.send(Ok(coins));
            }
            Command::Snapshot { answer } => {
                self.chain.flush(FlushMode::ForceSync)?;
                let snapshot = self.chain.coins.base().snapshot()?;
                let _gone = answer.send(snapshot.ok_or(ChainError::NoTip));
            }
            Command::Prune { height, answer } => {
                self.chain.prune_to(height)?;
                let _gone = answer.send(Ok(()));
            }
            Command::Verify {
                level,
                blocks,
                answer,
            } => {
                let verified = self.chain.verify(level, blocks)?;
                let _gone = answer.send(Ok(verified == Verified::Intact));
            }
            Command::Pool(command) => self.carry_out_in_pool(command)?,
            Command::AssumeUtxo(command) => self.carry_out_with_snapshot(command)?,
            Command::Flush { answer } => {
                self.chain.flush(FlushMode::ForceSync)?;
                let _gone = answer.send(Ok(()));
            }
            Command::Barrier { answer } | Command::Shutdown { answer } => {
                let _gone = answer.send(Ok(()));
            }
        }
        Ok(())
    }

    fn carry_out_in_pool(&mut self, command: PoolCommand) -> Result<(), ChainError> {
        match command {
            PoolCommand::SubmitTx {
                tx,
                options,
                answer,
            } => {
                let submitted = self.chain.submit_tx(&tx, options);
                // Transactions come where no block does.
                self.chain.flush(FlushMode::Periodic)?;
                let _gone = answer.send(submitted);
            }
            PoolCommand::TestPackage { txs, answer } => {
                let verdict = self.chain.test_package(&txs);
                self.chain.flush(FlushMode::Periodic)?;
                let _gone = answer.send(verdict);
            }
            PoolCommand::CreateBlock { request, answer } => {
                let _gone = answer.send(self.create_block(request));
            }
            PoolCommand::Prioritise {
                txid,
                delta,
                answer,
            } => {
                self.chain.shared.mempool_mut().prioritise(txid, delta);
                let _gone = answer.send(Ok(()));
            }
            PoolCommand::Unbroadcast { txids, answer } => {
                self.chain.shared.mempool_mut().mark_unbroadcast(&txids);
                let _gone = answer.send(Ok(()));
            }
            PoolCommand::Loaded { answer } => {
                self.chain.shared.mempool_mut().set_loaded();
                let _gone = answer.send(Ok(()));
            }
        }
        Ok(())
    }

    /// Builds a block and checks it as far as its miner has not to fill it in.
    fn create_block(&mut self, request: TemplateRequest) -> Result<Block, SubmitError> {
        let block = Arc::new(self.chain.assemble(request)?);
        self.test_block(&block, (false, false))?;
        Ok(Arc::unwrap_or_clone(block))
    }

    /// Core's `TestBlockValidity`.
    fn test_block(
        &mut self,
        block: &Arc<Block>,
        (proof_of_work, merkle_root): (bool, bool),
    ) -> Result<(), SubmitError> {
        let chain = &mut self.chain;
        let tip = chain
            .tip()
            .filter(|_| chain.tip_hash() == block.header.prev);
        let Some(tip) = tip else {
            return Err(BlockRejection::NotOnTip.into());
        };
        let (params, now) = (chain.params(), chain.now());
        let reject = |error| SubmitError::from(BlockRejection::from(error));
        check_block(
            block,
            params,
            BlockChecks {
                proof_of_work,
                merkle_root,
            },
        )
        .map_err(reject)?;
        {
            let index = chain.shared.index();
            let branch = index.branch(tip);
            contextual_check_header(&block.header, &branch, now, params).map_err(reject)?;
            let height = index.entry(tip).height + 1;
            contextual_check_block(block, height, index.median_time_past(tip), params)
                .map_err(reject)?;
        }
        chain.prefetch_coins(block)?;
        let mut view = CoinsCache::new(&chain.coins);
        chain.connect_block(block, Some(tip), &mut view, Purpose::Test)
    }
}

/// Errors after which the chain goes on go to whoever asked; others end it.
fn harmless<T>(result: Result<T, ChainError>) -> Result<Result<T, ChainError>, ChainError> {
    use ChainError::{Cancelled, Pruned, Stopped};
    match result {
        Err(error @ (Pruned(_) | Stopped | Cancelled)) => Ok(Err(error)),
        result => result.map(Ok),
    }
}
