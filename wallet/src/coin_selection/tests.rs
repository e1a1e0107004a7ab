use primitives::FeeRate;
use proptest::prelude::*;

use super::*;

fn candidates(values: &[i64], rate: FeeRate) -> Vec<Candidate> {
    values
        .iter()
        .enumerate()
        .map(|(id, value)| {
            let fee = rate.fee(68);
            Candidate {
                id,
                value: Amount::from_sat(*value),
                effective_value: Amount::from_sat(*value) - fee,
                fee,
                long_term_fee: FeeRate::from_sat_per_kvb(10_000).fee(68),
                weight: 271,
            }
        })
        .collect()
}

fn target(amount: i64, rate: FeeRate, subtract_fee: bool) -> Target {
    let change_fee = rate.fee(31);
    Target {
        amount: Amount::from_sat(amount),
        change_fee,
        cost_of_change: change_fee + FeeRate::from_sat_per_kvb(3000).fee(68),
        min_viable_change: Amount::from_sat(500),
        change_target: CHANGE_LOWER + change_fee,
        subtract_fee,
        max_weight: 400_000,
        change_weight: 124,
        grind: false,
    }
}

proptest! {
    /// Whatever is chosen pays for itself, holds each coin once, and adds up.
    #[test]
    fn a_choice_always_reaches_its_target(
        values in prop::collection::vec(1_000i64..50_000_000, 1..60),
        share in 1u32..100,
        rate in 1_000i64..200_000,
        subtract_fee: bool,
        seed: u64,
    ) {
        let rate = FeeRate::from_sat_per_kvb(rate);
        let coins = candidates(&values, rate);
        let total: i64 = values.iter().sum();
        let target = target(total * i64::from(share) / 100, rate, subtract_fee);
        let worth = |c: &Candidate| if subtract_fee { c.value } else { c.effective_value };
        let available: Amount = coins.iter().map(worth).filter(|w| *w > Amount::ZERO).sum();
        match select(&coins, &target, &mut Randomness::from_seed(seed)) {
            Ok(selection) => {
                let mut ids = selection.ids.clone();
                ids.dedup();
                prop_assert_eq!(ids.len(), selection.ids.len());
                let sum: Amount = selection.ids.iter().map(|id| worth(&coins[*id])).sum();
                prop_assert_eq!(sum, selection.worth);
                prop_assert!(sum >= target.amount);
                if selection.change > Amount::ZERO {
                    prop_assert!(selection.change >= target.min_viable_change);
                    prop_assert_eq!(sum, target.amount + target.change_fee + selection.change);
                }
            }
            Err(SelectError::Insufficient) => prop_assert!(available < target.amount),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    /// The same seed chooses the same coins.
    #[test]
    fn chance_comes_from_the_seed(values in prop::collection::vec(1_000i64..500_000, 1..30), seed: u64) {
        let rate = FeeRate::from_sat_per_kvb(2_000);
        let coins = candidates(&values, rate);
        let target = target(values.iter().sum::<i64>() / 3, rate, false);
        let first = select(&coins, &target, &mut Randomness::from_seed(seed));
        prop_assert_eq!(first, select(&coins, &target, &mut Randomness::from_seed(seed)));
    }
}

#[test]
fn an_exact_sum_needs_no_change() {
    let rate = FeeRate::from_sat_per_kvb(5_000);
    let coins = candidates(&[1_000_000, 2_000_000, 3_000_000, 7_000_000], rate);
    let exact = (coins[0].effective_value + coins[2].effective_value).sat();
    let target = target(exact, rate, false);
    let selection = select(&coins, &target, &mut Randomness::from_seed(1)).unwrap();
    assert_eq!(selection.ids, [0, 2]);
    assert_eq!(selection.change, Amount::ZERO);
}

#[test]
fn too_heavy_a_choice_is_refused() {
    let rate = FeeRate::from_sat_per_kvb(1_000);
    let coins = candidates(&[10_000; 50], rate);
    let mut target = target(400_000, rate, false);
    target.max_weight = 271 * 10;
    let result = select(&coins, &target, &mut Randomness::from_seed(1));
    assert_eq!(result, Err(SelectError::TooHeavy));
    target.max_weight = 271 * 50;
    assert!(select(&coins, &target, &mut Randomness::from_seed(1)).is_ok());
}

#[test]
fn shuffling_keeps_every_item() {
    let mut items: Vec<u32> = (0..100).collect();
    let mut rng = Randomness::from_seed(3);
    rng.shuffle(&mut items);
    assert_ne!(items, (0..100).collect::<Vec<_>>());
    items.sort_unstable();
    assert_eq!(items, (0..100).collect::<Vec<_>>());
    assert!((0..1000).all(|_| rng.below(7) < 7));
}

proptest! {
    /// Where fees are high, no choice that reaches payment and change is lighter.
    #[test]
    fn the_grinder_finds_the_lightest_inputs(
        coins in prop::collection::vec((10_000i64..500_000, 230u64..600), 1..11),
        share in 1u32..100,
    ) {
        let rate = FeeRate::from_sat_per_kvb(40_000);
        let coins: Vec<Candidate> = coins
            .iter()
            .enumerate()
            .map(|(id, (value, weight))| Candidate {
                id,
                value: Amount::from_sat(*value),
                effective_value: Amount::from_sat(*value),
                fee: Amount::ZERO,
                long_term_fee: Amount::ZERO,
                weight: *weight,
            })
            .collect();
        let total: i64 = coins.iter().map(|c| c.value.sat()).sum();
        let target = Target { grind: true, ..target(total * i64::from(share) / 100, rate, false) };
        let goal = target.amount + target.change_target;
        let lightest = (1u32..1 << coins.len())
            .filter_map(|set| {
                let some: Vec<&Candidate> = coins.iter().filter(|c| set >> c.id & 1 == 1).collect();
                let sum: Amount = some.iter().map(|c| c.value).sum();
                let weight: u64 = some.iter().map(|c| c.weight).sum();
                (sum >= goal).then_some((weight, sum))
            })
            .min();
        let found = grinder::select(&coins, &target).map(|found| {
            let weight: u64 = found.ids.iter().map(|id| coins[*id].weight).sum();
            (weight, found.worth)
        });
        prop_assert_eq!(found.map(|found| found.0), lightest.map(|least| least.0));
    }
}
