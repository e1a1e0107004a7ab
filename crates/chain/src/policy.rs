//! What is relayed and mined by default, beyond what is valid (Core's `policy.cpp`).

use consensus::script::{
    ANNEX_TAG, TAPROOT_LEAF_MASK, TAPROOT_LEAF_TAPSCRIPT, p2sh_sigop_count, sigop_count,
};
use primitives::script::{Script, ScriptKind, instructions, small_int};
use primitives::transaction::{TxData, TxIn};
use primitives::{Amount, ChainParams, FeeRate, Tx, TxOut};

/// Largest version of a standard transaction; 3 is TRUC (BIP431).
const MAX_STANDARD_VERSION: u32 = 3;
/// Longest script of a standard input, in bytes: 15 signatures and keys.
const MAX_STANDARD_SCRIPT_SIG: usize = 1650;
/// Fewest bytes outside the witness (CVE-2017-12842).
const MIN_STANDARD_NONWITNESS_SIZE: usize = 65;
/// Most signature operations of a redeem script.
const MAX_P2SH_SIGOPS: u32 = 15;
/// Limits of a standard P2WSH witness: items, bytes of an item, bytes of the script.
const MAX_P2WSH_ITEMS: usize = 100;
const MAX_P2WSH_ITEM_SIZE: usize = 80;
const MAX_P2WSH_SCRIPT_SIZE: usize = 3600;
/// Most bytes of a stack item of a standard tapscript witness.
const MAX_TAPSCRIPT_ITEM_SIZE: usize = 80;
/// Dust outputs that a transaction without fee may have.
const MAX_DUST_OUTPUTS: usize = 1;

/// The node's own limits, from options or the chain's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyLimits {
    /// Whether non-standard transactions are refused (`-acceptnonstdtxn` turns it off).
    pub require_standard: bool,
    /// Lowest rate for relay (`-minrelaytxfee`).
    pub min_relay_fee: FeeRate,
    /// What a replacement or a full mempool adds (`-incrementalrelayfee`).
    pub incremental_relay_fee: FeeRate,
    /// Rate that decides what is dust (`-dustrelayfee`).
    pub dust_relay_fee: FeeRate,
    /// Heaviest standard transaction, in weight units.
    pub max_tx_weight: usize,
    /// Bytes of OP_RETURN scripts; `None` where `-datacarrier=0`.
    pub max_datacarrier_bytes: Option<usize>,
    /// Whether bare multisig outputs are standard (`-permitbaremultisig`).
    pub permit_bare_multisig: bool,
    /// Largest signature operation cost of a transaction.
    pub max_sigops_cost: u64,
    /// Most executed legacy signature operations (BIP54).
    pub max_legacy_sigops: Option<u32>,
    /// Virtual bytes that one signature operation counts for at least.
    pub bytes_per_sigop: u64,
}

impl PolicyLimits {
    /// The chain's defaults.
    pub fn of(params: &ChainParams) -> Self {
        let policy = &params.policy;
        Self {
            require_standard: true,
            min_relay_fee: policy.min_relay_fee,
            incremental_relay_fee: policy.incremental_relay_fee,
            dust_relay_fee: policy.dust_relay_fee,
            max_tx_weight: policy.max_standard_tx_weight as usize,
            max_datacarrier_bytes: Some(policy.max_op_return_relay as usize),
            permit_bare_multisig: true,
            max_sigops_cost: u64::from(policy.max_standard_tx_sigops_cost),
            max_legacy_sigops: policy.max_tx_legacy_sigops,
            bytes_per_sigop: u64::from(policy.bytes_per_sigop),
        }
    }
}

/// Why a transaction is not standard: Core's reject reason and, where there are some, details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotStandard {
    /// The reason, such as `scriptpubkey`.
    pub reason: &'static str,
    /// Details for the log and for `reject-details`.
    pub details: String,
}

impl NotStandard {
    fn new(reason: &'static str) -> Self {
        Self {
            reason,
            details: String::new(),
        }
    }

