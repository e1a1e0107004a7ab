//! Core's `Mining` and `BlockTemplate`.

mod template;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use primitives::{BlockHash, Txid, Wtxid};
use tokio::sync::Notify;

use self::template::TemplateObject;
use crate::generated::mining_capnp::{block_check_options, mining};
use crate::log::printable;
use crate::service::{BlockCheckOptions, BlockCreateOptions, MiningService, Reply};
use crate::session::{Held, Session, exception};
use crate::types::{BlockTip, Fault};
use crate::wire::MAX_LIST;

/// Longest wait that is measured; more means for ever.
const CENTURY: f64 = 100.0 * 365.25 * 86_400.0 * 1000.0;

/// A wait of so many milliseconds; `None` for ever. What is no number, or negative, is no wait.
fn timeout(milliseconds: f64) -> Option<Duration> {
    if milliseconds > CENTURY {
        None
    } else if milliseconds > 0.0 {
        Some(Duration::from_secs_f64(milliseconds / 1000.0))
    } else {
        Some(Duration::ZERO)
    }
}

/// A hash as Core takes it: too few bytes are its decoder's exception.
fn hash(bytes: &[u8]) -> capnp::Result<[u8; 32]> {
    if bytes.len() < 32 {
        return Err(exception("SpanReader::read(): end of data"));
    }
    bytes
        .try_into()
        .map_err(|_| exception("a hash must have 32 bytes"))
}

/// Ends the waits of one object. Where nobody waits, the next wait ends at once.
struct Interrupt(Notify);

impl Interrupt {
    /// Runs a wait; `None` where it was interrupted or the program stops.
    async fn wait<T: Send + 'static>(
        &self,
        session: &Session,
        work: Reply<T>,
    ) -> Result<Option<T>, Fault> {
        tokio::select! {
            biased;
            () = self.0.notified() => Ok(None),
            () = session.stopping() => Ok(None),
            outcome = session.runner.wait(work) => outcome.map(Some),
        }
    }
}

/// Serves `Mining`.
pub(super) struct MiningObject {
    session: Rc<Session>,
    service: Arc<dyn MiningService>,
    interrupt: Interrupt,
    _held: Held,
}

impl MiningObject {
    pub(super) fn client(
        session: &Rc<Session>,
        service: Arc<dyn MiningService>,
    ) -> capnp::Result<mining::Client> {
        Ok(capnp_rpc::new_client(Self {
            session: Rc::clone(session),
            service,
            interrupt: Interrupt(Notify::new()),
            _held: session.hold("Mining")?,
        }))
    }
}

/// Takes a call to its worker, runs it, and turns a fault into its exception.
macro_rules! on_worker {
    ($self:ident, $method:literal, $params:ident, |$call:ident| $work:expr) => {{
        let data = || match $params.get() {
            Ok(params) => printable(&format!("{params:?}")),
            Err(error) => error.to_string(),
        };
        let $call = $self
            .session
            .call($method, $params.get()?.get_context(), data)
            .await?;
        let outcome: Result<_, Fault> = $work;
        match outcome {
            Ok(value) => {
                $call.answered(String::new);
                value
            }
            Err(fault) => return Err($call.failed(&fault)),
        }
    }};
}
use on_worker;

/// Checks of the options before any work, in Core's words.
fn check_create(options: BlockCreateOptions) -> Result<(), Fault> {
    let (weight, sigops) = (options.reserved_weight, options.coinbase_sigops);
    let text = if weight < 2000 {
        format!("block_reserved_weight ({weight}) is lower than minimum safety value of (2000)")
    } else if weight > 4_000_000 {
        format!("block_reserved_weight ({weight}) exceeds consensus maximum block weight (4000000)")
    } else if sigops > 80_000 {
        format!(
            "coinbase_output_max_additional_sigops ({sigops}) exceeds consensus maximum block sigops cost (80000)"
        )
    } else {
        return Ok(());
    };
    Err(Fault::failed(text))
}

fn check_options(options: block_check_options::Reader<'_>) -> BlockCheckOptions {
    BlockCheckOptions {
        merkle_root: options.get_check_merkle_root(),
        proof_of_work: options.get_check_pow(),
    }
}

