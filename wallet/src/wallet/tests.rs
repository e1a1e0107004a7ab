//! Wallets on real files, over chains made here: blocks without work, which only a node would mind.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keys::descriptor::OutputType;
use primitives::address::Destination;
use primitives::transaction::TxData;
use primitives::{
    Amount, BlockHash, ChainParams, Coin, FeeRate, Network, OutPoint, Script, Tx, TxIn, TxOut, Txid,
};
use tempfile::TempDir;

use super::*;
use crate::db::{FILE_NAME, OpenOptions};

mod chain;
mod damage;
mod files;
mod money;

/// The time in these tests.
pub(crate) const NOW: i64 = 1_800_000_000;

/// A wallet in a directory of its own.
pub(crate) struct Fixture {
    pub(crate) dir: TempDir,
    pub(crate) wallet: Wallet,
    pub(crate) blocks: Vec<BlockData>,
    serial: u32,
}

pub(crate) fn options(params: &ChainParams) -> WalletOptions {
    WalletOptions {
        keypool: 5,
        unsafe_sync: true,
        fallback_fee: FeeRate::from_sat_per_kvb(20_000),
        ..WalletOptions::defaults(params)
    }
}

pub(crate) fn regtest(coin: Coin) -> &'static ChainParams {
    ChainParams::get(coin, Network::Regtest)
}

pub(crate) fn file_in(dir: &Path) -> PathBuf {
    dir.join("w").join(FILE_NAME)
}

impl Fixture {
    pub(crate) fn new(coin: Coin) -> Self {
        Self::with(
            coin,
            &NewWallet {
                now: NOW,
                ..NewWallet::default()
            },
            b"",
        )
    }

    pub(crate) fn with(coin: Coin, new: &NewWallet, passphrase: &[u8]) -> Self {
        let params = regtest(coin);
        let dir = tempfile::tempdir().unwrap();
        let open = OpenOptions {
            create: true,
            unsafe_sync: true,
            ..OpenOptions::default()
        };
        let db = Database::open(&file_in(dir.path()), params, open).unwrap();
        let tip = Some((params.genesis.hash, 0));
        let new = NewWallet {
            tip: new.tip.or(tip),
            ..new.clone()
        };
        let wallet = Wallet::create("w", db, params, options(params), &new, passphrase).unwrap();
        Self {
            dir,
            wallet,
            blocks: Vec::new(),
            serial: 0,
        }
    }

    pub(crate) fn params(&self) -> &'static ChainParams {
        self.wallet.params()
    }

    /// Opens the file again, as after a restart.
    pub(crate) fn reopen(mut self) -> Self {
        let (params, options) = (self.params(), self.wallet.options().clone());
        let file = self.wallet.file();
        self.wallet.close().unwrap();
        let db = Database::open(&file, params, OpenOptions::default()).unwrap();
        self.wallet = Wallet::load("w", db, params, options).unwrap();
        self
    }

    pub(crate) fn address(&mut self, kind: OutputType) -> Destination {
        self.wallet.new_address(Some(kind), "", NOW).unwrap()
    }

    /// A transaction of a stranger that pays `amount` to each script.
    pub(crate) fn gift(&mut self, scripts: &[Script], amount: Amount) -> Arc<Tx> {
        self.serial += 1;
        let input = OutPoint::new(Txid([0xee; 32]), self.serial);
        self.spend_of(&[input], scripts, amount)
    }

    pub(crate) fn spend_of(&self, from: &[OutPoint], to: &[Script], amount: Amount) -> Arc<Tx> {
        let data = TxData {
            version: 2,
            inputs: from
                .iter()
                .map(|place| TxIn::unsigned(*place, 0xffff_fffd))
                .collect(),
            outputs: to
                .iter()
                .map(|script| TxOut {
                    value: amount,
                    script_pubkey: script.clone(),
                })
                .collect(),
            lock_time: 0,
        };
        Arc::new(Tx::new(data, self.params().hashes))
    }

    /// A reward that pays to `script`.
    pub(crate) fn coinbase(&mut self, script: &Script, amount: Amount) -> Arc<Tx> {
        self.serial += 1;
        let mut input = TxIn::unsigned(OutPoint::NULL, 0xffff_ffff);
        input.script_sig = Script::from(self.serial.to_le_bytes().to_vec());
        let data = TxData {
            version: 2,
            inputs: vec![input],
            outputs: vec![TxOut {
                value: amount,
                script_pubkey: script.clone(),
            }],
            lock_time: 0,
        };
        Arc::new(Tx::new(data, self.params().hashes))
    }

    /// The next block with these transactions.
    pub(crate) fn block(&mut self, txs: Vec<Arc<Tx>>) -> BlockData {
        self.serial += 1;
        let height = u32::try_from(self.blocks.len()).unwrap() + 1;
        let mut hash = [0x11; 32];
        hash[..4].copy_from_slice(&height.to_le_bytes());
        hash[4..8].copy_from_slice(&self.serial.to_le_bytes());
        let place = BlockPlace {
            height,
            time: NOW - 5000 + i64::from(height),
        };
        BlockData {
            hash: BlockHash(hash),
            place,
            txs,
        }
    }

    pub(crate) fn mine(&mut self, txs: Vec<Arc<Tx>>) {
        let block = self.block(txs);
        self.blocks.push(block.clone());
        self.wallet
            .apply_steps(&[Step::Connect(block)], NOW)
            .unwrap();
    }

    pub(crate) fn mine_empty(&mut self, count: u32) {
        for _ in 0..count {
            self.mine(Vec::new());
        }
    }

    pub(crate) fn unmine(&mut self) {
        let block = self.blocks.pop().unwrap();
        let step = Step::Disconnect {
            hash: block.hash,
            height: block.place.height,
        };
        self.wallet.apply_steps(&[step], NOW).unwrap();
    }

    pub(crate) fn plan(&self) -> SpendPlan {
        let policy = &self.params().policy;
        SpendPlan {
            relay_min: policy.min_relay_fee,
            dust: policy.dust_relay_fee,
            tip_time: NOW,
            now: NOW,
            seed: 7,
            ..SpendPlan::default()
        }
    }

    pub(crate) fn balances(&self) -> Balances {
        self.wallet.balances(BalanceQuery::default())
    }
}

/// An address of somebody else.
pub(crate) fn stranger() -> Destination {
    Destination::WitnessV0KeyHash(primitives::Hash160([9; 20]))
}

pub(crate) fn pay(destination: Destination, amount: Option<Amount>) -> Payment {
    Payment {
        payees: vec![Payee {
            destination,
            amount,
            subtract_fee: false,
            label: String::new(),
        }],
        ..Payment::default()
    }
}

pub(crate) const fn coins(n: i64) -> Amount {
    Amount::from_coins(n)
}
