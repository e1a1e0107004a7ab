//! The address book: labels, purposes, receive requests.

use std::collections::BTreeMap;

use keys::descriptor::OutputType;
use primitives::Amount;
use primitives::address::Destination;
use primitives::encode::{DecodeError, Reader, Sink as _};

use super::Wallet;
use crate::WalletError;
use crate::db::key;
use crate::db::record::{self, read_text};

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Ours, given to payers.
    Receive,
    /// Somebody else's.
    Send,
    /// Of an old feature.
    Refund,
}

impl Purpose {
    /// The word in files and JSON-RPC.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Send => "send",
            Self::Refund => "refund",
        }
    }

    /// Reads that word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Receive, Self::Send, Self::Refund]
            .into_iter()
            .find(|p| p.name() == name)
    }
}

/// What is known about an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressEntry {
    /// Its label; `None` for change.
    pub label: Option<String>,
    /// What it is for.
    pub purpose: Option<Purpose>,
    /// Whether it was spent from while the wallet avoids reuse.
    pub spent_from: bool,
    /// Receive requests by number, as Core's window writes them.
    pub requests: BTreeMap<String, Vec<u8>>,
    /// When it was made, in seconds since 1970; 0 where that is unknown.
    pub created: i64,
}

/// A request for a payment (Core's `RecentRequestEntry`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiveRequest {
    /// Its number.
    pub id: i64,
    /// When it was made, in seconds since 1970.
    pub date: u32,
    /// Address.
    pub address: String,
    /// Label.
    pub label: String,
    /// Amount asked for; zero for any.
    pub amount: Amount,
    /// Message for the payer.
    pub message: String,
}

impl ReceiveRequest {
    /// Writes it.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.put_i32(1); // version of the entry
        out.put_i64(self.id);
        out.put_u32(self.date);
        out.put_i32(1); // version of the recipient
        out.put_var_bytes(self.address.as_bytes());
        out.put_var_bytes(self.label.as_bytes());
        out.put_i64(self.amount.sat());
        out.put_var_bytes(self.message.as_bytes());
        out.put_var_bytes(&[]); // payment request, once
        out.put_var_bytes(&[]); // merchant, once
        out
    }

    /// Reads it.
    ///
    /// # Errors
    /// A [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.i32()?;
        let (id, date) = (reader.i64()?, reader.u32()?);
        reader.i32()?;
        Ok(Self {
            id,
            date,
            address: read_text(&mut reader)?,
            label: read_text(&mut reader)?,
            amount: Amount::from_sat(reader.i64()?),
            message: read_text(&mut reader)?,
        })
    }
}

impl Wallet {
    /// All addresses that are not change.
    pub const fn addresses(&self) -> &BTreeMap<Destination, AddressEntry> {
        &self.addresses
    }

    /// What is known about an address that is not change.
    pub fn address_entry(&self, destination: &Destination) -> Option<&AddressEntry> {
        self.addresses
            .get(destination)
            .filter(|entry| entry.label.is_some())
    }

    /// The label of an address, empty where it has none.
    pub fn label_of(&self, destination: &Destination) -> &str {
        self.addresses
            .get(destination)
            .and_then(|entry| entry.label.as_deref())
            .unwrap_or_default()
    }

    /// Records label and purpose of an address.
    pub(super) fn put_label(
        &mut self,
        destination: &Destination,
        label: &str,
        purpose: Option<Purpose>,
    ) {
        let address = destination.to_address(self.params);
        let entry = self.addresses.entry(destination.clone()).or_default();
        entry.label = Some(label.to_owned());
        if let Some(purpose) = purpose {
            entry.purpose = Some(purpose);
            self.batch
                .put(key::purpose(&address), record::text(purpose.name()));
        }
        self.batch.put(key::name(&address), record::text(label));
        self.changes.addresses = true;
    }

