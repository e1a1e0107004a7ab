//! The wallet in view: its state, history, addresses and coins.

use ipc_schema::{AddressRow, CoinRow, LockState, WalletEvent, WalletFees, WalletState};
use primitives::Amount;

use super::coins::CoinOrder;
use super::history::{History, Next};
use super::rows::Rows;

/// A wallet as the window knows it.
#[derive(Debug)]
pub struct Wallet {
    /// Its name.
    pub name: String,
    /// Newest state; `None` until the first came.
    pub state: Option<WalletState>,
    /// Transactions.
    pub history: History,
    /// Addresses with labels and requests, newest first.
    pub addresses: Rows<AddressRow>,
    /// Coins, largest first.
    pub coins: Rows<CoinRow>,
    /// In which order they stand.
    pub(super) coin_order: CoinOrder,
    /// Rates to choose from.
    pub fees: Option<WalletFees>,
    /// Its process was started anew, and nothing was heard from it yet.
    anew: bool,
}

/// What must be read again after an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refresh {
    /// The history, from the first page.
    pub history: bool,
    /// Addresses.
    pub addresses: bool,
    /// Coins.
    pub coins: bool,
    /// Fee rates.
    pub fees: bool,
}

/// How safe the wallet is from the loss of this disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backup {
    /// There is none.
    Missing,
    /// One was made then, and never read back.
    Unchecked(i64),
    /// One was made then, read back and found whole.
    Checked(i64),
    /// The last one lacks something new.
    Outdated(i64),
}

impl Wallet {
    /// A wallet of which only the name is known.
    pub fn new(name: String) -> Self {
        Self {
            name,
            state: None,
            history: History::default(),
            addresses: Rows::default(),
            coins: Rows::default(),
            coin_order: CoinOrder::default(),
            fees: None,
            anew: false,
        }
    }

    /// Its process was started anew: changes are numbered from the start again, so that nothing known here says
    /// what the next ones follow on. What is known stays in view until the process answers.
    pub fn begin_again(&mut self) {
        self.anew = true;
    }

    /// Whether this event is the first one since the process was started anew.
    pub fn returns_with(&self, event: &WalletEvent) -> bool {
        self.anew && matches!(event, WalletEvent::State(_))
    }

    /// Takes in an event; says what must be read again.
    pub fn apply(&mut self, event: WalletEvent) -> Refresh {
        match event {
            WalletEvent::State(state) => {
                let anew = std::mem::take(&mut self.anew);
                let old = self.state.as_ref().filter(|_| !anew);
                let differs = |pick: fn(&WalletState) -> u64| old.map(pick) != Some(pick(&state));
                let refresh = Refresh {
                    history: old.is_none(),
                    addresses: differs(|s| s.addresses_revision),
                    coins: differs(|s| s.coins_revision),
                    fees: old.is_none_or(|old| old.block != state.block),
                };
                self.state = Some(*state);
                refresh
            }
            WalletEvent::Delta(delta) => {
                let reload = self.history.apply_delta(delta) == Next::Reload;
                Refresh {
                    history: reload,
                    ..Refresh::default()
                }
            }
            WalletEvent::Resync => Refresh {
                history: true,
                addresses: true,
                coins: true,
                fees: true,
            },
            WalletEvent::Closed => Refresh::default(),
        }
    }

    /// Whether there is a passphrase, and whether it is needed.
    pub fn lock(&self) -> LockState {
        self.state
            .as_ref()
            .map_or(LockState::Unencrypted, |state| state.lock)
    }

    /// Whether the keys cannot be used now.
    pub fn is_locked(&self) -> bool {
        self.lock() == LockState::Locked
    }

    /// Whether it holds no private keys.
    pub fn is_watch_only(&self) -> bool {
        self.state
            .as_ref()
            .is_some_and(|state| state.info.watch_only)
    }

