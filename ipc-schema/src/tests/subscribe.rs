//! Subscriptions: snapshots, newest values, lost ones, and readers that are slow or gone.

use std::time::Duration;

use primitives::Txid;

use super::fixture::{Program, identity, soon, with_program};
use crate::client::{ChainClient, NodeClient, WalletClient};
use crate::types::*;

async fn connect(program: &Program) -> crate::Connection {
    let connection = program.ipc.connect(&program.socket()).await.unwrap();
    let hello = Hello {
        identity: identity("bitq-gui"),
        role: Role::Full,
    };
    soon(connection.hello(hello)).await.unwrap();
    connection
}

async fn node(program: &Program) -> NodeClient {
    soon(connect(program).await.node()).await.unwrap()
}

async fn chain(program: &Program) -> ChainClient {
    soon(connect(program).await.chain()).await.unwrap()
}

async fn wallets(program: &Program) -> WalletClient {
    let token = program.services.issue_token().unwrap();
    soon(connect(program).await.wallets(token)).await.unwrap()
}

fn status(version: u32) -> NodeStatus {
    NodeStatus {
        version: version.to_string(),
        disk_free: Some(1),
        ..NodeStatus::default()
    }
}

#[test]
fn a_status_comes_at_once_and_then_the_newest() {
    with_program(async |program| {
        program.levers.status.send_replace(status(0));
        let topics = NodeTopics {
            status: true,
            ..NodeTopics::default()
        };
        let mut events = soon(node(&program).await.subscribe(topics)).await.unwrap();
        assert_eq!(
            soon(events.recv()).await,
            Some(NodeEvent::Status(Box::new(status(0))))
        );
        for version in 1..=1_000 {
            program.levers.status.send_replace(status(version));
        }
        let mut seen = 0;
        loop {
            seen += 1;
            let Some(NodeEvent::Status(now)) = soon(events.recv()).await else {
                panic!()
            };
            if *now == status(1_000) {
                break;
            }
        }
        assert!(seen <= 2, "{seen} of 1,000 values were sent");
    });
}

#[test]
fn a_log_line_is_kept_in_order_or_counted_as_lost() {
    with_program(async |program| {
        let topics = NodeTopics {
            log: true,
            ..NodeTopics::default()
        };
        let mut events = soon(node(&program).await.subscribe(topics)).await.unwrap();
        let mut next = async || match soon(events.recv()).await {
            Some(NodeEvent::Log { lines, dropped }) => (lines, dropped),
            other => panic!("{other:?}"),
        };
        assert_eq!(next().await.0[0].text, "before");
        for sequence in 2..=500 {
            let line = LogLine {
                sequence,
                ..LogLine::default()
            };
            program.levers.log.send(line).unwrap();
        }
        let (mut came, mut lost, mut last) = (0, 0, 1);
        while came + lost < 499 {
            let (lines, dropped) = next().await;
            lost += dropped;
            came += u64::try_from(lines.len()).unwrap();
            for line in lines {
                assert!(line.sequence > last);
                last = line.sequence;
            }
        }
        assert_eq!((came + lost, last), (499, 500));
    });
}

#[test]
fn a_reader_that_leaves_ends_its_subscription() {
    with_program(async |program| {
        let topics = NodeTopics::ALL;
        let events = soon(node(&program).await.subscribe(topics)).await.unwrap();
        let watched = || program.levers.status.receiver_count();
        let gone = async {
            while watched() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        assert_eq!(watched(), 1);
        drop(events);
        soon(gone).await;
    });
}

#[test]
fn a_stream_ends_with_its_connection() {
    with_program(async |program| {
        let connection = connect(&program).await;
        let node = soon(connection.node()).await.unwrap();
        let mut events = soon(node.subscribe(NodeTopics::ALL)).await.unwrap();
        connection.close();
        soon(async { while events.recv().await.is_some() {} }).await;
    });
}

#[test]
fn the_doorbell_rings_with_the_newest_tip() {
    with_program(async |program| {
        let mut state = soon(chain(&program).await.state()).await.unwrap();
        assert_eq!(*state.borrow(), ChainState::default());
        for mock_time in 1..=100 {
            program
                .levers
                .chain
                .send_modify(|state| state.mock_time = mock_time);
        }
        soon(state.wait_for(|state| state.mock_time == 100))
            .await
            .unwrap();
        soon(program.ipc.stop()).await;
        assert!(soon(state.changed()).await.is_err());
    });
}

#[test]
fn the_mempool_comes_whole_and_then_its_changes() {
    with_program(async |program| {
        let mut events = soon(chain(&program).await.mempool()).await.unwrap();
        let Some(MempoolEvent::Snapshot(snapshot)) = soon(events.recv()).await else {
            panic!()
        };
        assert_eq!(snapshot.sequence, 5);
        let sizes: Vec<usize> = snapshot.transactions.iter().map(Vec::len).collect();
        assert_eq!(sizes, [900_000, 900_000, 10]);
        let removed = MempoolChange::Removed {
            txid: Txid([1; 32]),
            reason: RemovalReason::Replaced,
        };
        // What the snapshot holds already is not told again.
        program.levers.mempool.send((5, removed.clone())).unwrap();
        program.levers.mempool.send((6, removed.clone())).unwrap();
        let change = MempoolEvent::Change {
            sequence: 6,
            change: removed.clone(),
        };
        assert_eq!(soon(events.recv()).await, Some(change));
        for sequence in 7..10_000 {
            // Whoever lags is told to read anew, and its old ear is gone.
            let _ = program.levers.mempool.send((sequence, removed.clone()));
        }
        let last = async {
            let mut last = None;
            while let Some(event) = events.recv().await {
                last = Some(event);
            }
            last
        };
        assert_eq!(soon(last).await, Some(MempoolEvent::Resync));
    });
}

#[test]
fn a_wallet_tells_its_state_its_changes_and_its_end() {
    with_program(async |program| {
        let state = WalletState {
            transactions: 3,
            ..WalletState::default()
        };
        program.levers.wallet.send_replace(state.clone());
        let wallets = wallets(&program).await;
        let mut events = soon(wallets.subscribe("w".to_owned())).await.unwrap();
        assert_eq!(
            soon(events.recv()).await,
            Some(WalletEvent::State(Box::new(state)))
        );
        let delta = WalletDelta {
            sequence: 1,
            removed: vec![Txid([1; 32])],
            ..Default::default()
        };
        program.levers.deltas.send(delta.clone()).unwrap();
        assert_eq!(soon(events.recv()).await, Some(WalletEvent::Delta(delta)));
        let task = Task {
            id: 1,
            kind: "rescan".to_owned(),
            ..Task::default()
        };
        let mut tasks = soon(wallets.tasks()).await.unwrap();
        assert_eq!(soon(tasks.recv()).await, Some(Vec::new()));
        program.levers.tasks.send_replace(vec![task.clone()]);
        assert_eq!(soon(tasks.recv()).await, Some(vec![task]));
    });
}
