//! Making the proofs that inputs carry (Core's `ProduceSignature`).

use std::collections::{BTreeMap, HashMap};

use consensus::script::{TAPROOT_LEAF_TAPSCRIPT, tap_leaf_hash};
use consensus::sighash::{
    PrecomputedTx, TapLeaf, legacy_sighash, taproot_sighash, witness_v0_sighash,
};
use primitives::Hash160;
use primitives::hash_scheme::{hash160, ripemd160};
use primitives::script::opcodes::{OP_CHECKSIG, OP_CHECKSIGADD, OP_NUMEQUAL};
use primitives::script::{Instruction, Script, ScriptKind, small_int};
use primitives::transaction::{TxData, TxOut, Witness};
use secp256k1::{Keypair, Message, Scalar, SecretKey, ecdsa, schnorr};

use crate::descriptor::{DerivedKey, KeyOrigin, TapSpend, tap_tweak};
use crate::private_key::PrivateKey;

/// Signature hash types: all, and the taproot default of the same meaning.
const SIGHASH_DEFAULT: u8 = 0;
/// All inputs and outputs.
pub const SIGHASH_ALL: u8 = 1;

/// Keys, inner scripts and origins: what is known about some outputs (Core's `FlatSigningProvider`).
#[derive(Clone, Debug, Default)]
pub struct SigningKeys {
    scripts: HashMap<Hash160, Script>,
    public: HashMap<Hash160, Vec<u8>>,
    origins: HashMap<Hash160, KeyOrigin>,
    secrets: HashMap<Hash160, PrivateKey>,
    taproots: HashMap<[u8; 32], TapSpend>,
    /// Public key bytes by x coordinate.
    x_only: HashMap<[u8; 32], Hash160>,
}

/// Why an input could not be signed in full.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// A private key is not known.
    #[error("Unable to sign input, missing private key")]
    MissingKey,
    /// An inner script is not known.
    #[error("Unable to sign input, missing redeem or witness script")]
    MissingScript,
    /// The output has a form that cannot be signed for.
    #[error("Unable to sign input, the output script has no known form")]
    UnknownForm,
    /// Some of the signatures of a multisig are there, but not enough.
    #[error("Unable to sign input, {have} of {need} signatures")]
    TooFewSignatures {
        /// Signatures made.
        have: usize,
        /// Signatures that the script wants.
        need: usize,
    },
    /// The index names no input, or its spent output is not given.
    #[error("Input not found or already spent")]
    MissingInput,
}

impl SigningKeys {
    /// Adds a derived key with its origin and, where known, its private key.
    pub fn add_key(&mut self, key: &DerivedKey) {
        let bytes = key.bytes();
        let id = hash160(&bytes);
        self.x_only.insert(key.x_only(), id);
        self.public.insert(id, bytes);
        self.origins.insert(id, key.origin.clone());
        if let Some(secret) = &key.secret {
            self.secrets.insert(id, secret.clone());
        }
    }

    /// Adds a private key.
    pub fn add_secret(&mut self, key: PrivateKey) {
        let bytes = key.public_key_bytes();
        let id = hash160(&bytes);
        self.x_only
            .insert(key.secret.x_only_public_key().0.to_byte_array(), id);
        self.public.insert(id, bytes);
        self.secrets.insert(id, key);
    }

    /// Adds a redeem or witness script.
    pub fn add_script(&mut self, script: Script) {
        self.scripts.insert(hash160(&script), script);
    }

    /// Adds what is known about a taproot output key.
    pub fn add_taproot(&mut self, output: [u8; 32], spend: TapSpend) {
        self.taproots.insert(output, spend);
    }

    /// Takes over all that `other` knows.
    pub fn merge(&mut self, other: Self) {
        self.scripts.extend(other.scripts);
        self.public.extend(other.public);
        self.origins.extend(other.origins);
        self.secrets.extend(other.secrets);
        self.taproots.extend(other.taproots);
        self.x_only.extend(other.x_only);
    }

