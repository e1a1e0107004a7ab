//! A template that a client works on.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::Notify;

use super::{Interrupt, on_worker, timeout};
use crate::generated::mining_capnp::block_template;
use crate::log::printable;
use crate::server::core::retired;
use crate::service::{BlockTemplate, BlockWaitOptions, Solution};
use crate::session::{Held, Session};
use crate::types::Fault;
use crate::wire;

/// Serves `BlockTemplate`.
pub(super) struct TemplateObject {
    session: Rc<Session>,
    /// `None` once it was destroyed.
    template: RefCell<Option<Arc<dyn BlockTemplate>>>,
    interrupt: Interrupt,
    _held: Held,
}

impl TemplateObject {
    pub(super) fn client(
        session: &Rc<Session>,
        template: Arc<dyn BlockTemplate>,
    ) -> capnp::Result<block_template::Client> {
        Ok(capnp_rpc::new_client(Self {
            session: Rc::clone(session),
            template: RefCell::new(Some(template)),
            interrupt: Interrupt(Notify::new()),
            _held: session.hold("BlockTemplate")?,
        }))
    }

    fn get(&self) -> Result<Arc<dyn BlockTemplate>, Fault> {
        let template = self.template.borrow().clone();
        template.ok_or_else(|| Fault::failed("BlockTemplate object was destroyed"))
    }
}

/// Runs a method of the living template.
macro_rules! of_template {
    ($self:ident, $method:literal, $params:ident, |$template:ident| $work:expr) => {
        on_worker!($self, $method, $params, |call| match $self.get() {
            Ok($template) => $work,
            Err(fault) => Err(fault),
        })
    };
}

impl block_template::Server for TemplateObject {
    async fn destroy(
        self: Rc<Self>,
        params: block_template::DestroyParams,
        _: block_template::DestroyResults,
    ) -> Result<(), capnp::Error> {
        on_worker!(self, "BlockTemplate.destroy", params, |call| {
            self.template.borrow_mut().take();
            Ok(())
        });
        Ok(())
    }

    async fn get_block_header(
        self: Rc<Self>,
        params: block_template::GetBlockHeaderParams,
        mut results: block_template::GetBlockHeaderResults,
    ) -> Result<(), capnp::Error> {
        let header = of_template!(self, "BlockTemplate.getBlockHeader", params, |template| {
            self.session.runner.wait(template.header()).await
        });
        results.get().set_result(&header);
        Ok(())
    }

    async fn get_block(
        self: Rc<Self>,
        params: block_template::GetBlockParams,
        mut results: block_template::GetBlockResults,
    ) -> Result<(), capnp::Error> {
        let block = of_template!(self, "BlockTemplate.getBlock", params, |template| {
            self.session.runner.wait(template.block()).await
        });
        results.get().set_result(&block);
        Ok(())
    }

    async fn get_tx_fees(
        self: Rc<Self>,
        params: block_template::GetTxFeesParams,
        mut results: block_template::GetTxFeesResults,
    ) -> Result<(), capnp::Error> {
        let fees = of_template!(self, "BlockTemplate.getTxFees", params, |template| {
            self.session.runner.wait(template.fees()).await
        });
        results.get().set_result(fees.as_slice())
    }

    async fn get_tx_sigops(
        self: Rc<Self>,
        params: block_template::GetTxSigopsParams,
        mut results: block_template::GetTxSigopsResults,
    ) -> Result<(), capnp::Error> {
        let sigops = of_template!(self, "BlockTemplate.getTxSigops", params, |template| {
            self.session.runner.wait(template.sigops()).await
        });
        results.get().set_result(sigops.as_slice())
    }

    async fn get_coinbase_tx(
        self: Rc<Self>,
        params: block_template::GetCoinbaseTxParams,
        mut results: block_template::GetCoinbaseTxResults,
    ) -> Result<(), capnp::Error> {
        let coinbase = of_template!(self, "BlockTemplate.getCoinbaseTx", params, |template| {
            self.session.runner.wait(template.coinbase()).await
        });
        let mut b = results.get().init_result();
        b.set_version(coinbase.version);
        b.set_sequence(coinbase.sequence);
        b.set_script_sig_prefix(&coinbase.script_sig_prefix);
        if let Some(witness) = &coinbase.witness {
            b.set_witness(witness);
        }
        b.set_block_reward_remaining(coinbase.reward_remaining);
        b.set_lock_time(coinbase.lock_time);
        let outputs = &coinbase.required_outputs;
        wire::put_datas(b.init_required_outputs(wire::length(outputs)), outputs);
        Ok(())
    }

    async fn get_coinbase_merkle_path(
        self: Rc<Self>,
        params: block_template::GetCoinbaseMerklePathParams,
        mut results: block_template::GetCoinbaseMerklePathResults,
    ) -> Result<(), capnp::Error> {
        let path = of_template!(
            self,
            "BlockTemplate.getCoinbaseMerklePath",
            params,
            |template| { self.session.runner.wait(template.merkle_path()).await }
        );
        wire::put_datas(results.get().init_result(wire::length(&path)), &path);
        Ok(())
    }

    async fn submit_solution_old7(
        self: Rc<Self>,
        _: block_template::SubmitSolutionOld7Params,
        _: block_template::SubmitSolutionOld7Results,
    ) -> Result<(), capnp::Error> {
        Err(retired("submitSolution (@7)"))
    }

    async fn wait_next(
        self: Rc<Self>,
        params: block_template::WaitNextParams,
        mut results: block_template::WaitNextResults,
    ) -> Result<(), capnp::Error> {
        let options = params.get()?.get_options()?;
        let options = BlockWaitOptions {
            timeout: timeout(options.get_timeout()),
            fee_threshold: options.get_fee_threshold(),
        };
        let next = on_worker!(self, "BlockTemplate.waitNext", params, |call| {
            match self.get() {
                Ok(template) => {
                    call.begin_wait();
                    let work = template.wait_next(options);
                    self.interrupt.wait(&self.session, work).await
                }
                Err(fault) => Err(fault),
            }
        });
        if let Some(next) = next.flatten() {
            results.get().set_result(Self::client(&self.session, next)?);
        }
        Ok(())
    }

    async fn interrupt_wait(
        self: Rc<Self>,
        _: block_template::InterruptWaitParams,
        _: block_template::InterruptWaitResults,
    ) -> Result<(), capnp::Error> {
        self.interrupt.0.notify_one();
        Ok(())
    }

    async fn submit_solution(
        self: Rc<Self>,
        params: block_template::SubmitSolutionParams,
        mut results: block_template::SubmitSolutionResults,
    ) -> Result<(), capnp::Error> {
        let solution = Solution {
            version: params.get()?.get_version(),
            timestamp: params.get()?.get_timestamp(),
            nonce: params.get()?.get_nonce(),
            coinbase: params.get()?.get_coinbase()?.to_vec(),
        };
        let verdict = of_template!(self, "BlockTemplate.submitSolution", params, |template| {
            self.session.runner.finish(template.submit(solution)).await
        });
        let mut results = results.get();
        results.set_reason(verdict.reason.as_str());
        results.set_debug(verdict.debug.as_str());
        results.set_result(verdict.accepted);
        Ok(())
    }
}
