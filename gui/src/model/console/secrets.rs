//! Commands that carry keys or passphrases: their arguments are never shown again and never kept.

/// Commands whose arguments hold keys or passphrases.
const SECRET: [&str; 11] = [
    "createwallet",
    "createwalletdescriptor",
    "encryptwallet",
    "importdescriptors",
    "importprivkey",
    "migratewallet",
    "signmessagewithprivkey",
    "signrawtransactionwithkey",
    "sethdseed",
    "walletpassphrase",
    "walletpassphrasechange",
];

/// Commands whose answer shows keys.
const REVEALING: [&str; 5] = [
    "dumpprivkey",
    "dumpwallet",
    "gethdkeys",
    "listdescriptors",
    "signmessagewithprivkey",
];

/// What stands in place of arguments.
const HIDDEN: &str = "(…)";

/// The line as it may be shown and remembered.
pub fn redact(line: &str) -> String {
    let lower = line.to_lowercase();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let first = SECRET
        .iter()
        .filter_map(|secret| {
            let mut from = 0;
            while let Some(found) = lower.get(from..).and_then(|rest| rest.find(secret)) {
                let (start, end) = (from + found, from + found + secret.len());
                let starts = !lower[..start].chars().next_back().is_some_and(is_word);
                let ends = !lower[end..].chars().next().is_some_and(is_word);
                if starts && ends {
                    return Some(end);
                }
                from = end;
            }
            None
        })
        .min();
    match first {
        // Lower case may have another length outside ASCII; then nothing at all is shown.
        Some(end) if line.is_ascii() && !line[end..].trim().is_empty() => {
            format!("{}{HIDDEN}", &line[..end])
        }
        Some(_) if !line.is_ascii() => HIDDEN.to_owned(),
        _ => line.to_owned(),
    }
}

/// Whether a line had its arguments replaced: such a line can never run.
pub fn is_redacted(line: &str) -> bool {
    line.contains(HIDDEN)
}

/// Whether the answer to this line shows keys, so that a warning stands over the input.
pub fn reveals_keys(line: &str) -> bool {
    let lower = line.to_lowercase();
    REVEALING.iter().any(|name| {
        lower
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .any(|word| word == *name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_secret_commands_are_replaced() {
        for (line, want) in [
            ("walletpassphrase x 1", "walletpassphrase(…)"),
            ("WalletPassphrase \"a b\" 1", "WalletPassphrase(…)"),
            (
                "echo(walletpassphrasechange old new)",
                "echo(walletpassphrasechange(…)",
            ),
            ("encryptwallet", "encryptwallet"),
            ("help walletpassphrase", "help walletpassphrase"),
            ("getblockhash 0", "getblockhash 0"),
            ("mywalletpassphrase 1", "mywalletpassphrase 1"),
            ("walletpassphrase geheimä 1", "(…)"),
        ] {
            assert_eq!(redact(line), want);
        }
        assert!(is_redacted(&redact("walletpassphrase x 1")));
        assert!(!is_redacted("getblock(getblockhash(0))"));
    }

    #[test]
    fn commands_that_show_keys_are_known() {
        assert!(reveals_keys("listdescriptors true"));
        assert!(!reveals_keys("listunspent"));
    }
}