    fn inputs(details: String) -> Self {
        Self {
            reason: "bad-txns-nonstandard-inputs",
            details,
        }
    }
}

/// The least value that is worth spending at `rate` (Core's `GetDustThreshold`).
pub fn dust_threshold(output: &TxOut, rate: FeeRate) -> Amount {
    if output.script_pubkey.is_unspendable() {
        return Amount::ZERO;
    }
    let mut counter = primitives::encode::SizeCounter::default();
    output.encode(&mut counter);
    let spend = if output.script_pubkey.as_witness_program().is_some() {
        32 + 4 + 1 + 107 / 4 + 4
    } else {
        32 + 4 + 1 + 107 + 4
    };
    rate.fee((counter.0 + spend) as u64)
}

/// Whether the output is worth less than spending it at `rate`.
pub fn is_dust(output: &TxOut, rate: FeeRate) -> bool {
    output.value < dust_threshold(output, rate)
}

/// How many outputs are dust.
pub fn dust_count(tx: &TxData, rate: FeeRate) -> usize {
    tx.outputs
        .iter()
        .filter(|output| is_dust(output, rate))
        .count()
}

/// Weight with signature operations counted in (Core's `GetSigOpsAdjustedWeight`).
pub fn sigop_weight(weight: usize, sigops_cost: u64, bytes_per_sigop: u64) -> u64 {
    (weight as u64).max(sigops_cost.saturating_mul(bytes_per_sigop))
}

/// Checks the transaction alone (Core's `IsStandardTx`, and the smallest size).
///
/// # Errors
/// [`NotStandard`].
pub fn check_standard(tx: &Tx, limits: &PolicyLimits) -> Result<(), NotStandard> {
    if !(1..=MAX_STANDARD_VERSION).contains(&tx.version) {
        return Err(NotStandard::new("version"));
    }
    if tx.weight() > limits.max_tx_weight {
        return Err(NotStandard::new("tx-size"));
    }
    for input in &tx.inputs {
        if input.script_sig.len() > MAX_STANDARD_SCRIPT_SIG {
            return Err(NotStandard::new("scriptsig-size"));
        }
        if !input.script_sig.is_push_only() {
            return Err(NotStandard::new("scriptsig-not-pushonly"));
        }
    }
    let mut data_left = limits.max_datacarrier_bytes.unwrap_or(0);
    for output in &tx.outputs {
        match output.script_pubkey.kind() {
            ScriptKind::NonStandard => return Err(NotStandard::new("scriptpubkey")),
            ScriptKind::Multisig(_, keys) if keys.len() > 3 => {
                return Err(NotStandard::new("scriptpubkey"));
            }
            ScriptKind::Multisig(..) if !limits.permit_bare_multisig => {
                return Err(NotStandard::new("bare-multisig"));
            }
            ScriptKind::NullData => {
                let left = data_left.checked_sub(output.script_pubkey.len());
                data_left = left.ok_or_else(|| NotStandard::new("datacarrier"))?;
            }
            _ => {}
        }
    }
    if dust_count(tx, limits.dust_relay_fee) > MAX_DUST_OUTPUTS {
        return Err(NotStandard::new("dust"));
    }
    Ok(())
}

/// Checks the size that everybody must keep, standard or not.
///
/// # Errors
/// [`NotStandard`] `tx-size-small`.
pub fn check_minimum_size(tx: &Tx) -> Result<(), NotStandard> {
    if tx.size(false) < MIN_STANDARD_NONWITNESS_SIZE {
        return Err(NotStandard::new("tx-size-small"));
    }
    Ok(())
}

/// The last push of a push-only script; `None` where it is malformed or empty.
fn last_push(script: &[u8]) -> Option<Vec<u8>> {
    let mut last = None;
    for piece in instructions(script) {
        let piece = piece.ok()?;
        last = Some(match small_int(piece.opcode) {
            Some(0) | None => piece.data.to_vec(),
            Some(small) => vec![small],
        });
    }
    last
}

