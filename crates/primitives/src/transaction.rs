//! Transactions (BIP141 serialisation). Ids are computed once, when a transaction is made or read.

use std::fmt;
use std::ops::Deref;

use crate::amount::Amount;
use crate::encode::{DecodeError, Reader, Sink, SizeCounter};
use crate::hash::{Txid, Wtxid};
use crate::hash_scheme::HashScheme;
use crate::script::Script;

/// How much more a byte outside the witness weighs (BIP141).
pub const WITNESS_SCALE_FACTOR: usize = 4;

/// Sequence number that switches off lock time and relative lock of an input.
pub const SEQUENCE_FINAL: u32 = 0xffff_ffff;

/// The place of an output: transaction and index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutPoint {
    /// The transaction that made the output.
    pub txid: Txid,
    /// The output's index in it.
    pub vout: u32,
}

impl OutPoint {
    /// The place that a coinbase input names.
    pub const NULL: Self = Self {
        txid: Txid::ZERO,
        vout: u32::MAX,
    };

    /// Makes the place of output `vout` of `txid`.
    pub const fn new(txid: Txid, vout: u32) -> Self {
        Self { txid, vout }
    }

    /// Whether this is the place that a coinbase input names.
    pub fn is_null(&self) -> bool {
        *self == Self::NULL
    }

    /// Writes 36 bytes.
    pub fn encode(&self, out: &mut impl Sink) {
        out.put(&self.txid.0);
        out.put_u32(self.vout);
    }

    /// Reads 36 bytes.
    ///
    /// # Errors
    /// [`DecodeError::EndOfData`].
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            txid: Txid(reader.array()?),
            vout: reader.u32()?,
        })
    }
}

impl fmt::Display for OutPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.txid, self.vout)
    }
}

impl fmt::Debug for OutPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The stack that an input hands to a witness program.
pub type Witness = Vec<Vec<u8>>;

/// An input: what it spends and the proof that it may.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TxIn {
    /// The output it spends.
    pub prevout: OutPoint,
    /// The script that runs before that of the output.
    pub script_sig: Script,
    /// Sequence number: replaceability and relative lock time (BIP68).
    pub sequence: u32,
    /// Witness stack, empty where there is none.
    pub witness: Witness,
}

impl TxIn {
    /// An input without any proof yet.
    pub const fn unsigned(prevout: OutPoint, sequence: u32) -> Self {
        Self {
            prevout,
            script_sig: Script::new(),
            sequence,
            witness: Vec::new(),
        }
    }
}

/// An output: an amount and the script that guards it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TxOut {
    /// The amount. Unchecked: a decoded output may hold any 64-bit value.
    pub value: Amount,
    /// The script that a spender must satisfy.
    pub script_pubkey: Script,
}

impl TxOut {
    /// Writes value and script.
    pub fn encode(&self, out: &mut impl Sink) {
        out.put_i64(self.value.sat());
        out.put_var_bytes(&self.script_pubkey);
    }

    /// Reads value and script.
    ///
    /// # Errors
    /// Those of [`Reader::var_bytes`].
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            value: Amount::from_sat(reader.i64()?),
            script_pubkey: Script::from(reader.var_bytes()?),
        })
    }
}

/// A transaction whose ids are not known: what is built, signed or being read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TxData {
    /// Version, unsigned as Core reads it since 28.0.
    pub version: u32,
    /// Inputs.
    pub inputs: Vec<TxIn>,
    /// Outputs.
    pub outputs: Vec<TxOut>,
    /// Earliest height (below 500,000,000) or time for inclusion.
    pub lock_time: u32,
}

impl TxData {
    /// Whether any input carries a witness.
    pub fn has_witness(&self) -> bool {
        self.inputs.iter().any(|input| !input.witness.is_empty())
    }

    /// Whether this is a block's reward: one input, naming no output.
    pub fn is_coinbase(&self) -> bool {
        matches!(self.inputs.as_slice(), [input] if input.prevout.is_null())
    }

    /// Sum of the outputs, saturating.
    pub fn value_out(&self) -> Amount {
        self.outputs.iter().map(|output| output.value).sum()
    }

    /// Writes it, with witness where asked for and where there is one.
    pub fn encode(&self, out: &mut impl Sink, with_witness: bool) {
        let with_witness = with_witness && self.has_witness();
        out.put_u32(self.version);
        if with_witness {
            out.put(&[0, 1]);
        }
        out.put_compact_size(self.inputs.len() as u64);
        for input in &self.inputs {
            input.prevout.encode(out);
            out.put_var_bytes(&input.script_sig);
            out.put_u32(input.sequence);
        }
        out.put_compact_size(self.outputs.len() as u64);
        for output in &self.outputs {
            output.encode(out);
        }
        if with_witness {
            for input in &self.inputs {
                out.put_compact_size(input.witness.len() as u64);
                for item in &input.witness {
                    out.put_var_bytes(item);
                }
            }
        }
        out.put_u32(self.lock_time);
    }

