//! Commands that read transactions and scripts (the part of Core's `rpc/rawtransaction.cpp` that needs no chain).

use consensus::script::is_op_success;
use keys::SigningKeys;
use keys::univ::{TxJson, known_script_to_json, script_to_json, tx_to_json};
use primitives::address::Destination;
use primitives::encode::Reader;
use primitives::hash_scheme::{hash160, sha256};
use primitives::script::opcodes::OP_CHECKSIGADD;
use primitives::script::{MAX_SCRIPT_ELEMENT_SIZE, Script, ScriptKind};
use primitives::transaction::TxData;
use primitives::{ChainParams, HashScheme, Tx};
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult};

use super::doc;
use crate::context::Node;

pub(super) fn commands() -> Vec<Command<Node>> {
    vec![
        decode_transaction_spec().run(|node: &Node, args| decode_transaction(node.params, args)),
        decode_script_spec().run(|node: &Node, args| decode_script(node.params, args)),
    ]
}

/// Reads a transaction of unknown form: with witness first, then without (Core's `DecodeTx`).
pub(crate) fn decode_tx(
    bytes: &[u8],
    try_no_witness: bool,
    try_witness: bool,
    scheme: HashScheme,
) -> Option<Tx> {
    let read = |allow_witness| {
        let mut reader = Reader::new(bytes);
        let data = TxData::decode(&mut reader, allow_witness).ok()?;
        reader.is_empty().then_some(data)
    };
    let extended = try_witness.then(|| read(true)).flatten();
    if let Some(data) = &extended
        && scripts_are_sane(data)
    {
        return extended.map(|data| Tx::new(data, scheme));
    }
    let legacy = try_no_witness.then(|| read(false)).flatten();
    if let Some(data) = &legacy
        && scripts_are_sane(data)
    {
        return legacy.map(|data| Tx::new(data, scheme));
    }
    extended.or(legacy).map(|data| Tx::new(data, scheme))
}

/// Whether every script is made of known opcodes (Core's `CheckTxScriptsSanity`).
fn scripts_are_sane(tx: &TxData) -> bool {
    let inputs = tx
        .inputs
        .iter()
        .filter(|_| !tx.is_coinbase())
        .map(|input| &input.script_sig);
    let outputs = tx.outputs.iter().map(|output| &output.script_pubkey);
    inputs.chain(outputs).all(has_valid_ops)
}

pub(super) fn has_valid_ops(script: &Script) -> bool {
    script.len() <= 10_000
        && script.instructions().all(|piece| {
            piece.is_ok_and(|piece| {
                piece.opcode <= OP_CHECKSIGADD && piece.data.len() <= MAX_SCRIPT_ELEMENT_SIZE
            })
        })
}

fn decode_transaction_spec() -> CommandSpec {
    CommandSpec::new(
        "rawtransactions",
        "decoderawtransaction",
        "Return a JSON object representing the serialized, hex-encoded transaction.",
    )
    .arg(Arg::hex("hexstring", "The transaction hex string"))
    .arg(
        Arg::bool("iswitness", "Whether the transaction hex is a serialized witness transaction.\nIf iswitness is not present, heuristic tests will be used in decoding.")
            .hint("depends on heuristic tests"),
    )
    .result(ResultDoc::object("", "", doc::transaction(false, false)))
    .cli("\"hexstring\"")
    .rpc("\"hexstring\"")
}

fn decode_transaction(params: &ChainParams, args: &Args) -> RpcResult {
    let text = args.str("hexstring")?;
    let witness = args.opt_bool("iswitness")?;
    let tx = rpc::value::decode_hex(text)
        .and_then(|bytes| {
            decode_tx(
                &bytes,
                witness != Some(true),
                witness != Some(false),
                params.hashes,
            )
        })
        .ok_or_else(|| RpcError::deserialization("TX decode failed"))?;
    Ok(tx_to_json(&tx, &TxJson::default(), params).into())
}

