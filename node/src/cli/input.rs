//! What is read from standard input: passwords without echo, and arguments.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use common::options::Config;
use rustix::termios::{self, LocalModes, OptionalActions, Termios};

use super::error::CliError;

/// Reads what `-stdinrpcpass`, `-stdinwalletpassphrase` and `-stdin` ask for, in this order.
///
/// The password goes into the configuration, the rest into the words of the command.
///
/// # Errors
/// Where standard input ends too early, or the command takes no passphrase.
pub(crate) fn read(config: &mut Config, words: &mut Vec<String>) -> Result<(), CliError> {
    if config.get_bool("stdinrpcpass") {
        let password = secret("RPC password> ")?.ok_or(CliError::NoPassword)?;
        config.force_set("rpcpassword", &password);
    }
    if config.get_bool("stdinwalletpassphrase") {
        if !words
            .first()
            .is_some_and(|word| word.starts_with("walletpassphrase"))
        {
            return Err(CliError::NoPassphraseCommand);
        }
        let passphrase = secret("Wallet passphrase> ")?.ok_or(CliError::NoPassphrase)?;
        words.insert(1, passphrase);
    }
    if config.get_bool("stdin") {
        while let Some(word) = line()? {
            words.push(word);
        }
    }
    Ok(())
}

/// One line without its end, or `None` at the end of input.
fn line() -> Result<Option<String>, CliError> {
    let mut text = String::new();
    let read = io::stdin()
        .lock()
        .read_line(&mut text)
        .map_err(CliError::Input)?;
    if read == 0 {
        return Ok(None);
    }
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(Some(text))
}

/// One line that a terminal does not show.
fn secret(prompt: &str) -> Result<Option<String>, CliError> {
    if !io::stdin().is_terminal() {
        return line();
    }
    // Without a prompt the person waits for nothing visible; that is no reason to fail.
    let _ = io::stderr().write_all(prompt.as_bytes());
    let hidden = Hidden::start();
    let read = line();
    drop(hidden);
    let _ = io::stderr().write_all(b"\n");
    read
}

/// While it lives, the terminal does not show what is typed.
struct Hidden(Option<Termios>);

impl Hidden {
    fn start() -> Self {
        let stdin = io::stdin();
        let Ok(before) = termios::tcgetattr(&stdin) else {
            return Self(None);
        };
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        match termios::tcsetattr(&stdin, OptionalActions::Now, &silent) {
            Ok(()) => Self(Some(before)),
            Err(_) => Self(None),
        }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // Nothing can be done about a terminal that does not obey.
            let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}
