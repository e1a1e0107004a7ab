//! The coins of a wallet in the order of a column, and what they weigh.

use ipc_schema::CoinRow;
use primitives::address::Destination;
use primitives::{ChainParams, FeeRate, OutPoint};

use super::sort::Sort;
use super::wallet::Wallet;

/// A column of the list of coins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoinKey {
    /// Its value.
    Amount,
    /// Its label.
    Label,
    /// Its address.
    Address,
    /// When it came.
    Date,
    /// How deep it is.
    Depth,
}

/// The largest first, as the wallet gives them.
pub const LARGEST: Sort<CoinKey> = Sort::down(CoinKey::Amount);

/// Virtual bytes of a transaction without its inputs: its frame and two outputs.
const FRAME: u64 = 11 + 2 * 34;

impl Wallet {
    /// The coin at `place` of the list.
    pub fn coin_at(&self, place: usize) -> Option<&CoinRow> {
        if self.coin_order.len() != self.coins.len() {
            return self.coins.get(place);
        }
        self.coins.get(*self.coin_order.get(place)?)
    }

    /// Where a coin stands in the list.
    pub fn coin_place(&self, outpoint: &OutPoint) -> Option<usize> {
        (0..self.coins.len()).find(|place| {
            self.coin_at(*place)
                .is_some_and(|coin| coin.outpoint == *outpoint)
        })
    }

    /// A coin by its place in the chain.
    pub fn coin(&self, outpoint: &OutPoint) -> Option<&CoinRow> {
        self.coins.iter().find(|coin| coin.outpoint == *outpoint)
    }

    /// When a coin came, where its transaction is known here.
    pub fn coin_time(&self, coin: &CoinRow) -> Option<i64> {
        self.history.get(&coin.outpoint.txid).map(|row| row.time)
    }

    /// By which column the coins stand.
    pub fn coin_sort(&self) -> Sort<CoinKey> {
        self.coin_sort
    }

    /// Brings the coins into the order of another column.
    pub fn sort_coins(&mut self, sort: Sort<CoinKey>) {
        self.coin_sort = sort;
        self.arrange_coins();
    }

    /// Brings coins that were read anew into their order.
    pub fn arrange_coins(&mut self) {
        let sort = self.coin_sort;
        let mut order: Vec<usize> = (0..self.coins.len()).collect();
        let coin = |index: &usize| &self.coins[*index];
        match sort.by {
            CoinKey::Amount => {
                order.sort_by(|a, b| sort.order(coin(a).amount.cmp(&coin(b).amount)));
            }
            CoinKey::Address => {
                order.sort_by(|a, b| sort.order(coin(a).address.cmp(&coin(b).address)));
            }
            CoinKey::Label => order.sort_by_cached_key(|index| {
                let label = coin(index).label.to_lowercase();
                (label.is_empty(), label)
            }),
            CoinKey::Date => order.sort_by_cached_key(|index| self.coin_time(coin(index))),
            CoinKey::Depth => {
                let height = |index: &usize| coin(index).height.unwrap_or(u32::MAX);
                order.sort_by(|a, b| sort.order(height(b).cmp(&height(a))));
            }
        }
        if sort.down && matches!(sort.by, CoinKey::Label | CoinKey::Date) {
            order.reverse();
        }
        self.coin_order = order;
    }
}

/// Virtual bytes that spending a coin takes, told by the kind of its address.
pub fn input_size(address: &str, params: &ChainParams) -> u64 {
    match Destination::from_address(address, params) {
        Ok(Destination::WitnessV0KeyHash(_)) => 68,
        Ok(Destination::ScriptHash(_)) => 91,
        Ok(Destination::WitnessV1Taproot(_)) => 58,
        Ok(Destination::WitnessV0ScriptHash(_)) => 105,
        _ => 148,
    }
}

/// About how many virtual bytes a payment from these coins has.
pub fn payment_size<'a>(coins: impl Iterator<Item = &'a CoinRow>, params: &ChainParams) -> u64 {
    coins.fold(FRAME, |size, coin| size + input_size(&coin.address, params))
}

/// Whether spending a coin costs more than it is worth.
pub fn is_dust(coin: &CoinRow, rate: FeeRate, params: &ChainParams) -> bool {
    coin.amount <= rate.fee(input_size(&coin.address, params))
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{Amount, Coin, Network, Txid};

    fn coin(number: u32, sat: i64, label: &str, height: Option<u32>) -> CoinRow {
        CoinRow {
            outpoint: OutPoint {
                txid: Txid::default(),
                vout: number,
            },
            address: format!("a{}", 9 - number),
            label: label.to_owned(),
            amount: Amount::from_sat(sat),
            height,
            is_change: false,
            frozen: false,
            spendable: true,
            safe: true,
        }
    }

    #[test]
    fn coins_stand_by_any_column() {
        let mut wallet = Wallet::new("w".to_owned());
        wallet.coins = vec![
            coin(0, 50, "b", Some(10)),
            coin(1, 40, "", None),
            coin(2, 60, "A", Some(30)),
        ];
        let mut order = |sort: Sort<CoinKey>| -> Vec<u32> {
            wallet.sort_coins(sort);
            (0..3)
                .filter_map(|place| wallet.coin_at(place))
                .map(|coin| coin.outpoint.vout)
                .collect()
        };
        assert_eq!(order(LARGEST), [2, 0, 1]);
        assert_eq!(order(Sort::up(CoinKey::Amount)), [1, 0, 2]);
        assert_eq!(order(Sort::up(CoinKey::Label)), [2, 0, 1]);
        assert_eq!(order(Sort::up(CoinKey::Address)), [2, 1, 0]);
        assert_eq!(
            order(Sort::up(CoinKey::Depth)),
            [1, 2, 0],
            "the youngest first"
        );
        assert_eq!(wallet.coin_place(&coin(0, 0, "", None).outpoint), Some(2));
        wallet.coins.pop();
        assert_eq!(wallet.coin_at(1).map(|coin| coin.outpoint.vout), Some(1));
    }

    #[test]
    fn a_coin_that_costs_more_than_it_holds_is_dust() {
        let params = ChainParams::get(Coin::Bitcoin, Network::Main);
        let address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
        let rate = FeeRate::from_sat_per_kvb(10_000);
        let of = |sat: i64| CoinRow {
            address: address.to_owned(),
            ..coin(0, sat, "", None)
        };
        assert_eq!(input_size(address, params), 68);
        assert!(is_dust(&of(680), rate, params) && !is_dust(&of(681), rate, params));
    }
}
