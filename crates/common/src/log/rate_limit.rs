//! Holds back places in the program that fill the disk (Core's `LogRateLimiter`).

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Bytes that one place may write in one window.
const MAX_BYTES: u64 = 1 << 20;
/// Length of the window.
const WINDOW: Duration = Duration::from_secs(3600);

/// A place in the source.
type Place = (&'static str, u32);

#[derive(Default)]
struct Use {
    written: u64,
    dropped: u64,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is written.
    Write,
    /// It is written, and it is the last of its place in this window.
    Last,
    /// It is not written to the file.
    Drop,
}

/// The account of every place that writes unconditional lines.
pub(super) struct RateLimiter {
    places: HashMap<Place, Use>,
    began: Instant,
    suppressing: bool,
}

impl RateLimiter {
    /// Begins the first window.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            places: HashMap::new(),
            began: now,
            suppressing: false,
        }
    }

    /// Returns true if any place is held back.
    pub(super) const fn suppresses(&self) -> bool {
        self.suppressing
    }

    /// Begins a new window if this one is over; returns the places that were held back, with the bytes dropped.
    pub(super) fn roll(&mut self, now: Instant) -> Vec<(Place, u64)> {
        if now.saturating_duration_since(self.began) < WINDOW {
            return Vec::new();
        }
        self.began = now;
        self.suppressing = false;
        let places = std::mem::take(&mut self.places);
        places
            .into_iter()
            .filter(|(_, used)| used.dropped > 0)
            .map(|(at, used)| (at, used.dropped))
            .collect()
    }

    /// Counts a line of a place.
    pub(super) fn count(&mut self, place: Place, bytes: usize) -> Verdict {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let used = self.places.entry(place).or_default();
        let was_held_back = used.dropped > 0;
        if used.written.saturating_add(bytes) <= MAX_BYTES {
            used.written += bytes;
            return if was_held_back {
                Verdict::Drop
            } else {
                Verdict::Write
            };
        }
        used.written = MAX_BYTES;
        used.dropped = used.dropped.saturating_add(bytes);
        self.suppressing = true;
        if was_held_back {
            Verdict::Drop
        } else {
            Verdict::Last
        }
    }
}
