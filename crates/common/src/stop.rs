//! The one stop signal of a process.
//!
//! SIGINT, SIGTERM, the RPC call `stop` and a window that ends all do the same: they cancel one token, and `main` takes
//! the process down in order. A second signal exits at once, unless it comes together with the first: whoever ends a
//! process and its group sends two. A child never exits at once: when its parent dies, the system sends SIGTERM once for
//! each of the parent's threads.

use std::io::{self, Write as _};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code after a second signal.
const IMPATIENT_EXIT: i32 = 1;
/// Signals that follow the first one within this time belong to it.
const ONE_WISH: Duration = Duration::from_secs(1);

/// Asks the process to stop, or tells that it was asked; clones are the same signal.
#[derive(Clone, Debug, Default)]
pub struct StopHandle {
    asked: CancellationToken,
    /// Set once the process no longer belongs to the parent that started it.
    alone: CancellationToken,
}

impl StopHandle {
    /// Returns a signal that nothing has triggered.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the process to stop. Any thread may do so, any number of times.
    pub fn stop(&self) {
        self.asked.cancel();
    }

    /// From now on SIGINT does what it does in a program without a parent: nobody else would stop this one.
    pub fn leave_parent(&self) {
        self.alone.cancel();
    }

    /// Returns true if the process was asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.asked.is_cancelled()
    }

    /// Returns when the process is asked to stop.
    pub async fn stopped(&self) {
        self.asked.cancelled().await;
    }

    /// Returns the token, for tasks that wait for several things.
    pub const fn token(&self) -> &CancellationToken {
        &self.asked
    }

    /// Waits for the stop in a thread that runs no tasks.
    ///
    /// # Errors
    /// What the system reports when no runtime can be made.
    pub fn wait_blocking(&self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(self.stopped());
        Ok(())
    }
}

/// What SIGINT does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnInterrupt {
    /// The process stops.
    Stop,
    /// The process says so on standard error and goes on: the terminal sends SIGINT to the parent too, and that one
    /// stops its children.
    WaitForParent {
        /// File name of this program.
        program: String,
    },
}

/// Listens to signals on a thread of its own, `signal`, until the process ends.
///
/// SIGTERM stops; SIGINT as `on_interrupt` says; SIGHUP opens the log file anew.
///
/// # Errors
/// What the system reports when the thread or the listeners cannot be made.
pub fn listen(stop: &StopHandle, on_interrupt: OnInterrupt) -> io::Result<()> {
    let (ready, is_ready) = sync_channel(1);
    let stop = stop.clone();
    std::thread::Builder::new()
        .name("signal".to_owned())
        .spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .build()
            {
                Ok(runtime) => runtime,
                Err(error) => {
                    // The caller waits for this message as long as the thread lives.
                    let _ = ready.send(Err(error));
                    return;
                }
            };
            runtime.block_on(async {
                match Listeners::new() {
                    Ok(listeners) => {
                        let _ = ready.send(Ok(()));
                        listeners.run(&stop, &on_interrupt).await;
                    }
                    Err(error) => {
                        let _ = ready.send(Err(error));
                    }
                }
            });
        })?;
    is_ready
        .recv()
        .unwrap_or_else(|_| Err(io::Error::other("the signal thread ended")))
}

struct Listeners {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Listeners {
    fn new() -> io::Result<Self> {
        // A limit on the size of files (`ulimit -f`) is an error of the write, as a full disk is, and no sudden death.
        let _caught_from_now_on =
            signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?;
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn run(mut self, stop: &StopHandle, on_interrupt: &OnInterrupt) {
        let mut asked: Option<Instant> = None;
        let mut stop_or_exit = || {
            let first = *asked.get_or_insert_with(Instant::now);
            if first.elapsed() >= ONE_WISH {
                crate::datadir::remove_owned_files();
                std::process::exit(IMPATIENT_EXIT);
            }
            stop.stop();
        };
        loop {
            let signal = tokio::select! {
                _ = self.interrupt.recv() => Heard::Interrupt,
                _ = self.terminate.recv() => Heard::Terminate,
                _ = self.hangup.recv() => Heard::Hangup,
            };
            let child_of = match on_interrupt {
                OnInterrupt::WaitForParent { program } if !stop.alone.is_cancelled() => {
                    Some(program)
                }
                _ => None,
            };
            match (signal, child_of) {
                (Heard::Interrupt, Some(program)) => tell_waiting(program),
                (Heard::Terminate, Some(_)) => stop.stop(),
                (Heard::Interrupt | Heard::Terminate, None) => stop_or_exit(),
                (Heard::Hangup, _) => {
                    if let Some(logger) = crate::log::installed() {
                        logger.reopen();
                    }
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Heard {
    Interrupt,
    Terminate,
    Hangup,
}

fn tell_waiting(program: &str) {
    let line = format!("[{program}] SIGINT received — waiting for parent to shut down.\n");
    // A closed terminal is no reason to stop.
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests;
