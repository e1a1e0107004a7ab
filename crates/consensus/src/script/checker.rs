//! What a script asks about the transaction that spends it.

use primitives::script::key_has_valid_size;
use primitives::transaction::SEQUENCE_FINAL;
use primitives::{Amount, Hash256, HashScheme};
use secp256k1::{Message, ecdsa, schnorr};

use super::known_keys::{public_key, x_only_key};
use super::{ExecutionData, ScriptError, SigVersion};
use crate::sighash::{
    PrecomputedTx, SIGHASH_DEFAULT, SighashCache, TapLeaf, taproot_sighash_cached,
};
use crate::tx_verify::{
    LOCKTIME_THRESHOLD, SEQUENCE_LOCKTIME_DISABLE_FLAG, SEQUENCE_LOCKTIME_MASK,
    SEQUENCE_LOCKTIME_TYPE_FLAG,
};

/// Answers what a script asks about the transaction that spends it (Core's
/// `BaseSignatureChecker`).
pub trait SignatureChecker {
    /// The chain's hash functions, for `OP_HASH256`.
    fn hashes(&self) -> HashScheme;

    /// Whether `signature`, hash type included, is valid for the key and script code.
    fn check_ecdsa(
        &mut self,
        signature: &[u8],
        key: &[u8],
        script_code: &[u8],
        version: SigVersion,
    ) -> bool;

    /// Checks a taproot or tapscript signature.
    ///
    /// # Errors
    /// [`ScriptError::SchnorrSigSize`], [`ScriptError::SchnorrSigHashtype`] or
    /// [`ScriptError::SchnorrSig`].
    fn check_schnorr(
        &mut self,
        signature: &[u8],
        key: &[u8; 32],
        version: SigVersion,
        data: &mut ExecutionData,
    ) -> Result<(), ScriptError>;

    /// Whether the transaction's lock time reaches `lock_time` (BIP65), which is not negative.
    fn check_lock_time(&self, lock_time: i64) -> bool;

    /// Whether the input's sequence number reaches `sequence` (BIP112), which is not negative.
    fn check_sequence(&self, sequence: i64) -> bool;
}

/// A signature with all that its validity depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignatureEntry<'a> {
    /// Whether it is a Schnorr signature rather than an ECDSA one.
    pub schnorr: bool,
    /// What it signs.
    pub sighash: &'a Hash256,
    /// The key as serialized: 32, 33 or 65 bytes.
    pub key: &'a [u8],
    /// The signature without hash type.
    pub signature: &'a [u8],
}

/// Remembers signatures that were valid. Its owner decides what is kept, and for how long.
pub trait SignatureCache: Sync {
    /// Whether this signature is known to be valid.
    fn get(&self, entry: &SignatureEntry<'_>) -> bool;

    /// Takes note of a valid signature.
    fn insert(&self, entry: &SignatureEntry<'_>);
}

/// Checks the signatures of one input of a transaction.
pub struct TxChecker<'a> {
    tx: &'a PrecomputedTx<'a>,
    input: usize,
    amount: Option<Amount>,
    cache: Option<&'a dyn SignatureCache>,
    sighashes: SighashCache,
}

impl<'a> TxChecker<'a> {
    /// Checks input `input` of `tx`. Where the output it spends is not known to `tx`, and no amount
    /// is given later, signatures of witness version 0 and up fail.
    ///
    /// Of an input that does not exist every signature fails.
    pub fn new(tx: &'a PrecomputedTx<'a>, input: usize) -> Self {
        let amount = tx.spent(input).map(|output| output.value);
        Self {
            tx,
            input,
            amount,
            cache: None,
            sighashes: SighashCache::default(),
        }
    }

    /// Sets the amount of the output that is spent.
    #[must_use]
    pub fn with_amount(mut self, amount: Amount) -> Self {
        self.amount = Some(amount);
        self
    }

    /// Asks `cache` before checking a signature, and tells it of valid ones.
    #[must_use]
    pub fn with_cache(mut self, cache: &'a dyn SignatureCache) -> Self {
        self.cache = Some(cache);
        self
    }

    fn is_known(&self, entry: &SignatureEntry<'_>) -> bool {
        self.cache.is_some_and(|cache| cache.get(entry))
    }

    fn remember(&self, entry: &SignatureEntry<'_>) {
        if let Some(cache) = self.cache {
            cache.insert(entry);
        }
    }

    fn sequence(&self) -> Option<u32> {
        self.tx
            .tx()
            .inputs
            .get(self.input)
            .map(|input| input.sequence)
    }
}

impl SignatureChecker for TxChecker<'_> {
    fn hashes(&self) -> HashScheme {
        self.tx.scheme()
    }

