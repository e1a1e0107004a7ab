//! What every user of a wallet does, by `bitq-cli` alone: takes coins, waits, spends them, looks at the history.

use super::{Node, PATIENCE, sats, wait_until};
use serde_json::{Value, json};

/// The address types, as `getnewaddress` names them.
pub const ADDRESS_TYPES: [&str; 4] = ["legacy", "p2sh-segwit", "bech32", "bech32m"];
/// Rate of the payments here, in satoshi per virtual byte.
const FEE_RATE: i64 = 5;
/// What a payment of everything leaves for the fee and the change, in the smallest unit.
const REST: i64 = 10_000_000;

/// Blocks after which a mined coin may be spent.
pub fn maturity(coin: &str) -> u64 {
    match coin {
        "bitquantum" => 10,
        "groestlcoin" => 120,
        _ => 100,
    }
}

/// A wallet behind a node, and its user at a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Wallet<'a> {
    /// The node.
    pub node: &'a Node,
    /// The wallet's name.
    pub name: &'a str,
}

impl<'a> Wallet<'a> {
    /// Makes a wallet that is opened again with each start of the node.
    pub fn create(node: &'a Node, name: &'a str) -> Self {
        let name_arg = format!("wallet_name={name}");
        let made = node.cli_ok(["-named", "createwallet", &name_arg, "load_on_startup=true"]);
        assert_eq!(made["name"], json!(name), "{made}");
        Self { node, name }
    }

    /// Calls a method of the wallet.
    pub fn cli(&self, args: &[&str]) -> Value {
        self.node.cli_ok(self.args(args))
    }

    /// Calls a method that must be refused with this error number.
    pub fn refused(&self, code: i32, args: &[&str]) -> String {
        let ended = self.node.cli(self.args(args));
        let expected = format!("error code: {code}\nerror message:\n");
        assert_eq!(ended.code, Some(-code), "{args:?}: {ended:?}");
        let text = ended.stderr.strip_prefix(&expected);
        text.unwrap_or_else(|| panic!("{args:?}: {ended:?}"))
            .trim_end()
            .to_owned()
    }

    fn args(&self, args: &[&str]) -> Vec<String> {
        let wallet = format!("-rpcwallet={}", self.name);
        std::iter::once(wallet)
            .chain(args.iter().map(ToString::to_string))
            .collect()
    }

    /// A new address of a type.
    pub fn address(&self, kind: &str) -> String {
        let address = self.cli(&["getnewaddress", kind, kind]);
        text(&address)
    }

    /// A part of the wallet's own balance, in the smallest unit.
    pub fn balance(&self, part: &str) -> i64 {
        self.synced();
        sats(&self.cli(&["getbalances"])["mine"][part])
    }

    /// Waits until the wallet has seen the node's newest block.
    pub fn synced(&self) {
        wait_until("the wallet to see the newest block", PATIENCE, || {
            let tip = self.node.call("getbestblockhash", json!([]));
            let info = self.cli(&["getwalletinfo"]);
            info["lastprocessedblock"]["hash"] == tip && info["scanning"] == json!(false)
        });
    }

    /// Sends at [`FEE_RATE`]; gives the transaction's id.
    pub fn send(&self, address: &str, amount: &str) -> String {
        let (address, amount) = (format!("address={address}"), format!("amount={amount}"));
        let rate = format!("fee_rate={FEE_RATE}");
        let txid = self.cli(&["-named", "sendtoaddress", &address, &amount, &rate]);
        text(&txid)
    }

    /// The entries of the history for a transaction.
    pub fn entries(&self, txid: &str) -> Vec<Value> {
        let list = self.cli(&["listtransactions", "*", "1000"]);
        let found = list
            .as_array()
            .into_iter()
            .flatten()
            .filter(|entry| entry["txid"] == json!(txid));
        found.cloned().collect()
    }
}

/// Mines blocks whose coins go to anyone.
pub fn mine(node: &Node, count: u64) {
    if count > 0 {
        node.call("generatetodescriptor", json!([count, "raw(51)"]));
    }
}

/// An amount of the smallest unit as people write it.
pub fn coins(amount: i64) -> String {
    format!("{}.{:08}", amount / 100_000_000, amount % 100_000_000)
}