    /// Whether amounts are as of the node's tip.
    pub fn is_current(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.at_tip)
    }

    /// What can be spent.
    pub fn available(&self) -> Option<Amount> {
        self.state.as_ref().map(|state| state.balances.trusted)
    }

    /// Everything together.
    pub fn total(&self) -> Option<Amount> {
        self.state.as_ref().map(|state| {
            let balances = &state.balances;
            balances.trusted + balances.pending + balances.immature
        })
    }

    /// How safe the wallet is.
    pub fn backup(&self) -> Option<Backup> {
        let state = self.state.as_ref()?;
        Some(match (state.backup, state.backup_outdated) {
            (None, _) => Backup::Missing,
            (Some((made, _)), true) => Backup::Outdated(made),
            (Some((made, true)), false) => Backup::Checked(made),
            (Some((made, false)), false) => Backup::Unchecked(made),
        })
    }

    /// The row of an address, own or not.
    pub fn address(&self, address: &str) -> Option<&AddressRow> {
        self.addresses.iter().find(|row| row.address == address)
    }

    /// Whether this wallet sent money to an address of somebody else before.
    pub fn has_paid(&self, address: &str) -> bool {
        self.history.has_paid(address)
    }

    /// Addresses of others that were paid or labelled before, newest first, with their labels.
    pub fn contacts(&self) -> Vec<(&str, &str)> {
        let mut seen = std::collections::HashSet::new();
        let labelled = self.addresses.iter().filter(|row| !row.is_mine);
        let labelled = labelled.map(|row| (row.address.as_str(), row.label.as_str()));
        let paid = self.history.contacts().iter();
        let paid = paid.map(|(address, label)| (address.as_str(), label.as_str()));
        labelled
            .chain(paid)
            .filter(|(address, _)| !address.is_empty() && seen.insert(*address))
            .collect()
    }

    /// An address that looks like this one at both ends but is another: what a poisoned history hopes for.
    pub fn lookalike(&self, address: &str) -> Option<&str> {
        let ends = |text: &str| -> Option<(String, String)> {
            let chars: Vec<char> = text.chars().collect();
            let body = chars.iter().position(|c| *c == '1').map_or(0, |at| at + 1);
            let (head, tail) = (
                chars.get(body..body + 4)?,
                chars.get(chars.len().checked_sub(4)?..)?,
            );
            Some((head.iter().collect(), tail.iter().collect()))
        };
        let wanted = ends(address)?;
        self.addresses
            .iter()
            .map(|row| row.address.as_str())
            .find(|other| *other != address && ends(other).as_ref() == Some(&wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipc_schema::Balances;

    fn state() -> WalletState {
        WalletState {
            addresses_revision: 1,
            coins_revision: 1,
            ..WalletState::default()
        }
    }

    #[test]
    fn only_what_changed_is_read_again() {
        let mut wallet = Wallet::new("w".to_owned());
        let all = wallet.apply(WalletEvent::State(Box::new(state())));
        assert!(all.history && all.addresses && all.coins && all.fees);
        let same = wallet.apply(WalletEvent::State(Box::new(state())));
        assert_eq!(same, Refresh::default());
        let coins = WalletState {
            coins_revision: 2,
            ..state()
        };
        let refresh = wallet.apply(WalletEvent::State(Box::new(coins)));
        assert_eq!(
            refresh,
            Refresh {
                coins: true,
                ..Refresh::default()
            }
        );
    }

    #[test]
    fn everything_is_read_again_from_a_process_that_was_started_anew() {
        let mut wallet = Wallet::new("w".to_owned());
        let event = || WalletEvent::State(Box::new(state()));
        wallet.apply(event());
        assert!(!wallet.returns_with(&event()));
        wallet.begin_again();
        assert!(wallet.returns_with(&event()));
        let all = wallet.apply(event());
        assert!(all.history && all.addresses && all.coins && all.fees);
        assert_eq!(wallet.apply(event()), Refresh::default());
    }

    #[test]
    fn balances_add_up_and_are_unknown_before_the_first_state() {
        let mut wallet = Wallet::new("w".to_owned());
        assert_eq!((wallet.total(), wallet.available()), (None, None));
        let balances = Balances {
            trusted: Amount::from_sat(5),
            pending: Amount::from_sat(3),
            immature: Amount::from_sat(2),
            used: Amount::ZERO,
        };
        wallet.apply(WalletEvent::State(Box::new(WalletState {
            balances,
            ..state()
        })));
        assert_eq!(wallet.total(), Some(Amount::from_sat(10)));
    }

    #[test]
    fn an_address_made_to_look_like_another_is_found() {
        let mut wallet = Wallet::new("w".to_owned());
        let known = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
        wallet.addresses = vec![AddressRow {
            address: known.to_owned(),
            ..AddressRow::default()
        }]
        .into();
        let fake = "bcrt1qw50aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaat080";
        assert_eq!(wallet.lookalike(fake), Some(known));
        assert_eq!(wallet.lookalike(known), None);
        assert_eq!(wallet.lookalike("bcrt1q"), None);
    }

    #[test]
    fn a_backup_grows_old_and_can_be_checked() {
        let mut wallet = Wallet::new("w".to_owned());
        let mut check = |backup, outdated, want| {
            let state = WalletState {
                backup,
                backup_outdated: outdated,
                ..state()
            };
            wallet.apply(WalletEvent::State(Box::new(state)));
            assert_eq!(wallet.backup(), Some(want));
        };
        check(None, false, Backup::Missing);
        check(Some((7, false)), false, Backup::Unchecked(7));
        check(Some((7, true)), false, Backup::Checked(7));
        check(Some((7, true)), true, Backup::Outdated(7));
    }
}
