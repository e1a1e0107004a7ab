//! Taking headers in from somebody who may only want to fill our memory (Core's
//! `HeadersSyncState`).
//!
//! Headers of a long chain with little work are cheap to make, and each that is kept costs memory
//! for good. So a chain whose work is not known is downloaded twice. The first time (presync) only
//! its work is summed up, and one secret bit is kept of every so many headers. Once the work is
//! enough, the second time (redownload) the same bits must come again: so the headers are those of
//! the chain that had the work, and are given on to be kept.

use std::collections::VecDeque;

use primitives::hash_scheme::sha256;
use primitives::params::{HeadersSync, MAX_FUTURE_BLOCK_TIME};
use primitives::{BlockHash, ChainParams, CompactTarget, Hash256, Header, U256};

use crate::pow::{check_proof_of_work, permitted_difficulty_transition};

/// Most blocks in a second that the rule about median times lets through for long.
const BLOCKS_PER_SECOND: u64 = 6;

/// A header with its id, which is dear to compute on some chains.
pub type HashedHeader = (Header, BlockHash);

/// The known block that a chain of headers is said to begin behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncStart {
    /// Its id.
    pub hash: BlockHash,
    /// Its height.
    pub height: u32,
    /// Its target.
    pub bits: CompactTarget,
    /// Work of the chain up to it.
    pub chain_work: U256,
    /// Median time of it and the ten before, in seconds since 1970.
    pub median_time: u32,
}

/// How far a sync is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPhase {
    /// The chain's work is summed up; nothing is kept.
    Presync,
    /// The chain had enough work, and comes a second time.
    Redownload,
    /// It has ended, well or not.
    Final,
}

/// Why a sync is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    /// A header lacks its work.
    #[error("header without its proof of work at height={0}")]
    NoWork(u32),
    /// A header is not the child of the one before.
    #[error("non-continuous headers at height={0}")]
    NotContinuous(u32),
    /// The difficulty changes faster than it may.
    #[error("invalid difficulty transition at height={0}")]
    BadTransition(u32),
    /// The chain is longer than any chain can be by now.
    #[error("exceeded max commitments at height={0}")]
    TooLong(u32),
    /// The second time, the chain is longer than the first time.
    #[error("commitment overrun at height={0}")]
    CommitmentOverrun(u32),
    /// The second time, it is another chain.
    #[error("commitment mismatch at height={0}")]
    CommitmentMismatch(u32),
    /// The sync has ended before.
    #[error("headers after the end of their sync")]
    Ended,
}

/// What some headers gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncStep {
    /// Headers of a chain with enough work, to be kept.
    pub headers: Vec<HashedHeader>,
    /// Whether more are to be asked for: behind [`HeadersSyncState::continue_from`].
    pub request_more: bool,
}

/// A header without its parent's id.
#[derive(Clone, Debug)]
struct Held {
    version: i32,
    merkle_root: Hash256,
    time: u32,
    bits: CompactTarget,
    nonce: u32,
    hash: BlockHash,
}

impl Held {
    const fn of((header, hash): &HashedHeader) -> Self {
        Self {
            version: header.version,
            merkle_root: header.merkle_root,
            time: header.time,
            bits: header.bits,
            nonce: header.nonce,
            hash: *hash,
        }
    }

    const fn behind(&self, prev: BlockHash) -> HashedHeader {
        let header = Header {
            version: self.version,
            prev,
            merkle_root: self.merkle_root,
            time: self.time,
            bits: self.bits,
            nonce: self.nonce,
        };
        (header, self.hash)
    }
}

/// The end of the chain so far, in either phase.
#[derive(Clone, Copy, Debug)]
struct End {
    hash: BlockHash,
    height: u32,
    bits: CompactTarget,
    work: U256,
}

impl End {
    const fn of(start: &SyncStart) -> Self {
        Self {
            hash: start.hash,
            height: start.height,
            bits: start.bits,
            work: start.chain_work,
        }
    }
}

/// One download of headers from one peer, whose chain may have too little work.
#[derive(Clone, Debug)]
pub struct HeadersSyncState {
    params: &'static ChainParams,
    sizes: HeadersSync,
    start: SyncStart,
    min_work: U256,
    /// What makes the kept bits unforeseeable.
    secret: [u8; 32],
    /// Of every so many heights, the one whose header leaves a bit.
    offset: u32,
    max_commitments: u64,
    commitments: VecDeque<bool>,
    phase: SyncPhase,
    end: End,
    /// Time of the last header of the presync.
    end_time: u32,
    /// Headers of the redownload that too few bits speak for as yet.
    held: VecDeque<Held>,
    /// Parent of the first of them.
    held_behind: BlockHash,
    /// Whether the redownload has reached the work, so that all of it counts.
    reached: bool,
}

impl HeadersSyncState {
    /// Begins behind `start`, a block that is known. `now` is the time in seconds since 1970, and
    /// `secret` is drawn anew for every sync: whoever knew it could make a second chain that leaves
    /// the same bits.
    pub fn new(
        params: &'static ChainParams,
        start: SyncStart,
        min_work: U256,
        now: i64,
        secret: [u8; 32],
    ) -> Self {
        Self::with_sizes(params, params.headers_sync, start, min_work, now, secret)
    }

