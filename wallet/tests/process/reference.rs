//! Wallets that the reference program made are opened here, and answer as they did there
//! (`tests/data/core/README.md`).

use std::path::{Path, PathBuf};

use super::*;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/core")
        .join(name)
}

/// Answers that are lists without an order of their own.
fn sorted(mut answer: Value, method: &str) -> Value {
    if let ("listunspent", Value::Array(rows)) = (method, &mut answer) {
        rows.sort_by_key(|row| format!("{} {}", row["txid"], row["vout"]));
    }
    if let ("getwalletinfo", Value::Object(fields)) = (method, &mut answer) {
        // When it is locked again depends on when it was unlocked.
        fields.remove("unlocked_until");
    }
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn wallets_of_the_reference_program_answer_as_they_did_there() {
    let params = ChainParams::get(Coin::Bitcoin, Network::Regtest);
    let answers: Value =
        serde_json::from_slice(&std::fs::read(data("answers.json")).unwrap()).unwrap();
    let node = TestNode::with_blocks(params, &std::fs::read(data("blocks.dat")).unwrap());
    for (name, calls) in answers.as_object().unwrap() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("regtest/wallets").join(name);
        std::fs::create_dir_all(&place).unwrap();
        std::fs::copy(data(&format!("{name}.dat")), place.join("wallet.dat")).unwrap();
        let w = start_with(&dir, &node, &[name], &[("walletbroadcast", "0")]).await;
        if name == "encrypted" {
            w.rpc("walletpassphrase", json!(["correct horse", 600]))
                .await;
        }
        for call in calls.as_array().unwrap() {
            let method = call[0].as_str().unwrap();
            let answer = sorted(w.rpc(method, call[1].clone()).await, method);
            let expected = sorted(call[2].clone(), method);
            assert_eq!(answer, expected, "{name}: {method} {}", call[1]);
        }
        // What was read can be used.
        let to = w
            .rpc("getnewaddress", json!({"address_type": "bech32"}))
            .await;
        let paid = json!({"address": to, "amount": 0.1, "fee_rate": 2, "avoid_reuse": false});
        let txid = w.rpc("sendtoaddress", paid).await;
        assert_eq!(w.rpc("gettransaction", json!([txid])).await["txid"], txid);
        w.process.stop().await.unwrap();
    }
}
