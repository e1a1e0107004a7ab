//! Manual pages, from what each program says of itself.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Release, stage};
use crate::process;

/// Writes `<program>.1` for every program.
pub(super) fn pages(release: &Release, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for program in stage::PROGRAMS {
        let path = release.tree.join("bin").join(program);
        let help = process::capture(Command::new(path).arg("-help"))?;
        let page = page(program, &release.version, &help);
        fs::write(folder.join(format!("{program}.1")), page)?;
    }
    Ok(())
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
    fn lines_are_no_commands() {
        assert_eq!(super::escaped(".SH x"), "\\&.SH x");
        assert_eq!(super::escaped("  -a\\b"), "  \\-a\\eb");
    }
}
