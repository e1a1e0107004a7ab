//! One wallet: its descriptors, transactions, addresses and coins.
//!
//! A method that changes something ends with one durable transaction of the file. If that fails,
//! the wallet is read from the file again, so that memory never holds what the disk does not.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use keys::descriptor::OutputType;
use primitives::address::Destination;
use primitives::{BlockHash, ChainParams, OutPoint, Script, Txid};

use crate::WalletError;
use crate::crypter::MasterKey;
use crate::db::record::{self, MasterKeyRecord};
use crate::db::{Batch, Database, key};
use crate::options::WalletOptions;
use crate::scriptpubkeyman::{DescriptorId, ScriptPubKeyMan};
use crate::transaction::WalletTx;

mod addresses;
mod backup;
mod coins;
mod create;
mod descriptors;
mod encryption;
mod history;
mod load;
mod receive;
mod sign;
mod spend;
mod sync;

pub use addresses::{AddressEntry, Purpose, ReceiveRequest};
pub use coins::{AvailableCoin, CoinFilter};
pub use create::NewWallet;
pub use descriptors::{DescriptorInfo, ImportDescriptor};
pub use history::{AmountEntry, Amounts};
pub use receive::{BalanceQuery, Balances, Spent};
pub use sign::verify_inputs;
pub use spend::{
    ChangePosition, FeeReason, Payee, Payment, PreparedTx, Rate, SpendError, SpendPlan, rate_text,
};
pub use sync::{BlockData, BlockPlace, KnownBlock, Step};

/// What changed since it was last asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Transactions that are new or changed.
    pub txs: BTreeSet<Txid>,
    /// Addresses, labels or requests.
    pub addresses: bool,
    /// Which coins there are, or whether they are frozen.
    pub coins: bool,
    /// Anything else that people see.
    pub state: bool,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// When the last backup was made, and whether it was read back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackupMark {
    /// Seconds since 1970; 0 for never.
    pub time: i64,
    /// Whether it was read back and held everything.
    pub checked: bool,
    /// Number of descriptors and whether keys were encrypted then.
    pub covers: (u32, bool),
}

/// A wallet.
#[derive(Debug)]
pub struct Wallet {
    name: String,
    params: &'static ChainParams,
    options: WalletOptions,
    /// Open until the wallet is closed.
    db: Option<Database>,
    batch: Batch,
    changes: Changes,

    flags: u64,
    managers: BTreeMap<DescriptorId, ScriptPubKeyMan>,
    external: BTreeMap<OutputType, DescriptorId>,
    internal: BTreeMap<OutputType, DescriptorId>,
    scripts: HashMap<Script, Vec<DescriptorId>>,
    master_keys: BTreeMap<u32, MasterKeyRecord>,
    master: Option<MasterKey>,
    unlocked_until: i64,

    txs: HashMap<Txid, WalletTx>,
    /// By the time shown and the id: the order of the history.
    by_time: BTreeSet<(u32, Txid)>,
    by_order: BTreeMap<i64, Txid>,
    order_next: i64,
    spends: HashMap<OutPoint, Vec<Txid>>,
    mine: HashSet<OutPoint>,
    /// Transactions of the mempool that spend what ours spend, and ours.
    conflictors: HashMap<Txid, BTreeSet<Txid>>,
    blocks: HashMap<BlockHash, BlockPlace>,

    addresses: BTreeMap<Destination, AddressEntry>,
    frozen: BTreeMap<OutPoint, bool>,
    prepared: BTreeMap<u64, PreparedTx>,

    best: Option<(BlockHash, u32)>,
    locator: Vec<(BlockHash, Option<u32>)>,
    birth_time: Option<i64>,
    backup: BackupMark,
    /// What must be told to whoever opened the wallet.
    pub(crate) warnings: Vec<String>,
}

