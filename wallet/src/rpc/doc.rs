//! Parts of `help` that several commands share.

use rpc::ResultDoc;

/// The block that an answer is as of.
pub(super) fn last_processed() -> ResultDoc {
    ResultDoc::object(
        "lastprocessedblock",
        "The block that these data are as of",
        vec![
            ResultDoc::hex("hash", "Its hash"),
            ResultDoc::num("height", "Its height"),
        ],
    )
}

/// Warnings of an action.
pub(super) fn warnings() -> ResultDoc {
    ResultDoc::array(
        "warnings",
        "What should be known",
        vec![ResultDoc::str("", "")],
    )
    .optional()
}

/// What every form of a transaction has.
pub(super) fn transaction() -> Vec<ResultDoc> {
    vec![
        ResultDoc::num(
            "confirmations",
            "How often it is confirmed; negative for conflicts",
        ),
        ResultDoc::bool("generated", "Whether it is a block's reward").optional(),
        ResultDoc::bool("trusted", "Whether an unconfirmed one can be relied on").optional(),
        ResultDoc::hex("blockhash", "Its block").optional(),
        ResultDoc::num("blockheight", "Height of its block").optional(),
        ResultDoc::num("blockindex", "Its place in the block").optional(),
        ResultDoc::time("blocktime", "Time of its block").optional(),
        ResultDoc::hex("txid", "Its id"),
        ResultDoc::hex("wtxid", "Its id with witness"),
        ids("alternate_wtxids", "Ids with other witnesses"),
        ids(
            "walletconflicts",
            "Transactions of the wallet that spend the same",
        ),
        ids(
            "mempoolconflicts",
            "Transactions of the mempool that spend the same",
        ),
        ResultDoc::hex("replaced_by_txid", "What replaces it").optional(),
        ResultDoc::hex("replaces_txid", "What it replaces").optional(),
        ResultDoc::str("to", "A note about the payee").optional(),
        ResultDoc::time("time", "When it came"),
        ResultDoc::time("timereceived", "When the wallet got it"),
        ResultDoc::str("comment", "A note").optional(),
    ]
}

fn ids(key: &'static str, doc: &'static str) -> ResultDoc {
    ResultDoc::array(key, doc, vec![ResultDoc::hex("", "")])
}

/// One payment of a transaction.
pub(super) fn payment() -> Vec<ResultDoc> {
    vec![
        ResultDoc::str("address", "Address").optional(),
        ResultDoc::str("category", "send, receive, generate, immature or orphan"),
        ResultDoc::amount("amount", "Amount; negative for money sent"),
        ResultDoc::str("label", "Label of the address").optional(),
        ResultDoc::num("vout", "Number of the output"),
        ResultDoc::amount("fee", "The fee, negative, for money sent").optional(),
        parents().optional(),
        ResultDoc::bool("abandoned", "Whether it was given up"),
    ]
}

/// The descriptors that own a script.
pub(super) fn parents() -> ResultDoc {
    ResultDoc::array(
        "parent_descs",
        "Descriptors that own the output",
        vec![ResultDoc::str("", "")],
    )
}