    /// The network serialisation.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.encode(&mut bytes, true);
        bytes
    }

    /// Reads one, as Core's `UnserializeTransaction` does. Without `allow_witness` a marker is read
    /// as an empty input list.
    ///
    /// # Errors
    /// A [`DecodeError`].
    pub fn decode(reader: &mut Reader<'_>, allow_witness: bool) -> Result<Self, DecodeError> {
        let version = reader.u32()?;
        let mut inputs = reader.list(41, Self::decode_input)?;
        let mut outputs = Vec::new();
        let mut flags = 0;
        if inputs.is_empty() && allow_witness {
            flags = reader.u8()?;
            if flags != 0 {
                inputs = reader.list(41, Self::decode_input)?;
                outputs = reader.list(9, TxOut::decode)?;
            }
        } else {
            outputs = reader.list(9, TxOut::decode)?;
        }
        if flags & 1 != 0 {
            flags ^= 1;
            for input in &mut inputs {
                input.witness = reader.list(1, |r| r.var_bytes().map(<[u8]>::to_vec))?;
            }
            if inputs.iter().all(|input| input.witness.is_empty()) {
                return Err(DecodeError::SuperfluousWitness);
            }
        }
        if flags != 0 {
            return Err(DecodeError::UnknownTxFlag);
        }
        Ok(Self {
            version,
            inputs,
            outputs,
            lock_time: reader.u32()?,
        })
    }

    fn decode_input(reader: &mut Reader<'_>) -> Result<TxIn, DecodeError> {
        Ok(TxIn {
            prevout: OutPoint::decode(reader)?,
            script_sig: Script::from(reader.var_bytes()?),
            sequence: reader.u32()?,
            witness: Witness::new(),
        })
    }

    /// Serialised size in bytes, with or without witness.
    pub fn size(&self, with_witness: bool) -> usize {
        let mut counter = SizeCounter::default();
        self.encode(&mut counter, with_witness);
        counter.0
    }

    /// Weight in weight units (BIP141).
    pub fn weight(&self) -> usize {
        self.size(false) * (WITNESS_SCALE_FACTOR - 1) + self.size(true)
    }

    /// Virtual size in bytes, rounded up (BIP141).
    pub fn vsize(&self) -> usize {
        self.weight().div_ceil(WITNESS_SCALE_FACTOR)
    }
}

/// A transaction with its ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tx {
    data: TxData,
    txid: Txid,
    wtxid: Wtxid,
}

impl Tx {
    /// Computes the ids.
    pub fn new(data: TxData, scheme: HashScheme) -> Self {
        let mut bytes = Vec::with_capacity(256);
        data.encode(&mut bytes, false);
        let txid = Txid(scheme.tx(&bytes));
        let wtxid = if data.has_witness() {
            bytes.clear();
            data.encode(&mut bytes, true);
            Wtxid(scheme.tx(&bytes))
        } else {
            Wtxid(txid.0)
        };
        Self { data, txid, wtxid }
    }

    /// Reads one in the network serialisation and computes its ids.
    ///
    /// # Errors
    /// A [`DecodeError`].
    pub fn decode(reader: &mut Reader<'_>, scheme: HashScheme) -> Result<Self, DecodeError> {
        TxData::decode(reader, true).map(|data| Self::new(data, scheme))
    }

    /// Reads one that fills `bytes` exactly.
    ///
    /// # Errors
    /// A [`DecodeError`].
    pub fn from_bytes(bytes: &[u8], scheme: HashScheme) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let tx = Self::decode(&mut reader, scheme)?;
        reader.finish()?;
        Ok(tx)
    }

    /// The id without witness.
    pub const fn txid(&self) -> Txid {
        self.txid
    }

    /// The id with witness.
    pub const fn wtxid(&self) -> Wtxid {
        self.wtxid
    }

    /// The contents, for reading.
    pub const fn data(&self) -> &TxData {
        &self.data
    }

    /// The contents, to change them.
    pub fn into_data(self) -> TxData {
        self.data
    }
}

impl Deref for Tx {
    type Target = TxData;
    fn deref(&self) -> &TxData {
        &self.data
    }
}
