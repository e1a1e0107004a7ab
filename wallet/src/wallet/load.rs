//! From the file to memory (Core's `WalletBatch::LoadWallet`).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use keys::{Descriptor, Xpub};
use primitives::address::Destination;
use primitives::encode::{DecodeError, Reader};
use primitives::{BlockHash, ChainParams, OutPoint, Tx, Txid, Wtxid};

use super::addresses::{AddressEntry, Purpose};
use super::sync::{self, BlockPlace};
use super::{BackupMark, Wallet};
use crate::WalletError;
use crate::db::record::{self, DescriptorRecord, MasterKeyRecord};
use crate::db::{Database, DbError, key};
use crate::options::WalletOptions;
use crate::scriptpubkeyman::{KeyStore, ScriptPubKeyMan};
use crate::transaction::{TxState, WalletTx};

/// The highest number of a next transaction that is believed: from here on there is room for all that will come.
const LAST_ORDER: i64 = i64::MAX / 2;

/// Records of one kind: the rest of the key, and the value.
type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// All records by name.
struct Records(HashMap<String, Rows>);

impl Records {
    fn read(db: &Database) -> Result<Self, DbError> {
        let mut records: HashMap<String, Rows> = HashMap::new();
        db.for_each(|key, value| {
            if let Some((name, rest)) = key::split(key) {
                let row = (rest.to_vec(), value.to_vec());
                match records.get_mut(name) {
                    Some(rows) => rows.push(row),
                    None => {
                        records.insert(name.to_owned(), vec![row]);
                    }
                }
            }
        })?;
        Ok(Self(records))
    }

    fn take(&mut self, name: &str) -> Rows {
        self.0.remove(name).unwrap_or_default()
    }

    /// The record that is its name alone.
    fn single(&mut self, name: &str) -> Option<Vec<u8>> {
        self.take(name)
            .into_iter()
            .find(|(rest, _)| rest.is_empty())
            .map(|(_, value)| value)
    }
}

impl Wallet {
    /// Reads a wallet that was opened.
    ///
    /// # Errors
    /// A [`WalletError`] for files of later versions, of the old kind, and damaged ones.
    pub fn load(
        name: &str,
        db: Database,
        params: &'static ChainParams,
        options: WalletOptions,
    ) -> Result<Self, WalletError> {
        let mut wallet = Self::blank(name.to_owned(), Some(db), params, options);
        fill(&mut wallet).inspect_err(|error| {
            let line = error.to_string().trim_end().replace('\n', " ");
            tracing::warn!("[{name}] {line}");
        })?;
        wallet.after_load()?;
        Ok(wallet)
    }

    /// What Core does once a wallet is read: newer caches, more addresses.
    fn after_load(&mut self) -> Result<(), WalletError> {
        self.transact(|this| {
            let own = record::named_version();
            this.batch.put(key::named(key::VERSION), own.to_vec());
            if !this.is_locked() {
                this.upgrade_caches();
            }
            if this.is_watch_only() && this.managers.values().any(|m| !m.keys.is_empty()) {
                let warning = format!(
                    "Warning: Private keys detected in wallet {{{}}} with disabled private keys",
                    this.file().display()
                );
                this.warnings.push(warning);
            }
            Ok(())
        })?;
        // A locked wallet may not be able to; it does so when it is unlocked.
        if let Err(error) = self.top_up() {
            tracing::debug!("[{}] no more addresses: {error}", self.name);
        }
        Ok(())
    }
}

