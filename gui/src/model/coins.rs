//! The coins of a wallet in the order of a column, and what they weigh.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ipc_schema::CoinRow;
use primitives::address::Destination;
use primitives::{ChainParams, FeeRate, OutPoint, Txid};

use super::history::Listed;
use super::rows::Rows;
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

/// Up to so many coins are sorted on the spot.
const AT_ONCE: usize = 1000;

/// In which order the coins of a wallet stand.
#[derive(Debug)]
pub struct CoinOrder {
    /// Places of the coins, as worked out last.
    order: Arc<Vec<u32>>,
    sort: Sort<CoinKey>,
    /// Whether that is not by this sort, or not of these coins.
    due: bool,
    running: Option<u64>,
}

impl Default for CoinOrder {
    fn default() -> Self {
        Self {
            order: Arc::default(),
            sort: LARGEST,
            due: false,
            running: None,
        }
    }
}

/// Tickets are never given twice: what belongs to a wallet that is gone is told apart.
static TICKETS: AtomicU64 = AtomicU64::new(0);

/// Coins that are to be sorted.
#[derive(Debug)]
pub struct CoinWork {
    ticket: u64,
    sort: Sort<CoinKey>,
    coins: Rows<CoinRow>,
    /// Where dates stand.
    history: Option<Listed>,
}

/// Coins that were sorted.
#[derive(Debug, Clone)]
pub struct SortedCoins {
    ticket: u64,
    sort: Sort<CoinKey>,
    order: Arc<Vec<u32>>,
}

impl Wallet {
    /// The coin at `place` of the list.
    pub fn coin_at(&self, place: usize) -> Option<&CoinRow> {
        let order = &self.coin_order.order;
        if order.len() != self.coins.len() {
            return self.coins.get(place);
        }
        self.coins.get(usize::try_from(*order.get(place)?).ok()?)
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

    /// By which column the coins are to stand.
    pub fn coin_sort(&self) -> Sort<CoinKey> {
        self.coin_order.sort
    }

    /// Brings the coins into the order of another column, as soon as that is worked out.
    pub fn sort_coins(&mut self, sort: Sort<CoinKey>) {
        self.coin_order.sort = sort;
        self.arrange_coins();
    }

    /// Brings coins that were read anew into their order, as soon as that is worked out.
    pub fn arrange_coins(&mut self) {
        self.coin_order.due = true;
        if self.coins.len() <= AT_ONCE && self.history.known() <= AT_ONCE {
            while let Some(work) = self.coin_work() {
                self.coins_sorted(Some(work.run()));
            }
        }
    }

    /// What has to be sorted elsewhere now, if anything; it comes back by [`Self::coins_sorted`].
    pub fn coin_work(&mut self) -> Option<CoinWork> {
        let state = &mut self.coin_order;
        if state.running.is_some() || !std::mem::take(&mut state.due) {
            return None;
        }
        let ticket = TICKETS.fetch_add(1, Ordering::Relaxed);
        state.running = Some(ticket);
        let dated = state.sort.by == CoinKey::Date;
        Some(CoinWork {
            ticket,
            sort: state.sort,
            coins: self.coins.clone(),
            history: dated.then(|| self.history.all()),
        })
    }

    /// Takes in what was sorted; what belongs to another wallet or another column is dropped.
    pub fn coins_sorted(&mut self, done: Option<SortedCoins>) {
        let state = &mut self.coin_order;
        let Some(done) = done else {
            state.running = None;
            state.due = true;
            return;
        };
        if state.running == Some(done.ticket) {
            state.running = None;
            if done.sort == state.sort {
                state.order = done.order;
            }
        }
    }
}

impl CoinWork {
    /// Sorts.
    pub fn run(self) -> SortedCoins {
        let sort = self.sort;
        let order = match sort.by {
            CoinKey::Amount => self.by_key(|coin| coin.amount),
            CoinKey::Address => self.by_key(|coin| coin.address.clone()),
            CoinKey::Label => self.by_key(|coin| {
                let label = coin.label.to_lowercase();
                (label.is_empty(), label)
            }),
            CoinKey::Date => {
                let rows = self.history.iter().flat_map(Listed::rows);
                let times: HashMap<Txid, i64> = rows.map(|(_, row)| (row.txid, row.time)).collect();
                self.by_key(|coin| times.get(&coin.outpoint.txid).copied())
            }
            CoinKey::Depth => self.by_key(|coin| Reverse(coin.height.unwrap_or(u32::MAX))),
        };
        SortedCoins {
            ticket: self.ticket,
            sort,
            order: Arc::new(order),
        }
    }