    /// Public key bytes by their hash.
    pub fn public_key(&self, id: &Hash160) -> Option<&[u8]> {
        self.public.get(id).map(Vec::as_slice)
    }

    /// All public keys known here, in a stable order.
    pub fn public_keys(&self) -> BTreeMap<Hash160, &[u8]> {
        self.public
            .iter()
            .map(|(id, key)| (*id, key.as_slice()))
            .collect()
    }

    /// Where a key came from.
    pub fn origin(&self, id: &Hash160) -> Option<&KeyOrigin> {
        self.origins.get(id)
    }

    /// The hash of the public key with that x coordinate.
    pub fn id_of_x_only(&self, key: &[u8; 32]) -> Option<Hash160> {
        self.x_only.get(key).copied()
    }

    /// Where a key with that x coordinate came from.
    pub fn origin_of_x_only(&self, key: &[u8; 32]) -> Option<&KeyOrigin> {
        self.origins.get(self.x_only.get(key)?)
    }

    /// The private key of a public key's hash.
    pub fn secret(&self, id: &Hash160) -> Option<&PrivateKey> {
        self.secrets.get(id)
    }

    /// A redeem script, or the witness script of a program (its SHA-256 is hashed once more).
    pub fn script(&self, id: &Hash160) -> Option<&Script> {
        self.scripts.get(id)
    }

    /// The witness script with that SHA-256.
    pub fn witness_script(&self, program: &[u8; 32]) -> Option<&Script> {
        self.scripts.get(&Hash160(ripemd160(program)))
    }

    /// How a taproot output key can be spent.
    pub fn taproot(&self, output: &[u8; 32]) -> Option<&TapSpend> {
        self.taproots.get(output)
    }

    fn secret_of(&self, key: &[u8]) -> Option<&PrivateKey> {
        self.secrets.get(&hash160(key))
    }

    fn secret_of_x_only(&self, key: &[u8; 32]) -> Option<&SecretKey> {
        self.secrets
            .get(self.x_only.get(key)?)
            .map(|key| &key.secret)
    }
}

/// What signing gave for one input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputProof {
    /// The script for the input.
    pub script_sig: Script,
    /// The witness for the input.
    pub witness: Witness,
}

struct Signer<'a> {
    tx: &'a TxData,
    index: usize,
    precomputed: &'a PrecomputedTx<'a>,
    keys: &'a SigningKeys,
    hash_type: u8,
    aux_rand: [u8; 32],
}

/// Signs input `index` of `tx`, whose parts are hashed in `precomputed`
/// ([`PrecomputedTx::for_signing`]). `hash_type` `None` signs all inputs and outputs; `aux_rand` is
/// fresh randomness for Schnorr signatures (BIP340).
///
/// # Errors
/// A [`SignError`] naming what is missing.
pub fn sign_input(
    tx: &TxData,
    index: usize,
    precomputed: &PrecomputedTx<'_>,
    keys: &SigningKeys,
    hash_type: Option<u8>,
    aux_rand: [u8; 32],
) -> Result<InputProof, SignError> {
    if index >= tx.inputs.len() {
        return Err(SignError::MissingInput);
    }
    let prevout = precomputed.spent(index).ok_or(SignError::MissingInput)?;
    let taproot = matches!(
        prevout.script_pubkey.kind(),
        ScriptKind::WitnessV1Taproot(_)
    );
    let default = if taproot {
        SIGHASH_DEFAULT
    } else {
        SIGHASH_ALL
    };
    let hash_type = hash_type.unwrap_or(default);
    let signer = Signer {
        tx,
        index,
        precomputed,
        keys,
        hash_type,
        aux_rand,
    };
    signer.sign(prevout)
}

