//! What must not be written down anywhere.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "common/window.rs"]
mod window;

use ipc_schema::{CreateWallet, Secret};
use serde_json::json;
use testkit::process::{Node, Setup, read_text};
use window::{Window, hello};

/// Everything that the processes of a node wrote.
fn everything_said(node: &Node) -> String {
    let mut said = node.log() + &node.stderr();
    for entry in std::fs::read_dir(node.setup().data().path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            said += &read_text(&path);
        }
    }
    said
}

#[test]
fn passphrases_stand_in_no_log() {
    let secrets = [
        "first secret phrase",
        "second secret phrase",
        "a wrong phrase",
    ];
    let mut node = Setup::new("bitquantum")
        .wallet()
        .arg("-ipcbind=unix")
        .arg("-debug")
        .arg("-loglevel=trace")
        .start();
    node.call(
        "createwallet",
        json!({"wallet_name": "a", "passphrase": secrets[0]}),
    );
    node.call("createwallet", json!(["b"]));
    node.cli_ok(["-rpcwallet=b", "encryptwallet", secrets[1]]);
    // Over HTTP and over the socket, rightly and wrongly.
    for way in ["-noipcconnect", "-ipcconnect=unix"] {
        node.cli_ok([way, "-rpcwallet=a", "walletpassphrase", secrets[0], "60"]);
        node.cli_ok([way, "-rpcwallet=b", "walletpassphrase", secrets[1], "60"]);
        let wrong = node.cli([way, "-rpcwallet=a", "walletpassphrase", secrets[2], "60"]);
        assert_eq!(wrong.code, Some(14), "{wrong:?}");
    }
    node.stop();
    assert_unsaid(&node, "method=walletpassphrase", &secrets);
}

/// The log holds `shown`, which only a detailed one does, and none of the secrets.
fn assert_unsaid(node: &Node, shown: &str, secrets: &[&str]) {
    let said = everything_said(node);
    assert!(said.contains(shown), "{said}");
    for secret in secrets {
        assert!(!said.contains(secret), "{secret:?} was logged");
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!said.contains(&hex), "{secret:?} was logged in hexadecimal");
    }
}

#[test]
fn passphrases_of_a_window_stand_in_no_log() {
    let secrets = [
        "first secret phrase",
        "second secret phrase",
        "third secret phrase",
        "a wrong phrase",
    ];
    let [first, second, third, wrong] = secrets.map(|text| move || Secret::new(text.into()));
    let mut node = Setup::new("bitquantum")
        .wallet()
        .arg("-ipcbind=unix")
        .arg("-debug")
        .arg("-loglevel=trace")
        .start();
    let window = Window::new();
    window.runtime.block_on(async {
        let connection = window.ipc.connect(&node.file("node.sock")).await.unwrap();
        connection.hello(hello()).await.unwrap();
        let view = connection.node().await.unwrap();
        let way = view.introduce_wallet().await.unwrap();
        let found = window.ipc.connect_wallet(way, hello().identity).await;
        let (_open, wallets) = found.unwrap();
        let made = wallets.create(CreateWallet {
            name: "a".to_owned(),
            passphrase: first(),
            ..CreateWallet::default()
        });
        made.await.unwrap();
        let plain = wallets.create(CreateWallet {
            name: "b".to_owned(),
            ..CreateWallet::default()
        });
        plain.await.unwrap();
        wallets.encrypt("b".to_owned(), second()).await.unwrap();
        let changed = wallets.change_passphrase("b".to_owned(), second(), third());
        changed.await.unwrap();
        wallets.unlock("a".to_owned(), first(), 60).await.unwrap();
        assert!(wallets.unlock("b".to_owned(), wrong(), 60).await.is_err());
        // The console's commands go the same way.
        let request = json!({"method": "walletpassphrase", "params": [secrets[2], 60], "id": 1});
        let answer = wallets.execute_rpc(request.to_string(), "/wallet/b".to_owned());
        let answer = answer.await.unwrap();
        assert!(answer.contains("\"error\":null"), "{answer}");
    });
    node.stop();
    assert_unsaid(&node, "hello from window", &secrets);
    // The calls themselves are told of, on both sides.
    for line in [
        "IPC server recv request  #",
        " Wallets.unlock$Params",
        "IPC server send response #",
        " Wallets.unlock$Results",
        " Node.introduceWallet$Params",
        "IPC client send WalletProcess.introduce$Params",
        "IPC client recv WalletProcess.introduce$Results",
        "Creating Wallets",
        "Destroying Wallets",
    ] {
        let said = everything_said(&node);
        assert!(said.contains(line), "no {line:?} in\n{said}");
    }
}
