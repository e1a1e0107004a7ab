//! Wallet behaviour.

use primitives::{Amount, ChainParams, FeeRate};

use super::NO_COMMANDS;
use crate::options::spec::{Category, Kind, OptionSpec, SERVERS, SERVERS_AND_WALLET, SettingGroup};

const fn wallet(
    kind: Kind,
    name: &'static str,
    arg: &'static str,
    help: &'static str,
) -> OptionSpec {
    OptionSpec::new(Category::Wallet, kind, name, arg, help).programs(SERVERS_AND_WALLET)
}

const fn wallet_debug(name: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::new(Category::WalletDebug, Kind::Bool, name, "", help)
        .programs(SERVERS_AND_WALLET)
        .debug()
}

/// A fee rate as these options write it: coins per 1000 virtual bytes.
pub(super) fn rate_text(rate: FeeRate) -> String {
    Amount::from_sat(rate.sat_per_kvb()).to_string()
}

fn discard_fee(params: &ChainParams) -> String {
    rate_text(params.wallet.discard_fee)
}

fn fallback_fee(params: &ChainParams) -> String {
    rate_text(params.wallet.fallback_fee)
}

fn min_fee(params: &ChainParams) -> String {
    rate_text(params.wallet.min_fee)
}

fn max_fee(params: &ChainParams) -> String {
    params.wallet.max_fee.to_string()
}

/// The entries.
pub(super) const OPTIONS: &[OptionSpec] = &[
    wallet(Kind::Text, "addresstype", "=<type>", "Type of new addresses: legacy, p2sh-segwit, bech32, bech32m")
        .default("bech32")
        .setting(SettingGroup::Wallet),
    wallet(
        Kind::Bool,
        "avoidpartialspends",
        "",
        "Spend all coins of an address together or none. Tells others less and costs more at times. Always on for \
         wallets with avoid_reuse",
    )
    .default("0")
    .setting(SettingGroup::Privacy),
    wallet(
        Kind::Text,
        "changetype",
        "=<type>",
        "Type of change: legacy, p2sh-segwit, bech32, bech32m (default: legacy with -addresstype=legacy, otherwise \
         one that fits the payment)",
    ),
    wallet(
        Kind::Amount,
        "consolidatefeerate",
        "=<amt>",
        "Fee rate per 1000 vB up to which a payment may use more coins than it needs, to have fewer afterwards",
    )
    .default("0.0001"),
    wallet(Kind::Bool, "disablewallet", "", "Start no wallet and offer no wallet calls")
        .default("0")
        .programs(SERVERS)
        .setting(SettingGroup::Wallet),
    wallet(
        Kind::Amount,
        "discardfee",
        "=<amt>",
        "Fee rate per 1000 vB at which change too small to be worth spending is given to the fee",
    )
    .by_chain(discard_fee),
    wallet(
        Kind::Amount,
        "fallbackfee",
        "=<amt>",
        "Fee rate per 1000 vB for when too little is known to estimate one; 0 refuses to send then",
    )
    .by_chain(fallback_fee)
    .setting(SettingGroup::Wallet),
    wallet(Kind::Int, "keypool", "=<n>", "Keys to make ahead of use. Fewer of them may leave money out of an old backup")
        .default("1000")
        .range(1, 100_000),
    wallet(
        Kind::Amount,
        "maxapsfee",
        "=<n>",
        "Spend up to this much more in fees to spend all coins of an address together",
    )
    .default("0.00"),
    OptionSpec::new(
        Category::Debug,
        Kind::Amount,
        "maxtxfee",
        "=<amt>",
        "Most that the wallet pays in fees for one transaction; too little may stop large ones",
    )
    .programs(SERVERS_AND_WALLET)
    .by_chain(max_fee),
    wallet(Kind::Amount, "mintxfee", "=<amt>", "Fee rate per 1000 vB below which a fee counts as none")
        .by_chain(min_fee),
    wallet(
        Kind::Bool,
        "skipbrokenwallets",
        "",
        "Start without the wallets of -wallet that cannot be opened, and warn of each. They are left as they are",
    )
    .default("0"),
    wallet(Kind::Text, "signer", "=<cmd>", "External program that signs").inert("this version has no external signers"),
    wallet(Kind::Bool, "spendzeroconfchange", "", "Spend own change before it is confirmed")
        .default("1")
        .setting(SettingGroup::Wallet),
    wallet(Kind::Int, "txconfirmtarget", "=<n>", "Blocks within which a payment should begin to be confirmed")
        .default("6")
        .range(1, 1008)
        .setting(SettingGroup::Wallet)
        .inert("this version does not estimate fees"),
    wallet(
        Kind::List,
        "wallet",
        "=<path>",
        "Wallet to load at start: a name in the wallet directory, or a path. May be given several times. Makes no new \
         wallet",
    )
    .network_only(),
    wallet(Kind::Bool, "walletbroadcast", "", "Let the wallet send its transactions").default("1"),
    wallet(
        Kind::Path,
        "walletdir",
        "=<dir>",
        "Directory of the wallets (default: wallets in the directory of the network if there is one, else that \
         directory itself)",
    )
    .network_only(),
    wallet(
        Kind::Text,
        "walletnotify",
        "=<cmd>",
        "Command to run when a wallet's transaction changes; in it %s becomes the txid, %w the wallet, %b the block \
         or 'unconfirmed', %h the height or -1",
    )
    .inert(NO_COMMANDS),
    wallet(Kind::Bool, "walletrbf", "", "Mark payments as replaceable").default("1"),
    wallet_debug(
        "unsafesqlitesync",
        "Do not wait until the database is on disk. Loses data in a crash; makes tests fast",
    )
    .default("0"),
    wallet_debug("walletcrosschain", "Allow wallet files of another chain").default("0"),
    wallet_debug("walletrejectlongchains", "Make no transaction that breaks the limits of the mempool")
        .default("1"),
];