impl Signer<'_> {
    fn sign(&self, prevout: &TxOut) -> Result<InputProof, SignError> {
        let script = &prevout.script_pubkey;
        match script.kind() {
            ScriptKind::WitnessV1Taproot(output) => Ok(InputProof {
                witness: self.taproot(&output)?,
                ..InputProof::default()
            }),
            ScriptKind::ScriptHash(hash) => {
                let redeem = self.keys.script(&hash).ok_or(SignError::MissingScript)?;
                let (mut items, witness) = match self.witness_v0(redeem, prevout)? {
                    Some(witness) => (Vec::new(), witness),
                    None => (self.items(redeem, redeem, None)?, Witness::new()),
                };
                items.push(redeem.as_bytes().to_vec());
                Ok(InputProof {
                    script_sig: push_all(&items),
                    witness,
                })
            }
            _ => match self.witness_v0(script, prevout)? {
                Some(witness) => Ok(InputProof {
                    witness,
                    ..InputProof::default()
                }),
                None => {
                    let items = self.items(script, script, None)?;
                    Ok(InputProof {
                        script_sig: push_all(&items),
                        witness: Witness::new(),
                    })
                }
            },
        }
    }

    /// The witness where `script` is a version 0 program.
    fn witness_v0(&self, script: &Script, prevout: &TxOut) -> Result<Option<Witness>, SignError> {
        match script.kind() {
            ScriptKind::WitnessV0KeyHash(hash) => {
                let code = Script::pay_to_pubkey_hash(&hash);
                self.items(&code, &code, Some(prevout)).map(Some)
            }
            ScriptKind::WitnessV0ScriptHash(program) => {
                let inner = self
                    .keys
                    .witness_script(&program)
                    .ok_or(SignError::MissingScript)?;
                let mut items = self.items(inner, inner, Some(prevout))?;
                items.push(inner.as_bytes().to_vec());
                Ok(Some(items))
            }
            _ => Ok(None),
        }
    }

    /// The stack that satisfies `script`.
    fn items(
        &self,
        script: &Script,
        code: &Script,
        v0: Option<&TxOut>,
    ) -> Result<Vec<Vec<u8>>, SignError> {
        match script.kind() {
            ScriptKind::PubKey(key) => Ok(vec![self.ecdsa(&key, code, v0)?]),
            ScriptKind::PubKeyHash(hash) => {
                let key = self.keys.public_key(&hash).ok_or(SignError::MissingKey)?;
                Ok(vec![self.ecdsa(key, code, v0)?, key.to_vec()])
            }
            ScriptKind::Multisig(need, keys) => {
                let need = usize::from(need);
                let signatures: Vec<_> = keys
                    .iter()
                    .filter_map(|key| self.ecdsa(key, code, v0).ok())
                    .take(need)
                    .collect();
                if signatures.len() < need {
                    return Err(SignError::TooFewSignatures {
                        have: signatures.len(),
                        need,
                    });
                }
                // One element too many is popped by OP_CHECKMULTISIG.
                Ok([vec![Vec::new()], signatures].concat())
            }
            _ => Err(SignError::UnknownForm),
        }
    }

    fn ecdsa(&self, key: &[u8], code: &Script, v0: Option<&TxOut>) -> Result<Vec<u8>, SignError> {
        let secret = &self
            .keys
            .secret_of(key)
            .ok_or(SignError::MissingKey)?
            .secret;
        let hash_type = u32::from(self.hash_type);
        let digest = match v0 {
            Some(prevout) => {
                witness_v0_sighash(self.precomputed, self.index, code, prevout.value, hash_type)
            }
            None => legacy_sighash(
                self.tx,
                self.index,
                code,
                hash_type,
                self.precomputed.scheme(),
            ),
        };
        let signature = ecdsa::sign_low_r(Message::from_digest(digest.0), secret);
        let mut bytes = signature.serialize_der().to_vec();
        bytes.push(self.hash_type);
        Ok(bytes)
    }

    fn taproot(&self, output: &[u8; 32]) -> Result<Witness, SignError> {
        let spend = self.keys.taproot(output);
        if let Some(witness) = self.key_path(output, spend) {
            return Ok(vec![witness]);
        }
        let leaves = spend.map_or(&[][..], |spend| &spend.leaves);
        for (script, control) in leaves {
            if let Some(mut items) = self.leaf(script) {
                items.push(script.as_bytes().to_vec());
                items.push(control.clone());
                return Ok(items);
            }
        }
        Err(SignError::MissingKey)
    }

    fn key_path(&self, output: &[u8; 32], spend: Option<&TapSpend>) -> Option<Vec<u8>> {
        let keypair = match spend {
            Some(spend) => {
                let secret = self.keys.secret_of_x_only(&spend.internal)?;
                let tweak = tap_tweak(&spend.internal, spend.merkle_root.as_ref());
                let tweak = Scalar::from_be_bytes(tweak).ok()?;
                Keypair::from_secret_key(secret)
                    .add_xonly_tweak(&tweak)
                    .ok()?
            }
            // rawtr: the output key itself is known.
            None => Keypair::from_secret_key(self.keys.secret_of_x_only(output)?),
        };
        self.schnorr(&keypair, None)
    }

    fn schnorr(&self, keypair: &Keypair, leaf: Option<TapLeaf>) -> Option<Vec<u8>> {
        let digest = taproot_sighash(self.precomputed, self.index, None, leaf, self.hash_type)?;
        let signature = schnorr::sign_with_aux_rand(&digest.0, keypair, &self.aux_rand);
        let mut bytes = signature.to_byte_array().to_vec();
        if self.hash_type != SIGHASH_DEFAULT {
            bytes.push(self.hash_type);
        }
        Some(bytes)
    }

    /// The stack that satisfies a leaf: one key, or a multisig of OP_CHECKSIGADD.
    fn leaf(&self, script: &Script) -> Option<Vec<Vec<u8>>> {
        let (need, keys) = leaf_keys(script)?;
        let hash = tap_leaf_hash(TAPROOT_LEAF_TAPSCRIPT, script);
        let leaf = TapLeaf {
            hash,
            codeseparator_position: u32::MAX,
        };
        let mut have = 0;
        let mut items: Vec<Vec<u8>> = keys
            .iter()
            .map(|key| {
                let secret = self.keys.secret_of_x_only(key).filter(|_| have < need);
                let signature = secret
                    .and_then(|secret| self.schnorr(&Keypair::from_secret_key(secret), Some(leaf)));
                have += usize::from(signature.is_some());
                signature.unwrap_or_default()
            })
            .collect();
        items.reverse();
        (have == need).then_some(items)
    }
}

