//! A transaction as the wallet keeps it (Core's `CWalletTx`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use primitives::encode::{DecodeError, Reader, Sink as _};
use primitives::{BlockHash, HashScheme, Tx, Txid, Wtxid};

use crate::db::record::read_text;

/// The block hash that stands for "abandoned" in files: the number one.
const ABANDONED: BlockHash = {
    let mut bytes = [0; 32];
    bytes[0] = 1;
    BlockHash(bytes)
};

/// Where a transaction is, as far as the wallet knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxState {
    /// In a block.
    Confirmed {
        /// The block.
        block: BlockHash,
        /// Its height; `None` until the chain has been asked.
        height: Option<u32>,
        /// Position in the block.
        index: i32,
    },
    /// In the node's mempool.
    InMempool,
    /// A block spends the same coins otherwise.
    Conflicted {
        /// The block.
        block: BlockHash,
        /// Its height; `None` until the chain has been asked.
        height: Option<u32>,
    },
    /// Neither, perhaps never sent.
    Inactive {
        /// Whether the user gave it up.
        abandoned: bool,
    },
    /// Written by a version that knows more; kept as it is.
    Unrecognized {
        /// What stands for the block.
        block: BlockHash,
        /// What stands for the position.
        index: i32,
    },
}

impl TxState {
    /// Reads the two fields of a file.
    fn from_record(block: BlockHash, index: i32) -> Self {
        match (block, index) {
            (BlockHash::ZERO, 0) => Self::Inactive { abandoned: false },
            (ABANDONED, -1) => Self::Inactive { abandoned: true },
            (BlockHash::ZERO | ABANDONED, _) => Self::Unrecognized { block, index },
            (block, 0..) => Self::Confirmed {
                block,
                height: None,
                index,
            },
            (block, -1) => Self::Conflicted {
                block,
                height: None,
            },
            (block, index) => Self::Unrecognized { block, index },
        }
    }

    /// The two fields of a file.
    fn to_record(self) -> (BlockHash, i32) {
        match self {
            Self::Confirmed { block, index, .. } => (block, index),
            Self::InMempool | Self::Inactive { abandoned: false } => (BlockHash::ZERO, 0),
            Self::Inactive { abandoned: true } => (ABANDONED, -1),
            Self::Conflicted { block, .. } => (block, -1),
            Self::Unrecognized { block, index } => (block, index),
        }
    }

    /// Whether it is in a block.
    pub const fn is_confirmed(&self) -> bool {
        matches!(self, Self::Confirmed { .. })
    }

    /// Whether a block spends the same coins otherwise.
    pub const fn is_conflicted(&self) -> bool {
        matches!(self, Self::Conflicted { .. })
    }

    /// Whether it is in the mempool.
    pub const fn is_in_mempool(&self) -> bool {
        matches!(self, Self::InMempool)
    }

    /// Whether the user gave it up.
    pub const fn is_abandoned(&self) -> bool {
        matches!(self, Self::Inactive { abandoned: true })
    }

    /// The block it names.
    pub const fn block(&self) -> Option<BlockHash> {
        match self {
            Self::Confirmed { block, .. } | Self::Conflicted { block, .. } => Some(*block),
            _ => None,
        }
    }

    /// The height of the block it names, once known.
    pub const fn height(&self) -> Option<u32> {
        match self {
            Self::Confirmed { height, .. } | Self::Conflicted { height, .. } => *height,
            _ => None,
        }
    }
}

/// A transaction with what only its owner cares about.
#[derive(Clone, Debug)]
pub struct WalletTx {
    /// The transaction; of several with the same id, the one that counts.
    pub tx: Arc<Tx>,
    /// The same transaction with other witnesses.
    alternates: BTreeMap<Wtxid, Arc<Tx>>,
    /// Where it is.
    pub state: TxState,
    /// When the wallet got it, in seconds since 1970.
    pub time_received: u32,
    /// A time that fits the order of transactions and never changes; 0 in old files.
    pub time_smart: u32,
    /// Number in the order in which transactions came; −1 in old files.
    pub order_pos: i64,
    /// A note.
    pub comment: Option<String>,
    /// A note about the payee.
    pub comment_to: Option<String>,
    /// The transaction that it replaces.
    pub replaces: Option<Txid>,
    /// The transaction that replaces it.
    pub replaced_by: Option<Txid>,
    /// Texts of old versions that are kept: `from` and `message`.
    old_texts: BTreeMap<String, String>,
    /// Messages of payment URIs and payment requests.
    pub order_form: Vec<(String, String)>,
    /// Transactions of the mempool that spend the same. Not in files.
    pub mempool_conflicts: BTreeSet<Txid>,
}

impl WalletTx {
    /// A transaction that is new to the wallet.
    pub fn new(tx: Arc<Tx>, state: TxState) -> Self {
        Self {
            tx,
            alternates: BTreeMap::new(),
            state,
            time_received: 0,
            time_smart: 0,
            order_pos: -1,
            comment: None,
            comment_to: None,
            replaces: None,
            replaced_by: None,
            old_texts: BTreeMap::new(),
            order_form: Vec::new(),
            mempool_conflicts: BTreeSet::new(),
        }
    }

