//! What is relayed and what is mined.

use primitives::ChainParams;

use super::NO_PEERS;
use super::wallet::rate_text;
use crate::options::spec::{Category, Kind, OptionSpec, SettingGroup};

const fn relay(
    kind: Kind,
    name: &'static str,
    arg: &'static str,
    help: &'static str,
) -> OptionSpec {
    OptionSpec::new(Category::Relay, kind, name, arg, help)
}

const fn mining(
    kind: Kind,
    name: &'static str,
    arg: &'static str,
    help: &'static str,
) -> OptionSpec {
    OptionSpec::new(Category::Mining, kind, name, arg, help)
}

fn incremental_relay_fee(params: &ChainParams) -> String {
    rate_text(params.policy.incremental_relay_fee)
}

fn dust_relay_fee(params: &ChainParams) -> String {
    rate_text(params.policy.dust_relay_fee)
}

fn min_relay_fee(params: &ChainParams) -> String {
    rate_text(params.policy.min_relay_fee)
}

fn block_min_tx_fee(params: &ChainParams) -> String {
    rate_text(params.policy.block_min_tx_fee)
}

fn bytes_per_sigop(params: &ChainParams) -> String {
    params.policy.bytes_per_sigop.to_string()
}

fn data_carrier_size(params: &ChainParams) -> String {
    params.policy.max_op_return_relay.to_string()
}

/// The entries.
pub(super) const OPTIONS: &[OptionSpec] = &[
    relay(Kind::Bool, "acceptnonstdtxn", "", "Take transactions that are not standard (test networks only)")
        .default("0")
        .debug(),
    relay(Kind::Int, "bytespersigop", "=<n>", "Bytes that a signature operation counts for").by_chain(bytes_per_sigop),
    relay(Kind::Bool, "datacarrier", "", "Take transactions that carry data").default("1"),
    relay(Kind::Int, "datacarriersize", "=<n>", "Most bytes of data-carrying scripts in a transaction, all outputs together")
        .by_chain(data_carrier_size),
    relay(
        Kind::Amount,
        "dustrelayfee",
        "=<amt>",
        "Fee rate per 1000 vB that decides what is dust: an output that costs more to spend than it is worth",
    )
    .by_chain(dust_relay_fee)
    .debug(),
    relay(
        Kind::Amount,
        "incrementalrelayfee",
        "=<amt>",
        "Fee rate per 1000 vB that relaying costs; a replacement pays at least that much more",
    )
    .by_chain(incremental_relay_fee)
    .debug(),
    relay(
        Kind::Amount,
        "minrelaytxfee",
        "=<amt>",
        "Fee rate per 1000 vB below which a fee counts as none",
    )
    .by_chain(min_relay_fee)
    .setting(SettingGroup::Advanced),
    relay(Kind::Bool, "permitbaremultisig", "", "Take transactions with multisig outputs outside P2SH").default("1"),
    relay(
        Kind::Bool,
        "privatebroadcast",
        "",
        "Send transactions from sendrawtransaction by short connections through Tor or I2P, before they are in the \
         mempool. Those of the wallet go the usual way",
    )
    .default("0")
    .setting(SettingGroup::Privacy)
    .inert(NO_PEERS),
    relay(Kind::Int, "txsendrate", "=<n>", "Transactions a second that are sent to incoming peers")
        .default("14")
        .debug()
        .inert(NO_PEERS),
    relay(
        Kind::Bool,
        "whitelistforcerelay",
        "",
        "Give whitelisted peers without named permissions 'forcerelay': their transactions are sent on even if known",
    )
    .default("0")
    .inert(NO_PEERS),
    relay(
        Kind::Bool,
        "whitelistrelay",
        "",
        "Give whitelisted peers without named permissions 'relay': their transactions are taken even if none are",
    )
    .default("1")
    .inert(NO_PEERS),
    mining(Kind::Int, "blockmaxweight", "=<n>", "Largest weight of a mined block (BIP141)")
        .default("4000000")
        .debug(),
    mining(Kind::Amount, "blockmintxfee", "=<amt>", "Lowest fee rate per 1000 vB that goes into a mined block")
        .by_chain(block_min_tx_fee),
    mining(
        Kind::Int,
        "blockreservedweight",
        "=<n>",
        "Weight kept free for the header and the largest coinbase that a miner may make",
    )
    .default("8000"),
    mining(Kind::Int, "blockversion", "=<n>", "Version of mined blocks, for trying forks out")
        .debug()
        .inert("this version signals what the deployments ask for"),
];