/// Fills a blank wallet from its file.
pub(super) fn fill(wallet: &mut Wallet) -> Result<(), WalletError> {
    let file = wallet.file();
    let mut records = Records::read(wallet.db())?;
    let corrupt = |what: &str| {
        let file = file.clone();
        let what = what.to_owned();
        move |error: DecodeError| WalletError::Corrupt {
            file,
            reason: format!("{what}: {error}"),
        }
    };

    let flags = records.single(key::FLAGS);
    if let Some(value) = &flags {
        wallet.flags = Reader::new(value).u64().map_err(corrupt("flags"))?;
        if !record::flags_are_known(wallet.flags) {
            return Err(if wallet.has_flag(record::FLAG_EXTERNAL_SIGNER) {
                WalletError::ExternalSigner(file)
            } else {
                WalletError::TooNew(file)
            });
        }
        if !wallet.has_flag(record::FLAG_DESCRIPTORS) {
            return Err(WalletError::Legacy(file));
        }
    }
    if key::LEGACY.iter().any(|name| records.0.contains_key(*name)) {
        return Err(if wallet.has_flag(record::FLAG_DESCRIPTORS) {
            WalletError::LegacyEntry(file)
        } else {
            WalletError::Legacy(file)
        });
    }
    if flags.is_none() {
        // Opened all the same, it would be taken for one of the old kind the next time.
        return Err(corrupt("flags")(DecodeError::EndOfData));
    }
    for (rest, value) in records.take(key::MASTER_KEY) {
        let id = Reader::new(&rest).u32().map_err(corrupt("mkey"))?;
        let record = MasterKeyRecord::decode(&value).map_err(corrupt("mkey"))?;
        wallet.master_keys.insert(id, record);
    }
    descriptors(wallet, &mut records)?;
    addresses(wallet, &mut records).map_err(corrupt("address book"))?;
    best_block(wallet, &mut records).map_err(corrupt("best block"))?;
    transactions(wallet, &mut records).map_err(corrupt("tx"))?;
    for (rest, _) in records.take(key::LOCKED_UTXO) {
        let outpoint = OutPoint::decode(&mut Reader::new(&rest)).map_err(corrupt("lockedutxo"))?;
        wallet.frozen.insert(outpoint, true);
    }
    if let Some(value) = records.single(key::BACKUP) {
        wallet.backup = BackupMark::decode(&value).map_err(corrupt("backup"))?;
    }
    Ok(())
}

/// Rows that begin with a descriptor's id, by that.
fn by_descriptor(rows: Rows) -> BTreeMap<[u8; 32], Rows> {
    let mut sorted: BTreeMap<[u8; 32], Rows> = BTreeMap::new();
    for (rest, value) in rows {
        if let Some((id, rest)) = rest.split_first_chunk::<32>() {
            sorted.entry(*id).or_default().push((rest.to_vec(), value));
        }
    }
    sorted
}

fn descriptors(wallet: &mut Wallet, records: &mut Records) -> Result<(), WalletError> {
    let file = wallet.file();
    let corrupt = |reason: String| WalletError::Corrupt {
        file: file.clone(),
        reason,
    };
    let decode = |error: DecodeError| corrupt(format!("walletdescriptor: {error}"));
    let mut caches = by_descriptor(records.take(key::DESCRIPTOR_CACHE));
    let mut last_hardened = by_descriptor(records.take(key::DESCRIPTOR_LH_CACHE));
    let mut plain = by_descriptor(records.take(key::DESCRIPTOR_KEY));
    let mut crypted = by_descriptor(records.take(key::DESCRIPTOR_CKEY));
    for (id, value) in records.take(key::DESCRIPTOR) {
        let id: [u8; 32] = id
            .try_into()
            .map_err(|_| corrupt("descriptor id".to_owned()))?;
        let record = DescriptorRecord::decode(&value).map_err(decode)?;
        if record.indices().is_none() {
            return Err(corrupt("walletdescriptor: impossible range".to_owned()));
        }
        let parsed = Descriptor::parse(&record.text, wallet.params, true);
        let descriptor = match parsed {
            Ok(mut all) if all.len() == 1 => all.remove(0),
            Ok(_) => {
                return Err(corrupt(
                    "Can't load a multipath descriptor from databases".into(),
                ));
            }
            Err(error) => {
                return Err(WalletError::UnknownDescriptor {
                    file,
                    descriptor: record.text,
                    reason: error.to_string(),
                });
            }
        };
        let (plain, crypted) = (plain.remove(&id), crypted.remove(&id));
        if plain.is_some() && crypted.is_some() {
            return Err(corrupt(
                "Wallet contains both unencrypted and encrypted keys".into(),
            ));
        }
        let keys = key_store(plain, crypted).map_err(decode)?;
        let mut manager = ScriptPubKeyMan::new(
            descriptor,
            record.created,
            (record.range_start, record.range_end),
            record.next_index,
            keys,
            wallet.params,
        );
        if manager.id != id {
            return Err(corrupt(
                "The descriptor ID calculated by the wallet differs from the one in DB".into(),
            ));
        }
        read_cache(&mut manager, caches.remove(&id), last_hardened.remove(&id)).map_err(decode)?;
        manager
            .load_scripts()
            .map_err(|error| corrupt(error.to_string()))?;
        wallet.adopt(manager);
    }
    for (name, internal) in [(key::ACTIVE_EXTERNAL, false), (key::ACTIVE_INTERNAL, true)] {
        for (rest, value) in records.take(name) {
            let kind = rest.first().and_then(|number| key::output_type_of(*number));
            let id: Option<[u8; 32]> = value.try_into().ok();
            if let (Some(kind), Some(id)) = (kind, id)
                && wallet.managers.contains_key(&id)
            {
                let active = if internal {
                    &mut wallet.internal
                } else {
                    &mut wallet.external
                };
                active.insert(kind, id);
            }
        }
    }
    Ok(())
}