/// Checks what the inputs spend; `spent` holds the output of each (Core's `ValidateInputsStandardness`).
///
/// # Errors
/// [`NotStandard`].
pub fn check_standard_inputs(
    tx: &Tx,
    spent: &[&TxOut],
    limits: &PolicyLimits,
) -> Result<(), NotStandard> {
    if let Some(most) = limits.max_legacy_sigops {
        let of_input = |(input, output): (&TxIn, &&TxOut)| {
            let bare = sigop_count(&input.script_sig, true);
            let inner = if output.script_pubkey.is_pay_to_script_hash() {
                p2sh_sigop_count(&input.script_sig)
            } else {
                sigop_count(&output.script_pubkey, true)
            };
            u64::from(bare) + u64::from(inner)
        };
        let total: u64 = tx.inputs.iter().zip(spent).map(of_input).sum();
        if total > u64::from(most) {
            return Err(NotStandard::inputs(
                "non-witness sigops exceed bip54 limit".into(),
            ));
        }
    }
    for (index, (input, output)) in tx.inputs.iter().zip(spent).enumerate() {
        match output.script_pubkey.kind() {
            ScriptKind::NonStandard => {
                return Err(NotStandard::inputs(format!("input {index} script unknown")));
            }
            ScriptKind::WitnessUnknown(..) => {
                let text = format!("input {index} witness program is undefined");
                return Err(NotStandard::inputs(text));
            }
            ScriptKind::ScriptHash(_) => {
                let Some(redeem) = last_push(&input.script_sig) else {
                    let text = format!("input {index} P2SH redeemscript missing");
                    return Err(NotStandard::inputs(text));
                };
                let sigops = sigop_count(&redeem, true);
                if sigops > MAX_P2SH_SIGOPS {
                    return Err(NotStandard::inputs(format!(
                        "p2sh redeemscript sigops exceed limit (input {index}: {sigops} > {MAX_P2SH_SIGOPS})"
                    )));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether no witness is larger than its kind needs (Core's `IsWitnessStandard`).
pub fn is_witness_standard(tx: &Tx, spent: &[&TxOut]) -> bool {
    let has_witness = |(input, _): &(&TxIn, &&TxOut)| !input.witness.is_empty();
    tx.inputs
        .iter()
        .zip(spent)
        .filter(has_witness)
        .all(|(input, output)| {
            let script = &output.script_pubkey;
            if script.kind() == ScriptKind::Anchor {
                return false;
            }
            if script.is_pay_to_script_hash() {
                let redeem = last_push(&input.script_sig).map(Script::from);
                return redeem.is_some_and(|redeem| witness_fits(&redeem, &input.witness, true));
            }
            witness_fits(script, &input.witness, false)
        })
}

fn witness_fits(script: &Script, witness: &[Vec<u8>], behind_p2sh: bool) -> bool {
    match script.kind() {
        ScriptKind::WitnessV0ScriptHash(_) => {
            let Some((inner, items)) = witness.split_last() else {
                return false;
            };
            inner.len() <= MAX_P2WSH_SCRIPT_SIZE
                && items.len() <= MAX_P2WSH_ITEMS
                && items.iter().all(|item| item.len() <= MAX_P2WSH_ITEM_SIZE)
        }
        ScriptKind::WitnessV1Taproot(_) if !behind_p2sh => taproot_witness_fits(witness),
        // Without a program there is nothing that a witness could prove.
        _ => script.as_witness_program().is_some(),
    }
}

fn taproot_witness_fits(witness: &[Vec<u8>]) -> bool {
    match witness {
        [_, .., last] if last.first() == Some(&ANNEX_TAG) => false,
        [items @ .., _script, control] => match control.first() {
            None => false,
            Some(first) if first & TAPROOT_LEAF_MASK == TAPROOT_LEAF_TAPSCRIPT => items
                .iter()
                .all(|item| item.len() <= MAX_TAPSCRIPT_ITEM_SIZE),
            Some(_) => true,
        },
        [_] => true,
        [] => false,
    }
}