/// How many signatures a leaf wants, and of which keys.
pub(crate) fn leaf_keys(script: &Script) -> Option<(usize, Vec<[u8; 32]>)> {
    let pieces: Vec<Instruction<'_>> = script.instructions().collect::<Result<_, _>>().ok()?;
    let key = |piece: &Instruction<'_>| <[u8; 32]>::try_from(piece.data).ok();
    if let [push, check] = pieces.as_slice() {
        return (check.opcode == OP_CHECKSIG).then_some((1, vec![key(push)?]));
    }
    let (pairs, end) = pieces.split_at_checked(pieces.len().checked_sub(2)?)?;
    let [count, last] = end else { return None };
    if last.opcode != OP_NUMEQUAL || pairs.len() % 2 != 0 {
        return None;
    }
    let need = small_int(count.opcode)
        .map(i64::from)
        .or_else(|| primitives::script::decode_number(count.data, true, 4).ok())?;
    let mut keys = Vec::new();
    for (i, pair) in pairs.chunks_exact(2).enumerate() {
        let wanted = if i == 0 { OP_CHECKSIG } else { OP_CHECKSIGADD };
        if pair[1].opcode != wanted {
            return None;
        }
        keys.push(key(&pair[0])?);
    }
    Some((
        usize::try_from(need)
            .ok()
            .filter(|need| (1..=keys.len()).contains(need))?,
        keys,
    ))
}

fn push_all(items: &[Vec<u8>]) -> Script {
    items
        .iter()
        .fold(Script::new(), |script, item| script.push(item))
}

#[cfg(test)]
mod tests;
