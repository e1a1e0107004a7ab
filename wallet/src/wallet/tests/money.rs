//! Money comes, ripens, goes.

use super::*;
use crate::transaction::TxState;

#[test]
fn all_kinds_are_spent_on_all_coins() {
    for coin in Coin::ALL {
        let mut f = Fixture::new(coin);
        let scripts: Vec<Script> = OutputType::ALL
            .iter()
            .map(|kind| f.address(*kind).to_script())
            .collect();
        let gift = f.gift(&scripts, coins(1));
        f.mine(vec![gift]);
        f.mine_empty(6);
        assert_eq!(f.balances().trusted, coins(4), "{coin}");

        let payment = Payment {
            fee_rate: Some(FeeRate::from_sat_per_kvb(5_000)),
            ..pay(stranger(), Some(Amount::from_sat(350_000_000)))
        };
        let plan = f.plan();
        let prepared = f.wallet.prepare(&payment, &plan).unwrap();
        assert_eq!(prepared.tx.inputs.len(), 4, "{coin}");
        // Signing ends with the interpreter's judgement.
        let tx = f.wallet.send_prepared(prepared.id, NOW).unwrap();
        let vsize = u64::try_from(tx.vsize()).unwrap();
        assert!(
            vsize <= prepared.vsize() && vsize + 3 >= prepared.vsize(),
            "{coin}: {vsize}"
        );
        assert!(FeeRate::of(prepared.fee, vsize) >= FeeRate::from_sat_per_kvb(5_000));
        assert!(matches!(
            f.wallet.txs()[&tx.txid()].state,
            TxState::Inactive { abandoned: false }
        ));
        f.wallet.mark_in_mempool(&tx.txid());
        let left = coins(4) - Amount::from_sat(350_000_000) - prepared.fee;
        assert_eq!(f.balances().trusted, left, "{coin}");
        f.mine(vec![tx]);
        assert_eq!(f.balances().trusted, left, "{coin}");
    }
}

#[test]
fn rewards_ripen_as_the_chain_says() {
    for coin in Coin::ALL {
        let mut f = Fixture::new(coin);
        let script = f.address(OutputType::Bech32).to_script();
        let reward = f.coinbase(&script, coins(50));
        f.mine(vec![reward]);
        let maturity = f.params().coinbase_maturity;
        f.mine_empty(maturity - 1);
        assert_eq!(
            (f.balances().immature, f.balances().trusted),
            (coins(50), coins(0)),
            "{coin}"
        );
        f.mine_empty(1);
        assert_eq!(
            (f.balances().immature, f.balances().trusted),
            (coins(0), coins(50)),
            "{coin}"
        );
        let row = &f.wallet.page(&ipc_schema::TxQuery::default()).rows[0];
        assert_eq!(row.mature_height, Some(1 + maturity));
    }
}

fn funded(count: u32) -> Fixture {
    let mut f = Fixture::new(Coin::Bitcoin);
    for _ in 0..count {
        let script = f.address(OutputType::Bech32).to_script();
        let gift = f.gift(&[script], coins(1));
        f.mine(vec![gift]);
    }
    f.mine_empty(6);
    f
}

#[test]
fn everything_can_be_sent() {
    let mut f = funded(3);
    let plan = f.plan();
    let prepared = f.wallet.prepare(&pay(stranger(), None), &plan).unwrap();
    assert_eq!(prepared.tx.inputs.len(), 3);
    assert_eq!(prepared.tx.outputs.len(), 1);
    assert_eq!(prepared.tx.outputs[0].value, coins(3) - prepared.fee);
    assert_eq!(prepared.change, None);
}

#[test]
fn the_payee_can_bear_the_fee() {
    let mut f = funded(3);
    let mut payment = pay(stranger(), Some(coins(2)));
    payment.payees[0].subtract_fee = true;
    let plan = f.plan();
    let prepared = f.wallet.prepare(&payment, &plan).unwrap();
    let paid = prepared
        .tx
        .outputs
        .iter()
        .find(|o| o.script_pubkey == stranger().to_script())
        .map(|o| o.value);
    assert_eq!(paid, Some(coins(2) - prepared.fee));
    let value_in: Amount = prepared.spent.iter().map(|o| o.value).sum();
    assert_eq!(value_in - prepared.tx.value_out(), prepared.fee);
}

