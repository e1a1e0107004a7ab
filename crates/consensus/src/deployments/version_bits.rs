//! Rules that miners signal in the block version (BIP9).

use std::collections::HashMap;

use primitives::params::{Deployment, DeploymentId, DeploymentStart};
use primitives::{BlockHash, ChainParams};

use crate::header_chain::HeaderChain;

/// The bits that say that a version holds signals.
pub const VERSIONBITS_TOP_MASK: u32 = 0xe000_0000;
/// What those bits are.
pub const VERSIONBITS_TOP_BITS: u32 = 0x2000_0000;
/// How many bits are for signals (BIP323).
pub const VERSIONBITS_NUM_BITS: u8 = 5;

/// How far a deployment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ThresholdState {
    /// Signalling has not begun.
    Defined,
    /// Blocks may signal.
    Started,
    /// Enough blocks signalled.
    LockedIn,
    /// The rule is in force.
    Active,
    /// Too few blocks signalled in time.
    Failed,
}

impl ThresholdState {
    /// The name in JSON-RPC.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Defined => "defined",
            Self::Started => "started",
            Self::LockedIn => "locked_in",
            Self::Active => "active",
            Self::Failed => "failed",
        }
    }
}

/// How a period's signalling goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bip9Stats {
    /// Blocks in a period.
    pub period: u32,
    /// Signalling blocks that it needs; zero once that is decided.
    pub threshold: u32,
    /// Blocks of the period so far.
    pub elapsed: u32,
    /// Signalling blocks among them.
    pub count: u32,
    /// Whether the rest of the period can still reach the threshold.
    pub possible: bool,
}

/// All that JSON-RPC tells about a deployment at a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bip9Info {
    /// First height of the present state.
    pub since: u32,
    /// State for the block.
    pub state: ThresholdState,
    /// State for the block after it.
    pub next_state: ThresholdState,
    /// How signalling goes, while it counts.
    pub stats: Option<Bip9Stats>,
    /// For each block of the period whether it signalled; empty where that does not count.
    pub signalling: Vec<bool>,
    /// First height at which the rule is in force, where that is known.
    pub active_since: Option<u32>,
}

/// A height as seen from above: how many blocks there are below it.
type Length = u32;

/// States of one rule found so far, by the last block of a period.
type States = HashMap<BlockHash, ThresholdState>;

/// States found so far. Its owner keeps it as long as it likes; a block's state never changes.
#[derive(Clone, Debug, Default)]
pub struct VersionBitsCache {
    deployments: HashMap<DeploymentId, States>,
    unknown: HashMap<u8, States>,
}

impl VersionBitsCache {
    /// The state for a block on top of `chain`; of `None`, for genesis.
    pub fn state(
        &mut self,
        deployment: &Deployment,
        chain: Option<&(impl HeaderChain + ?Sized)>,
    ) -> ThresholdState {
        match chain {
            Some(chain) => self.state_at(deployment, chain, chain.height() + 1),
            None => Rule::of(deployment)
                .fixed_state()
                .unwrap_or(ThresholdState::Defined),
        }
    }

    /// Whether the rule is in force for a block on top of `chain`.
    pub fn is_active(
        &mut self,
        deployment: &Deployment,
        chain: Option<&(impl HeaderChain + ?Sized)>,
    ) -> bool {
        self.state(deployment, chain) == ThresholdState::Active
    }

    /// The state for the block at height `length`, of whose branch `chain` knows what comes before.
    fn state_at(
        &mut self,
        deployment: &Deployment,
        chain: &(impl HeaderChain + ?Sized),
        length: Length,
    ) -> ThresholdState {
        let states = self.deployments.entry(deployment.id).or_default();
        Rule::of(deployment).state(states, chain, length, |height| {
            signals(chain.header(height).version, deployment.bit)
        })
    }

