//! Options and commands of the launcher, the wallet tool and the utility tool.

use crate::options::spec::{Category, GUI, Kind, LAUNCHER, OptionSpec, Program, WALLET};

const fn launcher(name: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::new(Category::General, Kind::Bool, name, "", help).programs(LAUNCHER)
}

const fn word(name: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::new(Category::Command, Kind::Bool, name, "", help)
}

/// The entries.
pub(super) const OPTIONS: &[OptionSpec] = &[
    launcher("m", "Run node, wallet and window in processes of their own"),
    launcher("M", "Run node and wallet in one process")
        .programs(LAUNCHER.or(GUI))
        .command_line_only(),
    launcher("v", "Same as -version"),
    word("gui", "Start the window").programs(LAUNCHER),
    word("node", "Start the node").programs(LAUNCHER),
    word("rpc", "Send an RPC command to a running node").programs(LAUNCHER),
    word("wallet", "Work on wallet files").programs(LAUNCHER),
    word("tx", "Work on transactions")
        .programs(LAUNCHER)
        .inert("this version has no program bitq-tx"),
    word("util", "Other tools")
        .programs(LAUNCHER)
        .inert("this version has no program bitq-util"),
    word("help", "Print this page").programs(LAUNCHER),
    OptionSpec::new(
        Category::CommandOption,
        Kind::Path,
        "dumpfile",
        "=<file name>",
        "File that 'dump' writes records to and 'createfromdump' reads them from",
    )
    .programs(WALLET)
    .no_negation(),
    word("info", "Print facts about a wallet").programs(WALLET),
    word("create", "Create a wallet file").programs(WALLET),
    word(
        "dump",
        "Write the records of a wallet to a text file (-dumpfile)",
    )
    .programs(WALLET),
    word(
        "createfromdump",
        "Create a wallet file from such a text file (-dumpfile)",
    )
    .programs(WALLET),
    word("grind", "Do proof of work for a block header in hex").programs(Program::Util.set()),
    word("getchainparams", "Print the parameters of the chosen chain")
        .programs(Program::Util.set()),
];