#[test]
fn prepared_coins_are_reserved_until_dropped() {
    let mut f = funded(1);
    let payment = pay(stranger(), Some(Amount::from_sat(10_000_000)));
    let plan = f.plan();
    let first = f.wallet.prepare(&payment, &plan).unwrap();
    let refused = f.wallet.prepare(&payment, &plan).unwrap_err();
    assert_eq!(refused.to_string(), "Insufficient funds");
    f.wallet.discard(first.id).unwrap();
    let again = f.wallet.prepare(&payment, &plan).unwrap();
    // The change address of the dropped one is used again.
    assert_eq!(
        again.tx.outputs[again.change.unwrap()].script_pubkey,
        first.tx.outputs[first.change.unwrap()].script_pubkey
    );
    let later = SpendPlan {
        now: NOW + 601,
        seed: 8,
        ..plan
    };
    assert!(f.wallet.prepare(&payment, &later).is_ok());
    let stale = f.wallet.send_prepared(again.id, NOW + 601).unwrap_err();
    assert!(matches!(stale, WalletError::Spend(SpendError::Stale)));
}

#[test]
fn a_payment_takes_the_coins_of_a_preview() {
    let mut f = funded(2);
    let payment = |preview| Payment {
        preview,
        ..pay(stranger(), Some(Amount::from_sat(10_000_000)))
    };
    let plan = f.plan();
    let first = f.wallet.prepare(&payment(true), &plan).unwrap();
    let all = CoinFilter::default();
    assert_eq!(
        f.wallet.available_coins(&all).len(),
        2,
        "a preview hides nothing"
    );
    // As long as there are others, it keeps its coin.
    let later = |seed| SpendPlan {
        seed,
        ..plan.clone()
    };
    let second = f.wallet.prepare(&payment(false), &later(8)).unwrap();
    assert!(f.wallet.prepared(first.id).is_some());
    let third = f.wallet.prepare(&payment(false), &later(9)).unwrap();
    assert_eq!(third.tx.inputs[0].prevout, first.tx.inputs[0].prevout);
    let stale = f.wallet.send_prepared(first.id, NOW).unwrap_err();
    assert!(matches!(stale, WalletError::Spend(SpendError::Stale)));
    f.wallet.send_prepared(second.id, NOW).unwrap();
    f.wallet.send_prepared(third.id, NOW).unwrap();
}

/// A wallet with this many coins of one coin each on addresses of each kind.
fn funded_kinds(count: usize, kinds: &[OutputType]) -> Fixture {
    let mut f = Fixture::new(Coin::Bitcoin);
    for kind in kinds {
        for _ in 0..count {
            let script = f.address(*kind).to_script();
            let gift = f.gift(&[script], coins(1));
            f.mine(vec![gift]);
        }
    }
    f.mine_empty(6);
    f
}

#[test]
fn one_kind_of_address_is_spent_where_it_suffices() {
    let kinds = [OutputType::Legacy, OutputType::Bech32, OutputType::Bech32m];
    let mut f = funded_kinds(3, &kinds);
    let plan = f.plan();
    for seed in 0..20 {
        let plan = SpendPlan {
            seed,
            ..plan.clone()
        };
        let payment = pay(stranger(), Some(Amount::from_sat(220_000_000)));
        let prepared = f.wallet.prepare(&payment, &plan).unwrap();
        let kinds: std::collections::HashSet<_> = prepared
            .spent
            .iter()
            .map(|output| {
                std::mem::discriminant(&Destination::from_script(&output.script_pubkey).unwrap())
            })
            .collect();
        assert_eq!((prepared.spent.len(), kinds.len()), (3, 1));
        f.wallet.discard(prepared.id).unwrap();
    }
    // And all of them where it does not.
    let payment = pay(stranger(), Some(Amount::from_sat(820_000_000)));
    assert_eq!(f.wallet.prepare(&payment, &plan).unwrap().spent.len(), 9);
}

#[test]
fn coins_of_an_address_go_together_where_that_costs_little() {
    let mut f = Fixture::new(Coin::Bitcoin);
    let script = f.address(OutputType::Bech32).to_script();
    for value in [1, 2, 3] {
        let gift = f.gift(std::slice::from_ref(&script), coins(value));
        f.mine(vec![gift]);
    }
    f.mine_empty(6);
    let inputs = |f: &mut Fixture, together| {
        let payment = Payment {
            together,
            ..pay(stranger(), Some(Amount::from_sat(50_000_000)))
        };
        let plan = f.plan();
        let prepared = f.wallet.prepare(&payment, &plan).unwrap();
        f.wallet.discard(prepared.id).unwrap();
        prepared.tx.inputs.len()
    };
    assert_eq!(inputs(&mut f, true), 3);
    assert_eq!(inputs(&mut f, false), 1);
    f.wallet.options.max_aps_fee = Some(Amount::from_sat(10_000));
    assert_eq!(inputs(&mut f, false), 3);
    f.wallet.options.max_aps_fee = None;
    assert_eq!(inputs(&mut f, false), 1);
}

