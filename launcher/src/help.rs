//! The help page, from the option table.

use std::fmt::Write;

use common::options::{Category, Program, table};

/// Returns the page that `bitq help` prints.
pub(crate) fn page() -> String {
    let mut page = format!(
        "{} version {}\n\nUsage: {} [options] <command> [arguments]\n",
        common::CLIENT_NAME,
        common::VERSION,
        common::CLIENT_NAME
    );
    let mut section = |heading: &str, wanted: fn(Category) -> bool, dash: &str| {
        write_line(&mut page, &format!("\n{heading}"));
        let entries = table::of(Program::Launcher).filter(|spec| wanted(spec.category));
        for spec in entries.filter(|spec| !spec.hidden) {
            write_line(
                &mut page,
                &format!(
                    "  {:<10} {}",
                    format!("{dash}{}", spec.name),
                    spec.help_with_note()
                ),
            );
        }
    };
    section("Options:", |category| category != Category::Command, "-");
    section("Commands:", |category| category == Category::Command, "");
    write_line(
        &mut page,
        "\nArguments after the command go to its program unread: 'bitq node -help' lists the node's.\n\
         Without -m or -M, 'bitq node' runs node and wallet in one process, unless an option or the\n\
         configuration file asks for -ipcbind, -ipcconnect or -ipcfd.",
    );
    page
}

fn write_line(page: &mut String, line: &str) {
    writeln!(page, "{line}").expect("writing to a String cannot fail");
}