    fn by_key<K: Ord>(&self, key: impl Fn(&CoinRow) -> K) -> Vec<u32> {
        let keys = self.coins.iter().map(|coin| (key(coin), coin.outpoint));
        let mut keyed: Vec<((K, OutPoint), u32)> = keys.zip(0..).collect();
        // What is equal stands by its place in the chain, however the wallet gave it.
        keyed.sort_by(|((a, a_at), _), ((b, b_at), _)| {
            self.sort.order(a.cmp(b)).then_with(|| a_at.cmp(b_at))
        });
        keyed.into_iter().map(|(_, place)| place).collect()
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

/// What tells the kind of an address without its checksum: its beginning, and its length where there is a witness
/// version.
fn kind<'a>(address: &'a str, params: &ChainParams) -> (&'a str, usize) {
    let witness = params.bech32_hrp.len() + 2;
    match address.get(..witness) {
        Some(start) if start.starts_with(params.bech32_hrp) => (start, address.len()),
        _ => (address.get(..1).unwrap_or_default(), 0),
    }
}

/// About how many virtual bytes a payment from these coins has.
pub fn payment_size<'a>(coins: impl Iterator<Item = &'a CoinRow>, params: &ChainParams) -> u64 {
    // A wallet has a few kinds of addresses, and ten thousand coins of them may be chosen.
    let mut known: Vec<((&str, usize), u64)> = Vec::new();
    coins.fold(FRAME, |size, coin| {
        let kind = kind(&coin.address, params);
        let of_kind = known.iter().find(|(of, _)| *of == kind);
        let of_kind = of_kind.map(|(_, input)| *input);
        let input = of_kind.unwrap_or_else(|| {
            let input = input_size(&coin.address, params);
            known.push((kind, input));
            input
        });
        size + input
    })
}

/// Whether spending a coin costs more than it is worth.
pub fn is_dust(coin: &CoinRow, rate: FeeRate, params: &ChainParams) -> bool {
    coin.amount <= rate.fee(input_size(&coin.address, params))
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{Amount, Coin, Network};

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
        ]
        .into();
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
        let mut twin = coin(3, 50, "c", Some(11));
        for twins in [
            [twin.clone(), coin(0, 50, "b", None)],
            [coin(0, 50, "b", None), twin.clone()],
        ] {
            wallet.coins = Vec::from(twins).into();
            wallet.sort_coins(LARGEST);
            let first = wallet.coin_at(0).map(|coin| coin.outpoint.vout);
            assert_eq!(first, Some(0), "what is equal keeps its order");
        }
        twin.amount = Amount::from_sat(40);
        wallet.coins = vec![coin(0, 50, "b", None), coin(1, 40, "", None), twin].into();
        wallet.sort_coins(LARGEST);
        wallet.coins.truncate(2);
        assert_eq!(wallet.coin_at(1).map(|coin| coin.outpoint.vout), Some(1));
    }

    #[test]
    fn coins_of_many_kinds_weigh_what_each_of_them_does() {
        let params = ChainParams::get(Coin::Bitcoin, Network::Main);
        let addresses = [
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
        ];
        let coins: Vec<CoinRow> = [0, 1, 2, 3, 4, 3, 0, 1]
            .map(|at: usize| CoinRow {
                address: addresses[at].to_owned(),
                ..coin(0, 1, "", None)
            })
            .into();
        let each: u64 = coins
            .iter()
            .map(|coin| input_size(&coin.address, params))
            .sum();
        assert_eq!(payment_size(coins.iter(), params), FRAME + each);
        assert_eq!(each, 2 * 68 + 2 * 105 + 58 + 2 * 148 + 91);
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