#[test]
fn a_much_used_address_is_spent_in_parts() {
    let mut f = Fixture::new(Coin::Bitcoin);
    let script = f.address(OutputType::Bech32).to_script();
    let scripts = vec![script; 130];
    let gift = f.gift(&scripts, Amount::from_sat(1_000_000));
    f.mine(vec![gift]);
    f.mine_empty(6);
    let payment = Payment {
        together: true,
        ..pay(stranger(), Some(Amount::from_sat(500_000)))
    };
    let plan = f.plan();
    let prepared = f.wallet.prepare(&payment, &plan).unwrap();
    assert_eq!(prepared.tx.inputs.len(), 100);
}

#[test]
fn coins_in_long_chains_wait() {
    let mut f = funded(1);
    let payment = pay(stranger(), Some(Amount::from_sat(1_000_000)));
    let plan = f.plan();
    let first = f.wallet.prepare(&payment, &plan).unwrap();
    let tx = f.wallet.send_prepared(first.id, NOW).unwrap();
    f.wallet.mark_in_mempool(&tx.txid());
    assert_eq!(f.wallet.unconfirmed_sources(10), [tx.txid()]);
    let with = |ancestors, cluster| SpendPlan {
        ancestry: [(
            tx.txid(),
            ipc_schema::Ancestry {
                ancestors,
                cluster,
                ..ipc_schema::Ancestry::default()
            },
        )]
        .into(),
        max_ancestors: 25,
        max_cluster: 25,
        ..plan.clone()
    };
    let text = "Unconfirmed UTXOs are available, but spending them creates a chain of transactions that will be \
                rejected by the mempool";
    for (ancestors, cluster, fits) in [(24, 24, true), (25, 25, false), (2, 25, false)] {
        let made = f.wallet.prepare(&payment, &with(ancestors, cluster));
        assert_eq!(made.is_ok(), fits, "{ancestors} {cluster}");
        match made {
            Ok(prepared) => f.wallet.discard(prepared.id).unwrap(),
            Err(error) => assert_eq!(error.to_string(), text),
        }
    }
    f.wallet.options.reject_long_chains = false;
    let prepared = f.wallet.prepare(&payment, &with(25, 25)).unwrap();
    f.wallet.discard(prepared.id).unwrap();
    f.wallet.options.spend_zero_conf_change = false;
    assert!(f.wallet.prepare(&payment, &with(1, 1)).is_err());
}

#[test]
fn a_rate_says_where_it_comes_from() {
    let f = funded(1);
    let plan = f.plan();
    let rate = FeeRate::from_sat_per_kvb;
    let check = |given: Option<i64>, plan: &SpendPlan, per_kvb, text: &str| {
        let found = f.wallet.rate_for(given.map(rate), plan).unwrap();
        assert_eq!((found.rate, found.reason.text()), (rate(per_kvb), text));
    };
    check(Some(7_000), &plan, 7_000, "User Specified Fee");
    check(None, &plan, 20_000, "Fallback fee");
    let busy = SpendPlan {
        mempool_min: rate(30_000),
        ..plan.clone()
    };
    check(None, &busy, 30_000, "Mempool Min Fee");
    let strict = SpendPlan {
        relay_min: rate(40_000),
        ..busy
    };
    check(None, &strict, 40_000, "Minimum Required Fee");
    let known = SpendPlan {
        estimate: Some(rate(50_000)),
        ..strict
    };
    check(None, &known, 50_000, "Fee Rate Estimator");
}