fn key_store(plain: Option<Rows>, crypted: Option<Rows>) -> Result<KeyStore, DecodeError> {
    if let Some(rows) = crypted {
        let mut keys = BTreeMap::new();
        for (rest, value) in rows {
            let (public, _) = record::read_public_key(&mut Reader::new(&rest))?;
            keys.insert(public, Reader::new(&value).var_bytes()?.to_vec());
        }
        return Ok(KeyStore::Crypted(keys));
    }
    let mut keys = BTreeMap::new();
    for (rest, value) in plain.unwrap_or_default() {
        let (public, _) = record::read_public_key(&mut Reader::new(&rest))?;
        let secret = record::read_private_key(&value, &public)?;
        keys.insert(public, secret);
    }
    Ok(KeyStore::Plain(keys))
}

fn read_cache(
    manager: &mut ScriptPubKeyMan,
    rows: Option<Rows>,
    last_hardened: Option<Rows>,
) -> Result<(), DecodeError> {
    let xpub = |value: &[u8]| {
        let body = Reader::new(value).var_bytes()?;
        Xpub::from_body(body).map_err(|_| DecodeError::Invalid("extended key"))
    };
    for (rest, value) in rows.unwrap_or_default() {
        let mut reader = Reader::new(&rest);
        let position = reader.u32()?;
        if reader.is_empty() {
            manager.cache.parents.insert(position, xpub(&value)?);
        } else {
            manager
                .cache
                .derived
                .insert((position, reader.u32()?), xpub(&value)?);
        }
    }
    for (rest, value) in last_hardened.unwrap_or_default() {
        let position = Reader::new(&rest).u32()?;
        manager.cache.last_hardened.insert(position, xpub(&value)?);
    }
    Ok(())
}

fn addresses(wallet: &mut Wallet, records: &mut Records) -> Result<(), DecodeError> {
    let params = wallet.params;
    let mut entry = |text: &str, change: &mut dyn FnMut(&mut AddressEntry)| {
        // Addresses that are not of this chain are left alone.
        if let Ok(destination) = Destination::from_address(text, params) {
            change(wallet.addresses.entry(destination).or_default());
        }
    };
    for (rest, value) in records.take(key::NAME) {
        let address = record::read_text(&mut Reader::new(&rest))?;
        let label = record::read_text(&mut Reader::new(&value))?;
        entry(&address, &mut |e| e.label = Some(label.clone()));
    }
    for (rest, value) in records.take(key::PURPOSE) {
        let address = record::read_text(&mut Reader::new(&rest))?;
        let purpose = Purpose::from_name(&record::read_text(&mut Reader::new(&value))?);
        entry(&address, &mut |e| e.purpose = purpose);
    }
    for (rest, value) in records.take(key::DEST_DATA) {
        let mut reader = Reader::new(&rest);
        let address = record::read_text(&mut reader)?;
        let fact = record::read_text(&mut reader)?;
        let value = Reader::new(&value).var_bytes()?.to_vec();
        if fact == "used" {
            entry(&address, &mut |e| e.spent_from = true);
        } else if let Some(id) = fact.strip_prefix("rr") {
            entry(&address, &mut |e| {
                e.requests.insert(id.to_owned(), value.clone());
            });
        }
    }
    for (rest, value) in records.take(key::CREATED) {
        let address = record::read_text(&mut Reader::new(&rest))?;
        let created = Reader::new(&value).i64()?;
        entry(&address, &mut |e| e.created = created);
    }
    Ok(())
}

