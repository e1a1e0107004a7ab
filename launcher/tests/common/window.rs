//! A window's part for tests: it starts children over socket pairs and speaks to nodes.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ipc_schema::{
    Connection, Hello, Identity, Ipc, IpcConfig, Limits, NodeClient, NodeEvent, NodeTopics,
    OptionLayer, OptionValues, PROTOCOL, SettingSource, StartError, StartOptions,
};
use serde_json::json;
use testkit::process::{
    Ended, Folder, Node, PATIENCE, RpcClient, program, read_text, wait_for, wait_until,
};
use tokio::sync::mpsc;

/// A child and our end of its socket.
pub(crate) struct Spawned {
    pub(crate) child: Child,
    pub(crate) socket: Option<UnixStream>,
    /// Files with its output.
    pub(crate) folder: Folder,
}

/// Starts a program the way a window does; its descriptor 0 is the socket.
pub(crate) fn spawn(name: &str) -> Spawned {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let folder = Folder::new();
    let open = |name| std::fs::File::create(folder.path().join(name)).unwrap();
    let child = Command::new(program(name))
        .args(["-ipcfd", "0"])
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(open("stdout"))
        .stderr(open("stderr"))
        .spawn()
        .unwrap();
    Spawned {
        child,
        socket: Some(ours),
        folder,
    }
}

impl Spawned {
    pub(crate) fn stderr(&self) -> String {
        read_text(&self.folder.path().join("stderr"))
    }

    pub(crate) fn wait(&mut self, limit: Duration) -> Ended {
        let status = wait_for("the child to end", limit, || self.child.try_wait().unwrap());
        Ended {
            code: status.code(),
            stdout: read_text(&self.folder.path().join("stdout")),
            stderr: self.stderr(),
        }
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The settings that a window would hand over.
pub(crate) fn options(folder: &Path, port: u16, more: &[(&str, &str)]) -> StartOptions {
    let datadir = folder.display().to_string();
    let port = port.to_string();
    let usual = [
        ("datadir", datadir.as_str()),
        ("coin", "bitquantum"),
        ("chain", "regtest"),
        ("rpcport", &port),
        ("server", "1"),
        ("listen", "0"),
        ("printtoconsole", "0"),
    ];
    let options = usual.iter().chain(more).map(|(name, value)| OptionValues {
        name: (*name).to_owned(),
        values: vec![json!(value).to_string()],
    });
    StartOptions {
        layers: vec![OptionLayer {
            source: SettingSource::CommandLine,
            section: String::new(),
            options: options.collect(),
        }],
        config_path: String::new(),
    }
}

/// What a window says first.
pub(crate) fn hello() -> Hello {
    Hello {
        identity: Identity {
            protocol: PROTOCOL,
            program: "window".to_owned(),
            ..Identity::default()
        },
        ..Hello::default()
    }
}

/// A window's side: a thread of its own for IPC, and the calls a test makes.
pub(crate) struct Window {
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) ipc: Ipc,
}

impl Window {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let ipc = Ipc::start(IpcConfig {
            program: "window".to_owned(),
            runtime: runtime.handle().clone(),
            limits: Limits::default(),
        });
        Self {
            runtime,
            ipc: ipc.unwrap(),
        }
    }

    /// Attaches to a node that listens on its usual socket.
    pub(crate) fn attach(&self, node: &Node, topics: NodeTopics) -> Attached<'_> {
        let socket = node.file("node.sock");
        wait_until("the node's socket", PATIENCE, || socket.exists());
        self.runtime.block_on(async {
            let connection = self.ipc.connect(&socket).await.unwrap();
            connection.hello(hello()).await.unwrap();
            let client = connection.node().await.unwrap();
            Attached {
                window: self,
                events: client.subscribe(topics).await.unwrap(),
                client,
                _connection: connection,
            }
        })
    }

    /// Configures a spawned node.
    pub(crate) fn start(
        &self,
        node: &mut Spawned,
        options: StartOptions,
    ) -> Result<Connection, StartError> {
        let socket = node.socket.take().unwrap();
        self.runtime.block_on(async {
            let connection = self.ipc.adopt(socket).await.unwrap();
            connection.hello(hello()).await.unwrap();
            let node = connection.start_node(options).await.unwrap();
            node.map(|_| connection)
        })
    }
}

/// A window at a running node, and what it is told.
pub(crate) struct Attached<'a> {
    window: &'a Window,
    pub(crate) client: NodeClient,
    events: mpsc::Receiver<NodeEvent>,
    _connection: Connection,
}

impl Attached<'_> {
    /// What comes next.
    pub(crate) fn next(&mut self) -> NodeEvent {
        let next = async { tokio::time::timeout(PATIENCE, self.events.recv()).await };
        let next = self.window.runtime.block_on(next);
        next.expect("an event").expect("the node is there")
    }

    /// Asks the node to end a task.
    pub(crate) fn cancel(&self, id: u64) {
        let cancelled = self.client.cancel_task(id);
        self.window.runtime.block_on(cancelled).unwrap();
    }
}

/// The RPC server of a node in `folder`.
pub(crate) fn client(folder: &Path, port: u16) -> RpcClient {
    let cookie = folder.join("regtest/.cookie");
    wait_for("the RPC server", PATIENCE, || {
        let client = RpcClient {
            port,
            credentials: read_text(&cookie),
        };
        let answer = client.call("/", "getblockcount", &json!([]));
        answer.is_ok().then_some(client)
    })
}
