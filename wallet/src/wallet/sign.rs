//! Signing, and checking what was signed.

use consensus::{PrecomputedTx, ScriptError, ScriptFlags, TxChecker, verify_script};
use keys::sign::sign_input;
use primitives::transaction::TxData;
use primitives::{HashScheme, Script, Tx, TxOut};

use super::{SpendError, Wallet};
use crate::WalletError;
use crate::crypter::CrypterError;

/// Checks every input of a transaction under the rules of relay; `spent` are the outputs it spends.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_inputs(tx: &Tx, spent: &[TxOut], scheme: HashScheme) -> Result<(), ScriptError> {
    let precomputed = PrecomputedTx::new(tx, spent.iter().collect(), scheme);
    for (index, (input, output)) in tx.inputs.iter().zip(spent).enumerate() {
        let mut checker = TxChecker::new(&precomputed, index);
        verify_script(
            &input.script_sig,
            &output.script_pubkey,
            &input.witness,
            ScriptFlags::STANDARD,
            &mut checker,
        )?;
    }
    Ok(())
}

impl Wallet {
    /// Signs every input of `tx`, which spends `spent`, and checks the result.
    ///
    /// # Errors
    /// [`WalletError::Locked`], or [`SpendError::Signing`] where a key is missing.
    pub fn sign(&self, tx: TxData, spent: &[TxOut]) -> Result<Tx, WalletError> {
        if self.is_locked() {
            return Err(WalletError::Locked);
        }
        let mut proofs = Vec::with_capacity(tx.inputs.len());
        let precomputed =
            PrecomputedTx::for_signing(&tx, spent.iter().collect(), self.params.hashes);
        for (index, output) in spent.iter().enumerate() {
            let keys = self
                .signing_keys(&output.script_pubkey)
                .ok_or(SpendError::Signing)?;
            let mut aux_rand = [0; 32];
            getrandom::fill(&mut aux_rand).map_err(|_| CrypterError::NoRandom)?;
            let proof = sign_input(&tx, index, &precomputed, &keys, None, aux_rand);
            proofs.push(proof.map_err(|error| {
                tracing::debug!("[{}] input {index}: {error}", self.name);
                SpendError::Signing
            })?);
        }
        let mut tx = tx;
        for (input, proof) in tx.inputs.iter_mut().zip(proofs) {
            input.script_sig = proof.script_sig;
            input.witness = proof.witness;
        }
        let signed = Tx::new(tx, self.params.hashes);
        verify_inputs(&signed, spent, self.params.hashes).map_err(|error| {
            tracing::error!(
                "[{}] a signature that was made does not hold: {error}",
                self.name
            );
            SpendError::Signing
        })?;
        Ok(signed)
    }

    /// Private keys and inner scripts for an output, from every descriptor that owns it.
    pub fn signing_keys(&self, script: &Script) -> Option<keys::SigningKeys> {
        let mut all: Option<keys::SigningKeys> = None;
        for manager in self.owners_of(script) {
            let index = manager.index_of(script)?;
            let keys = manager.signing_keys(index, self.master.as_ref(), self.params.hashes)?;
            match &mut all {
                Some(known) => known.merge(keys),
                None => all = Some(keys),
            }
        }
        all
    }
}
