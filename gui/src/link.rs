//! The way to node and wallet: who starts them, who reconnects, and the handles that pages call.

pub mod files;
pub mod instance;
pub mod options;
pub mod probe;
pub mod state;
mod worker;

use std::sync::Arc;

use ipc_schema::{IpcError, NodeClient, NodeEvent, Session, Task, WalletClient, WalletEvent};
use tokio::sync::mpsc;

pub use options::Plan;
pub use state::Connection;
pub use worker::run;

/// What the window asks of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Stop the node in order and start it again.
    Restart,
    /// Start an own node another way than usual, once.
    Repair(Repair),
    /// Stop the node in order.
    Stop,
    /// Make the next attempt now.
    TryNow,
    /// Give the lost node up and start an own one.
    StartOwn,
    /// Make no further attempts.
    StopTrying,
    /// Start the wallet process again.
    RestartWallet,
    /// The window closes; whether the node goes on.
    Quit {
        /// It goes on without the window.
        leave_running: bool,
    },
}

/// Ways to start a node that does not live as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// The coins are made anew from the blocks (`-reindex-chainstate`).
    Chainstate,
    /// Index and coins are made anew from the block files (`-reindex`).
    Index,
    /// A small cache (`-dbcache`).
    SmallCache,
    /// Without the wallets that cannot be opened (`-skipbrokenwallets`).
    SkipBroken,
    /// No wallets (`-disablewallet`).
    NoWallets,
}

impl Repair {
    /// The option that does it, and its value.
    pub const fn option(self) -> (&'static str, &'static str) {
        match self {
            Self::Chainstate => ("reindex-chainstate", "1"),
            Self::Index => ("reindex", "1"),
            Self::SmallCache => ("dbcache", "300"),
            Self::SkipBroken => ("skipbrokenwallets", "1"),
            Self::NoWallets => ("disablewallet", "1"),
        }
    }
}

/// What the link tells.
#[derive(Debug, Clone)]
pub enum Event {
    /// It is at work and takes [`Control`]s here.
    Ready(mpsc::Sender<Control>),
    /// How we stand with the node now.
    Connection(Connection),
    /// The node answers.
    Node(NodeClient, Box<Session>),
    /// The node told something.
    Told(NodeEvent),
    /// The wallets can be used.
    Wallet(WalletClient),
    /// They no longer can.
    WalletGone,
    /// Tasks of the wallet process.
    WalletTasks(Vec<Task>),
    /// The node has not answered since then, in seconds since 1970; `None`: it answers again.
    Silent(Option<i64>),
    /// What [`Control::Quit`] waited for is done.
    MayQuit,
}

/// The handles that pages call. Cheap to clone; a call on a handle that is not there fails at once.
#[derive(Debug, Clone, Default)]
pub struct Link {
    node: Option<NodeClient>,
    wallet: Option<WalletClient>,
    control: Option<mpsc::Sender<Control>>,
    /// Counts connections to the wallet process: a subscription belongs to one of them.
    generation: u64,
}

impl Link {
    /// The node.
    ///
    /// # Errors
    /// [`IpcError::Disconnected`] while there is none.
    pub fn node(&self) -> Result<NodeClient, IpcError> {
        self.node.clone().ok_or(IpcError::Disconnected)
    }

    /// The wallets.
    ///
    /// # Errors
    /// [`IpcError::Disconnected`] while there are none.
    pub fn wallet(&self) -> Result<WalletClient, IpcError> {
        self.wallet.clone().ok_or(IpcError::Disconnected)
    }

    /// Asks for something; whether the link took it.
    pub fn tell(&self, control: Control) -> bool {
        self.control
            .as_ref()
            .is_some_and(|sender| sender.try_send(control).is_ok())
    }

    /// Takes over handles from an event.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Ready(control) => self.control = Some(control.clone()),
            Event::Node(node, _) => self.node = Some(node.clone()),
            Event::Wallet(wallet) => {
                self.wallet = Some(wallet.clone());
                self.generation += 1;
            }
            Event::WalletGone => self.wallet = None,
            Event::Connection(connection) if !connection.is_up() => {
                self.node = None;
                self.wallet = None;
            }
            Event::Connection(_)
            | Event::Told(_)
            | Event::WalletTasks(_)
            | Event::Silent(_)
            | Event::MayQuit => {}
        }
    }

    /// A subscription to the changes of a wallet.
    pub fn watch(&self, name: &str) -> Option<Watch> {
        let client = self.wallet.clone()?;
        Some(Watch {
            name: name.to_owned(),
            generation: self.generation,
            client,
        })
    }
}

/// Which wallet of which connection is watched.
#[derive(Debug, Clone)]
pub struct Watch {
    name: String,
    generation: u64,
    client: WalletClient,
}

impl std::hash::Hash for Watch {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.name, self.generation).hash(state);
    }
}

impl Watch {
    /// The events of the wallet, with its name, until it is closed or the connection ends.
    pub fn events(&self) -> iced::futures::stream::BoxStream<'static, (String, WalletEvent)> {
        use iced::futures::{SinkExt as _, StreamExt as _};
        let Self { name, client, .. } = self.clone();
        iced::stream::channel(
            16,
            async move |mut out: iced::futures::channel::mpsc::Sender<_>| {
                let Ok(mut events) = client.subscribe(name.clone()).await else {
                    // The wallet was closed in between; the list of wallets says so.
                    return;
                };
                while let Some(event) = events.recv().await {
                    if out.send((name.clone(), event)).await.is_err() {
                        return;
                    }
                }
            },
        )
        .boxed()
    }
}

/// What a link is started with; equal plans are the same link.
#[derive(Debug, Clone)]
pub struct Start {
    /// Counts links of this window.
    pub number: u64,
    /// How to reach or start the node.
    pub plan: Arc<Plan>,
}

impl std::hash::Hash for Start {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

/// Opens a file with the program that the desktop has for it.
///
/// # Errors
/// A sentence where there is no such program.
pub async fn open_path(path: String) -> Result<(), String> {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let open = move || {
        let mut child = std::process::Command::new(opener)
            .arg(&path)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .map_err(|error| format!("Cannot open {path}: {error}."))?;
        // Waits so that no dead process is left behind.
        match child.wait() {
            Ok(status) if status.success() => Ok(()),
            _ => Err(format!("No program on this desktop opens {path}.")),
        }
    };
    let opened = tokio::task::spawn_blocking(open).await;
    opened.unwrap_or_else(|_| Err("Opening the file failed.".to_owned()))
}
