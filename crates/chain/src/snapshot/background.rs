//! The older chain checks the blocks up to a snapshot's, for a while at a time, where no command waits.
//!
//! The chain's thread looks at one set of coins at a time: what belongs to the older one changes
//! places with what is active for as long as a step takes. Others never see it there.

use std::mem::swap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use primitives::{Block, BlockHash, Hash256};
use tokio::sync::mpsc::WeakSender;

use super::activate::SnapshotCommand;
use super::directories::{open_used, set_aside};
use crate::activate::Step;
use crate::block_files::FileInfo;
use crate::chainstate::Chainstate;
use crate::coins::{CoinsCache, CoinsStore, CoinsView as _};
use crate::coinstats::{CoinStatsError, CoinStatsHash, coin_stats};
use crate::config::{MIN_BLOCKS_TO_KEEP, Task};
use crate::error::{ChainError, StartError};
use crate::flush::FlushMode;
use crate::handle::Command;
use crate::index::EntryId;
use crate::load::refused_or;
use crate::read_ahead::ReadAhead;
use crate::reader::Ended;

/// Share of the memory for coins that goes to the chain with more to do.
const LARGE_SHARE: usize = 95;

/// How long the older chain works before others see how far it is.
const SLICE: Duration = Duration::from_millis(250);
/// How long while blocks for the active chain are being read: that one comes first.
const BUSY_SLICE: Duration = Duration::from_millis(10);

/// A set of coins with the chain that it stands at the end of.
pub(crate) struct Side {
    pub(crate) coins: CoinsCache<CoinsStore>,
    pub(crate) coins_limit: usize,
    pub(crate) chain: Vec<EntryId>,
    pub(crate) target: Option<EntryId>,
    pub(crate) ahead: ReadAhead,
}

/// The snapshot that the active coins began with.
pub(crate) struct Assumed {
    /// Its block.
    pub(crate) base: EntryId,
    /// The older side, until it has confirmed the coins.
    older: Option<Side>,
    /// The older coins are being hashed.
    checking: bool,
    /// The older side is in the place of the active one just now.
    in_background: bool,
}

impl Assumed {
    pub(super) const fn new(base: EntryId, older: Side) -> Self {
        Self {
            base,
            older: Some(older),
            checking: false,
            in_background: false,
        }
    }
}

/// One set of coins, as others may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainstateInfo {
    /// The block that it stands at.
    pub tip: BlockHash,
    /// The block of the snapshot that it began with.
    pub snapshot: Option<BlockHash>,
    /// Whether all blocks up to its tip were checked by this node.
    pub validated: bool,
    /// Memory for what its store reads, in bytes.
    pub store_cache_bytes: u64,
    /// Memory for its coins, in bytes.
    pub coins_cache_bytes: u64,
}

/// What the older chain does next.
#[derive(Clone, Copy)]
enum Move {
    /// Connects this block.
    Connect(EntryId),
    /// Takes its tip back, which is on another branch.
    Disconnect(EntryId),
    /// Hashes its coins, which stand at the snapshot's block.
    Check,
}

impl Chainstate {
    /// Puts another side into the place of the active one, which is returned.
    pub(super) fn replace_side(&mut self, mut side: Side) -> Side {
        self.swap_side(&mut side);
        side
    }

    fn swap_side(&mut self, side: &mut Side) {
        swap(&mut self.coins, &mut side.coins);
        swap(&mut self.coins_limit, &mut side.coins_limit);
        swap(&mut self.chain, &mut side.chain);
        swap(&mut self.target, &mut side.target);
        swap(&mut self.ahead, &mut side.ahead);
    }

    /// Whether the older side is in the place of the active one.
    pub(crate) fn is_in_background(&self) -> bool {
        self.assumed.as_ref().is_some_and(|it| it.in_background)
    }

    /// The snapshot's block, while its coins are not confirmed: nothing below it can be taken back.
    pub(crate) fn unconfirmed_base(&self) -> Option<EntryId> {
        let assumed = self.assumed.as_ref()?;
        let unconfirmed = assumed.older.is_some() || assumed.in_background;
        unconfirmed.then_some(assumed.base)
    }