/// Mines one block to an address of each type and lets the coins ripen; gives their sum.
pub fn ripen(wallet: Wallet<'_>, coin: &str) -> i64 {
    let mut rewards = Vec::new();
    for kind in ADDRESS_TYPES {
        let address = wallet.address(kind);
        let info = wallet.cli(&["getaddressinfo", &address]);
        assert_eq!(info["ismine"], json!(true), "{info}");
        assert_eq!(info["labels"], json!([kind]), "{info}");
        let made = wallet.node.cli_ok(["generatetoaddress", "1", &address]);
        let block = wallet.node.call("getblock", json!([made[0], 2]));
        rewards.push(sats(&block["tx"][0]["vout"][0]["value"]));
    }
    let sum: i64 = rewards.iter().sum();
    mine(wallet.node, maturity(coin) - 1);
    assert_eq!(
        wallet.balance("trusted"),
        sum - rewards[3],
        "the last one is not ripe"
    );
    assert_eq!(wallet.balance("immature"), rewards[3]);
    mine(wallet.node, 1);
    assert_eq!(wallet.balance("trusted"), sum);
    assert_eq!(wallet.balance("immature"), 0);
    sum
}

/// Pays nearly everything to oneself, so that coins of every type are signed for; gives the id and what is left.
pub fn pay_oneself(wallet: Wallet<'_>, sum: i64) -> (String, i64) {
    let target = wallet.address("bech32m");
    let txid = wallet.send(&target, &coins(sum - REST));
    let found = wallet.cli(&["gettransaction", &txid]);
    let fee = -sats(&found["fee"]);
    let decoded = wallet
        .node
        .call("decoderawtransaction", json!([found["hex"]]));
    let inputs = decoded["vin"].as_array().map_or(0, Vec::len);
    assert_eq!(inputs, ADDRESS_TYPES.len(), "{decoded}");
    let size = decoded["vsize"].as_i64().expect("a size");
    // A signature may come out a byte shorter than was reckoned with.
    let expected = FEE_RATE * size..=FEE_RATE * (size + 4);
    assert!(expected.contains(&fee), "fee {fee} for {size} vB");
    assert_eq!(wallet.node.call("getrawmempool", json!([])), json!([txid]));
    assert_eq!(wallet.balance("trusted"), sum - fee);

    let entries = wallet.entries(&txid);
    let categories: Vec<_> = entries.iter().map(|entry| &entry["category"]).collect();
    assert_eq!(
        categories,
        [&json!("receive"), &json!("send")],
        "{entries:?}"
    );
    assert_eq!(entries[0]["confirmations"], json!(0));
    assert_eq!(sats(&entries[1]["amount"]), REST - sum);
    assert_eq!(sats(&entries[0]["amount"]), sum - REST);
    assert_eq!(entries[0]["address"], json!(target));
    (txid, sum - fee)
}

/// Mines the transaction and looks at it from all sides.
pub fn confirm(wallet: Wallet<'_>, txid: &str, left: i64) {
    mine(wallet.node, 1);
    wallet.synced();
    check_confirmed(wallet, txid, left);
}

/// The transaction stands in the newest block and nothing but what it left is there.
pub fn check_confirmed(wallet: Wallet<'_>, txid: &str, left: i64) {
    let tip = wallet.node.call("getbestblockhash", json!([]));
    let found = wallet.cli(&["gettransaction", txid]);
    assert_eq!(found["confirmations"], json!(1), "{found}");
    assert_eq!(found["blockhash"], tip);
    assert_eq!(wallet.node.call("getrawmempool", json!([])), json!([]));
    assert_eq!(wallet.balance("trusted"), left);
    let unspent = wallet.cli(&["listunspent"]);
    let unspent = unspent.as_array().expect("a list");
    assert_eq!(unspent.len(), 2, "the payment and its change: {unspent:?}");
    let sum: i64 = unspent.iter().map(|coin| sats(&coin["amount"])).sum();
    assert_eq!(sum, left);
    assert!(unspent.iter().all(|coin| coin["txid"] == json!(txid)));
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