#[test]
fn wrong_payments_are_refused_with_their_reason() {
    let mut f = funded(1);
    let plan = f.plan();
    let mut check = |payment: &Payment, text: &str| {
        assert_eq!(
            f.wallet.prepare(payment, &plan).unwrap_err().to_string(),
            text
        );
    };
    check(
        &Payment::default(),
        "Transaction must have at least one recipient",
    );
    check(
        &pay(stranger(), Some(Amount::from_sat(100))),
        "Transaction amount too small",
    );
    check(
        &pay(stranger(), Some(Amount::ZERO)),
        "Transaction amount too small",
    );
    check(
        &pay(stranger(), Some(Amount::from_sat(-1))),
        "Invalid amount for send",
    );
    check(&pay(stranger(), Some(coins(2))), "Insufficient funds");
    let low = Payment {
        fee_rate: Some(FeeRate::from_sat_per_kvb(50)),
        ..pay(stranger(), Some(coins(1)))
    };
    let least = rate_text(f.wallet.required_rate(&plan));
    let text = format!(
        "Fee rate (0.050 sat/vB) is lower than the minimum fee rate setting ({least} sat/vB).\nConsider modifying -mintxfee \
         ({} sat/vB) or -minrelaytxfee ({} sat/vB).",
        rate_text(f.wallet.options().min_fee),
        rate_text(plan.relay_min)
    );
    assert_eq!(f.wallet.prepare(&low, &plan).unwrap_err().to_string(), text);
    let whole = f
        .wallet
        .prepare(&pay(stranger(), Some(coins(1))), &plan)
        .unwrap_err();
    assert!(
        whole
            .to_string()
            .starts_with("The total exceeds your balance when the "),
        "{whole}"
    );
    let unknown = OutPoint::new(Txid([1; 32]), 0);
    let chosen = Payment {
        coins: vec![unknown],
        ..pay(stranger(), Some(Amount::from_sat(5000)))
    };
    let error = f.wallet.prepare(&chosen, &plan).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("Not found pre-selected input {unknown}")
    );
}

#[test]
fn chosen_coins_are_spent() {
    let mut f = funded(3);
    let rows = f.wallet.coin_rows(0, 500);
    let chosen = rows[1].outpoint;
    let payment = Payment {
        coins: vec![chosen],
        ..pay(stranger(), Some(Amount::from_sat(5000)))
    };
    let plan = f.plan();
    let prepared = f.wallet.prepare(&payment, &plan).unwrap();
    assert_eq!(
        prepared
            .tx
            .inputs
            .iter()
            .map(|i| i.prevout)
            .collect::<Vec<_>>(),
        [chosen]
    );
    let too_much = Payment {
        coins: vec![rows[0].outpoint],
        ..pay(stranger(), Some(coins(2)))
    };
    let error = f.wallet.prepare(&too_much, &plan).unwrap_err().to_string();
    assert!(
        error.starts_with("The preselected coins total amount does not cover"),
        "{error}"
    );
    let more = Payment {
        other_coins: true,
        ..too_much
    };
    let error = f.wallet.prepare(&more, &plan).unwrap_err().to_string();
    assert!(
        error.contains("exceeds your balance") || error == "Insufficient funds",
        "{error}"
    );
}

#[test]
fn frozen_coins_stay() {
    let mut f = funded(1);
    let coin = f.wallet.coin_rows(0, 500)[0].outpoint;
    f.wallet.set_frozen(&[coin], true, true).unwrap();
    let mut f = f.reopen();
    assert!(f.wallet.coin_rows(0, 500)[0].frozen);
    let plan = f.plan();
    assert!(f.wallet.prepare(&pay(stranger(), None), &plan).is_err());
    f.wallet.set_frozen(&[coin], false, true).unwrap();
    assert!(f.wallet.prepare(&pay(stranger(), None), &plan).is_ok());
    let twice = f.wallet.set_frozen(&[coin], false, true).unwrap_err();
    assert_eq!(
        twice.to_string(),
        "Invalid parameter, expected locked output"
    );
}

#[test]
fn a_locked_wallet_asks_before_it_signs() {
    let new = NewWallet {
        now: NOW,
        ..NewWallet::default()
    };
    let mut f = Fixture::with(Coin::Groestlcoin, &new, b"secret words");
    assert!(f.wallet.is_locked());
    let script = f.address(OutputType::Bech32m).to_script();
    let gift = f.gift(&[script], coins(1));
    f.mine(vec![gift]);
    f.mine_empty(6);
    let plan = f.plan();
    let prepared = f.wallet.prepare(&pay(stranger(), None), &plan).unwrap();
    let locked = f.wallet.send_prepared(prepared.id, NOW).unwrap_err();
    assert!(matches!(locked, WalletError::Locked));
    let wrong = f.wallet.unlock(b"other words", NOW + 60).unwrap_err();
    assert!(matches!(wrong, WalletError::WrongPassphrase));
    f.wallet.unlock(b"secret words", NOW + 60).unwrap();
    f.wallet.send_prepared(prepared.id, NOW).unwrap();
    f.wallet.lock_when_due(NOW + 59);
    assert!(!f.wallet.is_locked());
    f.wallet.lock_when_due(NOW + 60);
    assert!(f.wallet.is_locked());
}