    fn check_ecdsa(
        &mut self,
        signature: &[u8],
        key: &[u8],
        script_code: &[u8],
        version: SigVersion,
    ) -> bool {
        let Some((hash_type, der)) = signature.split_last() else {
            return false;
        };
        if !key_has_valid_size(key) || self.sequence().is_none() {
            return false;
        }
        let amount = match (version, self.amount) {
            (SigVersion::WitnessV0, Some(amount)) if amount >= Amount::ZERO => Some(amount),
            // No coin has an amount below zero: the reference takes it for one that is not known.
            (SigVersion::WitnessV0, _) => return false,
            _ => None,
        };
        let hash_type = u32::from(*hash_type);
        let sighash = self
            .sighashes
            .sighash(self.tx, self.input, script_code, amount, hash_type);
        let entry = SignatureEntry {
            schnorr: false,
            sighash: &sighash,
            key,
            signature: der,
        };
        if self.is_known(&entry) {
            return true;
        }
        let valid = verify_ecdsa(&sighash, key, der);
        if valid {
            self.remember(&entry);
        }
        valid
    }

    fn check_schnorr(
        &mut self,
        signature: &[u8],
        key: &[u8; 32],
        version: SigVersion,
        data: &mut ExecutionData,
    ) -> Result<(), ScriptError> {
        let (hash_type, signature) = match *signature {
            [ref rest @ .., hash_type] if rest.len() == 64 => (Some(hash_type), rest),
            ref rest => (None, rest),
        };
        let signature: &[u8; 64] = signature
            .try_into()
            .map_err(|_| ScriptError::SchnorrSigSize)?;
        let hash_type = match hash_type {
            // The default is not to be written out.
            Some(SIGHASH_DEFAULT) => return Err(ScriptError::SchnorrSigHashtype),
            Some(other) => other,
            None => SIGHASH_DEFAULT,
        };
        let leaf = (version == SigVersion::Tapscript).then_some(TapLeaf {
            hash: data.tapleaf_hash,
            codeseparator_position: data.codeseparator_position,
        });
        let sighash = taproot_sighash_cached(
            self.tx,
            self.input,
            data.annex,
            leaf,
            hash_type,
            &mut data.single_output,
        )
        .ok_or(ScriptError::SchnorrSigHashtype)?;
        let entry = SignatureEntry {
            schnorr: true,
            sighash: &sighash,
            key,
            signature,
        };
        if self.is_known(&entry) {
            return Ok(());
        }
        if !verify_schnorr(&sighash, key, signature) {
            return Err(ScriptError::SchnorrSig);
        }
        self.remember(&entry);
        Ok(())
    }

    fn check_lock_time(&self, lock_time: i64) -> bool {
        let threshold = i64::from(LOCKTIME_THRESHOLD);
        let of_tx = i64::from(self.tx.tx().lock_time);
        // Heights compare with heights and times with times. A final input would switch the
        // transaction's lock time off.
        (of_tx < threshold) == (lock_time < threshold)
            && lock_time <= of_tx
            && self
                .sequence()
                .is_some_and(|sequence| sequence != SEQUENCE_FINAL)
    }

    fn check_sequence(&self, sequence: i64) -> bool {
        let Some(of_tx) = self.sequence() else {
            return false;
        };
        if self.tx.tx().version < 2 || of_tx & SEQUENCE_LOCKTIME_DISABLE_FLAG != 0 {
            return false;
        }
        let mask = SEQUENCE_LOCKTIME_TYPE_FLAG | SEQUENCE_LOCKTIME_MASK;
        let (wanted, of_tx) = (sequence & i64::from(mask), i64::from(of_tx & mask));
        let time_flag = i64::from(SEQUENCE_LOCKTIME_TYPE_FLAG);
        (of_tx < time_flag) == (wanted < time_flag) && wanted <= of_tx
    }
}

/// Knows no transaction: every signature and lock time fails. For looking at what a script does
/// without one.
#[derive(Clone, Copy, Debug)]
pub struct DummyChecker(
    /// The chain's hash functions.
    pub HashScheme,
);

impl SignatureChecker for DummyChecker {
    fn hashes(&self) -> HashScheme {
        self.0
    }

    fn check_ecdsa(&mut self, _: &[u8], _: &[u8], _: &[u8], _: SigVersion) -> bool {
        false
    }

    fn check_schnorr(
        &mut self,
        _: &[u8],
        _: &[u8; 32],
        _: SigVersion,
        _: &mut ExecutionData,
    ) -> Result<(), ScriptError> {
        Err(ScriptError::SchnorrSig)
    }

    fn check_lock_time(&self, _: i64) -> bool {
        false
    }

    fn check_sequence(&self, _: i64) -> bool {
        false
    }
}

/// As lax about the signature's form as the first nodes were; BIP66 is checked elsewhere.
fn verify_ecdsa(sighash: &Hash256, key: &[u8], der: &[u8]) -> bool {
    let Some(key) = public_key(key) else {
        return false;
    };
    let Ok(mut signature) = ecdsa::Signature::from_der_lax(der) else {
        return false;
    };
    signature.normalize_s();
    ecdsa::verify(&signature, Message::from_digest(sighash.0), &key).is_ok()
}

fn verify_schnorr(sighash: &Hash256, key: &[u8; 32], signature: &[u8; 64]) -> bool {
    x_only_key(key).is_some_and(|key| {
        let signature = schnorr::Signature::from_byte_array(*signature);
        schnorr::verify(&signature, &sighash.0, &key).is_ok()
    })
}
