//! The mempool as the wallets see it.

use std::sync::Arc;

use ipc_schema::{ChainClient, IpcError, MempoolChange, MempoolEvent};
use primitives::{ChainParams, Tx};

use super::{RETRY, garbled};
use crate::WalletError;
use crate::context::Context;

fn decode_tx(bytes: &[u8], params: &ChainParams) -> Result<Arc<Tx>, WalletError> {
    Tx::from_bytes(bytes, params.hashes)
        .map(Arc::new)
        .map_err(|error| garbled("transaction", error))
}

/// The transactions of the mempool, encoded.
async fn mempool_now(chain: &ChainClient) -> Result<Vec<Vec<u8>>, IpcError> {
    let mut events = chain.mempool().await?;
    Ok(match events.recv().await {
        Some(MempoolEvent::Snapshot(snapshot)) => snapshot.transactions,
        _ => Vec::new(),
    })
}

fn decode_txs(txs: &[Vec<u8>], params: &ChainParams) -> Result<Vec<Arc<Tx>>, WalletError> {
    txs.iter().map(|bytes| decode_tx(bytes, params)).collect()
}

/// Reads the mempool once for a wallet that was opened.
pub(super) async fn read_mempool(
    context: &Context,
    name: &str,
    chain: &ChainClient,
) -> Result<(), WalletError> {
    let txs = decode_txs(&mempool_now(chain).await?, context.params)?;
    let now = context.now();
    context
        .handle
        .with(name, move |wallet| wallet.mempool_is(&txs, now))
        .await
}

/// Looks through the mempool for what a wallet does not know yet (Core's `requestMempoolTransactions`).
///
/// # Errors
/// Where the node is gone or the file cannot be written.
pub(crate) async fn scan_mempool(context: &Context, name: &str) -> Result<(), WalletError> {
    let txs = context
        .ask(|chain| async move { mempool_now(&chain).await })
        .await?;
    let txs = decode_txs(&txs, context.params)?;
    let now = context.now();
    // Of those it knows, `follow_mempool` has told it more than this picture of a moment ago does.
    let found = context
        .handle
        .with(name, move |wallet| wallet.find_in_mempool(&txs, now))
        .await?;
    for txid in found {
        let there = context
            .ask(|chain| async move { chain.is_in_mempool(txid).await })
            .await?;
        if !there {
            let reason = ipc_schema::RemovalReason::Conflict;
            context
                .handle
                .with(name, move |wallet| wallet.mempool_removed(&txid, reason))
                .await?;
        }
    }
    Ok(())
}

/// Reads the mempool of whichever node there is, for all wallets.
pub async fn follow_mempool(context: Arc<Context>) {
    let mut nodes = context.chain.watch();
    loop {
        let chain = nodes.borrow_and_update().clone();
        let failed = match chain {
            Some(chain) => {
                tokio::select! {
                    result = mempool_of(&context, &chain) => result.err(),
                    _ = nodes.changed() => continue,
                    () = context.stop.stopped() => return,
                }
            }
            None => None,
        };
        if let Some(error) = failed {
            tracing::debug!("the node's mempool: {error}");
        }
        tokio::select! {
            changed = nodes.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(RETRY) => {}
            () = context.stop.stopped() => return,
        }
    }
}

/// Reads one mempool until it ends or lost changes.
async fn mempool_of(context: &Context, chain: &ChainClient) -> Result<(), WalletError> {
    let mut events = chain.mempool().await?;
    let params = context.params;
    while let Some(event) = events.recv().await {
        let now = context.now();
        match event {
            MempoolEvent::Snapshot(snapshot) => {
                let txs = decode_txs(&snapshot.transactions, params)?;
                for_all(context, move |wallet| wallet.mempool_is(&txs, now)).await?;
            }
            MempoolEvent::Change {
                change: MempoolChange::Added(bytes),
                ..
            } => {
                let tx = decode_tx(&bytes, params)?;
                for_all(context, move |wallet| wallet.mempool_added(&tx, now)).await?;
            }
            MempoolEvent::Change {
                change: MempoolChange::Removed { txid, reason },
                ..
            } => {
                for_all(context, move |wallet| wallet.mempool_removed(&txid, reason)).await?;
            }
            MempoolEvent::Resync => return Ok(()),
        }
    }
    Ok(())
}

/// Does the same to every open wallet.
async fn for_all(
    context: &Context,
    change: impl Fn(&mut crate::Wallet) -> Result<(), WalletError> + Send + 'static,
) -> Result<(), WalletError> {
    context
        .handle
        .call(move |wallets| {
            for open in wallets.all() {
                if let Err(error) = change(&mut open.wallet) {
                    tracing::error!("[{}] {error}", open.wallet.name());
                }
            }
        })
        .await?;
    Ok(())
}
