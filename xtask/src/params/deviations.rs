//! Where our tables differ from the reference programs, and what those do not have.

use anyhow::{Context, Result};
use toml::Table;

use super::emit::number;

/// Our name in the user agent of every coin.
pub(super) const USER_AGENT: &str = "bitq";

/// Ports of our own: coin, network, which, port. The reference programs take one port twice here,
/// or that of another coin, so that two nodes could not run on one machine.
const PORTS: [(&str, &str, &str, i64); 17] = [
    ("bitquantum", "main", "rpc", 51987),
    ("bitquantum", "test", "rpc", 51988),
    ("bitquantum", "testnet4", "rpc", 51989),
    ("bitquantum", "signet", "rpc", 51990),
    ("bitquantum", "regtest", "rpc", 51991),
    // One above the P2P port is the next network's P2P port.
    ("bitquantum", "main", "onion", 52011),
    ("bitquantum", "test", "onion", 52012),
    ("bitquantum", "testnet4", "onion", 52013),
    ("bitquantum", "signet", "onion", 52014),
    ("bitquantum", "regtest", "onion", 52015),
    ("groestlcoin", "testnet4", "p2p", 41331),
    ("groestlcoin", "regtest", "rpc", 18883),
    ("smithcoin", "main", "rpc", 11003),
    ("smithcoin", "test", "rpc", 11103),
    ("smithcoin", "regtest", "rpc", 11203),
    ("smithcoin", "signet", "p2p", 31103),
    ("smithcoin", "testnet4", "p2p", 41103),
];

/// The default ports of a network.
pub(super) struct Ports {
    pub(super) p2p: i64,
    pub(super) rpc: i64,
    pub(super) onion: i64,
}

pub(super) fn ports(coin: &str, network: &str, facts: &Table) -> Result<Ports> {
    let own = |which: &str| {
        let entry = PORTS
            .iter()
            .find(|(c, n, w, _)| (*c, *n, *w) == (coin, network, which));
        entry.map(|(_, _, _, port)| *port)
    };
    let p2p = own("p2p").map_or_else(|| number(facts, "p2p_port"), Ok)?;
    let rpc = own("rpc").map_or_else(|| number(facts, "rpc_port"), Ok)?;
    Ok(Ports {
        p2p,
        rpc,
        onion: own("onion").unwrap_or(p2p + 1),
    })
}

/// Each coin's colour.
const ACCENTS: [(&str, [u8; 3]); 4] = [
    ("bitquantum", [0x6c, 0x5c, 0xe7]),
    ("bitcoin", [0xf7, 0x93, 0x1a]),
    ("groestlcoin", [0x1b, 0x8f, 0xa5]),
    ("smithcoin", [0x4f, 0x6d, 0x7a]),
];

pub(super) fn accent(coin: &str) -> Result<[u8; 3]> {
    let entry = ACCENTS.iter().find(|(id, _)| *id == coin);
    entry
        .map(|(_, accent)| *accent)
        .context("the coin has no colour")
}

/// Every coin has Bitcoin's names of sub-directories; one reference program keeps all networks in
/// one place.
pub(super) fn data_subdir(network: &str) -> &str {
    match network {
        "main" => "",
        "test" => "testnet3",
        other => other,
    }
}

/// A unit's name with the coin's own ticker, where the reference program still shows Bitcoin's.
pub(super) fn unit_text(coin: &str, ticker: &str, text: &str) -> String {
    if coin == "bitcoin" {
        text.to_owned()
    } else {
        text.replace("BTC", ticker)
    }
}

/// How far apart blocks that are made on demand stand, so that they stay easy: coin, seconds, and
/// the height from which on it no longer matters.
const MINING_PACES: [(&str, u32, u32); 2] =
    [("bitquantum", 1201, 144), ("groestlcoin", 3, u32::MAX)];

pub(super) fn mining_pace(coin: &str, network: &str) -> String {
    let entry = MINING_PACES
        .iter()
        .find(|(id, _, _)| *id == coin && network == "regtest");
    entry.map_or_else(
        || "None".to_owned(),
        |(_, gap, until_height)| {
            let until = match *until_height {
                u32::MAX => "u32::MAX".to_owned(),
                height => height.to_string(),
            };
            format!("Some(MiningPace {{ gap: {gap}, until_height: {until} }})")
        },
    )
}
