//! How we stand with the node: a plain state machine, without sockets and clocks of its own (gui.md 3.6).

use std::time::Duration;

use primitives::{Coin, Network};

/// Exits within this time of the start count as "at once".
const QUICK: Duration = Duration::from_secs(60);
/// So many quick exits in a row end automatic restarts.
const MOST_QUICK_EXITS: u32 = 3;
/// Longest wait between two attempts to reach an attached node.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Whose node it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// Started by this window; ends with it unless told otherwise.
    #[default]
    Spawned,
    /// Was there before.
    Attached,
}

/// How we stand with the node right now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Connection {
    /// Nothing was tried yet.
    #[default]
    Idle,
    /// Looking for a running node, or starting one.
    Connecting {
        /// Whose it will be.
        origin: Origin,
    },
    /// It answers.
    Up {
        /// Whose it is.
        origin: Origin,
    },
    /// Our own node ended without being asked.
    Stopped(Exit),
    /// A node that is not ours went away; another attempt follows.
    Lost {
        /// When it went, in seconds since 1970.
        since: i64,
        /// Attempts so far.
        attempts: u32,
        /// When the next one is made, in seconds since 1970; `None`: trying was stopped.
        next: Option<i64>,
        /// What the last attempt said.
        reason: String,
    },
    /// It answers, but is not for us: another network, another version.
    Refused {
        /// The sentence that names both sides.
        reason: String,
        /// The chain it has, where that is what does not fit.
        other: Option<(Coin, Network)>,
    },
    /// It was asked to stop and does so.
    Stopping,
    /// It has stopped in order.
    Ended,
}

/// How our node ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exit {
    /// When, in seconds since 1970.
    pub at: i64,
    /// In plain words.
    pub cause: String,
    /// Exit status or signal, as the system tells it.
    pub status: String,
    /// Last lines it wrote.
    pub log: Vec<String>,
    /// Where its log is.
    pub log_file: String,
    /// Whether it ended too often to be started again without a word from the user.
    pub gave_up: bool,
    /// Whether the system killed it, most likely for want of memory.
    pub killed: bool,
    /// When it is started again by itself, in seconds since 1970.
    pub restart_at: Option<i64>,
    /// Whether it never got as far as running: its own words are the cause.
    pub at_start: bool,
}

impl Connection {
    /// Whether calls reach the node.
    pub fn is_up(&self) -> bool {
        matches!(self, Self::Up { .. })
    }

    /// Whose node it is, where there is one.
    pub fn origin(&self) -> Option<Origin> {
        match self {
            Self::Connecting { origin } | Self::Up { origin } => Some(*origin),
            Self::Stopped(_) => Some(Origin::Spawned),
            Self::Lost { .. } => Some(Origin::Attached),
            _ => None,
        }
    }
}

/// Counts exits of our own node, to tell a mishap from a loop.
#[derive(Debug, Clone, Default)]
pub struct Exits {
    quick: u32,
}

impl Exits {
    /// Notes an exit after `lived`; whether the node may be started again by itself.
    pub fn note(&mut self, lived: Duration) -> bool {
        self.quick = if lived < QUICK { self.quick + 1 } else { 1 };
        self.quick < MOST_QUICK_EXITS
    }

    /// The user asked for another start.
    pub fn forgive(&mut self) {
        self.quick = 0;
    }
}

/// How long to wait before attempt `attempt` (from 1): doubling from one second to thirty.
pub fn wait_before(attempt: u32) -> Duration {
    let seconds = 1_u64
        .checked_shl(attempt.saturating_sub(1))
        .unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(LONGEST_WAIT)
}

/// Words for how a process ended.
pub fn exit_words(code: Option<i32>, signal: Option<i32>) -> (String, String, bool) {
    match (code, signal) {
        (Some(0), _) => (
            "The node ended by itself.".to_owned(),
            "exit status 0".to_owned(),
            false,
        ),
        (Some(code), _) => (
            "The node reported an error and ended.".to_owned(),
            format!("exit status {code}"),
            false,
        ),
        (None, Some(9)) => (
            "The node was killed. If nobody did that, the computer ran out of memory.".to_owned(),
            "signal 9".to_owned(),
            true,
        ),
        (None, Some(signal)) => (
            "The node crashed or was ended from outside.".to_owned(),
            format!("signal {signal}"),
            false,
        ),
        (None, None) => (
            "The node is gone.".to_owned(),
            "no exit status".to_owned(),
            false,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_quick_exits_in_a_row_end_automatic_restarts() {
        let mut exits = Exits::default();
        assert!(exits.note(Duration::from_secs(2)));
        assert!(exits.note(Duration::from_secs(2)));
        assert!(!exits.note(Duration::from_secs(2)));
        exits.forgive();
        assert!(exits.note(Duration::from_secs(2)));
        assert!(
            exits.note(Duration::from_secs(3600)),
            "a long life clears the count"
        );
        assert!(exits.note(Duration::from_secs(2)));
        assert!(!exits.note(Duration::from_secs(2)));
    }

    #[test]
    fn waits_double_up_to_half_a_minute() {
        let waits: Vec<u64> = (1..9).map(|n| wait_before(n).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(wait_before(u32::MAX).as_secs(), 30);
    }

    #[test]
    fn a_kill_is_told_from_a_crash() {
        assert!(exit_words(None, Some(9)).2);
        assert!(!exit_words(None, Some(11)).2);
        assert_eq!(exit_words(Some(1), None).1, "exit status 1");
    }
}
