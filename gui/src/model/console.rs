//! The console's input: how a line is read, what is kept of it, what the keys offer.

mod history;
mod parse;
mod secrets;

pub use history::CommandHistory;
pub use parse::{Call, ParseError, Pick, Value, parse, pick};
pub use secrets::{is_redacted, redact, reveals_keys};

use ipc_schema::RpcCommand;

/// Longest input, in bytes.
pub const MAX_INPUT: usize = 16 << 20;

/// Arguments that are text even where they look like a number or a list.
const TEXTS: [&str; 22] = [
    "passphrase",
    "oldpassphrase",
    "newpassphrase",
    "label",
    "address",
    "txid",
    "hash",
    "blockhash",
    "block_hash",
    "hexstring",
    "comment",
    "comment_to",
    "wallet_name",
    "filename",
    "destination",
    "backup_file",
    "message",
    "signature",
    "privkey",
    "command",
    "descriptor",
    "hexdata",
];

/// The JSON value of an argument: text where the command's argument is one, JSON where it reads as that.
pub fn argument(command: Option<&RpcCommand>, index: usize, text: &str) -> serde_json::Value {
    let name = command
        .and_then(|command| command.arguments.get(index))
        .map(String::as_str);
    let is_text =
        name.is_some_and(|name| TEXTS.iter().any(|text| name.split('|').any(|n| n == *text)));
    if is_text {
        return serde_json::Value::String(text.to_owned());
    }
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) if !value.is_string() => value,
        _ => serde_json::Value::String(text.to_owned()),
    }
}

/// Commands that begin with the word under the cursor, also after `help `.
pub fn complete<'a>(commands: &'a [RpcCommand], input: &str) -> Vec<&'a RpcCommand> {
    let word = input.strip_prefix("help ").unwrap_or(input).trim_start();
    if word.is_empty() || word.contains([' ', '(']) {
        return Vec::new();
    }
    let mut found: Vec<&RpcCommand> = commands
        .iter()
        .filter(|command| command.name.starts_with(word))
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    if found.len() == 1 && found[0].name == word {
        Vec::new()
    } else {
        found
    }
}

/// The input with the completion `name` in place of the word that was begun.
pub fn completed(input: &str, name: &str) -> String {
    if input.starts_with("help ") {
        format!("help {name}")
    } else {
        format!("{name} ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(name: &str, arguments: &[&str]) -> RpcCommand {
        RpcCommand {
            name: name.to_owned(),
            arguments: arguments.iter().map(|&a| a.to_owned()).collect(),
            ..RpcCommand::default()
        }
    }

    #[test]
    fn arguments_are_json_unless_the_command_takes_text() {
        let getblock = command("getblock", &["blockhash", "verbosity|verbose"]);
        let hash = "0000000000000000000000000000000000000000000000000000000000000001";
        assert_eq!(argument(Some(&getblock), 0, hash), serde_json::json!(hash));
        assert_eq!(argument(Some(&getblock), 1, "1"), serde_json::json!(1));
        assert_eq!(
            argument(Some(&getblock), 1, "true"),
            serde_json::json!(true)
        );
        let unlock = command("walletpassphrase", &["passphrase", "timeout"]);
        assert_eq!(
            argument(Some(&unlock), 0, "1234"),
            serde_json::json!("1234")
        );
        assert_eq!(argument(None, 0, "[1,2]"), serde_json::json!([1, 2]));
        assert_eq!(argument(None, 0, "plain"), serde_json::json!("plain"));
    }

    #[test]
    fn names_are_completed_also_after_help() {
        let commands = [
            command("getblock", &[]),
            command("getblockhash", &[]),
            command("stop", &[]),
        ];
        let names = |input: &str| -> Vec<String> {
            complete(&commands, input)
                .iter()
                .map(|c| c.name.clone())
                .collect()
        };
        assert_eq!(names("getb"), ["getblock", "getblockhash"]);
        assert_eq!(names("help st"), ["stop"]);
        assert!(names("getblock 1").is_empty());
        assert_eq!(completed("help st", "stop"), "help stop");
    }
}
