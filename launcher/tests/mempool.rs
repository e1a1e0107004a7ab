//! What the mempool refuses and in which words, as programs meet it over JSON-RPC. The words are those of the reference.

#![allow(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "a helper of tests fails by panicking"
)]

use serde_json::{Value, json};
use testkit::process::{Node, Setup};

#[path = "common/draft.rs"]
mod draft;

use draft::{ANYONE, Coin, Draft, REWARD, Spend};

/// Where the clock stands.
const NOW: u64 = 1_700_000_000;

impl Spend {
    /// With another sequence number.
    fn sequence(mut self, sequence: u32) -> Self {
        self.sequence = sequence;
        self
    }

    /// With a script.
    fn script_sig(mut self, script: &str) -> Self {
        self.script_sig = script.to_owned();
        self
    }
}

impl Draft {
    /// Of another version.
    fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }
}

/// A node with ripe coins.
struct Bench {
    node: Node,
    coins: std::vec::IntoIter<Coin>,
    /// The newest reward, which is not ripe.
    unripe: Coin,
}

impl Bench {
    fn new(ripe: u64, args: &[&str]) -> Self {
        let mut setup = Setup::new("bitcoin");
        for arg in args {
            setup = setup.arg(arg);
        }
        let node = setup.start();
        node.call("setmocktime", json!([NOW]));
        let blocks = json!([100 + ripe, format!("raw({ANYONE})")]);
        let hashes = node.call("generatetodescriptor", blocks);
        let coins = hashes.as_array().unwrap().iter().map(|hash| Coin {
            place: (text(&node.call("getblock", json!([hash]))["tx"][0]), 0),
            value: REWARD,
        });
        let mut coins: Vec<Coin> = coins.collect();
        let unripe = coins.last().unwrap().clone();
        coins.truncate(usize::try_from(ripe).unwrap());
        Self {
            node,
            coins: coins.into_iter(),
            unripe,
        }
    }

    fn coin(&mut self) -> Coin {
        self.coins.next().expect("enough ripe coins")
    }

    fn ids(&self, draft: &Draft) -> (String, String) {
        let tx = self.node.call("decoderawtransaction", json!([draft.hex()]));
        (text(&tx["txid"]), text(&tx["hash"]))
    }

    /// Both ids, as texts of the reference name a transaction.
    fn named(&self, draft: &Draft) -> String {
        let (txid, wtxid) = self.ids(draft);
        format!("{txid} (wtxid={wtxid})")
    }

    /// Sends a transaction; gives its outputs.
    fn send(&self, draft: &Draft) -> Vec<Coin> {
        let sent = self.node.call("sendrawtransaction", json!([draft.hex()]));
        let txid = text(&sent);
        let coin = |(vout, output): (u32, &(u64, String))| Coin {
            place: (txid.clone(), vout),
            value: output.0,
        };
        (0..).zip(&draft.outputs).map(coin).collect()
    }

    fn test(&self, drafts: &[Draft]) -> Vec<Value> {
        let hexes: Vec<String> = drafts.iter().map(Draft::hex).collect();
        let rows = self.node.call("testmempoolaccept", json!([hexes]));
        rows.as_array().unwrap().clone()
    }

    fn allows(&self, draft: &Draft) {
        let row = &self.test(std::slice::from_ref(draft))[0];
        assert_eq!(row["allowed"], json!(true), "{row}");
    }

