//! Signed messages.

use std::sync::Arc;

use keys::message::sign_message;
use primitives::address::Destination;
use rpc::{Arg, Args, Command, CommandSpec, ResultDoc, RpcError, RpcResult, code};
use serde_json::json;

use super::{ensure_unlocked, on_wallet_now};
use crate::context::Context;

pub(super) fn commands() -> Vec<Command<Context>> {
    vec![
        CommandSpec::new(
            "wallet",
            "signmessage",
            "Signs a message with the key of an address.",
        )
        .arg(Arg::str("address", "An address of the kind legacy"))
        .arg(Arg::str("message", "The message"))
        .result(ResultDoc::str("signature", "The signature in base 64"))
        .cli("\"address\" \"my message\"")
        .rpc("\"address\", \"my message\"")
        .run_async(signmessage),
    ]
}

/// Bytes as base 64 (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            // Six bits, so below 64.
            let letter = (word >> (18 - 6 * place) & 63) as usize;
            text.push(if place <= chunk.len() {
                char::from(LETTERS[letter])
            } else {
                '='
            });
        }
    }
    text
}

async fn signmessage(context: Arc<Context>, args: Args) -> RpcResult {
    let destination = Destination::from_address(args.str("address")?, context.params)
        .map_err(|_| RpcError::not_found("Invalid address"))?;
    let Destination::PubKeyHash(hash) = destination else {
        return Err(RpcError::type_error("Address does not refer to key"));
    };
    let message = args.str("message")?.to_owned();
    on_wallet_now(&context, &args, move |wallet| {
        ensure_unlocked(wallet)?;
        let script = Destination::PubKeyHash(hash).to_script();
        let keys = wallet.signing_keys(&script);
        let key = keys
            .as_ref()
            .and_then(|keys| keys.secret(&hash))
            .ok_or_else(|| RpcError::new(code::WALLET, "Private key not available"))?;
        let signature = sign_message(key, message.as_bytes(), wallet.params());
        Ok(json!(base64(&signature)))
    })
    .await
}
