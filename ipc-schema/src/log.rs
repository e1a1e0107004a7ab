//! Log lines in the words of Core's `-debug=ipc` (ipc.md 4.3).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Requests are counted per process, from 1.
static REQUESTS: AtomicU64 = AtomicU64::new(0);
/// Connections are counted likewise.
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
/// The name that was given to the IPC thread's owner.
static PROGRAM: OnceLock<String> = OnceLock::new();

/// Names the program in all lines.
pub(crate) fn set_program(program: &str) {
    // A process has one IPC thread; a second one (in tests) shares the first one's name.
    let _ = PROGRAM.set(program.to_owned());
}

/// The number of the next connection.
pub(crate) fn next_connection() -> u64 {
    CONNECTIONS.fetch_add(1, Ordering::Relaxed) + 1
}

/// The number of the next request.
pub(crate) fn next_request() -> u64 {
    REQUESTS.fetch_add(1, Ordering::Relaxed) + 1
}

/// `<program>-<pid>/ipc-<tid>`: who speaks.
pub(crate) fn here() -> String {
    let program = PROGRAM.get().map_or("bitq", String::as_str);
    format!("{program}-{}/ipc-{}", std::process::id(), thread_id())
}

#[cfg(target_os = "linux")]
fn thread_id() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
}

#[cfg(not(target_os = "linux"))]
fn thread_id() -> i32 {
    0
}

/// Logs at debug level.
macro_rules! debug_line {
    ($($arg:tt)*) => {
        if tracing::enabled!(target: "ipc", tracing::Level::DEBUG) {
            tracing::debug!(target: "ipc", "{{{}}} {}", $crate::log::here(), format_args!($($arg)*));
        }
    };
}

/// Logs at trace level.
macro_rules! trace_line {
    ($($arg:tt)*) => {
        if tracing::enabled!(target: "ipc", tracing::Level::TRACE) {
            tracing::trace!(target: "ipc", "{{{}}} {}", $crate::log::here(), format_args!($($arg)*));
        }
    };
}

/// Logs at info level; such lines print without `-debug=ipc` and name their origin themselves.
macro_rules! info_line {
    ($($arg:tt)*) => {
        tracing::info!("ipc: {{{}}} {}", $crate::log::here(), format_args!($($arg)*))
    };
}

/// Logs at warning level.
macro_rules! warn_line {
    ($($arg:tt)*) => {
        tracing::warn!("ipc: {{{}}} {}", $crate::log::here(), format_args!($($arg)*))
    };
}

pub(crate) use {debug_line, info_line, trace_line, warn_line};

/// Longest piece of a request or an answer that is printed.
const DATA_LIMIT: usize = 200;

/// `text` as Core prints it: 200 characters at most, what cannot be printed as `\xx`.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes().take(DATA_LIMIT) {
        if (0x20..0x7f).contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("\\{byte:02x}"));
        }
    }
    if text.len() > DATA_LIMIT {
        out.push_str("...");
    }
    out
}

/// RPC commands whose parameters or results hold secrets.
const SECRET_COMMANDS: [&str; 16] = [
    "walletpassphrase",
    "encryptwallet",
    "createwallet",
    "importdescriptors",
    "importprivkey",
    "importmulti",
    "sethdseed",
    "signrawtransactionwithkey",
    "signmessagewithprivkey",
    "listdescriptors",
    "dumpprivkey",
    "getdescriptorinfo",
    "deriveaddresses",
    "migratewallet",
    "createwalletdescriptor",
    "descriptorprocesspsbt",
];

/// Whether an RPC request may be printed. A word is looked for anywhere in the text, so that no
/// way of writing JSON hides it; a backslash could spell one with escapes.
pub(crate) fn rpc_is_public(request: &str) -> bool {
    let lower = request.to_ascii_lowercase();
    !request.contains('\\') && !SECRET_COMMANDS.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_cut_and_escaped() {
        assert_eq!(printable("a\nb"), "a\\0ab");
        assert_eq!(printable(&"x".repeat(300)).len(), DATA_LIMIT + 3);
    }

    #[test]
    fn secret_commands_are_not_printed() {
        assert!(rpc_is_public(r#"{"method":"getblockcount"}"#));
        assert!(!rpc_is_public(
            r#"{"method":"walletpassphrase","params":["x",1]}"#
        ));
        assert!(!rpc_is_public(r#"{"method":"walletpassphrasechange"}"#));
        assert!(!rpc_is_public(r#"{"method":"\u0077alletpassphrase"}"#));
    }
}
