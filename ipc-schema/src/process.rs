//! Children: spawning, watching and ending them, and being one.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::io::FdFlags;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::sync::watch;

use crate::log::{debug_line, warn_line};
use crate::types::IpcError;

/// How long a child may take at each step of its end.
const GRACE: Duration = Duration::from_secs(10);
/// First pause before a dead child is started again; doubles up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// A child that dies within this time of its start counts as one that cannot live.
const SHORT_LIFE: Duration = Duration::from_secs(60);
/// How many short lives in a row end the restarts.
const MAX_SHORT_LIVES: u32 = 3;

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildExit {
    status: ExitStatus,
}

impl ChildExit {
    /// Its exit status, where it ended by itself.
    pub fn code(self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended it.
    pub fn signal(self) -> Option<i32> {
        self.status.signal()
    }

    /// In words for people.
    pub fn describe(self) -> String {
        match (self.code(), self.signal()) {
            (Some(code), _) => format!("it ended with status {code}"),
            (None, Some(9)) => {
                "it was killed (signal 9), perhaps because memory ran out".to_owned()
            }
            (None, signal) => format!("it was ended by signal {}", signal.unwrap_or_default()),
        }
    }
}

/// A spawned child. It is not ended with this handle, but by its closed connection.
#[derive(Clone, Debug)]
pub struct ChildProcess {
    name: String,
    pid: u32,
    child: Arc<Mutex<Option<Child>>>,
    exit: watch::Receiver<Option<ChildExit>>,
}

impl ChildProcess {
    /// Its process number.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for its end.
    pub async fn exited(&self) -> ChildExit {
        let mut exit = self.exit.clone();
        loop {
            if let Some(exit) = *exit.borrow_and_update() {
                return exit;
            }
            if exit.changed().await.is_err() {
                // The waiting thread failed; there is nothing to wait for.
                return ChildExit {
                    status: ExitStatus::from_raw(0),
                };
            }
        }
    }

    /// How it ended, if it has.
    pub fn exit(&self) -> Option<ChildExit> {
        *self.exit.borrow()
    }

    /// Waits for its end after its connection was closed: 10 s, then SIGTERM, 10 s, then SIGKILL.
    pub async fn end(&self) -> ChildExit {
        let name = &self.name;
        if let Ok(exit) = tokio::time::timeout(GRACE, self.exited()).await {
            return exit;
        }
        warn_line!(
            "Process {name} pid {} does not end: sending SIGTERM",
            self.pid
        );
        self.signal(Signal::TERM);
        if let Ok(exit) = tokio::time::timeout(GRACE, self.exited()).await {
            return exit;
        }
        warn_line!(
            "Process {name} pid {} does not end: sending SIGKILL",
            self.pid
        );
        self.signal(Signal::KILL);
        self.exited().await
    }

    /// Kills it at once.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        // While the child stands in here it is not reaped, so its number is still its own.
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pid) = child.as_ref().and_then(|child| pid_of(child.id())) {
            // Fails where it ended in between, which is what was wanted.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}

fn pid_of(number: u32) -> Option<Pid> {
    i32::try_from(number).ok().and_then(Pid::from_raw)
}

/// When to start a dead child again: at growing distance, and not for ever.
#[derive(Debug, Default)]
pub struct Restarts {
    short_lives: u32,
}

impl Restarts {
    /// Says how long to wait before the next start after a life of `lived`, or `None` where the
    /// child was started again three times in a row and died within a minute each time.
    pub fn after(&mut self, lived: Duration) -> Option<Duration> {
        if lived >= SHORT_LIFE {
            self.short_lives = 0;
        }
        self.short_lives += 1;
        if self.short_lives > MAX_SHORT_LIVES {
            return None;
        }
        Some((FIRST_PAUSE * (1 << (self.short_lives - 1))).min(MAX_PAUSE))
    }

    /// Forgets what was, after the user asked for a start.
    pub const fn reset(&mut self) {
        self.short_lives = 0;
    }
}

/// Spawns `program -ipcfd <n>` with one end of a socket pair; the other end comes back.
pub(crate) fn spawn(program: &Path) -> Result<(UnixStream, ChildProcess), IpcError> {
    let failed = |error: io::Error| IpcError::Spawn {
        program: program.display().to_string(),
        reason: system_text(&error),
    };
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    let theirs = OwnedFd::from(theirs);
    let number = theirs.as_raw_fd();
    let mut command = Command::new(program);
    command.arg("-ipcfd").arg(number.to_string());
    inherit(&mut command, number);
    let name = program
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let child = start_and_watch(name, command).map_err(failed)?;
    drop(theirs);
    Ok((ours, child))
}

/// Lets the child keep descriptor `number`, which closes by itself in every other program.
#[expect(
    unsafe_code,
    reason = "only code between fork and exec can do it for one child alone"
)]
fn inherit(command: &mut Command, number: RawFd) {
    let keep = move || {
        // SAFETY: the parent holds the descriptor until the child has been started.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        rustix::io::fcntl_setfd(descriptor, FdFlags::empty())?;
        Ok(())
    };
    // SAFETY: the closure makes one system call and neither allocates nor locks.
    unsafe { command.pre_exec(keep) };
}

