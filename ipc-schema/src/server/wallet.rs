//! The wallets, as the window uses them.

use std::rc::Rc;
use std::sync::Arc;

use primitives::{OutPoint, Txid};

use super::{Runner, Subscribed, answer, feed};
use crate::generated::wallet_capnp::wallets;
use crate::service::WalletService;
use crate::session::{Held, Session};
use crate::types::{
    AddressRequest, CreateWallet, RescanStart, RpcRequest, Secret, SendRequest, TxQuery,
};
use crate::wire::{self, Wire};

/// Serves `Wallets`.
pub(super) struct WalletsObject {
    session: Rc<Session>,
    runner: Runner,
    service: Arc<dyn WalletService>,
    _held: Held,
}

impl WalletsObject {
    pub(super) fn client(
        session: &Rc<Session>,
        service: Arc<dyn WalletService>,
        held: Held,
    ) -> wallets::Client {
        capnp_rpc::new_client(Self {
            session: Rc::clone(session),
            runner: session.runner.clone(),
            service,
            _held: held,
        })
    }
}

impl wallets::Server for WalletsObject {
    async fn subscribe_tasks(
        self: Rc<Self>,
        params: wallets::SubscribeTasksParams,
        mut results: wallets::SubscribeTasksResults,
    ) -> Result<(), capnp::Error> {
        let held = self.session.hold_subscription()?;
        let feed = feed::wallet_tasks(self.service.tasks(), params.get()?.get_sink()?);
        let subscription = Subscribed::start(feed, Some(held));
        results.get().set_subscription(subscription);
        Ok(())
    }

    async fn subscribe(
        self: Rc<Self>,
        params: wallets::SubscribeParams,
        mut results: wallets::SubscribeResults,
    ) -> Result<(), capnp::Error> {
        let held = self.session.hold_subscription()?;
        let wallet = params.get()?.get_wallet()?.to_string()?;
        let sink = params.get()?.get_sink()?;
        let outcome = self.runner.wait(self.service.subscribe(wallet)).await;
        answer!(results, outcome, |b, source| {
            b.set_subscription(Subscribed::start(feed::wallet(source, sink), Some(held)));
        })
    }

    async fn wallets(
        self: Rc<Self>,
        _: wallets::WalletsParams,
        mut results: wallets::WalletsResults,
    ) -> Result<(), capnp::Error> {
        let outcome = self.runner.wait(self.service.wallets()).await;
        answer!(results, outcome, |b, value| wire::put_list(
            b.init_wallets(wire::length(&value)),
            &value
        ))
    }

    async fn cancel_task(
        self: Rc<Self>,
        params: wallets::CancelTaskParams,
        mut results: wallets::CancelTaskResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let id = params.get_id();
        let outcome = self.runner.finish(self.service.cancel_task(id)).await;
        answer!(results, outcome)
    }

    async fn create(
        self: Rc<Self>,
        params: wallets::CreateParams,
        mut results: wallets::CreateResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let options = CreateWallet::take(params.get_options()?)?;
        let outcome = self.runner.finish(self.service.create(options)).await;
        answer!(results, outcome, |b, value| wire::put_texts(
            b.init_warnings(wire::length(&value)),
            &value
        ))
    }

    async fn open(
        self: Rc<Self>,
        params: wallets::OpenParams,
        mut results: wallets::OpenResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let outcome = self.runner.finish(self.service.open(wallet)).await;
        answer!(results, outcome, |b, value| wire::put_texts(
            b.init_warnings(wire::length(&value)),
            &value
        ))
    }

    async fn close(
        self: Rc<Self>,
        params: wallets::CloseParams,
        mut results: wallets::CloseResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let outcome = self.runner.finish(self.service.close(wallet)).await;
        answer!(results, outcome)
    }

    async fn backup(
        self: Rc<Self>,
        params: wallets::BackupParams,
        mut results: wallets::BackupResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let path = params.get_path()?.to_string()?;
        let outcome = self.runner.finish(self.service.backup(wallet, path)).await;
        answer!(results, outcome, |b, value| value.put(b.init_report()))
    }

