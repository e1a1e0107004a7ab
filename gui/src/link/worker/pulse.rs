//! Whether a connected node still answers: it may be stopped or busy without the connection telling.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;

use super::now;

/// How often the node is asked whether it is there, and how long it may take to say so.
const PULSE: Duration = Duration::from_secs(5);

/// Asks a node again and again whether it is there, without asking it for anything.
pub(super) struct Pulse {
    connection: ipc_schema::Connection,
    asked: Option<Pin<Box<dyn Future<Output = bool> + Send>>>,
    due: Instant,
    since: i64,
    told: bool,
}

impl Pulse {
    pub(super) fn new(connection: ipc_schema::Connection) -> Self {
        Self {
            connection,
            asked: None,
            due: Instant::now() + PULSE,
            since: 0,
            told: false,
        }
    }

    /// Waits for a change: silent since then, or (`None`) heard again.
    pub(super) async fn beat(&mut self) -> Option<i64> {
        loop {
            let Some(asked) = &mut self.asked else {
                tokio::time::sleep_until(self.due).await;
                let connection = self.connection.clone();
                self.since = now();
                self.due = Instant::now() + PULSE;
                let ask = async move { connection.echo(String::new(), 1).await.is_ok() };
                self.asked = Some(Box::pin(ask));
                continue;
            };
            tokio::select! {
                // An error is the end of the connection, which is told elsewhere.
                _answered = asked => {
                    self.asked = None;
                    if std::mem::take(&mut self.told) {
                        return None;
                    }
                }
                () = tokio::time::sleep_until(self.due), if !self.told => {
                    self.told = true;
                    return Some(self.since);
                }
            }
        }
    }
}
