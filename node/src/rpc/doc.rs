//! Result descriptions that several commands share.

use rpc::ResultDoc;

/// The fields of an output script, as `keys::univ` writes them.
pub(super) fn script_pub_key(with_desc_and_hex: bool) -> Vec<ResultDoc> {
    let mut fields = vec![ResultDoc::str("asm", "Disassembly of the output script")];
    if with_desc_and_hex {
        fields.push(ResultDoc::str("desc", "Inferred descriptor for the output"));
        fields.push(ResultDoc::hex(
            "hex",
            "The raw output script bytes, hex-encoded",
        ));
    }
    let address = "The address (only if a well-defined address exists)";
    fields.push(ResultDoc::str("address", address).optional());
    fields.push(ResultDoc::str("type", "The type, one of: nonstandard, anchor, pubkey, pubkeyhash, scripthash, multisig, nulldata, witness_v0_scripthash, witness_v0_keyhash, witness_v1_taproot, witness_unknown"));
    fields
}

/// The fields of a decoded transaction; `spent` adds what its inputs spend.
pub(super) fn transaction(spent: bool, hex: bool) -> Vec<ResultDoc> {
    let mut input = vec![
        ResultDoc::hex("coinbase", "The coinbase value")
            .when("only if coinbase transaction")
            .optional(),
        ResultDoc::hex("txid", "The transaction id")
            .when("if not coinbase transaction")
            .optional(),
        ResultDoc::num("vout", "The output number")
            .when("if not coinbase transaction")
            .optional(),
        ResultDoc::object(
            "scriptSig",
            "The script",
            vec![
                ResultDoc::str("asm", "Disassembly of the signature script"),
                ResultDoc::hex("hex", "The raw signature script bytes, hex-encoded"),
            ],
        )
        .when("if not coinbase transaction")
        .optional(),
        ResultDoc::array(
            "txinwitness",
            "",
            vec![ResultDoc::hex("hex", "hex-encoded witness data (if any)")],
        )
        .optional(),
    ];
    if spent {
        let prevout = vec![
            ResultDoc::bool("generated", "Coinbase or not"),
            ResultDoc::num("height", "The height of the prevout"),
            ResultDoc::amount("value", "The value in coins"),
            ResultDoc::object("scriptPubKey", "", script_pub_key(true)),
        ];
        input.push(
            ResultDoc::object("prevout", "The previous output", prevout)
                .when("Only if undo information is available")
                .optional(),
        );
    }
    input.push(ResultDoc::num("sequence", "The script sequence number"));
    let output = vec![
        ResultDoc::amount("value", "The value in coins"),
        ResultDoc::num("n", "index"),
        ResultDoc::object("scriptPubKey", "", script_pub_key(true)),
    ];
    let mut fields = vec![
        ResultDoc::hex("txid", "The transaction id"),
        ResultDoc::hex(
            "hash",
            "The transaction hash (differs from txid for witness transactions)",
        ),
        ResultDoc::num("version", "The version"),
        ResultDoc::num("size", "The serialized transaction size"),
        ResultDoc::num(
            "vsize",
            "The virtual transaction size (differs from size for witness transactions)",
        ),
        ResultDoc::num(
            "weight",
            "The transaction's weight (between vsize*4-3 and vsize*4)",
        ),
        ResultDoc::num("locktime", "The lock time"),
        ResultDoc::array("vin", "", vec![ResultDoc::object("", "", input)]),
        ResultDoc::array("vout", "", vec![ResultDoc::object("", "", output)]),
    ];
    if spent {
        let fee = "transaction fee, omitted if block undo data is not available";
        fields.push(ResultDoc::amount("fee", fee).optional());
    }
    if hex {
        fields.push(ResultDoc::hex("hex", "The serialized, hex-encoded data"));
    }
    fields
}

/// The field `warnings` of several commands.
pub(super) fn warnings() -> ResultDoc {
    ResultDoc::array(
        "warnings",
        "any network and blockchain warnings",
        vec![ResultDoc::str("", "warning")],
    )
}
