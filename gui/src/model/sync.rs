//! How long the chain will still take: a range, and only when the pace is steady.

use std::collections::VecDeque;

use super::clock;

/// Samples are kept for this long, in seconds.
const WINDOW: i64 = 1200;
/// No estimate before this much steady work, in seconds.
const STEADY: i64 = 120;
/// Nothing moved for this long: say what it waits for, in seconds.
const STALLED: i64 = 60;

/// The pace of the initial download, or of other long work.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pace {
    samples: VecDeque<(i64, f64)>,
    best: f64,
    moved: i64,
    height: u32,
    /// Seconds more than usual that may pass without a word.
    patience: i64,
}

impl Pace {
    /// The pace of work that tells of whole percents, which may be minutes apart.
    pub fn in_steps() -> Self {
        Self {
            patience: WINDOW - STALLED,
            ..Self::default()
        }
    }

    /// Takes a sample: the clock, the share of the work that is done, the height.
    pub fn sample(&mut self, now: i64, progress: f64, height: u32) {
        if progress > self.best || height > self.height || self.samples.is_empty() {
            self.moved = now;
        }
        self.best = self.best.max(progress);
        self.height = self.height.max(height);
        if self.samples.back().is_none_or(|(time, _)| now >= time + 5) {
            self.samples.push_back((now, self.best));
        }
        while self
            .samples
            .front()
            .is_some_and(|(time, _)| now - time > WINDOW)
        {
            self.samples.pop_front();
        }
    }

    /// The share of the work that is done; never goes back.
    pub fn progress(&self) -> f64 {
        self.best
    }

    /// Seconds since anything moved, once that is long.
    pub fn stalled(&self, now: i64) -> Option<i64> {
        let age = now - self.moved;
        (!self.samples.is_empty() && age >= STALLED + self.patience).then_some(age)
    }

    /// Seconds still to go, least and most; `None` until the pace is steady.
    pub fn remaining(&self, now: i64) -> Option<(i64, i64)> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        if last.0 - first.0 < STEADY || self.stalled(now).is_some() {
            return None;
        }
        let middle = self.samples.get(self.samples.len() / 2)?;
        let rate = |from: &(i64, f64), to: &(i64, f64)| {
            #[expect(clippy::cast_precision_loss, reason = "seconds of an hour at most")]
            let seconds = (to.0 - from.0).max(1) as f64;
            (to.1 - from.1) / seconds
        };
        let (early, late) = (rate(first, middle), rate(middle, last));
        let (slow, fast) = (early.min(late), early.max(late));
        // Halves that differ by more than three times are no steady pace.
        if slow <= 0.0 || fast > slow * 3.0 {
            return None;
        }
        let left = 1.0 - self.best;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "float to integer saturates"
        )]
        let seconds = |rate: f64| (left / rate) as i64;
        Some((seconds(fast), seconds(slow)))
    }

    /// The time left in words.
    pub fn words(&self, now: i64) -> Option<String> {
        let (least, most) = self.remaining(now)?;
        let (least, most) = (clock::duration(least), clock::duration(most));
        Some(if least == most {
            format!("About {most}")
        } else {
            format!("About {least} to {most}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_estimate_before_two_steady_minutes() {
        let mut pace = Pace::default();
        for second in 0..100 {
            pace.sample(second, 0.001 * second as f64, 1);
        }
        assert_eq!(pace.remaining(100), None);
        for second in 100..200 {
            pace.sample(second, 0.001 * second as f64, 1);
        }
        let (least, most) = pace.remaining(200).expect("steady for 200 s");
        assert!(
            (780..=830).contains(&least) && least <= most,
            "{least}..{most}"
        );
    }

    #[test]
    fn a_jumpy_pace_gives_no_number() {
        let mut pace = Pace::default();
        for second in 0..200 {
            let slow = 0.000_01 * second.min(100) as f64;
            pace.sample(second, slow + 0.001 * (second - 100).max(0) as f64, 1);
        }
        assert_eq!(pace.remaining(200), None);
    }

    #[test]
    fn progress_never_goes_back_and_a_stall_is_named() {
        let mut pace = Pace::default();
        pace.sample(0, 0.5, 100);
        pace.sample(10, 0.4, 99);
        assert!((pace.progress() - 0.5).abs() < f64::EPSILON);
        assert_eq!(pace.stalled(30), None);
        assert_eq!(pace.stalled(75), Some(75));
        assert_eq!(pace.remaining(75), None);
    }
}
