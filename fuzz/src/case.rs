//! A spend that both interpreters judge.

use bitcoinconsensus::{Error, Utxo, verify_with_flags};
use consensus::script::ANNEX_TAG;
use consensus::{PrecomputedTx, ScriptError, ScriptFlags, TxChecker, verify_script};
use primitives::encode::{DecodeError, Reader, Sink};
use primitives::script::{instructions, witness_program};
use primitives::transaction::TxData;
use primitives::{Amount, HashScheme, Script, TxOut};

use crate::tally;

/// The chain hashes that the reference knows.
pub(crate) const SCHEME: HashScheme = HashScheme::Bitcoin;

/// The rules that the reference can be asked about.
const KNOWN: [ScriptFlags; 7] = [
    ScriptFlags::P2SH,
    ScriptFlags::DERSIG,
    ScriptFlags::NULLDUMMY,
    ScriptFlags::CHECKLOCKTIMEVERIFY,
    ScriptFlags::CHECKSEQUENCEVERIFY,
    ScriptFlags::WITNESS,
    ScriptFlags::TAPROOT,
];

/// The set of rules that a number stands for. All of them are sets that the reference takes, and
/// the highest number stands for all rules.
pub(crate) fn flag_set(number: u8) -> ScriptFlags {
    let chosen = KNOWN
        .iter()
        .enumerate()
        .filter(|(place, _)| number >> place & 1 == 1);
    let mut flags = chosen.fold(ScriptFlags::NONE, |all, (_, flag)| all | *flag);
    if flags.contains(ScriptFlags::WITNESS) {
        flags |= ScriptFlags::P2SH;
    }
    flags
}

/// How many numbers there are sets for.
pub(crate) const FLAG_SETS: u8 = 1 << KNOWN.len();

/// The part of some flags that the reference knows.
pub(crate) fn known_part(flags: ScriptFlags) -> ScriptFlags {
    flags & flag_set(FLAG_SETS - 1)
}

/// How an output is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Bare,
    ScriptHash,
    KeyHashV0,
    ScriptHashV0,
    WrappedKeyHashV0,
    WrappedScriptHashV0,
    TaprootKey,
    TaprootScript,
    /// A program that anybody may spend, or nobody.
    OtherProgram,
}

/// An input of a transaction, with what it spends and the rules in force.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) flags: u8,
    pub(crate) input: usize,
    /// The outputs that the inputs spend, in order, one for each.
    pub(crate) spent: Vec<TxOut>,
    pub(crate) tx: TxData,
}

impl Case {
    /// A case under all rules.
    pub(crate) fn new(tx: TxData, spent: Vec<TxOut>, input: usize) -> Self {
        Self {
            flags: FLAG_SETS - 1,
            input,
            spent,
            tx,
        }
    }

    /// The rules in force.
    pub(crate) fn flags(&self) -> ScriptFlags {
        flag_set(self.flags)
    }

