//! Which chain.

use crate::options::spec::{CHAIN_PROGRAMS, Category, Kind, OptionSpec, SettingGroup};

const fn chain(
    kind: Kind,
    name: &'static str,
    arg: &'static str,
    help: &'static str,
) -> OptionSpec {
    OptionSpec::new(Category::Chain, kind, name, arg, help).programs(CHAIN_PROGRAMS)
}

const NO_SIGNET_SEEDS: &str = "this version makes no connections to peers";

/// The entries.
pub(super) const OPTIONS: &[OptionSpec] = &[
    chain(
        Kind::Text,
        "chain",
        "=<chain>",
        "Use this network of the coin: main, test, testnet4, signet, regtest",
    )
    .default("main")
    .shown_setting(SettingGroup::General),
    chain(
        Kind::Text,
        "coin",
        "=<coin>",
        "Use this coin of the family. Command line only; each coin has its own data directory",
    )
    .by_chain(default_coin)
    .no_negation()
    .no_elision()
    .command_line_only()
    .shown_setting(SettingGroup::General),
    chain(
        Kind::Bool,
        "regtest",
        "",
        "Use a private chain whose blocks cost nothing, for trying things out. Same as -chain=regtest",
    )
    .debug(),
    chain(
        Kind::Bool,
        "signet",
        "",
        "Use the test network with signed blocks. Same as -chain=signet. -signetchallenge chooses another such network",
    ),
    chain(
        Kind::Text,
        "signetchallenge",
        "=<hex>",
        "Script that every block of the signet must satisfy (default: that of the public signet)",
    )
    .no_negation(),
    chain(
        Kind::List,
        "signetseednode",
        "=<host[:port]>",
        "Node of the signet to ask for peers. May be given several times (default: those of the public signet)",
    )
    .no_negation()
    .inert(NO_SIGNET_SEEDS),
    chain(
        Kind::Bool,
        "testnet",
        "",
        "Use the third test network, which is going out of use. Same as -chain=test",
    ),
    chain(Kind::Bool, "testnet4", "", "Use the fourth test network. Same as -chain=testnet4"),
    chain(
        Kind::List,
        "vbparams",
        "=<deployment>:<start>:<end>[:<min height>]",
        "Other times for a rule change that miners signal (regtest only)",
    )
    .debug(),
];

fn default_coin(_: &primitives::ChainParams) -> String {
    primitives::Coin::default().id().to_owned()
}
