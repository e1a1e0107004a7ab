//! A node of our own: started, configured, reported when it ends.

use std::path::Path;
use std::time::{Duration, Instant};

use ipc_schema::{ChildProcess, Hello, Ipc, IpcError, Role};

use super::{End, Next, Up, Worker, now};
use crate::link::options::repaired;
use crate::link::state::{Exit, Origin, exit_words};
use crate::link::{Connection, Control};
use crate::page::words;

/// How long a crashed node is left alone before it is started again.
const PAUSE: i64 = 10;
/// Lines of the log that a report of a crash holds.
const LOG_LINES: usize = 30;

impl Worker {
    /// Starts an own node and stays with it.
    pub(super) async fn spawn(&mut self, ipc: &Ipc) -> Next {
        self.show(Connection::Connecting {
            origin: Origin::Spawned,
        })
        .await;
        let started = Instant::now();
        let (connection, child) = match ipc.spawn(&self.start.plan.program).await {
            Ok(pair) => pair,
            Err(error) => return self.stopped(at_start(words(&error), String::new())).await,
        };
        let up = match self.configure(connection, child.clone()).await {
            Ok(up) => up,
            Err(exit) => {
                let mut exit = *exit;
                if exit.status.is_empty() {
                    // It went without a word: the log knows why.
                    let ended = child.end().await;
                    let (cause, status, _) = exit_words(ended.code(), ended.signal());
                    (exit.cause, exit.status) = (cause, status);
                    (exit.log, exit.log_file) = self.log_tail().await;
                }
                return self.stopped(exit).await;
            }
        };
        self.with_spawned(ipc, up, child, started).await
    }

    async fn with_spawned(
        &mut self,
        ipc: &Ipc,
        mut up: Up,
        child: ChildProcess,
        started: Instant,
    ) -> Next {
        match self.serve(ipc, &mut up, Origin::Spawned).await {
            End::Window => Next::Finish,
            End::Gone => {
                let exit = self.crash_report(&child, started).await;
                self.stopped(exit).await
            }
            End::Asked(control) => match control {
                Control::Quit {
                    leave_running: true,
                } => {
                    self.quitting = true;
                    match up.node.detach().await {
                        Ok(_) => Next::Finish,
                        Err(error) => {
                            tracing::warn!(target: "ipc", "detach failed: {error}");
                            self.stop_in_order(&up).await;
                            Next::Finish
                        }
                    }
                }
                Control::Quit {
                    leave_running: false,
                } => {
                    self.quitting = true;
                    self.stop_in_order(&up).await;
                    Next::Finish
                }
                Control::Restart | Control::Repair(_) => {
                    if let Control::Repair(repair) = control {
                        self.repair = Some(repair);
                    }
                    self.stop_in_order(&up).await;
                    self.exits.forgive();
                    Next::Spawn
                }
                _ => {
                    self.stop_in_order(&up).await;
                    self.ended().await
                }
            },
        }
    }

    async fn configure(
        &mut self,
        connection: ipc_schema::Connection,
        child: ChildProcess,
    ) -> Result<Up, Box<Exit>> {
        let fail = |error: &IpcError| Box::new(at_start(words(error), String::new()));
        let identity = self.start.plan.identity.clone();
        if let Err(error) = connection
            .hello(Hello {
                identity,
                role: Role::Full,
            })
            .await
        {
            return Err(fail(&error));
        }
        let plan = std::sync::Arc::clone(&self.start.plan);
        let read = tokio::task::spawn_blocking(move || plan.options()).await;
        let mut options = match read {
            Ok(Ok(options)) => options,
            Ok(Err(error)) => {
                return Err(Box::new(at_start(error, "not started".to_owned())));
            }
            Err(_) => return Err(fail(&IpcError::Disconnected)),
        };
        if let Some(repair) = self.repair.take() {
            options = repaired(options, repair);
        }
        match connection.start_node(options).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let status = format!("exit status {}", error.exit_code);
                return Err(Box::new(at_start(error.text, status)));
            }
            Err(error) => return Err(fail(&error)),
        }
        // The second greeting tells coin and network, which the node knows only now.
        self.greet(connection, Some(child))
            .await
            .map_err(|error| fail(&error))
    }

    /// The node has stopped because it was asked to.
    pub(super) async fn ended(&mut self) -> Next {
        self.show(Connection::Ended).await;
        self.wait_for_start(None).await
    }

    /// Shows how the node ended and waits for a decision, or for the time of the next start.
    async fn stopped(&mut self, exit: Exit) -> Next {
        let restart_at = exit.restart_at;
        self.show(Connection::Stopped(exit)).await;
        self.wait_for_start(restart_at).await
    }

    async fn wait_for_start(&mut self, restart_at: Option<i64>) -> Next {
        let seconds = restart_at.map(|at| u64::try_from(at - now()).unwrap_or(0));
        let timer = tokio::time::sleep(Duration::from_secs(seconds.unwrap_or(0)));
        tokio::pin!(timer);
        loop {
            tokio::select! {
                () = &mut timer, if seconds.is_some() => return Next::Spawn,
                control = self.controls.recv() => match control {
                    None => return Next::Finish,
                    Some(Control::Quit { .. }) => {
                        self.quitting = true;
                        return Next::Finish;
                    }
                    Some(Control::Restart | Control::StartOwn | Control::TryNow) => {
                        self.exits.forgive();
                        return Next::Attach;
                    }
                    Some(Control::Repair(repair)) => {
                        self.repair = Some(repair);
                        self.exits.forgive();
                        return Next::Spawn;
                    }
                    Some(Control::StopTrying | Control::Stop) if seconds.is_some() => {
                        return Box::pin(self.wait_for_start(None)).await;
                    }
                    Some(_) => {}
                },
            }
        }
    }

    /// The last lines of the node's log, and where it is.
    async fn log_tail(&self) -> (Vec<String>, String) {
        let path = self.start.plan.network_dir.join("debug.log");
        let shown = path.display().to_string();
        let lines = tokio::task::spawn_blocking(move || last_lines(&path)).await;
        (lines.unwrap_or_default(), shown)
    }

    async fn crash_report(&mut self, child: &ChildProcess, started: Instant) -> Exit {
        let ended = child.end().await;
        let again = self.exits.note(started.elapsed());
        let (cause, status, killed) = exit_words(ended.code(), ended.signal());
        let (log, log_file) = self.log_tail().await;
        Exit {
            at: now(),
            cause,
            status,
            log,
            log_file,
            gave_up: !again,
            killed,
            restart_at: again.then(|| now() + PAUSE),
            at_start: false,
        }
    }
}

/// The node's own words about a start that failed.
fn at_start(cause: String, status: String) -> Exit {
    Exit {
        at: now(),
        cause,
        status,
        at_start: true,
        ..Exit::default()
    }
}

/// The last lines of a log, without reading all of it.
fn last_lines(path: &Path) -> Vec<String> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    const TAIL: u64 = 16 << 10;
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LOG_LINES);
    lines[from..]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}
