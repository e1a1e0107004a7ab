//! What `-debug=ipc` says of the calls that come and go. Their values are never shown here: secrets are among them.

use std::cell::RefCell;
use std::collections::HashMap;

use capnp::message::{Reader, ReaderSegments};
use capnp::traits::HasTypeId;
use capnp_rpc::rpc_capnp::{message, return_};

use super::Message;
use crate::generated::{
    bitq_capnp, chain_capnp, echo_capnp, init_capnp, mining_capnp, node_capnp, proxy_capnp,
    rpc_capnp, types_capnp, wallet_capnp,
};
use crate::log::{debug_line, here, next_request};

/// Marks methods that run on a worker: the session tells of their way itself.
const ON_WORKER: char = '*';

/// An interface: its id, its name, its methods in the order of their numbers.
type Interface = (u64, &'static str, &'static [&'static str]);

#[rustfmt::skip]
const INTERFACES: &[Interface] = &[
    (<init_capnp::init::Client as HasTypeId>::TYPE_ID, "Init", &["construct", "*makeEcho", "makeMiningOld2", "*makeMining", "*makeRpc"]),
    (<echo_capnp::echo::Client as HasTypeId>::TYPE_ID, "Echo", &["*destroy", "*echo"]),
    (<rpc_capnp::rpc::Client as HasTypeId>::TYPE_ID, "Rpc", &["*executeRpc"]),
    (<proxy_capnp::thread_map::Client as HasTypeId>::TYPE_ID, "ThreadMap", &["makeThread", "makePool"]),
    (<proxy_capnp::thread::Client as HasTypeId>::TYPE_ID, "Thread", &["getName"]),
    (<mining_capnp::mining::Client as HasTypeId>::TYPE_ID, "Mining", &["*isTestChain", "*isInitialBlockDownload", "*getTip", "*waitTipChanged", "*createNewBlock", "*checkBlock", "interrupt", "*submitBlock", "*getTransactionsByTxID", "*getTransactionsByWitnessID"]),
    (<mining_capnp::block_template::Client as HasTypeId>::TYPE_ID, "BlockTemplate", &["*destroy", "*getBlockHeader", "*getBlock", "*getTxFees", "*getTxSigops", "*getCoinbaseTx", "*getCoinbaseMerklePath", "submitSolutionOld7", "*waitNext", "interruptWait", "*submitSolution"]),
    (<bitq_capnp::bitq::Client as HasTypeId>::TYPE_ID, "Bitq", &["hello", "startNode", "startWallet", "node", "chain", "attachWallet", "wallets"]),
    (<node_capnp::node_view::Client as HasTypeId>::TYPE_ID, "NodeView", &["subscribe", "rpcCommands", "settings"]),
    (<node_capnp::node::Client as HasTypeId>::TYPE_ID, "Node", &["executeRpc", "setSetting", "stop", "detach", "setNetworkActive", "cancelTask", "restartWallet", "introduceWallet"]),
    (<node_capnp::node_sink::Client as HasTypeId>::TYPE_ID, "NodeSink", &["status", "log", "tasks"]),
    (<chain_capnp::chain::Client as HasTypeId>::TYPE_ID, "Chain", &["subscribe", "pull", "findFork", "blockAt", "findBlock", "block", "blocks", "firstBlockSince", "mempool", "isInMempool", "findCoins", "broadcast", "estimateFee", "minimumFees", "reportTask", "loadOnStartup"]),
    (<chain_capnp::state_sink::Client as HasTypeId>::TYPE_ID, "StateSink", &["state"]),
    (<chain_capnp::mempool_sink::Client as HasTypeId>::TYPE_ID, "MempoolSink", &["snapshot", "changes", "resync"]),
    (<wallet_capnp::wallet_process::Client as HasTypeId>::TYPE_ID, "WalletProcess", &["commands", "executeRpc", "wallets", "introduce", "stop"]),
    (<wallet_capnp::wallets::Client as HasTypeId>::TYPE_ID, "Wallets", &["wallets", "subscribeTasks", "cancelTask", "create", "open", "close", "backup", "verifyBackup", "restore", "subscribe", "transactions", "transaction", "abandon", "resend", "addresses", "newAddress", "setLabel", "coins", "setFrozen", "fees", "prepare", "discard", "send", "unlock", "lock", "encrypt", "changePassphrase", "rescan", "executeRpc"]),
    (<wallet_capnp::wallet_sink::Client as HasTypeId>::TYPE_ID, "WalletSink", &["state", "delta", "resync", "closed"]),
    (<types_capnp::task_sink::Client as HasTypeId>::TYPE_ID, "TaskSink", &["tasks"]),
];

/// The name of an interface, and of the method with its mark.
fn name(interface: u64, method: u16) -> Option<(&'static str, &'static str)> {
    let (_, name, methods) = INTERFACES.iter().find(|(id, _, _)| *id == interface)?;
    Some((name, methods.get(usize::from(method))?))
}

/// The calls of one connection that are not answered yet, as far as they are told of.
#[derive(Default)]
pub(super) struct Trace {
    /// Those of the other side, with their numbers in the log.
    theirs: RefCell<HashMap<u32, (u64, String)>>,
    ours: RefCell<HashMap<u32, String>>,
}

fn is_on() -> bool {
    tracing::enabled!(target: "ipc", tracing::Level::DEBUG)
}

impl Trace {
    /// Tells of a message that came.
    pub(super) fn received<S: ReaderSegments>(&self, message: &Reader<S>) {
        if !is_on() {
            return;
        }
        let root = message.get_root::<message::Reader<'_>>();
        match root.and_then(|root| Ok(root.which()?)) {
            Ok(message::Call(Ok(call))) => {
                let Some((interface, method)) = name(call.get_interface_id(), call.get_method_id())
                else {
                    return;
                };
                if method.starts_with(ON_WORKER) {
                    return;
                }
                let (number, name) = (next_request(), format!("{interface}.{method}"));
                debug_line!("IPC server recv request  #{number} {name}$Params");
                debug_line!("IPC server post request  #{number} {{{}}}", here());
                debug_line!("IPC server executing request #{number}");
                self.theirs
                    .borrow_mut()
                    .insert(call.get_question_id(), (number, name));
            }
            Ok(message::Return(Ok(answer))) => {
                let asked = self.ours.borrow_mut().remove(&answer.get_answer_id());
                if let Some(name) = asked {
                    match answer.which() {
                        Ok(return_::Exception(_)) => {
                            debug_line!("{{{}}} IPC client exception {name}", here());
                        }
                        _ => debug_line!("{{{}}} IPC client recv {name}$Results", here()),
                    }
                }
            }
            Ok(message::Finish(Ok(finish))) => {
                let unanswered = self.theirs.borrow_mut().remove(&finish.get_question_id());
                if let Some((number, _)) = unanswered {
                    debug_line!("IPC server request #{number} canceled while executing.");
                }
            }
            _ => {}
        }
    }

    /// Tells of a message that is sent.
    pub(super) fn sent(&self, message: &Message) {
        if !is_on() {
            return;
        }
        let root = message.get_root_as_reader::<message::Reader<'_>>();
        match root.and_then(|root| Ok(root.which()?)) {
            Ok(message::Call(Ok(call))) => {
                let Some((interface, method)) = name(call.get_interface_id(), call.get_method_id())
                else {
                    return;
                };
                let name = format!("{interface}.{}", method.trim_start_matches(ON_WORKER));
                debug_line!("{{{}}} IPC client send {name}$Params", here());
                self.ours.borrow_mut().insert(call.get_question_id(), name);
            }
            Ok(message::Return(Ok(answer))) => {
                let asked = self.theirs.borrow_mut().remove(&answer.get_answer_id());
                if let Some((number, name)) = asked {
                    match answer.which() {
                        Ok(return_::Exception(Ok(exception))) => {
                            let reason = exception.get_reason().ok();
                            let reason = reason.and_then(|text| text.to_str().ok());
                            debug_line!(
                                "IPC server request #{number} uncaught exception ({})",
                                reason.unwrap_or_default()
                            );
                        }
                        _ => debug_line!("IPC server send response #{number} {name}$Results"),
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_have_the_names_of_the_schema() {
        let cases = [
            (
                <wallet_capnp::wallets::Client as HasTypeId>::TYPE_ID,
                23,
                "unlock",
            ),
            (
                <wallet_capnp::wallets::Client as HasTypeId>::TYPE_ID,
                28,
                "executeRpc",
            ),
            (
                <node_capnp::node::Client as HasTypeId>::TYPE_ID,
                7,
                "introduceWallet",
            ),
            (
                <chain_capnp::chain::Client as HasTypeId>::TYPE_ID,
                15,
                "loadOnStartup",
            ),
            (
                <bitq_capnp::bitq::Client as HasTypeId>::TYPE_ID,
                6,
                "wallets",
            ),
            (
                <mining_capnp::mining::Client as HasTypeId>::TYPE_ID,
                6,
                "interrupt",
            ),
        ];
        for (interface, method, expected) in cases {
            assert_eq!(
                name(interface, method).map(|(_, name)| name),
                Some(expected)
            );
        }
        assert_eq!(name(1, 0), None);
        let wallets = <wallet_capnp::wallets::Client as HasTypeId>::TYPE_ID;
        assert_eq!(name(wallets, 29), None);
    }
}