impl Wallet {
    fn blank(
        name: String,
        db: Option<Database>,
        params: &'static ChainParams,
        options: WalletOptions,
    ) -> Self {
        Self {
            name,
            params,
            options,
            db,
            batch: Batch::default(),
            changes: Changes::default(),
            flags: 0,
            managers: BTreeMap::new(),
            external: BTreeMap::new(),
            internal: BTreeMap::new(),
            scripts: HashMap::new(),
            master_keys: BTreeMap::new(),
            master: None,
            unlocked_until: 0,
            txs: HashMap::new(),
            by_time: BTreeSet::new(),
            by_order: BTreeMap::new(),
            order_next: 0,
            spends: HashMap::new(),
            mine: HashSet::new(),
            conflictors: HashMap::new(),
            blocks: HashMap::new(),
            addresses: BTreeMap::new(),
            frozen: BTreeMap::new(),
            prepared: BTreeMap::new(),
            best: None,
            locator: Vec::new(),
            birth_time: None,
            backup: BackupMark::default(),
            warnings: Vec::new(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its file.
    pub fn file(&self) -> PathBuf {
        self.db().file().to_owned()
    }

    /// The chain's parameters.
    pub const fn params(&self) -> &'static ChainParams {
        self.params
    }

    /// The options of the process.
    pub const fn options(&self) -> &WalletOptions {
        &self.options
    }

    /// Whether a flag of [`crate::db::record`] is set.
    pub const fn has_flag(&self, flag: u64) -> bool {
        self.flags & flag != 0
    }

    /// The flags of [`crate::db::record`].
    pub const fn flags(&self) -> u64 {
        self.flags
    }

    /// Whether it holds no private keys on purpose.
    pub const fn is_watch_only(&self) -> bool {
        self.has_flag(record::FLAG_DISABLE_PRIVATE_KEYS)
    }

    /// When its first key was made, in seconds since 1970.
    pub fn birth_time(&self) -> Option<i64> {
        self.birth_time
    }

    /// The block that all numbers are as of.
    pub const fn best(&self) -> Option<(BlockHash, u32)> {
        self.best
    }

    /// Transactions by id.
    pub const fn txs(&self) -> &HashMap<Txid, WalletTx> {
        &self.txs
    }

    /// Transactions in the order in which they came.
    pub const fn by_order(&self) -> &BTreeMap<i64, Txid> {
        &self.by_order
    }

    /// What changed since the last call.
    pub fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// The last backup.
    pub const fn backup_mark(&self) -> BackupMark {
        self.backup
    }

    pub(crate) fn db(&self) -> &Database {
        self.db
            .as_ref()
            .expect("the file is open until the wallet is closed")
    }

    /// Sets or clears a flag.
    fn set_flags(&mut self, flags: u64) {
        self.flags = flags;
        self.batch
            .put(key::named(key::FLAGS), flags.to_le_bytes().to_vec());
        self.changes.state = true;
    }

    /// Changes the flag "avoid reuse".
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn set_avoid_reuse(&mut self, on: bool) -> Result<(), WalletError> {
        self.transact(|this| {
            let flag = record::FLAG_AVOID_REUSE;
            this.set_flags(if on {
                this.flags | flag
            } else {
                this.flags & !flag
            });
            Ok(())
        })
    }

    /// Runs a change and makes it durable: all of it, or nothing.
    pub(crate) fn transact<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, WalletError>,
    ) -> Result<T, WalletError> {
        let result = change(self);
        let batch = std::mem::take(&mut self.batch);
        match result {
            Ok(value) => {
                let db = self
                    .db
                    .as_mut()
                    .expect("the file is open until the wallet is closed");
                match db.commit(&batch) {
                    Ok(()) => Ok(value),
                    Err(error) => {
                        tracing::error!("[{}] {error}", self.name);
                        self.reload()?;
                        Err(error.into())
                    }
                }
            }
            Err(error) => {
                if !batch.is_empty() {
                    self.reload()?;
                }
                Err(error)
            }
        }
    }

    /// Reads everything from the file again, after a change that could not be written.
    fn reload(&mut self) -> Result<(), WalletError> {
        let db = self.db.take();
        let mut fresh = Self::blank(self.name.clone(), db, self.params, self.options.clone());
        let loaded = load::fill(&mut fresh);
        fresh.master = self.master.take();
        fresh.unlocked_until = self.unlocked_until;
        fresh.prepared = std::mem::take(&mut self.prepared);
        let in_mempool: Vec<Txid> = self
            .txs
            .values()
            .filter(|tx| tx.state.is_in_mempool())
            .map(|tx| tx.tx.txid())
            .collect();
        *self = fresh;
        loaded?;
        for txid in in_mempool {
            self.mark_in_mempool(&txid);
        }
        self.changes = Changes {
            addresses: true,
            coins: true,
            state: true,
            ..Changes::default()
        };
        self.changes.txs.extend(self.txs.keys().copied());
        Ok(())
    }

    /// Records where it stands and closes the file.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn close(mut self) -> Result<(), WalletError> {
        let written = self.transact(|this| {
            this.record_best_block();
            Ok(())
        });
        if let Some(db) = self.db.take() {
            db.close()?;
        }
        written
    }
}

#[cfg(test)]
pub(crate) mod tests;
