//! Transactions written by hand, for tests of what becomes of them.

#![allow(dead_code, reason = "each test uses a part of it")]

use testkit::to_hex;

/// Pays to the script `1` by its SHA-256: spending it needs the script alone.
pub(crate) const ANYONE: &str =
    "00204ae81572f06e1b88fd5ced7a1a000945432e83e1551e6f721ee9c00b8cc33260";
/// One coin of a block's reward, in the smallest unit.
pub(crate) const REWARD: u64 = 5_000_000_000;
/// An input.
#[derive(Clone)]
pub(crate) struct Spend {
    pub(crate) txid: String,
    pub(crate) vout: u32,
    pub(crate) sequence: u32,
    pub(crate) script_sig: String,
    witness: Vec<String>,
}

impl Spend {
    /// Spends an output that belongs to anyone.
    pub(crate) fn of(coin: &(String, u32)) -> Self {
        Self {
            txid: coin.0.clone(),
            vout: coin.1,
            sequence: 0xffff_fffd,
            script_sig: String::new(),
            witness: vec!["51".to_owned()],
        }
    }

    /// With another witness.
    pub(crate) fn witness(mut self, items: &[&str]) -> Self {
        self.witness = items.iter().map(ToString::to_string).collect();
        self
    }
}

fn compact(len: usize) -> String {
    match u16::try_from(len) {
        Ok(len @ 0..253) => format!("{len:02x}"),
        Ok(len) => format!("fd{}", to_hex(&len.to_le_bytes())),
        Err(_) => format!("fe{}", to_hex(&u32::try_from(len).unwrap().to_le_bytes())),
    }
}

fn with_len(hex: &str) -> String {
    format!("{}{hex}", compact(hex.len() / 2))
}

/// A transaction in hex.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) version: u32,
    pub(crate) spends: Vec<Spend>,
    pub(crate) outputs: Vec<(u64, String)>,
    pub(crate) lock_time: u32,
}

impl Draft {
    /// A transaction of version 2.
    pub(crate) fn new(spends: Vec<Spend>, outputs: &[(u64, &str)]) -> Self {
        Self {
            version: 2,
            spends,
            outputs: outputs.iter().map(|(v, s)| (*v, (*s).to_owned())).collect(),
            lock_time: 0,
        }
    }

    /// Spends one coin to anyone, less a fee.
    pub(crate) fn simple(coin: &Coin, fee: u64) -> Self {
        Self::new(vec![Spend::of(&coin.place)], &[(coin.value - fee, ANYONE)])
    }

    /// Its bytes in hex.
    pub(crate) fn hex(&self) -> String {
        let mut hex = to_hex(&self.version.to_le_bytes());
        let has_witness = self.spends.iter().any(|spend| !spend.witness.is_empty());
        if has_witness {
            hex += "0001";
        }
        hex += &compact(self.spends.len());
        for spend in &self.spends {
            let txid: String = (0..32)
                .rev()
                .map(|n| &spend.txid[2 * n..2 * n + 2])
                .collect();
            hex += &txid;
            hex += &to_hex(&spend.vout.to_le_bytes());
            hex += &with_len(&spend.script_sig);
            hex += &to_hex(&spend.sequence.to_le_bytes());
        }
        hex += &compact(self.outputs.len());
        for (value, script) in &self.outputs {
            hex += &to_hex(&value.to_le_bytes());
            hex += &with_len(script);
        }
        if has_witness {
            for spend in &self.spends {
                hex += &compact(spend.witness.len());
                spend.witness.iter().for_each(|item| hex += &with_len(item));
            }
        }
        hex + &to_hex(&self.lock_time.to_le_bytes())
    }
}

/// An output that can be spent.
#[derive(Clone)]
pub(crate) struct Coin {
    /// Transaction and number.
    pub(crate) place: (String, u32),
    /// What it is worth.
    pub(crate) value: u64,
}
