//! A node that was there before: found, lost, waited for, left.

use std::path::{Path, PathBuf};

use ipc_schema::{ConnectAddress, FaultCode, Ipc, IpcError};

use super::{End, Next, Up, Worker, now};
use crate::app::rights;
use crate::link::state::{Origin, wait_before};
use crate::link::{Connection, Control};
use crate::page::words;

impl Worker {
    /// Looks for a running node; stays with it as long as it is there.
    pub(super) async fn attach_once(&mut self, ipc: &Ipc) -> Next {
        let (path, must) = match &self.start.plan.connect {
            ConnectAddress::Auto(path) => (path.clone(), false),
            ConnectAddress::Socket(path) => (path.clone(), true),
            ConnectAddress::Never => return Next::Spawn,
        };
        self.show(Connection::Connecting {
            origin: Origin::Attached,
        })
        .await;
        let up = match self.connect(ipc, &path).await {
            Ok(up) => up,
            Err(IpcError::Connect { absent: true, .. }) if !must => return Next::Spawn,
            Err(error) => return self.refused(ipc, &error, &path).await,
        };
        self.attached(ipc, up, path).await
    }

    async fn attached(&mut self, ipc: &Ipc, mut up: Up, path: PathBuf) -> Next {
        loop {
            match self.serve(ipc, &mut up, Origin::Attached).await {
                End::Window => return Next::Finish,
                End::Asked(control) => return self.leave_attached(up, control).await,
                End::Gone => {}
            }
            match self.wait_for_return(ipc, &path).await {
                Ok(back) => up = back,
                Err(next) => return next,
            }
        }
    }

    /// The attached node is gone: tries again at growing distance.
    async fn wait_for_return(&mut self, ipc: &Ipc, path: &Path) -> Result<Up, Next> {
        let since = now();
        let mut attempts = 0;
        let mut reason = "the node closed the connection".to_owned();
        let mut trying = true;
        loop {
            let wait = wait_before(attempts + 1);
            let due = now() + i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
            let next = trying.then_some(due);
            self.show(Connection::Lost {
                since,
                attempts,
                next,
                reason: reason.clone(),
            })
            .await;
            let control = tokio::select! {
                control = self.controls.recv() => Some(control.ok_or(Next::Finish)?),
                () = tokio::time::sleep(wait), if trying => None,
            };
            match control {
                None | Some(Control::TryNow | Control::Restart) => {}
                Some(Control::StartOwn) => return Err(Next::Spawn),
                Some(Control::StopTrying | Control::Stop) => {
                    trying = false;
                    continue;
                }
                Some(Control::RestartWallet | Control::Repair(_)) => continue,
                Some(Control::Quit { .. }) => {
                    self.quitting = true;
                    return Err(Next::Finish);
                }
            }
            attempts += 1;
            match self.connect(ipc, path).await {
                Ok(up) => return Ok(up),
                Err(IpcError::Fault(fault)) if fault.code == FaultCode::Mismatch => {
                    return Err(self.refused(ipc, &IpcError::Fault(fault), path).await);
                }
                Err(error) => reason = words(&error),
            }
        }
    }

    async fn leave_attached(&mut self, up: Up, control: Control) -> Next {
        match control {
            Control::Quit { leave_running } => {
                self.quitting = true;
                if !leave_running {
                    self.stop_in_order(&up).await;
                }
                up.connection.close();
                Next::Finish
            }
            Control::Stop => {
                self.stop_in_order(&up).await;
                self.ended().await
            }
            Control::Restart => {
                self.stop_in_order(&up).await;
                Next::Spawn
            }
            Control::StartOwn => Next::Spawn,
            _ => Next::Attach,
        }
    }

    /// Says why a node cannot be used, and waits for a decision.
    async fn refused(&mut self, ipc: &Ipc, error: &IpcError, path: &Path) -> Next {
        let reason = match error {
            IpcError::Connect { reason, .. } => {
                let help = rights(reason, path, false).unwrap_or_default();
                format!(
                    "The socket {} cannot be used: {reason}. {help}",
                    path.display()
                )
            }
            _ => words(error),
        };
        let mismatch = error
            .fault()
            .is_some_and(|fault| fault.code == FaultCode::Mismatch);
        let other = if mismatch {
            self.chain_at(ipc, path).await
        } else {
            None
        };
        self.show(Connection::Refused { reason, other }).await;
        loop {
            match self.controls.recv().await {
                None => return Next::Finish,
                Some(Control::StartOwn) => return Next::Spawn,
                Some(Control::TryNow | Control::Restart) => return Next::Attach,
                Some(Control::Quit { .. }) => {
                    self.quitting = true;
                    return Next::Finish;
                }
                Some(
                    Control::Stop
                    | Control::StopTrying
                    | Control::RestartWallet
                    | Control::Repair(_),
                ) => {}
            }
        }
    }
}
