//! What a call answers when it fails: a number clients test and a text people read.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The numbers of the JSON-RPC interface (Core's `rpc/protocol.h`), plus the five of JSON-RPC itself.
pub mod code {
    /// The request is not a JSON-RPC request object.
    pub const INVALID_REQUEST: i32 = -32600;
    /// No command of that name.
    pub const METHOD_NOT_FOUND: i32 = -32601;
    /// The parameters do not fit together.
    pub const INVALID_PARAMS: i32 = -32602;
    /// A fault of the server, not of the caller.
    pub const INTERNAL: i32 = -32603;
    /// The text is not JSON.
    pub const PARSE: i32 = -32700;
    /// Anything without a number of its own; also a wrong number of arguments.
    pub const MISC: i32 = -1;
    /// A JSON value of the wrong type.
    pub const TYPE: i32 = -3;
    /// A fault of the wallet without a number of its own.
    pub const WALLET: i32 = -4;
    /// An address, key, block or transaction that is invalid or unknown.
    pub const INVALID_ADDRESS_OR_KEY: i32 = -5;
    /// Not enough money.
    pub const WALLET_INSUFFICIENT_FUNDS: i32 = -6;
    /// Out of memory.
    pub const OUT_OF_MEMORY: i32 = -7;
    /// A parameter that is missing, doubled or out of range.
    pub const INVALID_PARAMETER: i32 = -8;
    /// No peers.
    pub const CLIENT_NOT_CONNECTED: i32 = -9;
    /// Blocks are still being downloaded.
    pub const CLIENT_IN_INITIAL_DOWNLOAD: i32 = -10;
    /// No such label.
    pub const WALLET_INVALID_LABEL_NAME: i32 = -11;
    /// No address left in the key pool.
    pub const WALLET_KEYPOOL_RAN_OUT: i32 = -12;
    /// The wallet is locked.
    pub const WALLET_UNLOCK_NEEDED: i32 = -13;
    /// The passphrase is wrong.
    pub const WALLET_PASSPHRASE_INCORRECT: i32 = -14;
    /// The wallet is encrypted, or is not, against the command's need.
    pub const WALLET_WRONG_ENC_STATE: i32 = -15;
    /// The wallet could not be encrypted.
    pub const WALLET_ENCRYPTION_FAILED: i32 = -16;
    /// The wallet is unlocked already.
    pub const WALLET_ALREADY_UNLOCKED: i32 = -17;
    /// No such wallet is loaded.
    pub const WALLET_NOT_FOUND: i32 = -18;
    /// Several wallets are loaded and none was named.
    pub const WALLET_NOT_SPECIFIED: i32 = -19;
    /// A database error.
    pub const DATABASE: i32 = -20;
    /// Bytes that do not decode.
    pub const DESERIALIZATION: i32 = -22;
    /// The node was added before.
    pub const CLIENT_NODE_ALREADY_ADDED: i32 = -23;
    /// The node was not added.
    pub const CLIENT_NODE_NOT_ADDED: i32 = -24;
    /// A transaction or block could not be verified.
    pub const VERIFY: i32 = -25;
    /// A transaction or block breaks a rule.
    pub const VERIFY_REJECTED: i32 = -26;
    /// The transaction's outputs exist already.
    pub const VERIFY_ALREADY_IN_UTXO_SET: i32 = -27;
    /// The server is still starting.
    pub const IN_WARMUP: i32 = -28;
    /// No such peer.
    pub const CLIENT_NODE_NOT_CONNECTED: i32 = -29;
    /// Not an IP address or subnet.
    pub const CLIENT_INVALID_IP_OR_SUBNET: i32 = -30;
    /// The peer-to-peer network is off.
    pub const CLIENT_P2P_DISABLED: i32 = -31;
    /// The command or argument is deprecated and not enabled.
    pub const METHOD_DEPRECATED: i32 = -32;
    /// There is no mempool.
    pub const CLIENT_MEMPOOL_DISABLED: i32 = -33;
    /// No room for another connection.
    pub const CLIENT_NODE_CAPACITY_REACHED: i32 = -34;
    /// The wallet is loaded already.
    pub const WALLET_ALREADY_LOADED: i32 = -35;
    /// A wallet of that name exists already.
    pub const WALLET_ALREADY_EXISTS: i32 = -36;
    /// A limit of the server is reached.
    pub const LIMIT_EXCEEDED: i32 = -37;
}

/// The error object of a failed call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} (code {code})")]
pub struct RpcError {
    /// One of [`code`].
    pub code: i32,
    /// The text, as Core words it where Core has it.
    pub message: String,
}

/// What a command answers.
pub type RpcResult = Result<Value, RpcError>;

impl RpcError {
    /// Makes an error with one of the numbers of [`code`].
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// −1, the number of everything that has no other.
    pub fn misc(message: impl Into<String>) -> Self {
        Self::new(code::MISC, message)
    }

    /// −3, a value of the wrong type.
    pub fn type_error(message: impl Into<String>) -> Self {
        Self::new(code::TYPE, message)
    }

    /// −5, an unknown or invalid address, key, block or transaction.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(code::INVALID_ADDRESS_OR_KEY, message)
    }

    /// −8, a parameter with a value that is not allowed.
    pub fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new(code::INVALID_PARAMETER, message)
    }

    /// −22, bytes that do not decode.
    pub fn deserialization(message: impl Into<String>) -> Self {
        Self::new(code::DESERIALIZATION, message)
    }

    /// A fault of the program itself: −1 with a text that asks for a report.
    pub fn bug(what: impl std::fmt::Display) -> Self {
        Self::misc(format!("Internal bug detected: {what}"))
    }

    /// The `error` field of a reply.
    pub fn to_value(&self) -> Value {
        json!({"code": self.code, "message": self.message})
    }
}