fn put_tip(
    mut b: crate::generated::common_capnp::block_ref::Builder<'_>,
    tip: &BlockTip,
) -> capnp::Result<()> {
    b.set_hash(tip.hash.as_bytes());
    b.set_height(i32::try_from(tip.height).map_err(|_| exception("height out of range"))?);
    Ok(())
}

fn ids<H: From<[u8; 32]>>(list: capnp::data_list::Reader<'_>) -> capnp::Result<Vec<H>> {
    if list.len() > MAX_LIST {
        return Err(exception("too many ids"));
    }
    list.iter()
        .map(|bytes| Ok(H::from(hash(bytes?)?)))
        .collect()
}

fn put_transactions(mut list: capnp::data_list::Builder<'_>, found: &[Option<Vec<u8>>]) {
    for (index, tx) in (0..list.len()).zip(found) {
        list.set(index, tx.as_deref().unwrap_or_default());
    }
}

impl mining::Server for MiningObject {
    async fn is_test_chain(
        self: Rc<Self>,
        params: mining::IsTestChainParams,
        mut results: mining::IsTestChainResults,
    ) -> Result<(), capnp::Error> {
        let test = on_worker!(self, "Mining.isTestChain", params, |call| Ok(self
            .service
            .is_test_chain()));
        results.get().set_result(test);
        Ok(())
    }

    async fn is_initial_block_download(
        self: Rc<Self>,
        params: mining::IsInitialBlockDownloadParams,
        mut results: mining::IsInitialBlockDownloadResults,
    ) -> Result<(), capnp::Error> {
        let ibd = on_worker!(self, "Mining.isInitialBlockDownload", params, |call| {
            self.session
                .runner
                .wait(self.service.is_initial_block_download())
                .await
        });
        results.get().set_result(ibd);
        Ok(())
    }

    async fn get_tip(
        self: Rc<Self>,
        params: mining::GetTipParams,
        mut results: mining::GetTipResults,
    ) -> Result<(), capnp::Error> {
        let tip = on_worker!(self, "Mining.getTip", params, |call| {
            self.session.runner.wait(self.service.tip()).await
        });
        if let Some(tip) = tip {
            results.get().set_has_result(true);
            put_tip(results.get().init_result(), &tip)?;
        }
        Ok(())
    }

    async fn wait_tip_changed(
        self: Rc<Self>,
        params: mining::WaitTipChangedParams,
        mut results: mining::WaitTipChangedResults,
    ) -> Result<(), capnp::Error> {
        let current = BlockHash::from(hash(params.get()?.get_current_tip()?)?);
        let limit = timeout(params.get()?.get_timeout());
        let tip = on_worker!(self, "Mining.waitTipChanged", params, |call| {
            call.begin_wait();
            let work = self.service.wait_tip_changed(current, limit);
            self.interrupt.wait(&self.session, work).await
        });
        let mut result = results.get().init_result();
        match tip {
            Some(tip) => put_tip(result, &tip),
            None => {
                result.set_hash(&[]);
                Ok(())
            }
        }
    }

    async fn create_new_block(
        self: Rc<Self>,
        params: mining::CreateNewBlockParams,
        mut results: mining::CreateNewBlockResults,
    ) -> Result<(), capnp::Error> {
        let options = params.get()?.get_options()?;
        let options = BlockCreateOptions {
            use_mempool: options.get_use_mempool(),
            reserved_weight: options.get_block_reserved_weight(),
            coinbase_sigops: options.get_coinbase_output_max_additional_sigops(),
        };
        let cooldown = params.get()?.get_cooldown();
        let template = on_worker!(self, "Mining.createNewBlock", params, |call| {
            match check_create(options) {
                Ok(()) => {
                    call.begin_wait();
                    let work = self.service.create_new_block(options, cooldown);
                    self.interrupt.wait(&self.session, work).await
                }
                Err(fault) => Err(fault),
            }
        });
        if let Some(template) = template.flatten() {
            results
                .get()
                .set_result(TemplateObject::client(&self.session, template)?);
        }
        Ok(())
    }