    /// As [`HeadersSyncState::new`], with other sizes than the chain's own.
    pub fn with_sizes(
        params: &'static ChainParams,
        sizes: HeadersSync,
        start: SyncStart,
        min_work: U256,
        now: i64,
        secret: [u8; 32],
    ) -> Self {
        let period = sizes.commitment_period.max(1);
        let seconds = now
            .saturating_sub(start.median_time.into())
            .saturating_add(MAX_FUTURE_BLOCK_TIME.into());
        let seconds = u64::try_from(seconds).unwrap_or(0);
        let mut drawn = [0; 4];
        drawn.copy_from_slice(&sha256(&secret)[..4]);
        Self {
            params,
            sizes,
            start,
            min_work,
            secret,
            offset: u32::from_le_bytes(drawn) % period,
            max_commitments: seconds.saturating_mul(BLOCKS_PER_SECOND) / u64::from(period),
            commitments: VecDeque::new(),
            phase: SyncPhase::Presync,
            end: End::of(&start),
            end_time: start.median_time,
            held: VecDeque::new(),
            held_behind: start.hash,
            reached: false,
        }
    }

    /// How far it is.
    pub const fn phase(&self) -> SyncPhase {
        self.phase
    }

    /// Height, time and work of the last header, for a display of progress.
    pub const fn progress(&self) -> (u32, u32, U256) {
        (self.end.height, self.end_time, self.end.work)
    }

    /// The block behind which to ask for more headers, before those of the start's locator; `None`
    /// at the end.
    pub const fn continue_from(&self) -> Option<BlockHash> {
        match self.phase {
            SyncPhase::Presync | SyncPhase::Redownload => Some(self.end.hash),
            SyncPhase::Final => None,
        }
    }

    /// Takes headers that came, each the child of the one before. `full` says that they were as many
    /// as one message holds, so that there may be more.
    ///
    /// # Errors
    /// A [`SyncError`]; the sync has ended then.
    pub fn process(&mut self, headers: &[HashedHeader], full: bool) -> Result<SyncStep, SyncError> {
        let step = match self.phase {
            SyncPhase::Presync => self.presync(headers, full),
            SyncPhase::Redownload => self.redownload(headers, full),
            SyncPhase::Final => Err(SyncError::Ended),
        };
        if !step.as_ref().is_ok_and(|step| step.request_more) {
            self.finish();
        }
        step
    }

    /// Gives memory back.
    fn finish(&mut self) {
        self.phase = SyncPhase::Final;
        self.commitments = VecDeque::new();
        self.held = VecDeque::new();
    }

    fn presync(&mut self, headers: &[HashedHeader], full: bool) -> Result<SyncStep, SyncError> {
        for header in headers {
            let height = self.follow(header)?;
            if self.leaves_bit(height) {
                let bit = self.bit(&header.1);
                self.commitments.push_back(bit);
                if self.commitments.len() as u64 > self.max_commitments {
                    return Err(SyncError::TooLong(height));
                }
            }
            self.end_time = header.0.time;
        }
        let enough = self.end.work >= self.min_work;
        if enough {
            self.phase = SyncPhase::Redownload;
            self.end = End::of(&self.start);
        }
        Ok(SyncStep {
            headers: Vec::new(),
            request_more: full || enough,
        })
    }

    fn redownload(&mut self, headers: &[HashedHeader], full: bool) -> Result<SyncStep, SyncError> {
        for header in headers {
            let height = self.follow(header)?;
            self.reached |= self.end.work >= self.min_work;
            // Behind the goal the chain may have grown since the first time.
            if !self.reached && self.leaves_bit(height) {
                let bit = self.bit(&header.1);
                match self.commitments.pop_front() {
                    None => return Err(SyncError::CommitmentOverrun(height)),
                    Some(known) if known != bit => {
                        return Err(SyncError::CommitmentMismatch(height));
                    }
                    Some(_) => {}
                }
            }
            self.held.push_back(Held::of(header));
        }
        Ok(SyncStep {
            headers: self.release(),
            request_more: full && !self.reached,
        })
    }

    /// Goes on to a header; gives its height.
    fn follow(&mut self, (header, hash): &HashedHeader) -> Result<u32, SyncError> {
        let height = self.end.height.saturating_add(1);
        if header.prev != self.end.hash {
            return Err(SyncError::NotContinuous(height));
        }
        if !permitted_difficulty_transition(height, self.end.bits, header.bits, self.params) {
            return Err(SyncError::BadTransition(height));
        }
        if !check_proof_of_work(hash, header.bits, self.params) {
            return Err(SyncError::NoWork(height));
        }
        let own_work = header
            .bits
            .target()
            .map_or(U256::ZERO, U256::work_of_target);
        self.end = End {
            hash: *hash,
            height,
            bits: header.bits,
            work: self.end.work + own_work,
        };
        Ok(height)
    }

    const fn leaves_bit(&self, height: u32) -> bool {
        let period = self.sizes.commitment_period;
        period > 0 && height % period == self.offset
    }

    fn bit(&self, hash: &BlockHash) -> bool {
        let mut text = [0; 64];
        text[..32].copy_from_slice(&self.secret);
        text[32..].copy_from_slice(&hash.0);
        sha256(&text)[0] & 1 == 1
    }

    /// The headers that enough bits speak for, or all once the goal is reached.
    fn release(&mut self) -> Vec<HashedHeader> {
        let keep = match self.reached {
            true => 0,
            false => self.sizes.redownload_buffer as usize,
        };
        let count = self.held.len().saturating_sub(keep);
        let mut headers = Vec::with_capacity(count);
        for held in self.held.drain(..count) {
            let header = held.behind(self.held_behind);
            self.held_behind = held.hash;
            headers.push(header);
        }
        headers
    }
}
