//! Core's mining interface: dispatch, waits, interruption (section C of the list).

use std::sync::Arc;
use std::time::{Duration, Instant};

use primitives::{BlockHash, Txid, Wtxid};
use tokio::sync::watch;

use super::fixture::{Levers, PATIENCE, Plain, soon, text, with_program};
use crate::generated::mining_capnp::mining;
use crate::generated::proxy_capnp::thread;
use crate::service::*;
use crate::types::{BlockTip, ChainState};

/// Mines on the chain state that a test sets.
pub(super) struct Miner {
    chain: watch::Receiver<ChainState>,
}

impl Miner {
    pub(super) fn new(levers: &Arc<Levers>) -> Self {
        Self {
            chain: levers.chain.subscribe(),
        }
    }
}

struct Template {
    chain: watch::Receiver<ChainState>,
}

fn ready<T: Send + 'static>(value: T) -> Reply<T> {
    Box::pin(async move { Ok(value) })
}

impl BlockTemplate for Template {
    fn header(&self) -> Reply<Vec<u8>> {
        ready(vec![0; 80])
    }
    fn block(&self) -> Reply<Vec<u8>> {
        ready(vec![0; 81])
    }
    fn fees(&self) -> Reply<Vec<i64>> {
        ready(vec![1, -1])
    }
    fn sigops(&self) -> Reply<Vec<i64>> {
        ready(vec![])
    }
    fn coinbase(&self) -> Reply<CoinbaseTx> {
        ready(CoinbaseTx {
            witness: Some(vec![0; 32]),
            sequence: 7,
            ..CoinbaseTx::default()
        })
    }
    fn merkle_path(&self) -> Reply<Vec<[u8; 32]>> {
        ready(vec![[3; 32]])
    }
    fn submit(&self, solution: Solution) -> Reply<BlockVerdict> {
        let reason = format!("nonce-{}", solution.nonce);
        ready(BlockVerdict {
            reason,
            ..BlockVerdict::default()
        })
    }
    fn wait_next(&self, options: BlockWaitOptions) -> Reply<Option<Arc<dyn BlockTemplate>>> {
        let mut chain = self.chain.clone();
        Box::pin(async move {
            let wait = options.timeout.unwrap_or(PATIENCE);
            let changed = tokio::time::timeout(wait, chain.changed()).await.is_ok();
            Ok(changed.then(|| Arc::new(Self { chain }) as Arc<dyn BlockTemplate>))
        })
    }
}

impl MiningService for Miner {
    fn is_test_chain(&self) -> bool {
        true
    }
    fn is_initial_block_download(&self) -> Reply<bool> {
        ready(false)
    }
    fn tip(&self) -> Reply<Option<BlockTip>> {
        ready(self.chain.borrow().tip)
    }
    fn wait_tip_changed(&self, current: BlockHash, timeout: Option<Duration>) -> Reply<BlockTip> {
        let mut chain = self.chain.clone();
        Box::pin(async move {
            let other = |state: &ChainState| state.tip.unwrap_or_default().hash != current;
            let wait = chain.wait_for(other);
            let _ = tokio::time::timeout(timeout.unwrap_or(PATIENCE), wait).await;
            let tip = chain.borrow().tip.unwrap_or_default();
            Ok(tip)
        })
    }
    fn create_new_block(
        &self,
        _: BlockCreateOptions,
        _: bool,
    ) -> Reply<Option<Arc<dyn BlockTemplate>>> {
        ready(Some(Arc::new(Template {
            chain: self.chain.clone(),
        })))
    }
    fn check_block(&self, block: Vec<u8>, _: BlockCheckOptions) -> Reply<BlockCheck> {
        ready(BlockVerdict {
            accepted: block.is_empty(),
            ..BlockVerdict::default()
        })
    }
    fn submit_block(&self, _: Vec<u8>) -> Reply<BlockVerdict> {
        ready(BlockVerdict {
            reason: "high-hash".to_owned(),
            ..BlockVerdict::default()
        })
    }
    fn transactions_by_txid(&self, ids: Vec<Txid>) -> Reply<Vec<Option<Vec<u8>>>> {
        ready(
            ids.iter()
                .map(|id| (*id == Txid([1; 32])).then(|| vec![9]))
                .collect(),
        )
    }
    fn transactions_by_wtxid(&self, _: Vec<Wtxid>) -> Reply<Vec<Option<Vec<u8>>>> {
        ready(Vec::new())
    }
}

async fn mining(plain: &Plain) -> mining::Client {
    let answer = soon(plain.init.make_mining_request().send().promise)
        .await
        .unwrap();
    answer.get().unwrap().get_result().unwrap()
}

fn thread(plain: &Plain, name: &str) -> thread::Client {
    let map = plain
        .init
        .construct_request()
        .send()
        .pipeline
        .get_thread_map();
    let mut request = map.make_thread_request();
    request.get().set_name(name);
    request.send().pipeline.get_result()
}

/// Waits for a tip other than `current`; the new tip's hash.
async fn wait_tip(
    mining: &mining::Client,
    on: Option<&thread::Client>,
    current: [u8; 32],
    timeout: f64,
) -> Vec<u8> {
    let mut request = mining.wait_tip_changed_request();
    request.get().set_current_tip(&current);
    request.get().set_timeout(timeout);
    if let Some(thread) = on {
        request.get().init_context().set_thread(thread.clone());
    }
    let answer = soon(request.send().promise).await.unwrap();
    answer
        .get()
        .unwrap()
        .get_result()
        .unwrap()
        .get_hash()
        .unwrap()
        .to_vec()
}

fn set_tip(levers: &Levers, hash: u8) {
    let tip = BlockTip {
        hash: BlockHash([hash; 32]),
        height: 1,
        ..BlockTip::default()
    };
    levers.chain.send_modify(|chain| chain.tip = Some(tip));
}