    async fn check_block(
        self: Rc<Self>,
        params: mining::CheckBlockParams,
        mut results: mining::CheckBlockResults,
    ) -> Result<(), capnp::Error> {
        let block = params.get()?.get_block()?.to_vec();
        let options = check_options(params.get()?.get_options()?);
        let verdict = on_worker!(self, "Mining.checkBlock", params, |call| {
            self.session
                .runner
                .wait(self.service.check_block(block, options))
                .await
        });
        let mut results = results.get();
        results.set_reason(verdict.reason.as_str());
        results.set_debug(verdict.debug.as_str());
        results.set_result(verdict.accepted);
        Ok(())
    }

    async fn interrupt(
        self: Rc<Self>,
        _: mining::InterruptParams,
        _: mining::InterruptResults,
    ) -> Result<(), capnp::Error> {
        self.interrupt.0.notify_one();
        Ok(())
    }

    async fn submit_block(
        self: Rc<Self>,
        params: mining::SubmitBlockParams,
        mut results: mining::SubmitBlockResults,
    ) -> Result<(), capnp::Error> {
        let block = params.get()?.get_block()?.to_vec();
        let verdict = on_worker!(self, "Mining.submitBlock", params, |call| {
            self.session
                .runner
                .finish(self.service.submit_block(block))
                .await
        });
        let mut results = results.get();
        results.set_reason(verdict.reason.as_str());
        results.set_debug(verdict.debug.as_str());
        results.set_result(verdict.accepted);
        Ok(())
    }

    async fn get_transactions_by_tx_i_d(
        self: Rc<Self>,
        params: mining::GetTransactionsByTxIDParams,
        mut results: mining::GetTransactionsByTxIDResults,
    ) -> Result<(), capnp::Error> {
        let txids: Vec<Txid> = ids(params.get()?.get_txids()?)?;
        let found = on_worker!(self, "Mining.getTransactionsByTxID", params, |call| {
            self.session
                .runner
                .wait(self.service.transactions_by_txid(txids))
                .await
        });
        put_transactions(
            results.get().init_result(crate::wire::length(&found)),
            &found,
        );
        Ok(())
    }

    async fn get_transactions_by_witness_i_d(
        self: Rc<Self>,
        params: mining::GetTransactionsByWitnessIDParams,
        mut results: mining::GetTransactionsByWitnessIDResults,
    ) -> Result<(), capnp::Error> {
        let wtxids: Vec<Wtxid> = ids(params.get()?.get_wtxids()?)?;
        let found = on_worker!(self, "Mining.getTransactionsByWitnessID", params, |call| {
            self.session
                .runner
                .wait(self.service.transactions_by_wtxid(wtxids))
                .await
        });
        put_transactions(
            results.get().init_result(crate::wire::length(&found)),
            &found,
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_timeouts_neither_wait_nor_overflow() {
        assert_eq!(timeout(f64::NAN), Some(Duration::ZERO));
        assert_eq!(timeout(-5.0), Some(Duration::ZERO));
        assert_eq!(timeout(f64::INFINITY), None);
        assert_eq!(timeout(f64::MAX), None);
        assert_eq!(timeout(300.0), Some(Duration::from_millis(300)));
    }

    #[test]
    fn create_options_are_refused_in_cores_words() {
        let check = |reserved_weight, coinbase_sigops| {
            let options = BlockCreateOptions {
                use_mempool: true,
                reserved_weight,
                coinbase_sigops,
            };
            check_create(options).map_err(|fault| fault.message)
        };
        assert_eq!(check(8000, 400), Ok(()));
        assert_eq!(
            check(1999, 0).unwrap_err(),
            "block_reserved_weight (1999) is lower than minimum safety value of (2000)"
        );
        assert_eq!(
            check(4_000_001, 0).unwrap_err(),
            "block_reserved_weight (4000001) exceeds consensus maximum block weight (4000000)"
        );
        assert_eq!(
            check(8000, 80_001).unwrap_err(),
            "coinbase_output_max_additional_sigops (80001) exceeds consensus maximum block sigops cost (80000)"
        );
    }
}