    /// The first height of the state that the block at height `length` has.
    fn since(
        &mut self,
        deployment: &Deployment,
        chain: &(impl HeaderChain + ?Sized),
        length: Length,
    ) -> u32 {
        if !matches!(deployment.start, DeploymentStart::At(_)) {
            return 0;
        }
        let state = self.state_at(deployment, chain, length);
        if state == ThresholdState::Defined {
            return 0;
        }
        let period = deployment.period.max(1);
        let mut first = length - length % period;
        while first >= period && self.state_at(deployment, chain, first - period) == state {
            first -= period;
        }
        first
    }

    /// What JSON-RPC tells about a deployment at the last block of `chain` (Core's
    /// `VersionBitsCache::Info`).
    pub fn info(
        &mut self,
        deployment: &Deployment,
        chain: &(impl HeaderChain + ?Sized),
    ) -> Bip9Info {
        let height = chain.height();
        let state = self.state_at(deployment, chain, height);
        let next_state = self.state_at(deployment, chain, height + 1);
        let since = self.since(deployment, chain, height);
        let mut info = Bip9Info {
            since,
            state,
            next_state,
            stats: None,
            signalling: Vec::new(),
            active_since: None,
        };
        if matches!(state, ThresholdState::Started | ThresholdState::LockedIn) {
            let (mut stats, signalling) = statistics(deployment, chain);
            if state == ThresholdState::LockedIn {
                stats.threshold = 0;
                stats.possible = false;
            }
            info.stats = Some(stats);
            info.signalling = signalling;
        }
        info.active_since = match (state, next_state) {
            (ThresholdState::Active, _) => Some(since),
            (_, ThresholdState::Active) => Some(height + 1),
            _ => None,
        };
        info
    }

    /// The version of a new block on top of `chain` (Core's `ComputeBlockVersion`).
    pub fn compute_block_version(
        &mut self,
        chain: &(impl HeaderChain + ?Sized),
        params: &ChainParams,
    ) -> i32 {
        self.version_at(chain, chain.height() + 1, params)
            .cast_signed()
    }

    fn version_at(
        &mut self,
        chain: &(impl HeaderChain + ?Sized),
        length: Length,
        params: &ChainParams,
    ) -> u32 {
        let mut version = VERSIONBITS_TOP_BITS;
        for deployment in params.deployments {
            let state = self.state_at(deployment, chain, length);
            if matches!(state, ThresholdState::Started | ThresholdState::LockedIn) {
                version |= mask(deployment.bit);
            }
        }
        version
    }

    /// Bits by which miners signal what this program does not know, and whether that is in force
    /// already after the last block of `chain` (Core's `CheckUnknownActivations`).
    pub fn unknown_activations(
        &mut self,
        chain: &(impl HeaderChain + ?Sized),
        params: &ChainParams,
    ) -> Vec<(u8, bool)> {
        let (period, threshold) = if params.is_test_chain {
            let period = params.difficulty_adjustment_interval;
            (period, period * 3 / 4)
        } else {
            (2016, 1815)
        };
        let rule = Rule {
            start: DeploymentStart::At(0),
            timeout: None,
            min_activation_height: 0,
            threshold,
            period,
        };
        let length = chain.height() + 1;
        let mut found = Vec::new();
        for bit in 0..VERSIONBITS_NUM_BITS {
            // Taken out, because the versions that are expected need the other states.
            let mut states = self.unknown.remove(&bit).unwrap_or_default();
            let state = rule.state(&mut states, chain, length, |height| {
                height >= params.min_bip9_warning_height
                    && signals(chain.header(height).version, bit)
                    && self.version_at(chain, height, params) & mask(bit) == 0
            });
            self.unknown.insert(bit, states);
            match state {
                ThresholdState::Active => found.push((bit, true)),
                ThresholdState::LockedIn => found.push((bit, false)),
                _ => {}
            }
        }
        found
    }
}

const fn mask(bit: u8) -> u32 {
    1 << (bit % 32)
}

fn signals(version: i32, bit: u8) -> bool {
    let version = version.cast_unsigned();
    version & VERSIONBITS_TOP_MASK == VERSIONBITS_TOP_BITS && version & mask(bit) != 0
}