    /// The transaction is refused with this reason and these details, in a test and for good.
    fn refuses(&self, draft: &Draft, reason: &str, details: &str) {
        let row = &self.test(std::slice::from_ref(draft))[0];
        let (txid, wtxid) = self.ids(draft);
        let full = match details {
            "" => reason.to_owned(),
            _ => format!("{reason}, {details}"),
        };
        let expected = json!({
            "txid": txid,
            "wtxid": wtxid,
            "allowed": false,
            "reject-reason": reason,
            "reject-details": full,
        });
        assert_eq!(*row, expected);
        // Neither limit of the command counts here: it would be looked at first.
        let (code, text) = self
            .node
            .refused("sendrawtransaction", json!([draft.hex(), 0, 50]));
        assert_eq!((code, text), (-26, full));
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn a_transaction_that_is_wrong_by_itself() {
    let mut bench = Bench::new(20, &["-datacarriersize=83"]);
    // The first ones are as old as the first block, and no relative lock time holds them.
    let coin = bench.coins.nth(19).unwrap();
    let spend = || Spend::of(&coin.place);
    let rest = coin.value - 1000;
    let one = |spend: Spend| Draft::new(vec![spend], &[(rest, ANYONE)]);
    let to = |outputs: &[(u64, &str)]| Draft::new(vec![spend()], outputs);
    let keys = format!("2102{}", "11".repeat(32)).repeat(4);
    let multisig = format!("51{keys}54ae");
    let data = format!("6a4c51{}", "00".repeat(81));
    let nowhere = Spend::of(&("00".repeat(32), u32::MAX));
    let later = |sequence, lock_time| Draft {
        lock_time,
        ..one(spend().sequence(sequence))
    };
    let cases = [
        ("version", "", one(spend()).version(4)),
        ("version", "", one(spend()).version(0)),
        ("tx-size", "", to(&vec![(1000, ANYONE); 9400])),
        (
            "scriptsig-size",
            "",
            one(spend().script_sig(&format!("4d7306{}", "00".repeat(1651)))),
        ),
        ("scriptsig-not-pushonly", "", one(spend().script_sig("61"))),
        ("scriptpubkey", "", to(&[(rest, "51")])),
        ("scriptpubkey", "", to(&[(rest, &multisig)])),
        ("datacarrier", "", to(&[(0, data.as_str()), (rest, ANYONE)])),
        (
            "dust",
            "",
            to(&[(100, ANYONE), (200, ANYONE), (rest - 300, ANYONE)]),
        ),
        (
            "dust",
            "tx with dust output must be 0-fee",
            to(&[(100, ANYONE), (rest - 100, ANYONE)]),
        ),
        ("tx-size-small", "", to(&[(rest, "6a")])),
        ("non-final", "", later(0, 500)),
        ("non-final", "", later(0, 2_000_000_000)),
        ("non-BIP68-final", "", later(400, 0)),
        ("non-BIP68-final", "", later(1 << 22 | 400, 0)),
        (
            "coinbase",
            "",
            one(nowhere.clone().script_sig("0000").witness(&[])),
        ),
        (
            "bad-txns-prevout-null",
            "",
            Draft::new(vec![spend(), nowhere], &[(rest, ANYONE)]),
        ),
        (
            "bad-txns-inputs-duplicate",
            "",
            Draft::new(vec![spend(), spend()], &[(rest, ANYONE)]),
        ),
        ("bad-txns-vout-empty", "", to(&[])),
        ("bad-txns-vout-negative", "", to(&[(u64::MAX, ANYONE)])),
        (
            "bad-txns-vout-toolarge",
            "",
            to(&[(2_100_000_100_000_000, ANYONE)]),
        ),
        (
            "bad-txns-in-belowout",
            "value in (50.00) < value out (50.00001)",
            to(&[(coin.value + 1000, ANYONE)]),
        ),
        (
            "min relay fee not met",
            "5 < 10",
            to(&[(coin.value - 5, ANYONE)]),
        ),
        (
            "bad-txns-premature-spend-of-coinbase",
            "tried to spend coinbase at depth 1",
            one(Spend::of(&bench.unripe.place)),
        ),
    ];
    for (reason, details, draft) in &cases {
        bench.refuses(draft, reason, details);
    }
    bench.allows(&one(spend()));

    // What is not there has an error number and a word of its own.
    let missing = Draft::simple(
        &Coin {
            place: ("11".repeat(32), 0),
            value: REWARD,
        },
        1000,
    );
    let row = &bench.test(std::slice::from_ref(&missing))[0];
    assert_eq!(row["reject-reason"], json!("missing-inputs"));
    assert!(row.get("reject-details").is_none(), "{row}");
    let (code, text) = bench
        .node
        .refused("sendrawtransaction", json!([missing.hex()]));
    assert_eq!(
        (code, text.as_str()),
        (-25, "bad-txns-inputs-missingorspent")
    );
}

#[test]
fn fees_that_look_like_mistakes() {
    let mut bench = Bench::new(1, &[]);
    let coin = bench.coin();
    let dear = Draft::simple(&coin, 100_000_000);
    let row = &bench.test(std::slice::from_ref(&dear))[0];
    assert_eq!(row["reject-reason"], json!("max-fee-exceeded"));
    assert!(row.get("reject-details").is_none(), "{row}");
    let send = |rate: Value| {
        bench
            .node
            .refused("sendrawtransaction", json!([dear.hex(), rate]))
    };
    let text = "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)";
    assert_eq!(send(json!(0.1)), (-25, text.to_owned()));
    let text = "Fee rates larger than or equal to 1BTC/kvB are not accepted";
    assert_eq!(send(json!(1)), (-8, text.to_owned()));
    let text = "Unspendable output exceeds maximum configured by user (maxburnamount)";
    // The second script is no OP_RETURN, but no opcode either.
    for script in ["6a", "ff"] {
        let outputs = [(coin.value - 2000, ANYONE), (1000, script)];
        let burn = Draft::new(vec![Spend::of(&coin.place)], &outputs);
        let refused = bench
            .node
            .refused("sendrawtransaction", json!([burn.hex()]));
        assert_eq!(refused, (-25, text.to_owned()), "{script}");
    }
}

#[test]
fn proofs_that_fail_or_are_too_large() {
    let mut bench = Bench::new(2, &[]);
    let (coin, value) = (bench.coin(), 100_000_000);
    // Keys and hashes that nobody has, and scripts with many signature checks.
    let wpkh = format!("0014{}", "751e76e8199196d454941c45d1b3a323f1433bd6");
    let anchor = "51024e73";
    let p2sh = "a914da1745e9b549bd0bfa1a569971c77eba30cd5a4b87";
    let unknown = format!("6014{}", "11".repeat(20));
    let taproot = format!(
        "5120{}",
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    );
    let scripts = [wpkh.as_str(), anchor, p2sh, &unknown, &taproot, ANYONE];
    let mut outputs: Vec<(u64, &str)> = scripts.iter().map(|script| (value, *script)).collect();
    outputs.push((coin.value - 6 * value - 2000, ANYONE));
    let funding = Draft::new(vec![Spend::of(&coin.place)], &outputs);
    let made = bench.send(&funding);
    bench
        .node
        .call("generatetodescriptor", json!([1, "raw(51)"]));
    let spend = |index: usize, witness: &[&str]| {
        Draft::new(
            vec![Spend::of(&made[index].place).witness(witness)],
            &[(value - 1000, ANYONE)],
        )
    };
    let script = |draft: &Draft, error: &str| {
        let (txid, wtxid) = bench.ids(draft);
        let (from, vout) = (&draft.spends[0].txid, draft.spends[0].vout);
        bench.refuses(
            draft,
            &format!("mempool-script-verify-flag-failed ({error})"),
            &format!("input 0 of {txid} (wtxid {wtxid}), spending {from}:{vout}"),
        );
    };
    let key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let wrong = "Signature must be zero for failed CHECK(MULTI)SIG operation";
    script(&spend(0, &["300602010102010101", key]), wrong);
    script(&spend(0, &["3006", key]), "Non-canonical DER signature");
    script(&spend(0, &[]), "Witness program hash mismatch");
    script(
        &spend(5, &[]),
        "Witness program was passed an empty witness",
    );
    script(&spend(4, &[&"01".repeat(64)]), "Invalid Schnorr signature");
    script(&spend(5, &["52"]), "Witness program hash mismatch");
    script(
        &spend(5, &["01", "51"]),
        "Stack size must be exactly one after execution",
    );
    let both = Draft::new(
        vec![Spend::of(&made[5].place).script_sig("51")],
        &[(value - 1000, ANYONE)],
    );
    script(&both, "Witness requires empty scriptSig");

    let long = "00".repeat(81);
    let nonstandard = "bad-witness-nonstandard";
    bench.refuses(&spend(5, &[&long, "51"]), nonstandard, "");
    bench.refuses(&spend(5, &[&"51".repeat(3601)]), nonstandard, "");
    bench.refuses(
        &spend(5, &[["01"; 101].as_slice(), &["51"]].concat()),
        nonstandard,
        "",
    );
    bench.refuses(&spend(1, &["01"]), nonstandard, "");
    bench.refuses(&spend(4, &[&"01".repeat(64), "50"]), nonstandard, "");
    bench.allows(&spend(1, &[]));

    let inputs = "bad-txns-nonstandard-inputs";
    bench.refuses(
        &spend(3, &["01"]),
        inputs,
        "input 0 witness program is undefined",
    );
    bench.refuses(&spend(2, &[]), inputs, "input 0 P2SH redeemscript missing");
    let sixteen = Draft::new(
        vec![
            Spend::of(&made[2].place)
                .script_sig(&format!("10{}", "ac".repeat(16)))
                .witness(&[]),
        ],
        &[(value - 1000, ANYONE)],
    );
    let text = "p2sh redeemscript sigops exceed limit (input 0: 16 > 15)";
    bench.refuses(&sixteen, inputs, text);
    // Scripts that are paid to count, too: four each, and 16,000 are allowed.
    let multisig = format!("5121{key}51ae");
    let mut outputs = vec![(1000, multisig.as_str()); 201];
    outputs.push((value - 400_000, ANYONE));
    let many = Draft::new(vec![Spend::of(&made[5].place)], &outputs);
    bench.refuses(&many, "bad-txns-too-many-sigops", "16080");
}

#[test]
fn what_is_there_already() {
    let mut bench = Bench::new(3, &[]);
    let (first, second) = (bench.coin(), bench.coin());
    let draft = Draft::simple(&first, 1000);
    bench.send(&draft);
    let row = &bench.test(std::slice::from_ref(&draft))[0];
    assert_eq!(row["reject-reason"], json!("txn-already-in-mempool"));
    // Sending it once more is no mistake.
    bench.send(&draft);

    // The script takes one of two ways: IF 1 ELSE 1 ENDIF.
    let fork = text(&bench.node.call("decodescript", json!(["6351675168"]))["segwit"]["hex"]);
    let funded = bench.send(&Draft::new(
        vec![Spend::of(&second.place)],
        &[(second.value - 1000, &fork)],
    ));
    bench
        .node
        .call("generatetodescriptor", json!([1, "raw(51)"]));
    let way = |choice: &str| {
        let spend = Spend::of(&funded[0].place).witness(&[choice, "6351675168"]);
        Draft::new(vec![spend], &[(funded[0].value - 1000, ANYONE)])
    };
    bench.send(&way("01"));
    let row = &bench.test(&[way("")])[0];
    assert_eq!(
        row["reject-reason"],
        json!("txn-same-nonwitness-data-in-mempool")
    );
    // A confirmed one, some of whose outputs are still there.
    let row = &bench.test(std::slice::from_ref(&draft))[0];
    assert_eq!(row["reject-reason"], json!("txn-already-known"));
    let (code, text) = bench
        .node
        .refused("sendrawtransaction", json!([draft.hex()]));
    assert_eq!(
        (code, text.as_str()),
        (-27, "Transaction outputs already in utxo set")
    );
}

#[test]
fn replacements_that_do_not_pay() {
    let mut bench = Bench::new(104, &[]);
    let coin = bench.coin();
    let first = Draft::simple(&coin, 1000);
    let made = bench.send(&first);
    let refuses_fee = |draft: &Draft, what: &str| {
        let (txid, _) = bench.ids(draft);
        let details = format!("rejecting replacement {txid}, {what}");
        bench.refuses(draft, "insufficient fee", &details);
    };
    refuses_fee(
        &Draft::simple(&coin, 900),
        "less fees than conflicting txs; 0.000009 < 0.00001",
    );
    refuses_fee(
        &Draft::simple(&coin, 1001),
        "not enough additional fees to relay; 0.00000001 < 0.0000001",
    );
    // More in all, but less for each byte.
    let mut outputs = vec![(330, ANYONE); 60];
    outputs.push((coin.value - 330 * 60 - 1300, ANYONE));
    bench.refuses(
        &Draft::new(vec![Spend::of(&coin.place)], &outputs),
        "replacement-failed",
        "insufficient feerate: does not improve feerate diagram",
    );
    let both = Draft::new(
        vec![Spend::of(&coin.place), Spend::of(&made[0].place)],
        &[(REWARD, ANYONE)],
    );
    let (txid, _) = bench.ids(&both);
    let (conflict, _) = bench.ids(&first);
    bench.refuses(
        &both,
        "bad-txns-spends-conflicting-tx",
        &format!("{txid} spends conflicting transaction {conflict}"),
    );

    // From a hundred clusters one may take, not from one more.
    let others: Vec<Coin> = (0..101).map(|_| bench.coin()).collect();
    for coin in &others {
        bench.send(&Draft::simple(coin, 1000));
    }
    let all = |count: usize| {
        let spends = others[..count].iter().map(|coin| Spend::of(&coin.place));
        Draft::new(
            spends.collect(),
            &[(REWARD * count as u64 - 5_000_000, ANYONE)],
        )
    };
    let (txid, _) = bench.ids(&all(101));
    bench.refuses(
        &all(101),
        "too many potential replacements",
        &format!("rejecting replacement {txid}; too many conflicting clusters (101 > 100)"),
    );
    bench.allows(&all(100));
    let better = Draft::simple(&coin, 3000);
    bench.send(&better);
    let (code, _) = bench.node.refused("getmempoolentry", json!([conflict]));
    assert_eq!(code, -5, "the first one made way");
}

#[test]
fn too_much_hangs_together_or_waits_too_long() {
    let mut bench = Bench::new(3, &[]);
    let mut tip = bench.coin();
    let first = tip.clone();
    for _ in 0..64 {
        tip = bench.send(&Draft::simple(&tip, 1000)).remove(0);
    }
    bench.refuses(&Draft::simple(&tip, 1000), "too-large-cluster", "");
    let (txid, _) = bench.ids(&Draft::simple(&first, 1000));
    assert!(
        bench
            .node
            .call("getmempoolentry", json!([txid]))
            .is_object()
    );
    // After two weeks all of it goes, with the next that comes.
    bench.node.call("setmocktime", json!([NOW + 337 * 3600]));
    let fresh = Draft::simple(&bench.coin(), 1000);
    bench.send(&fresh);
    let (txid, _) = bench.ids(&fresh);
    assert_eq!(bench.node.call("getrawmempool", json!([])), json!([txid]));
}

#[test]
fn a_full_mempool_lets_go_of_what_pays_least() {
    let mut bench = Bench::new(80, &["-maxmempool=5"]);
    // Each takes some 90 kB of memory, and pays less than the one before.
    let mut fee = 200_000;
    let mut large = |bench: &mut Bench| {
        let coin = bench.coin();
        fee -= 1000;
        let mut outputs = vec![(330, ANYONE); 1000];
        outputs.push((coin.value - 330_000 - fee, ANYONE));
        Draft::new(vec![Spend::of(&coin.place)], &outputs)
    };
    let mut sent = 0;
    let refused = loop {
        let draft = large(&mut bench);
        let answer = bench
            .node
            .try_call("sendrawtransaction", json!([draft.hex()]));
        match answer {
            Ok(_) => sent += 1,
            Err(error) => break (error.code(), error.message()),
        }
    };
    assert_eq!(refused, (-26, "mempool full".to_owned()));
    let info = bench.node.call("getmempoolinfo", json!([]));
    assert_eq!(info["size"], json!(sent), "{info}");
    assert!(info["usage"].as_u64().unwrap() <= 5_000_000, "{info}");
    // From now on the price is known before scripts are run.
    let draft = large(&mut bench);
    let row = &bench.test(std::slice::from_ref(&draft))[0];
    assert_eq!(
        row["reject-reason"],
        json!("mempool min fee not met"),
        "{row}"
    );
    let (relay, lowest) = (&info["minrelaytxfee"], &info["mempoolminfee"]);
    assert!(lowest.as_f64() > relay.as_f64(), "{info}");
    // One that pays more takes the place of the one that pays least.
    let coin = bench.coin();
    bench.send(&Draft::simple(&coin, 100_000));
}

#[test]
fn version_three_keeps_to_one_parent_and_one_child() {
    let mut bench = Bench::new(3, &[]);
    let coin = bench.coin();
    let half = coin.value / 2;
    let parent = Draft::new(
        vec![Spend::of(&coin.place)],
        &[(half, ANYONE), (half - 1000, ANYONE)],
    )
    .version(3);
    let plain = Draft::simple(&bench.coin(), 1000);
    let large = bench.coin();
    let (outs, plain_out) = (bench.send(&parent), bench.send(&plain));
    let why = "TRUC-violation";
    let name = |draft: &Draft| bench.named(draft);
    let draft = Draft::simple(&outs[0], 1000);
    bench.refuses(
        &draft,
        why,
        &format!(
            "non-version=3 tx {} cannot spend from version=3 tx {}",
            name(&draft),
            name(&parent)
        ),
    );
    let draft = Draft::simple(&plain_out[0], 1000).version(3);
    bench.refuses(
        &draft,
        why,
        &format!(
            "version=3 tx {} cannot spend from non-version=3 tx {}",
            name(&draft),
            name(&plain)
        ),
    );
    let draft = Draft::new(vec![Spend::of(&outs[0].place)], &[(330, ANYONE); 40]).version(3);
    let text = format!(
        "version=3 child tx {} is too big: 1773 > 1000 virtual bytes",
        name(&draft)
    );
    bench.refuses(&draft, why, &text);
    let draft = Draft::new(vec![Spend::of(&large.place)], &[(330, ANYONE); 250]).version(3);
    let text = format!(
        "version=3 tx {} is too big: 10803 > 10000 virtual bytes",
        name(&draft)
    );
    bench.refuses(&draft, why, &text);
    let child = Draft::simple(&outs[0], 1000).version(3);
    let child_outs = bench.send(&child);
    let draft = Draft::simple(&child_outs[0], 1000).version(3);
    bench.refuses(
        &draft,
        why,
        &format!("tx {} would have too many ancestors", name(&draft)),
    );

    // Another child takes the first one's place if it pays for that.
    let draft = Draft::simple(&outs[1], 500).version(3);
    let (txid, _) = bench.ids(&draft);
    bench.refuses(
        &draft,
        "insufficient fee (including sibling eviction)",
        &format!(
            "rejecting replacement {txid}, less fees than conflicting txs; 0.000005 < 0.00001"
        ),
    );
    bench.send(&Draft::simple(&outs[1], 9000).version(3));
    let (code, _) = bench
        .node
        .refused("getmempoolentry", json!([bench.ids(&child).0]));
    assert_eq!(code, -5);
}

#[test]
fn dust_must_be_spent_with_its_parent() {
    let mut bench = Bench::new(2, &["-minrelaytxfee=0"]);
    let coin = bench.coin();
    let half = coin.value / 2;
    let outputs = [(half, ANYONE), (half, ANYONE), (0, ANYONE)];
    let parent = Draft::new(vec![Spend::of(&coin.place)], &outputs);
    let outs = bench.send(&parent);
    let draft = Draft::simple(&outs[0], 1000);
    bench.refuses(
        &draft,
        "missing-ephemeral-spends",
        &format!(
            "tx {} did not spend parent's ephemeral dust",
            bench.named(&draft)
        ),
    );
    let spends = vec![Spend::of(&outs[0].place), Spend::of(&outs[2].place)];
    bench.allows(&Draft::new(spends, &[(half - 1000, ANYONE)]));
}

#[test]
fn packages_are_judged_together() {
    let mut bench = Bench::new(4, &[]);
    let coin = bench.coin();
    let others: Vec<Coin> = (0..3).map(|_| bench.coin()).collect();
    let parent = Draft::simple(&coin, 1000);
    let parent_out = Coin {
        place: (bench.ids(&parent).0, 0),
        value: coin.value - 1000,
    };
    let child = Draft::simple(&parent_out, 2000);
    let rows = bench.test(&[parent.clone(), child.clone()]);
    for (row, (draft, fee)) in rows
        .iter()
        .zip([(&parent, "0.00001000"), (&child, "0.00002000")])
    {
        assert_eq!(row["allowed"], json!(true), "{row}");
        assert_eq!(row["vsize"], row["vsize_bip141"]);
        assert_eq!(row["vsize"], row["vsize_adjusted"]);
        assert_eq!(row["fees"]["base"].to_string(), fee);
        assert_eq!(
            row["fees"]["effective-includes"],
            json!([bench.ids(draft).1])
        );
    }
    assert_eq!(
        rows[1]["fees"]["effective-feerate"].to_string(),
        "0.00020833"
    );

    let whole = |drafts: &[Draft], error: &str| {
        for (row, draft) in bench.test(drafts).iter().zip(drafts) {
            let (txid, wtxid) = bench.ids(draft);
            let expected = json!({"txid": txid, "wtxid": wtxid, "package-error": error});
            assert_eq!(*row, expected);
        }
    };
    whole(&[child.clone(), parent.clone()], "package-not-sorted");
    whole(
        &[parent.clone(), parent.clone()],
        "package-contains-duplicates",
    );
    whole(
        &[parent.clone(), Draft::simple(&coin, 2000)],
        "conflict-in-package",
    );
    let heavy = |coin: &Coin| Draft::new(vec![Spend::of(&coin.place)], &[(1000, ANYONE); 1200]);
    whole(
        &others.iter().map(heavy).collect::<Vec<_>>(),
        "package-too-large",
    );
    let (code, text) = bench
        .node
        .refused("testmempoolaccept", json!([vec![parent.hex(); 26]]));
    let expected = "Array must contain between 1 and 25 transactions.";
    assert_eq!((code, text.as_str()), (-8, expected));

    // What comes before and after the one that fails is left open.
    let poor = Draft::simple(&parent_out, 1);
    let rows = bench.test(&[parent.clone(), poor, Draft::simple(&others[0], 1000)]);
    assert_eq!(rows[1]["reject-reason"], json!("min relay fee not met"));
    for row in [&rows[0], &rows[2]] {
        assert_eq!(row.as_object().unwrap().len(), 2, "{row}");
    }
    // Nothing is replaced by a package.
    bench.send(&Draft::simple(&others[1], 1000));
    let rows = bench.test(&[Draft::simple(&others[1], 9000), parent.clone()]);
    assert_eq!(
        rows[0]["reject-reason"],
        json!("bip125-replacement-disallowed")
    );

    let half = others[2].value / 2;
    let outputs = [(half, ANYONE), (half - 1000, ANYONE)];
    let small = Draft::new(vec![Spend::of(&others[2].place)], &outputs).version(3);
    let out = |vout: u32, value| Coin {
        place: (bench.ids(&small).0, vout),
        value,
    };
    let left = Draft::simple(&out(0, half), 1000).version(3);
    let right = Draft::simple(&out(1, half - 1000), 1000).version(3);
    let name = bench.named(&small);
    let error = format!("TRUC-violation, tx {name} would exceed descendant count limit");
    whole(&[small.clone(), left.clone(), right], &error);
    let rows = bench.test(&[small, left]);
    assert!(
        rows.iter().all(|row| row["allowed"] == json!(true)),
        "{rows:?}"
    );
}
