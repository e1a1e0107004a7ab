//! A process of its own that is killed at a named place.
//!
//! The log names the places: the process stands still at a line that its parent chose, and says so.

use std::fmt;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Where the child finds its directory. Without it, the child's test does nothing.
pub(crate) const DIR: &str = "BITQ_KILL_TEST_DIR";
/// What the child does.
pub(crate) const WORK: &str = "BITQ_KILL_TEST_WORK";
/// The child's line at its place.
const PLACE: &str = "BITQ_KILL_TEST_PLACE";
/// How often that line comes before the child stands still.
const COUNT: &str = "BITQ_KILL_TEST_COUNT";
/// Said where the child stands still.
const HERE: &str = "here";
/// Said at the end of the work.
const DONE: &str = "all done";
/// Said before the number of blocks that the chain has taken so far.
const STORED: &str = "stored ";
/// How long a child may take for anything.
const PATIENCE: Duration = Duration::from_secs(300);

/// Where the child is killed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kill {
    /// When it logs a line that begins like this for the so-many-th time.
    At(&'static str, u32),
    /// After this time, if it has not ended by then.
    After(Duration),
}

/// How far the child came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Killed {
    /// Blocks that it was told are stored.
    pub(crate) stored: usize,
    /// Whether its work was done before.
    pub(crate) done: bool,
}

/// Kills a child that does `work` in `dir`. It is the test `child` of the same program.
///
/// A child that ends in another way than it should fails the test, which shows what it wrote.
pub(crate) fn run_and_kill(dir: &Path, work: &str, kill: Kill) -> Killed {
    let errors = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child", "--nocapture"])
        .env(DIR, dir)
        .env(WORK, work)
        .stdout(Stdio::piped())
        .stderr(errors.reopen().unwrap());
    let patience = match kill {
        Kill::At(place, count) => {
            command.env(PLACE, place).env(COUNT, count.to_string());
            PATIENCE
        }
        Kill::After(time) => time,
    };
    let mut child = command.spawn().unwrap();
    let (send, receive) = sync_channel(1);
    let listener = listen(&mut child, send);
    let ended = receive.recv_timeout(patience);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    let stored = listener.join().unwrap();
    let done = match (ended, kill) {
        (Ok(line), Kill::At(..)) if line == HERE => false,
        (Err(RecvTimeoutError::Timeout), Kill::After(_)) => false,
        (Ok(line), _) if line == DONE => true,
        (ended, _) => panic!(
            "a child for {work}, to be killed {kill:?}: {ended:?}, {status}\n{}",
            std::fs::read_to_string(errors.path()).unwrap()
        ),
    };
    Killed { stored, done }
}

/// Reads what the child says, and passes its last line on; gives the blocks that it has stored.
fn listen(child: &mut Child, send: std::sync::mpsc::SyncSender<String>) -> JoinHandle<usize> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    std::thread::spawn(move || {
        let mut stored = 0;
        for line in lines.map_while(Result::ok) {
            if let Some(count) = line.strip_prefix(STORED) {
                stored = count.parse().unwrap();
            } else if line == HERE || line == DONE {
                // Whoever waits may have lost patience.
                let _gone = send.send(line);
            }
        }
        stored
    })
}

fn say(line: &str) {
    // In one piece, since others write between pieces.
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// In the child: so many blocks are stored.
pub(crate) fn say_stored(count: usize) {
    say(&format!("{STORED}{count}"));
}

/// In the child: all is done. It is killed or ends.
pub(crate) fn say_done() {
    say(DONE);
}

/// In the child: from now on it stands still where its parent wants.
pub(crate) fn stand_still_at_place() {
    let Ok(place) = std::env::var(PLACE) else {
        return;
    };
    let left = AtomicU32::new(std::env::var(COUNT).unwrap().parse().unwrap());
    tracing::subscriber::set_global_default(StandStill { place, left }).unwrap();
}

/// Reads the log, and stands still at a line.
struct StandStill {
    place: String,
    left: AtomicU32,
}

impl Subscriber for StandStill {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        if !message.0.starts_with(&self.place) || self.left.fetch_sub(1, Ordering::Relaxed) != 1 {
            return;
        }
        say(HERE);
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            std::thread::park_timeout(PATIENCE);
        }
        std::process::abort();
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