/// Starts a child on a thread that lives as long as the child: the system takes the end of the thread that started a
/// program for the end of its parent (see [`die_with_parent`]).
fn start_and_watch(name: String, mut command: Command) -> io::Result<ChildProcess> {
    let (tell, exit) = watch::channel(None);
    let (started, is_started) = sync_channel(1);
    let program = name.clone();
    std::thread::Builder::new()
        .name("childwait".to_owned())
        .spawn(move || {
            let child = match command.spawn() {
                Ok(child) => child,
                Err(error) => {
                    let _ = started.send(Err(error));
                    return;
                }
            };
            let pid = child.id();
            debug_line!("Process {program} pid {pid} launched");
            let slot = Arc::new(Mutex::new(Some(child)));
            // Nobody waits for it only where the whole program ends.
            let _ = started.send(Ok((pid, Arc::clone(&slot))));
            if let Some(status) = wait_for_exit(pid, &slot) {
                debug_line!(
                    "Process {program} pid {pid} exited with status {}",
                    status.into_raw()
                );
                tell.send_replace(Some(ChildExit { status }));
            }
        })?;
    let (pid, child) = is_started
        .recv()
        .unwrap_or_else(|_| Err(io::Error::other("the thread of the child ended")))?;
    Ok(ChildProcess {
        name,
        pid,
        child,
        exit,
    })
}

fn wait_for_exit(pid: u32, slot: &Mutex<Option<Child>>) -> Option<ExitStatus> {
    if let Some(pid) = pid_of(pid) {
        // Waits without taking the status, so that the number stays the child's.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while rustix::process::waitid(WaitId::Pid(pid), options)
            .is_err_and(|error| error == rustix::io::Errno::INTR)
        {}
    }
    let child = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    child.and_then(|mut child| child.wait().ok())
}

/// Takes over the descriptor that a parent names after `-ipcfd`.
///
/// # Errors
/// Core's text where `text` is no number, the system's where there is no such socket.
#[expect(unsafe_code, reason = "the parent hands over a bare number")]
pub fn inherited_socket(text: &str) -> Result<OwnedFd, String> {
    let number: RawFd = text
        .parse()
        .ok()
        .filter(|number| *number >= 0)
        .ok_or_else(|| format!("Invalid -ipcfd number '{text}' (it must be a descriptor)"))?;
    let invalid = |error: rustix::io::Errno| {
        format!(
            "Invalid -ipcfd number '{text}' ({})",
            system_text(&error.into())
        )
    };
    // SAFETY: a descriptor that is not open makes the calls below fail and does nothing else. What
    // the parent opened for this program nobody else in it knows of.
    let inherited = unsafe { BorrowedFd::borrow_raw(number) };
    rustix::net::getpeername(inherited).map_err(invalid)?;
    let ours = rustix::io::fcntl_dupfd_cloexec(inherited, 3).map_err(invalid)?;
    // SAFETY: as above; from here on only the copy is used, so the connection ends with it.
    unsafe { rustix::io::close(number) };
    die_with_parent(true);
    Ok(ours)
}

/// The thread that asked for the signal, which the system keeps for it alone; it ends with the sender.
#[cfg(target_os = "linux")]
static PARENT_WATCH: Mutex<Option<(SyncSender<()>, JoinHandle<()>)>> = Mutex::new(None);

/// Asks the system for SIGTERM when the parent dies, or no longer asks (after a detach). The end
/// of the connection says the same; this reaches a program that is too busy to read it.
#[cfg(target_os = "linux")]
pub fn die_with_parent(with: bool) {
    let mut watch = PARENT_WATCH.lock().unwrap_or_else(PoisonError::into_inner);
    if !with {
        if let Some((hold, asking)) = watch.take() {
            drop(hold);
            // Whoever is told of the detach may end at once, and the signal must be off by then.
            let _ = asking.join();
        }
        return;
    }
    if watch.is_some() {
        return;
    }
    let (hold, released) = sync_channel::<()>(0);
    let asking = std::thread::Builder::new()
        .name("parentwatch".to_owned())
        .spawn(move || {
            // A system that cannot leaves the end of the connection as the sign.
            let _ = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
            // Nothing is ever sent: this waits for the sender to go.
            let _ = released.recv();
            let _ = rustix::process::set_parent_process_death_signal(None);
        });
    if let Ok(asking) = asking {
        *watch = Some((hold, asking));
    }
}

/// Does nothing where the system has no such signal: the end of the connection says the same.
#[cfg(not(target_os = "linux"))]
pub fn die_with_parent(_with: bool) {}

/// The system's words for an error, without its number.
pub(crate) fn system_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_slow_down_and_end() {
        let mut restarts = Restarts::default();
        let short = Duration::from_secs(1);
        assert_eq!(restarts.after(short), Some(Duration::from_millis(500)));
        assert_eq!(restarts.after(short), Some(Duration::from_secs(1)));
        assert_eq!(restarts.after(short), Some(Duration::from_secs(2)));
        assert_eq!(restarts.after(short), None);
        restarts.reset();
        assert_eq!(restarts.after(short), Some(Duration::from_millis(500)));
        assert_eq!(restarts.after(SHORT_LIFE), Some(Duration::from_millis(500)));
    }

    #[test]
    fn bad_descriptors_are_named() {
        assert!(
            inherited_socket("x")
                .unwrap_err()
                .starts_with("Invalid -ipcfd number 'x' (")
        );
        assert!(
            inherited_socket("-1")
                .unwrap_err()
                .starts_with("Invalid -ipcfd number '-1' (")
        );
        let error = inherited_socket("987").unwrap_err();
        assert_eq!(error, "Invalid -ipcfd number '987' (Bad file descriptor)");
    }
}
