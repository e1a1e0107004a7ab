//! The trace that measures are made of: JSON lines with a monotonic clock, written when `BITQ_TRACE` names a file.

use std::io::Write as _;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Lines that wait for the disk.
const QUEUE: usize = 4096;
/// How often the heartbeat beats while tracing.
pub const BEAT: Duration = Duration::from_millis(20);
/// How often it is told how the heart beats.
const SUMMARY: Duration = Duration::from_secs(1);
/// Updates longer than this are told one by one.
const LONG: Duration = Duration::from_millis(8);

/// The trace of one run.
#[derive(Debug)]
pub struct Trace {
    lines: SyncSender<Value>,
    begun: Instant,
    /// Milliseconds between the start of the process and `begun`.
    before: f64,
    longest_update: Duration,
    longest_gap: Duration,
    /// The longest gap since the last summary.
    recent_gap: Duration,
    last_beat: Option<Instant>,
    beats: u64,
    reported: Instant,
}

impl Trace {
    /// Opens the trace, if the environment asks for one.
    pub fn from_environment() -> Option<Self> {
        let path = std::env::var_os("BITQ_TRACE")?;
        let file = std::fs::File::create(Path::new(&path)).ok()?;
        let (lines, queue) = sync_channel::<Value>(QUEUE);
        let write = move || {
            let mut file = std::io::BufWriter::new(file);
            for line in queue {
                if writeln!(file, "{line}")
                    .and_then(|()| file.flush())
                    .is_err()
                {
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .name("trace".to_owned())
            .spawn(write)
            .ok()?;
        let begun = Instant::now();
        let mut trace = Self {
            lines,
            begun,
            before: process_age_ms().unwrap_or(0.0),
            longest_update: Duration::ZERO,
            longest_gap: Duration::ZERO,
            recent_gap: Duration::ZERO,
            last_beat: None,
            beats: 0,
            reported: begun,
        };
        trace.event("startup", json!({}));
        Some(trace)
    }

    /// Tells an event; `more` is an object with details.
    pub fn event(&mut self, name: &str, more: Value) {
        let since_begin = self.begun.elapsed().as_secs_f64() * 1000.0;
        let mut line = json!({"event": name, "ms": self.before + since_begin});
        if let (Some(line), Some(more)) = (line.as_object_mut(), more.as_object()) {
            line.extend(more.clone());
        }
        // A full queue means that the disk is stuck; the window must not wait for it.
        drop(self.lines.try_send(line));
    }

    /// Notes how long an update took.
    pub fn update(&mut self, took: Duration, message: &str) {
        if took > self.longest_update || took > LONG {
            self.longest_update = self.longest_update.max(took);
            self.event(
                "update",
                json!({"took_ms": took.as_secs_f64() * 1000.0, "of": message}),
            );
        }
    }

    /// Notes a heartbeat; the largest gap between two is what the window did not answer for. A gap is told when it is
    /// over: a window that stands still for good is one whose beats are no longer counted up.
    pub fn beat(&mut self) {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let now = Instant::now();
        self.beats += 1;
        if let Some(last) = self.last_beat.replace(now) {
            let gap = (now - last).saturating_sub(BEAT);
            self.recent_gap = self.recent_gap.max(gap);
            if gap > self.longest_gap {
                self.longest_gap = gap;
                self.event("heartbeat_gap", json!({"gap_ms": ms(gap)}));
            }
        }
        if self.reported.elapsed() >= SUMMARY {
            self.reported = now;
            let more = json!({
                "beats": self.beats,
                "gap_ms": ms(self.longest_gap),
                "recent_gap_ms": ms(std::mem::take(&mut self.recent_gap)),
                "update_ms": ms(self.longest_update),
            });
            self.event("summary", more);
        }
    }
}

/// Milliseconds since this process was started, from `/proc`.
fn process_age_ms() -> Option<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program is in parentheses and may hold anything.
    let after_name = stat.rsplit_once(')')?.1;
    let started: f64 = after_name.split_whitespace().nth(19)?.parse().ok()?;
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    Some(((uptime - started / TICKS_PER_SECOND) * 1000.0).max(0.0))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_age_of_this_process_is_known_on_linux() {
        if std::path::Path::new("/proc/self/stat").exists() {
            let age = super::process_age_ms().expect("readable");
            assert!((0.0..3_600_000.0).contains(&age), "{age}");
        }
    }
}