/// When a rule changes its state.
#[derive(Clone, Copy, Debug)]
struct Rule {
    start: DeploymentStart,
    timeout: Option<i64>,
    min_activation_height: u32,
    threshold: u32,
    period: u32,
}

impl Rule {
    fn of(deployment: &Deployment) -> Self {
        let Deployment {
            start,
            timeout,
            min_activation_height,
            threshold,
            ..
        } = *deployment;
        Self {
            start,
            timeout,
            min_activation_height,
            threshold,
            period: deployment.period.max(1),
        }
    }

    /// The state, where it needs no blocks.
    const fn fixed_state(&self) -> Option<ThresholdState> {
        match self.start {
            DeploymentStart::Always => Some(ThresholdState::Active),
            DeploymentStart::Never => Some(ThresholdState::Failed),
            DeploymentStart::At(_) => None,
        }
    }

    /// The state for the block at height `length` (Core's `GetStateFor`).
    fn state(
        &self,
        states: &mut States,
        chain: &(impl HeaderChain + ?Sized),
        length: Length,
        mut signals_at: impl FnMut(u32) -> bool,
    ) -> ThresholdState {
        let start = match self.start {
            DeploymentStart::Always => return ThresholdState::Active,
            DeploymentStart::Never => return ThresholdState::Failed,
            DeploymentStart::At(start) => start,
        };
        // All blocks of a period have the state of its first.
        let mut end = length - length % self.period;
        let mut unknown = Vec::new();
        let mut state = loop {
            if end == 0 {
                break ThresholdState::Defined;
            }
            let last = chain.hash(end - 1);
            if let Some(state) = states.get(&last) {
                break *state;
            }
            if i64::from(chain.median_time_past(end - 1)) < start {
                // All earlier periods end before the start, too.
                states.insert(last, ThresholdState::Defined);
                break ThresholdState::Defined;
            }
            unknown.push((end, last));
            end -= self.period;
        };
        for (end, last) in unknown.into_iter().rev() {
            state = self.next(state, chain, end, &mut signals_at);
            states.insert(last, state);
        }
        state
    }

    /// The state after the period that ends before height `end`, past the start.
    fn next(
        &self,
        state: ThresholdState,
        chain: &(impl HeaderChain + ?Sized),
        end: Length,
        signals_at: &mut impl FnMut(u32) -> bool,
    ) -> ThresholdState {
        match state {
            ThresholdState::Defined => ThresholdState::Started,
            ThresholdState::Started => {
                let count = (end - self.period..end)
                    .filter(|height| signals_at(*height))
                    .count();
                let median_time = i64::from(chain.median_time_past(end - 1));
                if count >= self.threshold as usize {
                    ThresholdState::LockedIn
                } else if self.timeout.is_some_and(|timeout| median_time >= timeout) {
                    ThresholdState::Failed
                } else {
                    ThresholdState::Started
                }
            }
            ThresholdState::LockedIn if end >= self.min_activation_height => ThresholdState::Active,
            unchanged => unchanged,
        }
    }
}

/// Signals of the period that the last block of `chain` belongs to (Core's
/// `GetStateStatisticsFor`).
fn statistics(
    deployment: &Deployment,
    chain: &(impl HeaderChain + ?Sized),
) -> (Bip9Stats, Vec<bool>) {
    let period = deployment.period.max(1);
    let first = chain.height() - chain.height() % period;
    let signalling: Vec<bool> = (first..=chain.height())
        .map(|height| signals(chain.header(height).version, deployment.bit))
        .collect();
    let elapsed = chain.height() + 1 - first;
    let mut count = 0;
    signalling
        .iter()
        .filter(|signal| **signal)
        .for_each(|_| count += 1);
    let possible = period.saturating_sub(deployment.threshold) >= elapsed - count;
    let stats = Bip9Stats {
        period,
        threshold: deployment.threshold,
        elapsed,
        count,
        possible,
    };
    (stats, signalling)
}