    /// Writes rules, input, spent outputs and transaction, as fuzzing changes them.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.flags, u8::try_from(self.input).unwrap_or(u8::MAX)];
        out.put_compact_size(self.spent.len() as u64);
        self.spent.iter().for_each(|output| output.encode(&mut out));
        self.tx.encode(&mut out, true);
        out
    }

    /// Reads all but the transaction, whose bytes are left.
    pub(crate) fn decode_head(data: &[u8]) -> Result<(u8, usize, Vec<TxOut>, &[u8]), DecodeError> {
        let mut reader = Reader::new(data);
        let (flags, input) = (reader.u8()?, usize::from(reader.u8()?));
        let spent = reader.list(9, TxOut::decode)?;
        Ok((flags % FLAG_SETS, input, spent, reader.rest()))
    }

    /// Makes a case of a transaction with at least one input: an input that does not exist, and
    /// spent outputs that are too many or too few, are brought into range.
    pub(crate) fn fitted(
        flags: u8,
        input: usize,
        mut spent: Vec<TxOut>,
        tx: TxData,
    ) -> Option<Self> {
        let input = input.checked_rem(tx.inputs.len())?;
        let filler = spent.last().cloned().unwrap_or(TxOut {
            value: Amount::ZERO,
            script_pubkey: Script::new(),
        });
        spent.resize(tx.inputs.len(), filler);
        Some(Self {
            flags,
            input,
            spent,
            tx,
        })
    }

    /// Reads what [`Case::encode`] wrote, or bytes that fuzzing made of it.
    pub(crate) fn decode(data: &[u8]) -> Option<Self> {
        let (flags, input, spent, rest) = Self::decode_head(data).ok()?;
        let mut reader = Reader::new(rest);
        let tx = TxData::decode(&mut reader, true).ok()?;
        reader.finish().ok()?;
        Self::fitted(flags, input, spent, tx)
    }

    /// How the output is spent, as it looks.
    pub(crate) fn kind(&self) -> Kind {
        let output = &self.spent[self.input].script_pubkey;
        let input = &self.tx.inputs[self.input];
        let wrapped = output.is_pay_to_script_hash();
        let redeem = instructions(&input.script_sig).map_while(Result::ok).last();
        let redeem = redeem.map_or(&[][..], |piece| piece.data);
        let program = match wrapped {
            true => witness_program(redeem),
            false => output.as_witness_program(),
        };
        let elements = input.witness.len() - usize::from(self.annex().is_some());
        match program.map(|(version, program)| (version, program.len())) {
            None if wrapped => Kind::ScriptHash,
            None => Kind::Bare,
            Some((0, 20)) if wrapped => Kind::WrappedKeyHashV0,
            Some((0, 32)) if wrapped => Kind::WrappedScriptHashV0,
            Some((0, 20)) => Kind::KeyHashV0,
            Some((0, 32)) => Kind::ScriptHashV0,
            Some((1, 32)) if !wrapped && elements == 1 => Kind::TaprootKey,
            Some((1, 32)) if !wrapped && elements > 1 => Kind::TaprootScript,
            Some(_) => Kind::OtherProgram,
        }
    }

    /// The annex of a taproot spend.
    pub(crate) fn annex(&self) -> Option<&[u8]> {
        let program = self.spent[self.input].script_pubkey.as_witness_program();
        let taproot = program.is_some_and(|(version, program)| version == 1 && program.len() == 32);
        match self.tx.inputs[self.input].witness.as_slice() {
            [_, .., last] if taproot && last.first() == Some(&ANNEX_TAG) => Some(last),
            _ => None,
        }
    }

    /// Our verdict.
    pub(crate) fn ours(&self) -> Result<(), ScriptError> {
        let outputs: Vec<&TxOut> = self.spent.iter().collect();
        let known = PrecomputedTx::new(&self.tx, outputs, SCHEME);
        let input = &self.tx.inputs[self.input];
        let mut checker = TxChecker::new(&known, self.input);
        verify_script(
            &input.script_sig,
            &self.spent[self.input].script_pubkey,
            &input.witness,
            self.flags(),
            &mut checker,
        )
    }

    /// The reference's verdict.
    pub(crate) fn theirs(&self) -> Result<(), Error> {
        let mut bytes = Vec::new();
        self.tx.encode(&mut bytes, true);
        ask(&bytes, &self.spent, self.input, self.flags())
    }

    /// Compares the two.
    ///
    /// # Errors
    /// What is to be told where they differ.
    pub(crate) fn judge(&self) -> Result<(), String> {
        let (ours, theirs) = (self.ours(), self.theirs());
        let agreed = match theirs {
            Ok(()) => ours.is_ok(),
            Err(Error::ERR_SCRIPT) => ours.is_err(),
            Err(_) => false,
        };
        if agreed {
            tally::count(self, ours);
            return Ok(());
        }
        Err(format!(
            "input {} under {}: we say {ours:?}, the reference says {theirs:?}; spent {:?}, transaction {}",
            self.input,
            self.flags(),
            self.spent,
            primitives::hash::to_hex(&self.tx.to_bytes())
        ))
    }
}

/// Asks the reference about input `input` of the transaction with these bytes.
pub(crate) fn ask(
    tx: &[u8],
    spent: &[TxOut],
    input: usize,
    flags: ScriptFlags,
) -> Result<(), Error> {
    let utxos: Vec<Utxo> = spent
        .iter()
        .map(|output| Utxo {
            script_pubkey: output.script_pubkey.as_bytes().as_ptr(),
            script_pubkey_len: u32::try_from(output.script_pubkey.len()).unwrap_or(u32::MAX),
            value: output.value.sat(),
        })
        .collect();
    let (script, value) = spent.get(input).map_or((&[][..], 0), |output| {
        (&output.script_pubkey[..], output.value.sat())
    });
    // The library's own type for amounts has no sign, and gives the bits on as they are.
    let amount = value.cast_unsigned();
    verify_with_flags(script, amount, tx, Some(&utxos), input, flags.bits())
}