    /// Labels an address, own or not.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn set_label(&mut self, destination: &Destination, label: &str) -> Result<(), WalletError> {
        let mine = self.is_mine_address(destination);
        let purpose = if mine {
            Purpose::Receive
        } else {
            Purpose::Send
        };
        let touched: Vec<_> = self.txs_with_address(destination);
        self.transact(|this| {
            this.put_label(destination, label, Some(purpose));
            Ok(())
        })?;
        // Their rows show the label.
        self.changes.txs.extend(touched);
        Ok(())
    }

    fn txs_with_address(&self, destination: &Destination) -> Vec<primitives::Txid> {
        let script = destination.to_script();
        self.txs
            .values()
            .filter(|tx| {
                tx.tx
                    .outputs
                    .iter()
                    .any(|output| output.script_pubkey == script)
            })
            .map(|tx| tx.tx.txid())
            .collect()
    }

    /// Makes an address for payers, with a label and the time it was made.
    ///
    /// # Errors
    /// Where no address can be made, or the file cannot be written.
    pub fn new_address(
        &mut self,
        kind: Option<OutputType>,
        label: &str,
        now: i64,
    ) -> Result<Destination, WalletError> {
        if !self.can_get_addresses() {
            return Err(WalletError::NoKeys);
        }
        let kind = kind.unwrap_or(self.options.address_type);
        self.transact(|this| {
            let destination = this.next_address(kind, false)?;
            this.put_label(&destination, label, Some(Purpose::Receive));
            this.put_created(&destination, now);
            Ok(destination)
        })
    }

    fn put_created(&mut self, destination: &Destination, now: i64) {
        let address = destination.to_address(self.params);
        self.batch
            .put(key::created(&address), now.to_le_bytes().to_vec());
        self.addresses
            .entry(destination.clone())
            .or_default()
            .created = now;
    }

    /// Makes an address for change.
    ///
    /// # Errors
    /// Where no address can be made, or the file cannot be written.
    pub fn new_change_address(
        &mut self,
        kind: Option<OutputType>,
    ) -> Result<Destination, WalletError> {
        if self.internal.is_empty() {
            return Err(WalletError::NoKeys);
        }
        let kind = kind
            .or(self.options.change_type)
            .unwrap_or(self.options.address_type);
        self.transact(|this| this.next_address(kind, true))
    }

    /// Makes an address with a request for a payment.
    ///
    /// # Errors
    /// As [`Wallet::new_address`].
    pub fn request_payment(
        &mut self,
        kind: Option<OutputType>,
        label: &str,
        amount: Option<Amount>,
        message: &str,
        now: i64,
    ) -> Result<Destination, WalletError> {
        let destination = self.new_address(kind, label, now)?;
        if amount.is_none() && message.is_empty() {
            return Ok(destination);
        }
        let address = destination.to_address(self.params);
        let id = self
            .addresses
            .values()
            .flat_map(|entry| entry.requests.keys())
            .filter_map(|id| id.parse::<i64>().ok())
            .max()
            .map_or(1, |last| last.saturating_add(1));
        let request = ReceiveRequest {
            id,
            date: u32::try_from(now).unwrap_or(0),
            address: address.clone(),
            label: label.to_owned(),
            amount: amount.unwrap_or_default(),
            message: message.to_owned(),
        };
        self.transact(|this| {
            let value = request.encode();
            let mut stored = Vec::new();
            stored.put_var_bytes(&value);
            this.batch
                .put(key::dest_data(&address, &format!("rr{id}")), stored);
            let entry = this.addresses.entry(destination.clone()).or_default();
            entry.requests.insert(id.to_string(), value);
            this.changes.addresses = true;
            Ok(())
        })?;
        Ok(destination)
    }

    /// Forgets the requests for payments at an address; the address and its label stay.
    ///
    /// # Errors
    /// [`WalletError::Coin`] where there is none, or where the file cannot be written.
    pub fn remove_requests(&mut self, destination: &Destination) -> Result<(), WalletError> {
        let known = self.addresses.get(destination);
        let ids: Vec<String> = known
            .map(|entry| entry.requests.keys().cloned().collect())
            .unwrap_or_default();
        if ids.is_empty() {
            return Err(WalletError::Coin(
                "Nothing was asked for at this address, or it was removed already.",
            ));
        }
        let address = destination.to_address(self.params);
        self.transact(|this| {
            for id in &ids {
                this.batch
                    .delete(key::dest_data(&address, &format!("rr{id}")));
            }
            if let Some(entry) = this.addresses.get_mut(destination) {
                entry.requests.clear();
            }
            this.changes.addresses = true;
            Ok(())
        })
    }

    /// Notes that an address was spent from.
    pub(super) fn mark_spent_from(&mut self, destination: &Destination) {
        let entry = self.addresses.entry(destination.clone()).or_default();
        if entry.spent_from {
            return;
        }
        entry.spent_from = true;
        let address = destination.to_address(self.params);
        self.batch
            .put(key::dest_data(&address, "used"), record::text("1"));
        self.changes.coins = true;
    }

    /// Whether an address was spent from while the wallet avoids reuse.
    pub fn is_spent_from(&self, destination: &Destination) -> bool {
        self.addresses
            .get(destination)
            .is_some_and(|entry| entry.spent_from)
    }

    /// All labels, in order; with a purpose, of such addresses only.
    pub fn labels(&self, purpose: Option<Purpose>) -> Vec<String> {
        let mut labels: Vec<String> = self
            .addresses
            .values()
            .filter(|entry| purpose.is_none() || entry.purpose == purpose)
            .filter_map(|entry| entry.label.clone())
            .collect();
        labels.sort_unstable();
        labels.dedup();
        labels
    }
}