    async fn verify_backup(
        self: Rc<Self>,
        params: wallets::VerifyBackupParams,
        mut results: wallets::VerifyBackupResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let path = params.get_path()?.to_string()?;
        let passphrase = Secret::new(params.get_passphrase()?.to_vec());
        let outcome = self
            .runner
            .wait(self.service.verify_backup(wallet, path, passphrase))
            .await;
        answer!(results, outcome, |b, value| value.put(b.init_report()))
    }

    async fn restore(
        self: Rc<Self>,
        params: wallets::RestoreParams,
        mut results: wallets::RestoreResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let path = params.get_path()?.to_string()?;
        let outcome = self.runner.finish(self.service.restore(wallet, path)).await;
        answer!(results, outcome, |b, value| wire::put_texts(
            b.init_warnings(wire::length(&value)),
            &value
        ))
    }

    async fn transactions(
        self: Rc<Self>,
        params: wallets::TransactionsParams,
        mut results: wallets::TransactionsResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let query = TxQuery::take(params.get_query()?)?;
        let outcome = self
            .runner
            .wait(self.service.transactions(wallet, query))
            .await;
        answer!(results, outcome, |b, value| value.put(b.init_page()))
    }

    async fn transaction(
        self: Rc<Self>,
        params: wallets::TransactionParams,
        mut results: wallets::TransactionResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let txid = wire::hash::<Txid>(params.get_txid()?)?;
        let outcome = self
            .runner
            .wait(self.service.transaction(wallet, txid))
            .await;
        answer!(results, outcome, |b, value| value.put(b.init_details()))
    }

    async fn abandon(
        self: Rc<Self>,
        params: wallets::AbandonParams,
        mut results: wallets::AbandonResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let txid = wire::hash::<Txid>(params.get_txid()?)?;
        let outcome = self.runner.finish(self.service.abandon(wallet, txid)).await;
        answer!(results, outcome)
    }

    async fn resend(
        self: Rc<Self>,
        params: wallets::ResendParams,
        mut results: wallets::ResendResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let txid = wire::hash::<Txid>(params.get_txid()?)?;
        let outcome = self.runner.finish(self.service.resend(wallet, txid)).await;
        answer!(results, outcome, |b, value| value.put(b.init_reply()))
    }

    async fn addresses(
        self: Rc<Self>,
        params: wallets::AddressesParams,
        mut results: wallets::AddressesResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let skip = params.get_skip();
        let outcome = self.runner.wait(self.service.addresses(wallet, skip)).await;
        answer!(results, outcome, |b, value| wire::put_list(
            b.init_rows(wire::length(&value)),
            &value
        ))
    }

    async fn new_address(
        self: Rc<Self>,
        params: wallets::NewAddressParams,
        mut results: wallets::NewAddressResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let request = AddressRequest::take(params.get_request()?)?;
        let outcome = self
            .runner
            .finish(self.service.new_address(wallet, request))
            .await;
        answer!(results, outcome, |b, value| value.put(b.init_row()))
    }

    async fn set_label(
        self: Rc<Self>,
        params: wallets::SetLabelParams,
        mut results: wallets::SetLabelResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let address = params.get_address()?.to_string()?;
        let label = params.get_label()?.to_string()?;
        let outcome = self
            .runner
            .finish(self.service.set_label(wallet, address, label))
            .await;
        answer!(results, outcome)
    }

    async fn remove_request(
        self: Rc<Self>,
        params: wallets::RemoveRequestParams,
        mut results: wallets::RemoveRequestResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let address = params.get_address()?.to_string()?;
        let outcome = self
            .runner
            .finish(self.service.remove_request(wallet, address))
            .await;
        answer!(results, outcome)
    }

    async fn coins(
        self: Rc<Self>,
        params: wallets::CoinsParams,
        mut results: wallets::CoinsResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let skip = params.get_skip();
        let outcome = self.runner.wait(self.service.coins(wallet, skip)).await;
        answer!(results, outcome, |b, value| wire::put_list(
            b.init_rows(wire::length(&value)),
            &value
        ))
    }

