//! Transactions and scripts as JSON and as text (Core's `core_io.cpp`), for the node's and the wallet's commands.

use consensus::ScriptFlags;
use consensus::script::check_signature_encoding;
use primitives::address::Destination;
use primitives::hash::to_hex;
use primitives::script::opcodes::{self, OP_PUSHDATA4};
use primitives::script::{Instruction, Script, ScriptKind, decode_number, instructions};
use primitives::{Amount, ChainParams, Tx, TxOut};
use serde_json::{Map, Number, Value, json};

use crate::descriptor::Descriptor;
use crate::sign::SigningKeys;

/// Largest push whose bytes are shown as a number.
const NUMBER_SIZE: usize = 4;

/// An amount as a JSON number with exactly 8 decimals.
pub fn amount_value(amount: Amount) -> Value {
    let text = amount.to_string();
    text.parse::<Number>().map_or(Value::Null, Value::Number)
}

/// The words of a script (Core's `ScriptToAsmStr`). `decode_sighash` writes the hash type of
/// signatures as a word.
pub fn script_to_asm(script: &[u8], decode_sighash: bool) -> String {
    let decode_sighash = decode_sighash && !Script::from(script).is_unspendable();
    let words: Vec<String> = instructions(script)
        .map(|piece| piece.map_or_else(|_| "[error]".to_owned(), |p| word(&p, decode_sighash)))
        .collect();
    words.join(" ")
}

fn word(piece: &Instruction<'_>, decode_sighash: bool) -> String {
    if piece.opcode > OP_PUSHDATA4 {
        return opcodes::name(piece.opcode).to_owned();
    }
    if piece.data.len() <= NUMBER_SIZE {
        return decode_number(piece.data, false, NUMBER_SIZE)
            .unwrap_or_default()
            .to_string();
    }
    if decode_sighash
        && check_signature_encoding(piece.data, ScriptFlags::STRICTENC).is_ok()
        && let Some((hash_type, signature)) = piece.data.split_last()
        && let Some(name) = sighash_name(*hash_type)
    {
        return format!("{}[{name}]", to_hex(signature));
    }
    to_hex(piece.data)
}

/// The name of a signature hash type.
pub const fn sighash_name(hash_type: u8) -> Option<&'static str> {
    match hash_type {
        0x01 => Some("ALL"),
        0x81 => Some("ALL|ANYONECANPAY"),
        0x02 => Some("NONE"),
        0x82 => Some("NONE|ANYONECANPAY"),
        0x03 => Some("SINGLE"),
        0x83 => Some("SINGLE|ANYONECANPAY"),
        _ => None,
    }
}

/// An output script as JSON (Core's `ScriptToUniv`).
pub fn script_to_json(
    script: &Script,
    include_hex: bool,
    include_address: bool,
    params: &ChainParams,
) -> Map<String, Value> {
    known_script_to_json(
        script,
        include_hex,
        include_address,
        &SigningKeys::default(),
        params,
    )
}

/// An output script as JSON, its descriptor with what `keys` knows.
pub fn known_script_to_json(
    script: &Script,
    include_hex: bool,
    include_address: bool,
    keys: &SigningKeys,
    params: &ChainParams,
) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("asm".into(), script_to_asm(script, false).into());
    let kind = script.kind();
    if include_address {
        let descriptor = Descriptor::infer(script, keys);
        map.insert("desc".into(), descriptor.to_text(params).into());
    }
    if include_hex {
        map.insert("hex".into(), script.to_string().into());
    }
    if include_address
        && !matches!(kind, ScriptKind::PubKey(_))
        && let Some(destination) = Destination::from_script(script)
    {
        map.insert("address".into(), destination.to_address(params).into());
    }
    map.insert("type".into(), kind.name().into());
    map
}

/// A coin that an input spends, for verbose forms.
#[derive(Clone, Debug)]
pub struct SpentCoin {
    /// The output.
    pub output: TxOut,
    /// Height of its block.
    pub height: u32,
    /// Whether a coinbase made it.
    pub coinbase: bool,
}

/// What the JSON of a transaction holds beside itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct TxJson<'a> {
    /// The coins that its inputs spend, in order: gives the fee.
    pub spent: Option<&'a [SpentCoin]>,
    /// Whether those coins are shown.
    pub show_spent: bool,
    /// Whether the bytes are shown.
    pub include_hex: bool,
}

/// A transaction as JSON (Core's `TxToUniv`).
pub fn tx_to_json(tx: &Tx, extra: &TxJson<'_>, params: &ChainParams) -> Map<String, Value> {
    let weight = tx.weight();
    let mut map = Map::new();
    map.insert("txid".into(), tx.txid().to_string().into());
    map.insert("hash".into(), tx.wtxid().to_string().into());
    map.insert("version".into(), tx.version.into());
    map.insert("size".into(), tx.size(true).into());
    map.insert("vsize".into(), weight.div_ceil(4).into());
    map.insert("weight".into(), weight.into());
    map.insert("locktime".into(), tx.lock_time.into());
    let inputs: Vec<Value> = (0..tx.inputs.len())
        .map(|index| input_json(tx, index, extra, params))
        .collect();
    map.insert("vin".into(), inputs.into());
    let outputs: Vec<Value> = tx
        .outputs
        .iter()
        .enumerate()
        .map(|(n, output)| {
            json!({
                "value": amount_value(output.value),
                "n": n,
                "scriptPubKey": script_to_json(&output.script_pubkey, true, true, params),
            })
        })
        .collect();
    map.insert("vout".into(), outputs.into());
    if let Some(spent) = extra.spent.filter(|_| !tx.is_coinbase()) {
        let value_in: Amount = spent.iter().map(|coin| coin.output.value).sum();
        map.insert("fee".into(), amount_value(value_in - tx.value_out()));
    }
    if extra.include_hex {
        map.insert("hex".into(), to_hex(&tx.to_bytes()).into());
    }
    map
}

fn input_json(tx: &Tx, index: usize, extra: &TxJson<'_>, params: &ChainParams) -> Value {
    let input = &tx.inputs[index];
    let mut map = Map::new();
    if tx.is_coinbase() {
        map.insert("coinbase".into(), input.script_sig.to_string().into());
    } else {
        map.insert("txid".into(), input.prevout.txid.to_string().into());
        map.insert("vout".into(), input.prevout.vout.into());
        let script = json!({
            "asm": script_to_asm(&input.script_sig, true),
            "hex": input.script_sig.to_string(),
        });
        map.insert("scriptSig".into(), script);
    }
    if !input.witness.is_empty() {
        let items: Vec<String> = input.witness.iter().map(|item| to_hex(item)).collect();
        map.insert("txinwitness".into(), items.into());
    }
    if extra.show_spent
        && let Some(coin) = extra.spent.and_then(|spent| spent.get(index))
    {
        let prevout = json!({
            "generated": coin.coinbase,
            "height": coin.height,
            "value": amount_value(coin.output.value),
            "scriptPubKey": script_to_json(&coin.output.script_pubkey, true, true, params),
        });
        map.insert("prevout".into(), prevout);
    }
    map.insert("sequence".into(), input.sequence.into());
    map.into()
}
