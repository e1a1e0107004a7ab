//! From a stored transaction to the node, and what to tell about it.

use std::sync::Arc;

use ipc_schema::{Broadcast, BroadcastReply, SendReply};
use primitives::{Tx, Txid};

use crate::WalletError;
use crate::context::Context;
use crate::wallet::{Payment, PreparedTx, SpendError};

/// Gives a stored transaction to the node. It stays stored whatever the node says.
///
/// # Errors
/// Where the wallet was closed in between.
pub async fn broadcast(
    context: &Context,
    name: &str,
    tx: Arc<Tx>,
) -> Result<SendReply, WalletError> {
    let txid = tx.txid();
    let reply = |broadcast| Ok(SendReply { txid, broadcast });
    if !context.options.broadcast {
        return reply(Broadcast::Waiting);
    }
    let bytes = tx.to_bytes();
    let max_fee = Some(context.options.max_fee);
    match context
        .ask(|chain| async move { chain.broadcast(bytes, max_fee).await })
        .await
    {
        Ok(BroadcastReply::Accepted) => {
            let marked = context.handle.with(name, move |wallet| {
                wallet.mark_in_mempool(&txid);
                Ok(())
            });
            marked.await?;
            reply(Broadcast::Accepted)
        }
        Ok(BroadcastReply::Rejected(reason)) => {
            tracing::warn!("[{name}] the node does not take {txid}: {reason}");
            reply(Broadcast::Rejected(reason))
        }
        Err(error) => {
            tracing::warn!("[{name}] {txid} is stored and will be sent later: {error}");
            reply(Broadcast::Waiting)
        }
    }
}

/// Chooses coins for a payment and prepares it, where the node's mempool has room for it.
///
/// # Errors
/// A [`WalletError`]; after one nothing is held back for the payment.
pub async fn prepare(
    context: &Context,
    name: &str,
    payment: Payment,
    target: Option<u32>,
) -> Result<PreparedTx, WalletError> {
    let plan = context.payment_plan(name, target).await?;
    let prepared = context
        .handle
        .with(name, move |wallet| wallet.prepare(&payment, &plan))
        .await?;
    if !context.options.reject_long_chains {
        return Ok(prepared);
    }
    let tx = Tx::new(prepared.tx.clone(), context.params.hashes);
    let (bytes, vsize) = (tx.to_bytes(), prepared.vsize());
    let fits = context
        .ask(|chain| async move { chain.check_limits(bytes, vsize).await })
        .await;
    match fits {
        Ok(true) => Ok(prepared),
        Ok(false) => {
            discard(context, name, prepared.id).await;
            Err(SpendError::LongChain.into())
        }
        Err(error) => {
            discard(context, name, prepared.id).await;
            Err(error)
        }
    }
}

/// Drops a prepared payment that does not go out.
pub async fn discard(context: &Context, name: &str, id: u64) {
    let dropped = context.handle.with(name, move |wallet| wallet.discard(id));
    if let Err(error) = dropped.await {
        tracing::debug!("[{name}] {error}");
    }
}

/// Signs, stores and broadcasts a prepared payment.
///
/// # Errors
/// A [`WalletError`]; after one nothing was stored.
pub async fn send_prepared(
    context: &Context,
    name: &str,
    id: u64,
) -> Result<SendReply, WalletError> {
    let now = context.now();
    let tx = context
        .handle
        .with(name, move |wallet| wallet.send_prepared(id, now))
        .await?;
    broadcast(context, name, tx).await
}

/// Gives a stored transaction to the node again.
///
/// # Errors
/// [`WalletError::UnknownTx`], or where a block settled the matter.
pub async fn resend(context: &Context, name: &str, txid: Txid) -> Result<SendReply, WalletError> {
    let tx = context
        .handle
        .with(name, move |wallet| wallet.resendable(&txid))
        .await?;
    broadcast(context, name, tx).await
}
