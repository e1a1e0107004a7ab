//! Manual pages and completions of the shell, from what each program says of itself.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Release, stage};
use crate::process;

/// Writes a manual page and a completion for every program, below `share`.
pub(super) fn pages(release: &Release, share: &Path) -> Result<()> {
    let (pages, completions) = (
        share.join("man/man1"),
        share.join("bash-completion/completions"),
    );
    fs::create_dir_all(&pages)?;
    fs::create_dir_all(&completions)?;
    for program in stage::PROGRAMS {
        let path = release.tree.join("bin").join(program);
        let help = process::capture(Command::new(path).arg("-help"))?;
        let page = page(program, &release.version, &help);
        fs::write(pages.join(format!("{program}.1")), page)?;
        fs::write(completions.join(program), completion(program, &help))?;
    }
    Ok(())
}

/// A completion for bash that offers the options of the help page.
fn completion(program: &str, help: &str) -> String {
    let options: Vec<String> = help.lines().filter_map(option).collect();
    let function = program.replace('-', "_");
    format!(
        "_{function}() {{\n    mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$2\")\n}}\n\
         complete -o default -o nospace -F _{function} {program}\n",
        options.join(" ")
    )
}

/// The option that a line of the help page explains, up to and with its `=`.
fn option(line: &str) -> Option<String> {
    let word = line.split_whitespace().next()?;
    let (name, value) = match word.split_once('=') {
        Some((name, _)) => (name, "="),
        None => (word, ""),
    };
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let known = line.starts_with("  -") && name.strip_prefix('-').is_some_and(is_name);
    known.then(|| format!("{name}{value}"))
}

/// The help page as a manual page: shown as it is, without filling lines.
fn page(program: &str, version: &str, help: &str) -> String {
    let purpose = match program {
        "bitq" => "start node, wallet, window or tools",
        "bitqd" => "node and wallet in one process",
        "bitq-node" => "full node",
        "bitq-wallet" => "wallet process and offline wallet tool",
        "bitq-cli" => "client for the node's remote procedure calls",
        _ => "window for node and wallet",
    };
    let mut page = format!(
        ".TH {} 1 \"\" \"bitq {version}\" \"User Commands\"\n.SH NAME\n{program} \\- {purpose}\n\
         .SH DESCRIPTION\n.nf\n",
        program.to_uppercase()
    );
    for line in help.lines() {
        page.push_str(&escaped(line));
        page.push('\n');
    }
    page.push_str(".fi\n");
    page
}

/// A line that the formatter shows unchanged.
fn escaped(line: &str) -> String {
    let text = line.replace('\\', "\\e").replace('-', "\\-");
    // A dot or quote at the start would be a command.
    if text.starts_with(['.', '\'']) {
        format!("\\&{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn options_are_found() {
        let check = |line: &str| super::option(line).unwrap_or_default();
        assert_eq!(check("  -datadir=<dir>"), "-datadir=");
        assert_eq!(check("  -regtest   Use the chain"), "-regtest");
        assert_eq!(check("       Use -regtest"), "");
        assert_eq!(check("Options:"), "");
    }

    #[test]
    fn lines_are_no_commands() {
        assert_eq!(super::escaped(".SH x"), "\\&.SH x");
        assert_eq!(super::escaped("  -a\\b"), "  \\-a\\eb");
    }
}