    async fn set_frozen(
        self: Rc<Self>,
        params: wallets::SetFrozenParams,
        mut results: wallets::SetFrozenResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let outpoint = OutPoint::take(params.get_outpoint()?)?;
        let frozen = params.get_frozen();
        let outcome = self
            .runner
            .finish(self.service.set_frozen(wallet, outpoint, frozen))
            .await;
        answer!(results, outcome)
    }

    async fn fees(
        self: Rc<Self>,
        params: wallets::FeesParams,
        mut results: wallets::FeesResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let outcome = self.runner.wait(self.service.fees(wallet)).await;
        answer!(results, outcome, |b, value| value.put(b.init_fees()))
    }

    async fn prepare(
        self: Rc<Self>,
        params: wallets::PrepareParams,
        mut results: wallets::PrepareResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let request = SendRequest::take(params.get_request()?)?;
        let outcome = self
            .runner
            .finish(self.service.prepare(wallet, request))
            .await;
        answer!(results, outcome, |b, value| value.put(b.init_prepared()))
    }

    async fn discard(
        self: Rc<Self>,
        params: wallets::DiscardParams,
        mut results: wallets::DiscardResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let prepared = params.get_prepared();
        let outcome = self
            .runner
            .finish(self.service.discard(wallet, prepared))
            .await;
        answer!(results, outcome)
    }

    async fn send(
        self: Rc<Self>,
        params: wallets::SendParams,
        mut results: wallets::SendResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let prepared = params.get_prepared();
        let outcome = self
            .runner
            .finish(self.service.send(wallet, prepared))
            .await;
        answer!(results, outcome, |b, value| value.put(b.init_reply()))
    }

    async fn unlock(
        self: Rc<Self>,
        params: wallets::UnlockParams,
        mut results: wallets::UnlockResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let passphrase = Secret::new(params.get_passphrase()?.to_vec());
        let seconds = params.get_seconds();
        let outcome = self
            .runner
            .finish(self.service.unlock(wallet, passphrase, seconds))
            .await;
        answer!(results, outcome)
    }

    async fn lock(
        self: Rc<Self>,
        params: wallets::LockParams,
        mut results: wallets::LockResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let outcome = self.runner.finish(self.service.lock(wallet)).await;
        answer!(results, outcome)
    }

    async fn encrypt(
        self: Rc<Self>,
        params: wallets::EncryptParams,
        mut results: wallets::EncryptResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let passphrase = Secret::new(params.get_passphrase()?.to_vec());
        let outcome = self
            .runner
            .finish(self.service.encrypt(wallet, passphrase))
            .await;
        answer!(results, outcome)
    }

    async fn change_passphrase(
        self: Rc<Self>,
        params: wallets::ChangePassphraseParams,
        mut results: wallets::ChangePassphraseResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let old = Secret::new(params.get_old()?.to_vec());
        let new = Secret::new(params.get_new()?.to_vec());
        let outcome = self
            .runner
            .finish(self.service.change_passphrase(wallet, old, new))
            .await;
        answer!(results, outcome)
    }

    async fn rescan(
        self: Rc<Self>,
        params: wallets::RescanParams,
        mut results: wallets::RescanResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let wallet = params.get_wallet()?.to_string()?;
        let start = RescanStart::take(params.get_start()?)?;
        let outcome = self.runner.finish(self.service.rescan(wallet, start)).await;
        answer!(results, outcome, |b, value| b.set_task(value))
    }

    async fn execute_rpc(
        self: Rc<Self>,
        params: wallets::ExecuteRpcParams,
        mut results: wallets::ExecuteRpcResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let request = RpcRequest {
            request: params.get_request()?.to_string()?,
            uri: params.get_uri()?.to_string()?,
            user: None,
        };
        let outcome = self.runner.finish(self.service.execute(request)).await;
        let outcome = outcome.and_then(wire::sendable);
        answer!(results, outcome, |b, reply| b.set_reply(reply.as_str()))
    }
}
