//! JSON-RPC over IPC: the same table as over HTTP.

use std::sync::Arc;

use ipc_schema::service::{Reply, RpcExecutor};
use ipc_schema::{Fault, FaultCode, RpcRequest};
use rpc::jsonrpc::{self, Whitelist};
use rpc::{Caller, Table};
use tokio_util::sync::CancellationToken;

use crate::context::Node;

/// The HTTP status of a call that `-rpcwhitelist` refuses.
const FORBIDDEN: u16 = 403;

/// Executes requests on the node's table.
pub(crate) struct Executor {
    pub(crate) table: Arc<Table<Node>>,
    pub(crate) whitelist: Whitelist,
}

impl RpcExecutor for Executor {
    fn execute(&self, request: RpcRequest) -> Reply<String> {
        let table = Arc::clone(&self.table);
        // The listener's role names the user; without one nothing is left out.
        let whitelist = if request.user.is_some() {
            self.whitelist.clone()
        } else {
            Whitelist::default()
        };
        Box::pin(async move {
            let caller = Caller {
                user: request.user.unwrap_or_default(),
                uri: request.uri,
                peer: String::new(),
            };
            let gone = CancellationToken::new();
            // A caller that leaves drops this future, which ends waits.
            let _guard = gone.clone().drop_guard();
            let text = request.request.as_bytes();
            let reply = jsonrpc::execute(&table, text, &caller, &whitelist, &gone).await;
            match reply {
                // Over HTTP the status alone says so.
                Ok(reply) if reply.status == FORBIDDEN => Err(Fault::new(
                    FaultCode::Denied,
                    "This socket does not give the right to call that method.",
                )),
                Ok(reply) => Ok(reply.text()),
                Err(_) => Err(Fault::invalid_json()),
            }
        })
    }
}