    /// Works with the older side; `None` where there is none. No block is unsettled before and after.
    pub(crate) fn in_background<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let assumed = self.assumed.as_mut()?;
        let mut older = assumed.older.take()?;
        assumed.in_background = true;
        self.swap_side(&mut older);
        let result = work(self);
        self.swap_side(&mut older);
        if let Some(assumed) = &mut self.assumed {
            assumed.in_background = false;
            assumed.older = Some(older);
        }
        Some(result)
    }

    /// Opens the coins of the snapshot in use and makes them the active ones.
    pub(crate) fn open_snapshot(&mut self, base: &BlockHash) -> Result<(), StartError> {
        let unknown = || StartError::InitIndex(Some(ChainError::UnknownHead(*base)));
        let id = self.shared.index().find(base).ok_or_else(unknown)?;
        let store = open_used(self.config(), self.store_cache_bytes / 2);
        let store = store.map_err(|error| refused_or(error, StartError::OpenCoins))?;
        let older = self.replace_side(Side {
            coins: CoinsCache::new(store),
            coins_limit: self.coins_limit,
            chain: Vec::new(),
            target: None,
            ahead: ReadAhead::default(),
        });
        self.assumed = Some(Assumed::new(id, older));
        self.balance_caches();
        self.replay().map_err(StartError::Replay)?;
        let best = self.coins.base().best_block();
        let best = best.map_err(StartError::OpenCoins)?.ok_or_else(unknown)?;
        self.shared.flushed.send_replace(best);
        self.load_chain(&best)?;
        self.leave_invalid()
            .map_err(|error| StartError::InitIndex(Some(error)))
    }

    /// Divides the memory for coins: most goes to the chain that has most to do.
    pub(crate) fn balance_caches(&mut self) {
        let total = self.coins_total;
        let share = if self.initial_download {
            LARGE_SHARE
        } else {
            100 - LARGE_SHARE
        };
        let older = self.assumed.as_mut().and_then(|it| it.older.as_mut());
        self.coins_limit = match older {
            None => total,
            Some(older) => {
                let active = total / 100 * share;
                older.coins_limit = total - active;
                active
            }
        };
    }

    fn next_move(&self) -> Option<Move> {
        let assumed = self.assumed.as_ref().filter(|it| !it.checking)?;
        if self.config().cancel.is_background_paused() {
            return None;
        }
        let older = assumed.older.as_ref()?;
        let index = self.shared.index();
        let base = assumed.base;
        let is_here = |id: EntryId| index.entry(id).status.has_data();
        let height = u32::try_from(older.chain.len()).expect("heights have 32 bits");
        match older.chain.last().copied() {
            Some(tip) if tip == base => Some(Move::Check),
            Some(tip) if !index.descends(base, tip) => {
                // Left for the snapshot's branch once there is more work in it.
                let last = index.entry(base).height.min(height);
                let better = index.ancestor(base, last)?;
                let complete = index
                    .entry(better)
                    .prev
                    .is_none_or(|prev| index.entry(prev).chain_tx_count > 0);
                let more = index.entry(better).chain_work > index.entry(tip).chain_work;
                (complete && more && is_here(better)).then_some(Move::Disconnect(tip))
            }
            _ => index
                .ancestor(base, height)
                .filter(|id| is_here(*id))
                .map(Move::Connect),
        }
    }

    /// Whether a pair of files holds blocks that the older chain still needs, below a snapshot.
    pub(crate) fn is_needed_below(&self, info: &FileInfo) -> bool {
        let Some(assumed) = &self.assumed else {
            return false;
        };
        let Some(older) = &assumed.older else {
            return false;
        };
        let base = self.shared.index().entry(assumed.base).height;
        let done = u32::try_from(older.chain.len()).unwrap_or(u32::MAX);
        info.first_height <= base && info.last_height > done.saturating_sub(MIN_BLOCKS_TO_KEEP)
    }

    /// Whether the older chain can go on.
    pub(crate) fn has_background_work(&self) -> bool {
        self.next_move().is_some()
    }

    /// Lets the older chain work until a command waits, or for a while; `busy` where the active one has work, too.
    /// Gives the thread that hashes its coins, once they stand at the snapshot's block.
    pub(crate) fn work_in_background(
        &mut self,
        busy: bool,
        command_waits: impl Fn() -> bool,
        answers: &WeakSender<Command>,
    ) -> Result<Option<JoinHandle<()>>, ChainError> {
        let (slice, begun) = (if busy { BUSY_SLICE } else { SLICE }, Instant::now());
        let is_enough = || command_waits() || begun.elapsed() >= slice;
        while let Some(next) = self.next_move() {
            let step = match next {
                Move::Check => return self.begin_check(answers.clone()).map(Some),
                Move::Connect(_) => self.in_background(|chain| chain.connect_row(&is_enough)),
                Move::Disconnect(tip) => {
                    self.in_background(|chain| chain.disconnect_tip(tip).map(Step::Disconnected))
                }
            };
            let step = step.unwrap_or(Ok(Step::Done))?;
            if self.reject_if_invalid(&step)? || is_enough() {
                break;
            }
        }
        self.show_background()?;
        Ok(None)
    }

    /// Connects blocks up to the snapshot's that are here, several at a time, until it is enough. All of them are settled
    /// then.
    fn connect_row(&mut self, is_enough: &impl Fn() -> bool) -> Result<Step, ChainError> {
        let base = self.assumed.as_ref().map(|assumed| assumed.base);
        self.target = base;
        let mut enough = false;
        let result = loop {
            let next = base.filter(|_| !enough).and_then(|base| {
                let height = u32::try_from(self.chain.len()).expect("heights have 32 bits");
                let index = self.shared.index();
                let next = index.ancestor(base, height);
                next.filter(|id| index.entry(*id).status.has_data())
            });
            let step = match next {
                Some(next) if !self.must_settle() => self.begin_tip(next, None)?,
                _ => match (self.settle()?, next) {
                    (Some(step), _) => step,
                    (None, Some(next)) => self.begin_tip(next, None)?,
                    (None, None) => break Step::Done,
                },
            };
            if matches!(step, Step::Rejected(..)) {
                break step;
            }
            enough = is_enough();
        };
        self.target = None;
        Ok(result)
    }

    /// Connects a block that came in to the older chain, where it is the next; says what came of it. It was checked just
    /// now where it is given as `fresh`.
    pub(crate) fn connect_below(
        &mut self,
        hash: &BlockHash,
        fresh: Option<&Arc<Block>>,
    ) -> Result<Step, ChainError> {
        let next = match self.next_move() {
            Some(Move::Connect(next)) if self.shared.index().entry(next).hash == *hash => next,
            _ => return Ok(Step::Done),
        };
        let step = self.in_background(|chain| chain.connect_now(next, fresh));
        let step = step.unwrap_or(Ok(Step::Done))?;
        self.reject_if_invalid(&step)?;
        self.show_background()?;
        Ok(step)
    }

    /// Puts the snapshot aside where a block below it turned out to be invalid; says whether.
    fn reject_if_invalid(&mut self, step: &Step) -> Result<bool, ChainError> {
        let Step::Rejected(hash, rejection) = step else {
            return Ok(false);
        };
        tracing::error!(
            target: "validation", "[snapshot] block {hash} below it is invalid: {rejection}"
        );
        self.reject_snapshot()?;
        Ok(true)
    }

    fn show_background(&mut self) -> Result<(), ChainError> {
        self.report_background();
        self.publish_chainstates();
        self.flush(FlushMode::Periodic)
    }

    fn report_background(&self) {
        let Some(assumed) = &self.assumed else { return };
        let Some(older) = &assumed.older else { return };
        let total = u64::from(self.shared.index().entry(assumed.base).height) + 1;
        let done = older.chain.len() as u64 * 100 / total;
        self.config().report(Task::BackgroundValidation, done);
    }

    /// Hashes the older coins, which stand at the snapshot's block, on a thread of its own.
    fn begin_check(&mut self, answers: WeakSender<Command>) -> Result<JoinHandle<()>, ChainError> {
        let snapshot = self.in_background(|chain| {
            chain.flush(FlushMode::ForceSync)?;
            chain.coins.base().snapshot().map_err(ChainError::from)
        });
        let snapshot = snapshot.unwrap_or(Ok(None))?.ok_or(ChainError::NoTip)?;
        tracing::info!(
            target: "validation",
            "[snapshot] computing UTXO stats for background chainstate to validate snapshot - this \
             could take a few minutes"
        );
        if let Some(assumed) = &mut self.assumed {
            assumed.checking = true;
        }
        let config = self.config().clone();
        config.report(Task::CheckingSnapshot, 0);
        let hash = move || {
            let go_on = |percent: u8| {
                config.report(Task::CheckingSnapshot, percent.into());
                !config.is_stopping()
            };
            let scheme = config.params.hashes;
            let stats = coin_stats(&snapshot, CoinStatsHash::Serialized, scheme, go_on);
            drop(snapshot);
            config.report(Task::CheckingSnapshot, 100);
            let result = match stats {
                Ok(stats) => Ok(stats.hash),
                Err(CoinStatsError::Interrupted) => Ok(None),
                Err(CoinStatsError::Store(error)) => Err(ChainError::from(error)),
            };
            if let Some(answers) = answers.upgrade() {
                let command = Command::AssumeUtxo(SnapshotCommand::Checked(result));
                // The chain may have ended: the next start looks again.
                let _gone = answers.blocking_send(command);
            }
        };
        std::thread::Builder::new()
            .name("snapshot".to_owned())
            .spawn(hash)
            .map_err(|source| ChainError::Thread {
                name: "snapshot",
                source,
            })
    }

    /// Takes the hash of the older coins: the snapshot was right, or it is put aside.
    pub(crate) fn finish_check(&mut self, hash: Option<Hash256>) -> Result<(), ChainError> {
        let Some(assumed) = &self.assumed else {
            return Ok(());
        };
        let base = self.shared.index().entry(assumed.base).hash;
        let mut known = self.params().assumeutxo.iter();
        let expected = known.find(|known| known.block == base);
        let expected = expected.map(|known| known.hash_serialized);
        let Some(hash) = hash else {
            // Interrupted: the process ends.
            return Ok(());
        };
        if Some(hash) != expected {
            tracing::error!(
                target: "validation",
                "[snapshot] hash mismatch: actual={hash}, expected={}",
                expected.unwrap_or_default()
            );
            return self.reject_snapshot();
        }
        tracing::info!(
            target: "validation",
            "[snapshot] snapshot beginning at {base} has been fully validated"
        );
        if let Some(assumed) = &mut self.assumed {
            assumed.checking = false;
            assumed.older = None;
        }
        self.balance_caches();
        // Branches that leave below the snapshot's block can be taken now.
        self.load_candidates();
        self.publish_chainstates();
        Ok(())
    }

    /// Goes back to the older coins, puts the snapshot's aside and lets the process end.
    fn reject_snapshot(&mut self) -> Result<(), ChainError> {
        let assumed = self.assumed.take();
        let Some(older) = assumed.and_then(|assumed| assumed.older) else {
            return Ok(());
        };
        let from = self.chain.len().saturating_sub(1);
        let to = older.chain.len().saturating_sub(1);
        self.writer.set_snapshot_height(None);
        drop(self.replace_side(older));
        self.balance_caches();
        self.load_candidates();
        self.publish();
        let place = match set_aside(&self.config().data_dir) {
            Ok(aside) => format!(
                "They lie in {} now, in case you want to look at them.",
                aside.display()
            ),
            Err(error) => format!(
                "They cannot be moved away ({error}): please delete the directory \
                 chainstate_snapshot yourself."
            ),
        };
        self.end(Ended::Fatal(format!(
            "The coins of the snapshot that was loaded are not those that the blocks give: the \
             file was wrong, or this machine is faulty. The node goes back from height {from} to \
             {to} at the next start, and goes on from there without the snapshot. {place}"
        )));
        Ok(())
    }

    /// Shows others which sets of coins there are, the active one last.
    pub(crate) fn publish_chainstates(&self) {
        let index = self.shared.index();
        let hash = |id: &EntryId| index.entry(*id).hash;
        let info = |chain: &[EntryId], limit: usize| ChainstateInfo {
            tip: chain.last().map_or(BlockHash::ZERO, hash),
            snapshot: None,
            validated: true,
            store_cache_bytes: self.store_cache_bytes,
            coins_cache_bytes: limit as u64,
        };
        let assumed = self.assumed.as_ref();
        let older = assumed.and_then(|assumed| assumed.older.as_ref());
        let active = ChainstateInfo {
            snapshot: assumed.map(|assumed| hash(&assumed.base)),
            validated: older.is_none(),
            ..info(&self.chain, self.coins_limit)
        };
        let older = older.map(|older| info(&older.chain, older.coins_limit));
        let all: Vec<_> = older.into_iter().chain([active]).collect();
        drop(index);
        self.shared.chainstates.send_if_modified(|shown| {
            let changed = *shown != all;
            *shown = all;
            changed
        });
    }
}