#[test]
fn waits_end_by_time_by_a_tip_and_by_interruption() {
    with_program(async |program| {
        set_tip(&program.levers, 1);
        let plain = Plain::connect(&program).await;
        let mining = mining(&plain).await;
        let start = Instant::now();
        assert_eq!(wait_tip(&mining, None, [1; 32], 300.0).await, [1; 32]);
        assert!(start.elapsed() >= Duration::from_millis(300));
        assert_eq!(wait_tip(&mining, None, [2; 32], f64::MAX).await, [1; 32]);
        for odd in [f64::NAN, -5.0] {
            assert_eq!(wait_tip(&mining, None, [1; 32], odd).await, [1; 32]);
        }
        // Nobody waits: the next wait is the one that ends.
        soon(mining.interrupt_request().send().promise)
            .await
            .unwrap();
        assert_eq!(
            wait_tip(&mining, None, [1; 32], f64::INFINITY).await,
            [0; 0]
        );
        let (hash, ()) = futures::future::join(wait_tip(&mining, None, [1; 32], f64::MAX), async {
            set_tip(&program.levers, 3);
        })
        .await;
        assert_eq!(hash, [3; 32]);
    });
}

#[test]
fn an_interruption_is_of_one_object() {
    with_program(async |program| {
        set_tip(&program.levers, 1);
        let plain = Plain::connect(&program).await;
        let (one, two) = (mining(&plain).await, mining(&plain).await);
        let (first, second) = (thread(&plain, "a"), thread(&plain, "b"));
        let waits = futures::future::join(
            wait_tip(&one, Some(&first), [1; 32], f64::MAX),
            wait_tip(&two, Some(&second), [1; 32], f64::MAX),
        );
        let turns = async {
            soon(one.interrupt_request().send().promise).await.unwrap();
            // The other one still waits, or this tip would not reach it.
            set_tip(&program.levers, 2);
        };
        let ((a, b), ()) = futures::future::join(waits, turns).await;
        assert_eq!((a.len(), b), (0, vec![2; 32]));
    });
}

#[test]
fn workers_run_side_by_side_and_each_in_order() {
    with_program(async |program| {
        set_tip(&program.levers, 1);
        let plain = Plain::connect(&program).await;
        let mining = mining(&plain).await;
        let (slow, quick) = (thread(&plain, "slow"), thread(&plain, "quick"));
        let waiting = wait_tip(&mining, Some(&slow), [1; 32], f64::MAX);
        let mut behind = mining.is_test_chain_request();
        behind.get().init_context().set_thread(slow.clone());
        let mut waiting = Box::pin(waiting);
        // Sends the wait.
        assert!(futures::poll!(&mut waiting).is_pending());
        let mut behind = behind.send().promise;
        let mut beside = mining.is_test_chain_request();
        beside.get().init_context().set_thread(quick);
        soon(beside.send().promise).await.unwrap();
        assert!(futures::poll!(&mut behind).is_pending());
        set_tip(&program.levers, 2);
        assert_eq!(soon(waiting).await, [2; 32]);
        soon(behind).await.unwrap();
    });
}

#[test]
fn bytes_that_are_no_hash_are_exceptions() {
    with_program(async |program| {
        let plain = Plain::connect(&program).await;
        let mining = mining(&plain).await;
        let mut request = mining.wait_tip_changed_request();
        request.get().set_current_tip(&[1; 31]);
        let error = text(soon(request.send().promise).await);
        assert!(error.contains("SpanReader::read(): end of data"), "{error}");
        let mut request = mining.wait_tip_changed_request();
        request.get().set_current_tip(&[1; 33]);
        assert!(soon(request.send().promise).await.is_err());
    });
}

#[test]
fn templates_are_served_until_destroyed() {
    with_program(async |program| {
        let plain = Plain::connect(&program).await;
        let mining = mining(&plain).await;
        let mut request = mining.create_new_block_request();
        request.get().init_options().set_block_reserved_weight(1);
        let error = text(soon(request.send().promise).await);
        assert!(
            error.contains("block_reserved_weight (1) is lower than"),
            "{error}"
        );
        let answer = soon(mining.create_new_block_request().send().promise)
            .await
            .unwrap();
        let template = answer.get().unwrap().get_result().unwrap();
        let fees = soon(template.get_tx_fees_request().send().promise)
            .await
            .unwrap();
        let fees: Vec<i64> = fees.get().unwrap().get_result().unwrap().iter().collect();
        assert_eq!(fees, [1, -1]);
        let old = text(soon(template.submit_solution_old7_request().send().promise).await);
        assert!(old.ends_with("Old submitSolution (@7) not supported. Please update your client!"));
        let mut next = template.wait_next_request();
        next.get().init_options().set_timeout(10.0);
        let answer = soon(next.send().promise).await.unwrap();
        assert!(!answer.get().unwrap().has_result());
        soon(template.destroy_request().send().promise)
            .await
            .unwrap();
        let gone = text(soon(template.get_block_request().send().promise).await);
        assert!(
            gone.ends_with("BlockTemplate object was destroyed"),
            "{gone}"
        );
    });
}

#[test]
fn waits_end_when_the_program_stops() {
    with_program(async |program| {
        set_tip(&program.levers, 1);
        let plain = Plain::connect(&program).await;
        let mining = mining(&plain).await;
        let stop = async { program.services.update(|set| set.stopping = true) };
        let wait = wait_tip(&mining, None, [1; 32], f64::MAX);
        assert_eq!(futures::future::join(wait, stop).await.0, [0; 0]);
        let answer = soon(plain.init.make_mining_request().send().promise)
            .await
            .unwrap();
        assert!(!answer.get().unwrap().has_result());
    });
}
