//! Objects of ours that the other side calls to deliver events.
//!
//! Each delivery is answered when the event has found its place in a bounded channel, and the
//! other side sends the next one after that: a slow reader slows its writer.

use std::rc::Rc;

use tokio::sync::{mpsc, oneshot, watch};

use crate::generated::types_capnp::{fault, subscription, task_sink};
use crate::generated::{chain_capnp, node_capnp, wallet_capnp};
use crate::types::{
    ChainState, Fault, IpcError, MempoolEvent, MempoolSnapshot, NodeEvent, NodeStatus, Task,
    WalletDelta, WalletEvent, WalletState,
};
use crate::wire::chain::NumberedChange;
use crate::wire::{self, Wire};

/// Events that wait for their reader.
const EVENTS: usize = 32;
/// Changes of the mempool that wait: one delivery may hold many.
const CHANGES: usize = 4096;
/// Most bytes of a mempool that is taken in.
const MAX_MEMPOOL: usize = 512 << 20;

/// Ends when the sink is dropped, that is, with the connection.
pub(super) type Alive = oneshot::Receiver<()>;

/// A fault of an answer as an error.
pub(super) fn check(has: bool, fault: capnp::Result<fault::Reader<'_>>) -> Result<(), IpcError> {
    if has {
        Err(IpcError::Fault(Fault::take(fault?)?))
    } else {
        Ok(())
    }
}

/// Keeps a subscription until its reader or its connection is gone.
pub(super) fn hold(
    subscription: subscription::Client,
    alive: Alive,
    unread: impl Future<Output = ()> + 'static,
) {
    tokio::task::spawn_local(async move {
        tokio::select! {
            () = unread => {}
            _ = alive => {}
        }
        drop(subscription);
    });
}

fn gone<T>(_: T) -> capnp::Error {
    capnp::Error::failed("nobody listens any more".to_owned())
}

struct NodeSink {
    events: mpsc::Sender<NodeEvent>,
    _alive: oneshot::Sender<()>,
}

pub(super) fn node() -> (
    node_capnp::node_sink::Client,
    Alive,
    mpsc::Sender<NodeEvent>,
    mpsc::Receiver<NodeEvent>,
) {
    let (events, receiver) = mpsc::channel(EVENTS);
    let (tell, alive) = oneshot::channel();
    let sink = NodeSink {
        events: events.clone(),
        _alive: tell,
    };
    (capnp_rpc::new_client(sink), alive, events, receiver)
}

impl node_capnp::node_sink::Server for NodeSink {
    async fn status(
        self: Rc<Self>,
        params: node_capnp::node_sink::StatusParams,
        _: node_capnp::node_sink::StatusResults,
    ) -> Result<(), capnp::Error> {
        let status = NodeStatus::take(params.get()?.get_status()?)?;
        self.events
            .send(NodeEvent::Status(Box::new(status)))
            .await
            .map_err(gone)
    }

    async fn log(
        self: Rc<Self>,
        params: node_capnp::node_sink::LogParams,
        _: node_capnp::node_sink::LogResults,
    ) -> Result<(), capnp::Error> {
        let (lines, dropped) = {
            let params = params.get()?;
            (wire::take_list(params.get_lines()?)?, params.get_dropped())
        };
        self.events
            .send(NodeEvent::Log { lines, dropped })
            .await
            .map_err(gone)
    }

    async fn tasks(
        self: Rc<Self>,
        params: node_capnp::node_sink::TasksParams,
        _: node_capnp::node_sink::TasksResults,
    ) -> Result<(), capnp::Error> {
        let tasks = wire::take_list(params.get()?.get_tasks()?)?;
        self.events
            .send(NodeEvent::Tasks(tasks))
            .await
            .map_err(gone)
    }
}

struct StateSink {
    state: watch::Sender<ChainState>,
    first: std::cell::RefCell<Option<oneshot::Sender<()>>>,
}

/// A sink for the chain's state, and a signal for its first value. The watched value ends with
/// the sink.
pub(super) fn chain_state() -> (
    chain_capnp::state_sink::Client,
    watch::Receiver<ChainState>,
    oneshot::Receiver<()>,
) {
    let (state, receiver) = watch::channel(ChainState::default());
    let (tell, first) = oneshot::channel();
    let sink = StateSink {
        state,
        first: std::cell::RefCell::new(Some(tell)),
    };
    (capnp_rpc::new_client(sink), receiver, first)
}

impl chain_capnp::state_sink::Server for StateSink {
    async fn state(
        self: Rc<Self>,
        params: chain_capnp::state_sink::StateParams,
        _: chain_capnp::state_sink::StateResults,
    ) -> Result<(), capnp::Error> {
        let state = ChainState::take(params.get()?.get_state()?)?;
        self.state.send_replace(state);
        if let Some(first) = self.first.borrow_mut().take() {
            // Nobody waits when the subscription was given up in between.
            let _ = first.send(());
        }
        if self.state.receiver_count() == 0 {
            Err(gone(()))
        } else {
            Ok(())
        }
    }
}

struct MempoolSink {
    events: mpsc::Sender<MempoolEvent>,
    collected: std::cell::RefCell<(MempoolSnapshot, usize)>,
    _alive: oneshot::Sender<()>,
}