    /// The time that people are shown.
    pub fn time(&self) -> u32 {
        if self.time_smart != 0 {
            self.time_smart
        } else {
            self.time_received
        }
    }

    /// The ids of the same transaction with other witnesses.
    pub fn alternates(&self) -> impl Iterator<Item = &Wtxid> {
        self.alternates.keys()
    }

    /// The transaction with each witness known.
    pub fn variants(&self) -> impl Iterator<Item = &Arc<Tx>> {
        std::iter::once(&self.tx).chain(self.alternates.values())
    }

    /// Remembers another witness; says whether it is new.
    pub fn add_variant(&mut self, tx: &Arc<Tx>) -> bool {
        let id = tx.wtxid();
        if id == self.tx.wtxid() || self.alternates.contains_key(&id) {
            return false;
        }
        self.alternates.insert(id, Arc::clone(tx));
        true
    }

    /// Makes the witness of that id the one that counts.
    pub fn choose(&mut self, id: &Wtxid) {
        if let Some(chosen) = self.alternates.remove(id) {
            let former = std::mem::replace(&mut self.tx, chosen);
            self.alternates.insert(former.wtxid(), former);
        }
    }

    /// Makes the one count that a miner would prefer (Core's `RecomputeCanonical`): with a witness, then the lightest.
    pub fn choose_lightest(&mut self) {
        if self.alternates.is_empty() {
            return;
        }
        let best = self
            .variants()
            .min_by_key(|tx| (!tx.has_witness(), tx.weight(), tx.wtxid()))
            .map(|tx| tx.wtxid());
        if let Some(best) = best {
            self.choose(&best);
        }
    }

    /// Writes the record.
    pub fn encode(&self) -> Vec<u8> {
        let mut texts = self.old_texts.clone();
        let mut put = |name: &str, value: String| texts.insert(name.to_owned(), value);
        if let Some(comment) = &self.comment {
            put("comment", comment.clone());
        }
        if let Some(to) = &self.comment_to {
            put("to", to.clone());
        }
        if let Some(txid) = &self.replaces {
            put("replaces_txid", txid.to_string());
        }
        if let Some(txid) = &self.replaced_by {
            put("replaced_by_txid", txid.to_string());
        }
        put("fromaccount", String::new());
        if self.order_pos != -1 {
            put("n", self.order_pos.to_string());
        }
        if self.time_smart != 0 {
            put("timesmart", self.time_smart.to_string());
        }
        let (block, index) = self.state.to_record();
        let mut out = Vec::new();
        self.tx.encode(&mut out, true);
        out.put(&block.0);
        out.put_compact_size(0); // merkle branch, once
        out.put_i32(index);
        out.put_compact_size(0); // earlier transactions, once
        put_pairs(&mut out, texts.iter());
        put_pairs(
            &mut out,
            self.order_form.iter().map(|(name, text)| (name, text)),
        );
        out.put_u32(0); // whether the time is the transaction's own, once
        out.put_u32(self.time_received);
        out.put_u8(0); // whether it is from us, once
        out.put_u8(0); // whether it is spent, once
        out
    }

    /// Reads the record.
    ///
    /// # Errors
    /// A [`DecodeError`].
    pub fn decode(bytes: &[u8], scheme: HashScheme) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let tx = Tx::decode(&mut reader, scheme)?;
        let block = BlockHash(reader.array()?);
        reader.list(32, |r| r.array::<32>())?;
        let index = reader.i32()?;
        reader.list(40, |r| {
            Tx::decode(r, scheme)?;
            r.array::<32>()?;
            r.list(32, |r| r.array::<32>())?;
            r.i32()
        })?;
        let texts = read_pairs(&mut reader)?;
        let order_form = read_pairs(&mut reader)?;
        reader.u32()?;
        let time_received = reader.u32()?;
        reader.take(2)?;
        let mut this = Self::new(Arc::new(tx), TxState::from_record(block, index));
        this.time_received = time_received;
        this.order_form = order_form;
        for (name, text) in texts {
            this.take_text(name, text);
        }
        Ok(this)
    }

    fn take_text(&mut self, name: String, text: String) {
        match name.as_str() {
            "n" => self.order_pos = text.parse().unwrap_or(-1),
            "timesmart" => self.time_smart = text.parse().unwrap_or(0),
            "comment" => self.comment = Some(text),
            "to" => self.comment_to = Some(text),
            "replaces_txid" => self.replaces = text.parse().ok(),
            "replaced_by_txid" => self.replaced_by = text.parse().ok(),
            "fromaccount" | "spent" => {}
            _ => {
                self.old_texts.insert(name, text);
            }
        }
    }

    /// Texts of old versions, for display.
    pub const fn old_texts(&self) -> &BTreeMap<String, String> {
        &self.old_texts
    }
}

fn put_pairs<'a>(
    out: &mut Vec<u8>,
    pairs: impl ExactSizeIterator<Item = (&'a String, &'a String)>,
) {
    out.put_compact_size(pairs.len() as u64);
    for (name, text) in pairs {
        out.put_var_bytes(name.as_bytes());
        out.put_var_bytes(text.as_bytes());
    }
}

fn read_pairs(reader: &mut Reader<'_>) -> Result<Vec<(String, String)>, DecodeError> {
    reader.list(2, |r| Ok((read_text(r)?, read_text(r)?)))
}