fn decode_script_spec() -> CommandSpec {
    let mut fields = vec![
        ResultDoc::str("asm", "Disassembly of the script"),
        ResultDoc::str("desc", "Inferred descriptor for the script"),
        ResultDoc::str("type", "The output type"),
        ResultDoc::str("address", "The address (only if a well-defined address exists)").optional(),
        ResultDoc::str("p2sh", "address of P2SH script wrapping this redeem script (not returned for types that should not be wrapped)").optional(),
    ];
    let mut segwit = doc::script_pub_key(true);
    segwit.push(ResultDoc::str(
        "p2sh-segwit",
        "address of the P2SH script wrapping this witness redeem script",
    ));
    fields.push(
        ResultDoc::object("segwit", "Result of a witness output script wrapping this redeem script (not returned for types that should not be wrapped)", segwit)
            .optional(),
    );
    CommandSpec::new(
        "rawtransactions",
        "decodescript",
        "Decode a hex-encoded script.",
    )
    .arg(Arg::hex("hexstring", "the hex-encoded script"))
    .result(ResultDoc::object("", "", fields))
    .cli("\"hexstring\"")
    .rpc("\"hexstring\"")
}

fn decode_script(params: &ChainParams, args: &Args) -> RpcResult {
    let bytes = match args.str("hexstring")? {
        "" => Vec::new(),
        _ => rpc::value::hex_from(args.value("hexstring")?, "argument")?,
    };
    let script = Script::from(bytes);
    let mut map = script_to_json(&script, false, true, params);
    let kind = script.kind();
    if !can_wrap(&script, &kind) {
        return Ok(map.into());
    }
    let p2sh = Destination::ScriptHash(hash160(&script));
    map.insert("p2sh".into(), p2sh.to_address(params).into());
    if let Some((witness, keys)) = witness_form(&script, &kind) {
        let mut inner = known_script_to_json(&witness, true, true, &keys, params);
        let wrapped = Destination::ScriptHash(hash160(&witness));
        inner.insert("p2sh-segwit".into(), wrapped.to_address(params).into());
        map.insert("segwit".into(), inner.into());
    }
    Ok(map.into())
}

fn can_wrap(script: &Script, kind: &ScriptKind) -> bool {
    let kind_fits = match kind {
        ScriptKind::Multisig(..)
        | ScriptKind::NonStandard
        | ScriptKind::PubKey(_)
        | ScriptKind::PubKeyHash(_)
        | ScriptKind::WitnessV0KeyHash(_)
        | ScriptKind::WitnessV0ScriptHash(_) => true,
        ScriptKind::NullData
        | ScriptKind::ScriptHash(_)
        | ScriptKind::WitnessUnknown(..)
        | ScriptKind::WitnessV1Taproot(_)
        | ScriptKind::Anchor => false,
    };
    let tapscript_only = |opcode| opcode == OP_CHECKSIGADD || is_op_success(opcode);
    kind_fits
        && has_valid_ops(script)
        && !script.is_unspendable()
        && !script
            .instructions()
            .any(|piece| piece.is_ok_and(|p| tapscript_only(p.opcode)))
}

/// The witness program that stands for the script, with what is needed to describe it.
fn witness_form(script: &Script, kind: &ScriptKind) -> Option<(Script, SigningKeys)> {
    let mut keys = SigningKeys::default();
    let program = match kind {
        ScriptKind::Multisig(_, all) if all.iter().any(|key| key.len() != 33) => return None,
        ScriptKind::PubKey(key) if key.len() != 33 => return None,
        ScriptKind::PubKey(key) => Script::witness_program(0, &hash160(key).0),
        ScriptKind::PubKeyHash(hash) => Script::witness_program(0, &hash.0),
        ScriptKind::Multisig(..) | ScriptKind::NonStandard => {
            keys.add_script(script.clone());
            Script::witness_program(0, &sha256(script))
        }
        _ => return None,
    };
    Some((program, keys))
}
