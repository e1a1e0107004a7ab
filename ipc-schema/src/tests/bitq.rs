//! Our own interface over its own handles.

use std::path::Path;
use std::sync::Arc;

use primitives::{Amount, BlockHash, OutPoint, Txid};

use super::fixture::{Plain, Program, identity, soon, with_limits, with_program};
use crate::client::Connection;
use crate::types::*;

fn hello(program: &str) -> Hello {
    Hello {
        identity: identity(program),
        role: Role::Full,
    }
}

async fn greeted(program: &Program) -> Connection {
    let connection = program.ipc.connect(&program.socket()).await.unwrap();
    let session = soon(connection.hello(hello("bitq-gui"))).await.unwrap();
    assert_eq!(session.identity.program, "bitq-node");
    connection
}

fn fault(error: IpcError) -> (FaultCode, String) {
    match error {
        IpcError::Fault(fault) => (fault.code, fault.message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn strangers_are_refused_by_name() {
    with_program(async |program| {
        let refusal = async |change: fn(&mut Identity)| {
            let connection = program.ipc.connect(&program.socket()).await.unwrap();
            let mut hello = hello("bitq-gui");
            change(&mut hello.identity);
            let refused = fault(soon(connection.hello(hello)).await.unwrap_err());
            assert_eq!(refused.0, FaultCode::Mismatch);
            // And whoever ignores the refusal gets nothing.
            let (code, _) = fault(soon(connection.node()).await.unwrap_err());
            assert_eq!(code, FaultCode::NotReady);
            refused.1
        };
        assert_eq!(
            refusal(|id| id.network = "main".to_owned()).await,
            "bitq-node and bitq-gui do not fit together: \
             bitq-node has network regtest, bitq-gui has network main."
        );
        assert!(
            refusal(|id| id.coin = "groestlcoin".to_owned())
                .await
                .contains("groestlcoin")
        );
        assert!(
            refusal(|id| id.genesis = BlockHash([1; 32]))
                .await
                .contains("genesis block")
        );
        assert_eq!(
            refusal(|id| id.protocol.major = 9).await,
            "bitq-node and bitq-gui do not fit together: bitq-node has IPC protocol 1.0 \
             (version 0.1.0), bitq-gui has IPC protocol 9.0 (version 0.1.0)."
        );
    });
}

#[test]
fn a_look_around_and_a_newer_minor_are_welcome() {
    with_program(async |program| {
        let connection = program.ipc.connect(&program.socket()).await.unwrap();
        let identity = Identity {
            protocol: ProtocolVersion {
                major: PROTOCOL.major,
                minor: 99,
            },
            ..Identity::default()
        };
        let hello = Hello {
            identity,
            role: Role::Read,
        };
        let session = soon(connection.hello(hello)).await.unwrap();
        assert_eq!(session.role, Role::Read);
        assert_eq!(session.identity.network, "regtest");
        assert_eq!(session.limits, Limits::default());
    });
}

#[test]
fn the_node_is_served() {
    with_program(async |program| {
        let node = greeted(&program).await.node().await.unwrap();
        let command = RpcCommand {
            name: "stop".to_owned(),
            ..RpcCommand::default()
        };
        assert_eq!(soon(node.rpc_commands()).await.unwrap(), [command]);
        assert_eq!(soon(node.settings()).await.unwrap()[0].name, "dbcache");
        let set = node.set_setting("dbcache".to_owned(), Some("450".to_owned()));
        assert!(soon(set).await.unwrap().needs_restart);
        assert_eq!(soon(node.detach()).await.unwrap(), "/run/node.sock");
        let reply = soon(node.execute_rpc("{}".to_owned(), "/".to_owned()))
            .await
            .unwrap();
        assert_eq!(reply, "{} / None");
        let refused = fault(soon(node.cancel_task(3)).await.unwrap_err());
        assert_eq!(refused, (FaultCode::NotFound, "no task 3".to_owned()));
        // A service that panics harms one call.
        assert!(soon(node.restart_wallet()).await.is_err());
        soon(node.stop()).await.unwrap();
    });
}

#[test]
fn a_reader_has_nothing_to_change_the_node_with() {
    let narrow = |address: &mut crate::BindAddress| address.role = Role::Read;
    with_limits(Limits::default(), narrow, async |program| {
        let connection = program.ipc.connect(&program.socket()).await.unwrap();
        let session = soon(connection.hello(hello("bitq-gui"))).await.unwrap();
        assert_eq!(session.role, Role::Read);
        let node = soon(connection.node()).await.unwrap();
        soon(node.settings()).await.unwrap();
        // What was asked is named.
        let unknown = |error: IpcError, what: &str| {
            assert!(matches!(&error, IpcError::Unimplemented(name) if name == what));
            let quoted = format!("\"{what}\"");
            assert!(error.to_string().contains(&quoted), "{error}");
        };
        unknown(soon(node.stop()).await.unwrap_err(), "stop");
        let command = node.execute_rpc("{}".to_owned(), "/".to_owned());
        unknown(soon(command).await.unwrap_err(), "execute rpc");
        let (code, _) = fault(soon(connection.chain()).await.unwrap_err());
        assert_eq!(code, FaultCode::Denied);
        assert!(soon(connection.rpc()).await.is_err());
    });
}

#[test]
fn only_a_parent_starts_its_child() {
    with_program(async |program| {
        let stranger = greeted(&program).await;
        let refused = soon(stranger.start_node(StartOptions::default()))
            .await
            .unwrap();
        assert_eq!(
            refused.unwrap_err().text,
            "Only the parent may start its child."
        );
        let parent = soon(program.ipc.pair(&program.services)).await.unwrap();
        soon(parent.hello(hello("bitq-gui"))).await.unwrap();
        soon(parent.start_node(StartOptions::default()))
            .await
            .unwrap()
            .unwrap();
        let bad = StartOptions {
            config_path: "x.conf".to_owned(),
            ..StartOptions::default()
        };
        let error = soon(parent.start_node(bad)).await.unwrap().unwrap_err();
        assert_eq!(
            error,
            StartError {
                text: "Cannot read x.conf".to_owned(),
                exit_code: 1
            }
        );
    });
}

#[test]
fn a_child_gets_the_chain_and_gives_its_wallets() {
    with_program(async |program| {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let served = program
            .ipc
            .serve_parent(theirs.into(), &program.services)
            .await
            .unwrap();
        let parent = program.ipc.adopt(ours).await.unwrap();
        soon(parent.hello(hello("bitq-node"))).await.unwrap();
        let chain = program.services.now().chain.unwrap();
        let start = parent.start_wallet(StartOptions::default(), chain);
        let wallet = soon(start).await.unwrap().unwrap();
        assert_eq!(soon(wallet.commands()).await.unwrap(), "[]");
        let request = RpcRequest {
            user: Some("u".to_owned()),
            ..rpc_request()
        };
        assert_eq!(
            soon(wallet.execute(request)).await.unwrap(),
            "{} / Some(\"u\")"
        );
        parent.close();
        soon(served.closed()).await;
        soon(wallet.closed()).await;
        assert!(matches!(
            soon(wallet.commands()).await,
            Err(IpcError::Disconnected)
        ));
    });
}

fn rpc_request() -> RpcRequest {
    RpcRequest {
        request: "{}".to_owned(),
        uri: "/".to_owned(),
        user: None,
    }
}

#[test]
fn a_second_wallet_process_is_refused() {
    with_program(async |program| {
        let attach = async || {
            let connection = program.ipc.connect(&program.socket()).await.unwrap();
            soon(connection.hello(hello("bitq-wallet"))).await.unwrap();
            let process = Arc::new(super::fixture::Offer::over(&program.levers));
            let outcome = soon(connection.attach_wallet(process)).await;
            (connection, outcome)
        };
        let (first, chain) = attach().await;
        assert_eq!(chain.unwrap().block_at(4).await.unwrap().unwrap().height, 4);
        let node_side = program.levers.attached.borrow().clone().unwrap();
        assert_eq!(
            soon(node_side.execute(rpc_request())).await.unwrap(),
            "{} / None"
        );
        let (_second, refused) = attach().await;
        assert_eq!(fault(refused.unwrap_err()).0, FaultCode::Busy);
        first.close();
        soon(node_side.closed()).await;
    });
}

#[test]
fn the_chain_is_served() {
    with_program(async |program| {
        let chain = soon(greeted(&program).await.chain()).await.unwrap();
        let reply = soon(chain.pull(vec![BlockHash([4; 32])], u64::MAX))
            .await
            .unwrap();
        assert_eq!(
            reply.steps[0],
            ChainStep::Disconnect {
                hash: BlockHash([4; 32]),
                height: 8
            }
        );
        let ChainStep::Connect(block) = &reply.steps[1] else {
            panic!("{:?}", reply.tip)
        };
        assert_eq!((block.tip.height, block.data.len()), (9, 4_000_000));
        assert_eq!(soon(chain.block_at(10)).await.unwrap(), None);
        let (code, _) = fault(soon(chain.block(BlockHash([1; 32]))).await.unwrap_err());
        assert_eq!(code, FaultCode::Pruned);
        let outpoints = (0..2)
            .map(|vout| OutPoint {
                txid: Txid([1; 32]),
                vout,
            })
            .collect();
        let coins = soon(chain.find_coins(outpoints)).await.unwrap();
        assert_eq!(coins, [None, Some((vec![0x51], Amount::from_sat(50)))]);
        let rejected = BroadcastReply::Rejected("bad-txns-vin-empty".to_owned());
        assert_eq!(
            soon(chain.broadcast(Vec::new(), None)).await.unwrap(),
            rejected
        );
        let accepted = chain.broadcast(vec![1], Some(Amount::ZERO));
        assert_eq!(soon(accepted).await.unwrap(), BroadcastReply::Accepted);
    });
}

#[test]
fn wallets_open_to_one_use_of_a_token() {
    with_program(async |program| {
        let path = program.dir.path().join("wallet.sock");
        let _listener = program
            .ipc
            .listen_wallet(&path, &program.services)
            .await
            .unwrap();
        let way = |token| WalletIntroduction {
            path: path.display().to_string(),
            token,
        };
        let connect =
            async |token| soon(program.ipc.connect_wallet(way(token), identity("bitq-gui"))).await;
        let wrong = fault(connect(Secret::new(vec![0; 32])).await.unwrap_err());
        assert_eq!(wrong.0, FaultCode::BadToken);
        let token = program.services.issue_token().unwrap();
        let (connection, _wallets) = connect(token.clone()).await.unwrap();
        assert_eq!(
            fault(connect(token).await.unwrap_err()).0,
            FaultCode::BadToken
        );
        // That socket leads to nothing else.
        let (code, _) = fault(soon(connection.node()).await.unwrap_err());
        assert_eq!(code, FaultCode::Denied);
        assert!(soon(connection.rpc()).await.is_err());
    });
}

#[test]
fn the_wallets_are_served_and_hear_the_secrets() {
    with_program(async |program| {
        let connection = greeted(&program).await;
        let token = program.services.issue_token().unwrap();
        let wallets = soon(connection.wallets(token)).await.unwrap();
        assert_eq!(soon(wallets.wallets()).await.unwrap()[0].name, "w");
        let secret = |text: &str| Secret::from(text.to_owned());
        let options = CreateWallet {
            passphrase: secret("one"),
            ..CreateWallet::default()
        };
        assert_eq!(soon(wallets.create(options)).await.unwrap(), ["warning"]);
        let w = || "w".to_owned();
        soon(wallets.unlock(w(), secret("two"), 5)).await.unwrap();
        soon(wallets.change_passphrase(w(), secret("two"), secret("three")))
            .await
            .unwrap();
        soon(wallets.encrypt(w(), secret("four"))).await.unwrap();
        soon(wallets.verify_backup(w(), "f".to_owned(), secret("five")))
            .await
            .unwrap();
        let heard = program.levers.heard.borrow().clone();
        let expected = ["one", "two", "two", "three", "four", "five"];
        assert!(
            heard
                .iter()
                .map(Secret::expose)
                .eq(expected.iter().map(|s| s.as_bytes()))
        );

        let (code, message) = fault(soon(wallets.open("x".to_owned())).await.unwrap_err());
        assert_eq!(
            (code, message.as_str()),
            (FaultCode::NotFound, "no wallet x")
        );
        let cursor = TxCursor {
            time: 3,
            txid: Txid([2; 32]),
        };
        let query = TxQuery {
            before: Some(cursor),
            limit: 500,
            filter: String::new(),
        };
        let page = soon(wallets.transactions(w(), query)).await.unwrap();
        assert_eq!((page.rows.len(), page.next), (500, Some(cursor)));
        let to = |sat| Recipient {
            amount: Some(Amount::from_sat(sat)),
            ..Recipient::default()
        };
        let request = SendRequest {
            recipients: vec![to(5), to(6)],
            ..SendRequest::default()
        };
        let prepared = soon(wallets.prepare(w(), request)).await.unwrap();
        assert_eq!(prepared.total, Amount::from_sat(11));
        let sent = soon(wallets.send(w(), prepared.id)).await.unwrap();
        let rejected = Broadcast::Rejected("min relay fee not met".to_owned());
        assert_eq!(
            sent,
            SendReply {
                txid: Txid([9; 32]),
                broadcast: rejected
            }
        );
        assert_eq!(
            soon(wallets.rescan(w(), RescanStart::Height(7)))
                .await
                .unwrap(),
            11
        );
    });
}

#[test]
fn plain_core_clients_and_ours_share_a_socket() {
    with_program(async |program| {
        let plain = Plain::connect(&program).await;
        let ours = greeted(&program).await;
        plain.echo().await;
        assert_eq!(soon(ours.echo("x".to_owned(), 3)).await.unwrap().len(), 3);
        // The own interface of a plain client's object is there too, after hello.
        let answer = soon(plain.bitq().node_request().send().promise)
            .await
            .unwrap();
        assert!(answer.get().unwrap().has_fault());
        let rpc = soon(ours.rpc()).await.unwrap();
        assert_eq!(
            soon(rpc.execute("[]".to_owned(), "/".to_owned()))
                .await
                .unwrap(),
            "[] / None"
        );
    });
}

#[test]
fn calls_end_with_the_connection() {
    with_program(async |program| {
        let connection = greeted(&program).await;
        let node = soon(connection.node()).await.unwrap();
        assert!(!connection.is_closed());
        soon(program.ipc.stop()).await;
        soon(connection.closed()).await;
        assert!(connection.is_closed());
        assert!(matches!(
            soon(node.settings()).await,
            Err(IpcError::Disconnected)
        ));
    });
}

#[test]
fn a_program_that_cannot_start_is_named() {
    with_program(async |program| {
        let error = program
            .ipc
            .spawn(Path::new("/nonexistent/bitq-node"))
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "Unable to start /nonexistent/bitq-node: No such file or directory"
        );
        // A program that knows nothing of us ends the connection; its status is reported.
        let (connection, child) = program.ipc.spawn(Path::new("/bin/false")).await.unwrap();
        soon(connection.closed()).await;
        assert_eq!(
            soon(child.exited()).await.describe(),
            "it ended with status 1"
        );
    });
}

#[test]
fn a_socket_goes_with_its_listener() {
    with_program(async |program| {
        let path = program.socket();
        assert!(program.listener.is_reachable());
        program.listener.close();
        assert!(!path.exists());
    });
}