fn best_block(wallet: &mut Wallet, records: &mut Records) -> Result<(), DecodeError> {
    let mut locator = Vec::new();
    for name in [key::BEST_BLOCK, key::BEST_BLOCK_NOMERKLE] {
        if let Some(value) = records.single(name)
            && locator.is_empty()
        {
            locator = record::read_locator(&value)?;
        }
    }
    let place = match records.single(key::BEST_PLACE) {
        Some(value) => {
            let mut reader = Reader::new(&value);
            Some((BlockHash(reader.array()?), reader.u32()?))
        }
        None => None,
    };
    wallet.best = place.filter(|(hash, _)| Some(hash) == locator.first());
    wallet.locator = sync::with_heights(locator, wallet.best.map(|(_, height)| height));
    Ok(())
}

fn transactions(wallet: &mut Wallet, records: &mut Records) -> Result<(), DecodeError> {
    for (rest, value) in records.take(key::BLOCK_PLACE) {
        let hash = BlockHash(Reader::new(&rest).array()?);
        let mut reader = Reader::new(&value);
        let place = BlockPlace {
            height: reader.u32()?,
            time: reader.i64()?,
        };
        wallet.blocks.insert(hash, place);
    }
    if let Some(value) = records.single(key::ORDER_POS_NEXT) {
        wallet.order_next = Reader::new(&value).i64()?.min(LAST_ORDER);
    }
    let mut unordered = Vec::new();
    let mut variants: HashMap<Txid, Vec<(Wtxid, Vec<u8>)>> = HashMap::new();
    for (rest, value) in records.take(key::WTX_VARIANT) {
        let mut reader = Reader::new(&rest);
        let (txid, wtxid) = (Txid(reader.array()?), Wtxid(reader.array()?));
        variants.entry(txid).or_default().push((wtxid, value));
    }
    let (mut sound, mut strays) = (Vec::new(), Vec::new());
    for (rest, value) in records.take(key::TX) {
        let txid = Txid(Reader::new(&rest).array()?);
        let tx = WalletTx::decode(&value, wallet.params.hashes)?;
        if tx.tx.txid() == txid {
            sound.push(tx);
        } else {
            strays.push(tx);
            wallet.warnings.push(format!(
                "Error reading {}! Transaction data may be missing or incorrect. Rescanning wallet.",
                wallet.file().display()
            ));
            wallet.best = None;
            wallet.locator.clear();
        }
    }
    // A payment that lies under another's id counts where there is no better record of it.
    for mut tx in sound.into_iter().chain(strays) {
        if wallet.txs.contains_key(&tx.tx.txid()) {
            continue;
        }
        // Its own id: that of the record may be another one.
        let txid = tx.tx.txid();
        for (wtxid, bytes) in variants.remove(&txid).unwrap_or_default() {
            if wtxid == tx.tx.wtxid() {
                continue;
            }
            let variant = Tx::from_bytes(&bytes, wallet.params.hashes)?;
            if variant.txid() != txid {
                return Err(DecodeError::Invalid("witness variant, its txid differs"));
            }
            tx.add_variant(&Arc::new(variant));
        }
        if !tx.state.is_confirmed() {
            tx.choose_lightest();
        }
        if let Some(block) = tx.state.block()
            && let Some(place) = wallet.blocks.get(&block)
        {
            tx.state = sync::placed(tx.state, place.height);
        }
        if tx.tx.is_coinbase() && matches!(tx.state, TxState::Inactive { .. }) {
            tx.state = TxState::Inactive { abandoned: true };
        }
        if tx.order_pos == -1 {
            unordered.push((tx.time_received, tx.tx.txid()));
        }
        wallet.insert_loaded(tx);
    }
    // What comes later stands later, whatever the file says.
    let last = wallet.by_order.keys().next_back();
    let behind = last.map_or(0, |last| (*last).min(LAST_ORDER) + 1);
    wallet.order_next = wallet.order_next.max(behind);
    unordered.sort_unstable();
    for (_, txid) in unordered {
        wallet.give_order(&txid);
    }
    Ok(())
}