pub(super) fn mempool() -> (
    chain_capnp::mempool_sink::Client,
    Alive,
    mpsc::Sender<MempoolEvent>,
    mpsc::Receiver<MempoolEvent>,
) {
    let (events, receiver) = mpsc::channel(CHANGES);
    let (tell, alive) = oneshot::channel();
    let sink = MempoolSink {
        events: events.clone(),
        collected: Default::default(),
        _alive: tell,
    };
    (capnp_rpc::new_client(sink), alive, events, receiver)
}

impl chain_capnp::mempool_sink::Server for MempoolSink {
    async fn snapshot(
        self: Rc<Self>,
        params: chain_capnp::mempool_sink::SnapshotParams,
        _: chain_capnp::mempool_sink::SnapshotResults,
    ) -> Result<(), capnp::Error> {
        let complete = {
            let params = params.get()?;
            let more = wire::take_datas(params.get_transactions()?)?;
            let (snapshot, bytes) = &mut *self.collected.borrow_mut();
            *bytes += more.iter().map(Vec::len).sum::<usize>();
            if *bytes > MAX_MEMPOOL {
                return Err(capnp::Error::failed("the mempool is too large".to_owned()));
            }
            snapshot.transactions.extend(more);
            snapshot.sequence = params.get_sequence();
            params.get_last().then(|| std::mem::take(snapshot))
        };
        match complete {
            Some(snapshot) => self
                .events
                .send(MempoolEvent::Snapshot(snapshot))
                .await
                .map_err(gone),
            None => Ok(()),
        }
    }

    async fn changes(
        self: Rc<Self>,
        params: chain_capnp::mempool_sink::ChangesParams,
        _: chain_capnp::mempool_sink::ChangesResults,
    ) -> Result<(), capnp::Error> {
        let changes: Vec<NumberedChange> = wire::take_list(params.get()?.get_changes()?)?;
        for NumberedChange(sequence, change) in changes {
            let event = MempoolEvent::Change { sequence, change };
            self.events.send(event).await.map_err(gone)?;
        }
        Ok(())
    }

    async fn resync(
        self: Rc<Self>,
        _: chain_capnp::mempool_sink::ResyncParams,
        _: chain_capnp::mempool_sink::ResyncResults,
    ) -> Result<(), capnp::Error> {
        self.events.send(MempoolEvent::Resync).await.map_err(gone)
    }
}

struct WalletSink {
    events: mpsc::Sender<WalletEvent>,
    _alive: oneshot::Sender<()>,
}

pub(super) fn wallet() -> (
    wallet_capnp::wallet_sink::Client,
    Alive,
    mpsc::Sender<WalletEvent>,
    mpsc::Receiver<WalletEvent>,
) {
    let (events, receiver) = mpsc::channel(EVENTS);
    let (tell, alive) = oneshot::channel();
    let sink = WalletSink {
        events: events.clone(),
        _alive: tell,
    };
    (capnp_rpc::new_client(sink), alive, events, receiver)
}

impl wallet_capnp::wallet_sink::Server for WalletSink {
    async fn state(
        self: Rc<Self>,
        params: wallet_capnp::wallet_sink::StateParams,
        _: wallet_capnp::wallet_sink::StateResults,
    ) -> Result<(), capnp::Error> {
        let state = WalletState::take(params.get()?.get_state()?)?;
        self.events
            .send(WalletEvent::State(Box::new(state)))
            .await
            .map_err(gone)
    }

    async fn delta(
        self: Rc<Self>,
        params: wallet_capnp::wallet_sink::DeltaParams,
        _: wallet_capnp::wallet_sink::DeltaResults,
    ) -> Result<(), capnp::Error> {
        let delta = WalletDelta::take(params.get()?.get_delta()?)?;
        self.events
            .send(WalletEvent::Delta(delta))
            .await
            .map_err(gone)
    }

    async fn resync(
        self: Rc<Self>,
        _: wallet_capnp::wallet_sink::ResyncParams,
        _: wallet_capnp::wallet_sink::ResyncResults,
    ) -> Result<(), capnp::Error> {
        self.events.send(WalletEvent::Resync).await.map_err(gone)
    }

    async fn closed(
        self: Rc<Self>,
        _: wallet_capnp::wallet_sink::ClosedParams,
        _: wallet_capnp::wallet_sink::ClosedResults,
    ) -> Result<(), capnp::Error> {
        self.events.send(WalletEvent::Closed).await.map_err(gone)
    }
}

struct TaskSink {
    events: mpsc::Sender<Vec<Task>>,
    _alive: oneshot::Sender<()>,
}

pub(super) fn tasks() -> (
    task_sink::Client,
    Alive,
    mpsc::Sender<Vec<Task>>,
    mpsc::Receiver<Vec<Task>>,
) {
    let (events, receiver) = mpsc::channel(EVENTS);
    let (tell, alive) = oneshot::channel();
    let sink = TaskSink {
        events: events.clone(),
        _alive: tell,
    };
    (capnp_rpc::new_client(sink), alive, events, receiver)
}

impl task_sink::Server for TaskSink {
    async fn tasks(
        self: Rc<Self>,
        params: task_sink::TasksParams,
        _: task_sink::TasksResults,
    ) -> Result<(), capnp::Error> {
        let tasks = wire::take_list(params.get()?.get_tasks()?)?;
        self.events.send(tasks).await.map_err(gone)
    }
}
