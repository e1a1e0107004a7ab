//! `cargo xtask params [--check]`: writes the chain tables of `primitives` from `chains.toml`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use toml::Table;

mod deviations;
mod emit;
mod network;

use emit::{Source, count, flag, number, quoted, table, text, without_layout};
use network::{Names, network_source};

use crate::vectors;

/// Coins and their variants of `Coin`, in the order of the tables.
const COINS: [(&str, &str); 4] = [
    ("bitquantum", "Bitquantum"),
    ("bitcoin", "Bitcoin"),
    ("groestlcoin", "Groestlcoin"),
    ("smithcoin", "Smithcoin"),
];

/// Networks and their variants of `Network`, in the order of the tables.
const NETWORKS: [(&str, &str); 5] = [
    ("main", "Main"),
    ("test", "Test"),
    ("testnet4", "Testnet4"),
    ("signet", "Signet"),
    ("regtest", "Regtest"),
];

/// What every coin agrees on, so that `primitives` has constants for it.
const SAME_EVERYWHERE: [(&str, i64); 7] = [
    ("coin", 100_000_000),
    ("max_block_weight", 4_000_000),
    ("max_block_sigops_cost", 80_000),
    ("max_block_serialized_size", 4_000_000),
    ("witness_scale_factor", 4),
    ("max_future_block_time", 7200),
    ("median_time_blocks", 11),
];

/// What the tables may import.
const IMPORTS: [(&str, &[&str]); 3] = [
    (
        "super::literal",
        &["block_hash", "hash256", "hex", "number"],
    ),
    (
        "super",
        &[
            "AssumeUtxo",
            "AssumeValid",
            "ChainParams",
            "ChainTxData",
            "Coin",
            "Deployment",
            "DeploymentId",
            "DeploymentStart",
            "ExceptionFlags",
            "Genesis",
            "HeadersSync",
            "MiningPace",
            "Network",
            "Policy",
            "Retarget",
            "ScriptFlagException",
            "Subsidy",
            "Unit",
            "WalletPolicy",
        ],
    ),
    (
        "crate",
        &["Amount", "CompactTarget", "FeeRate", "HashScheme"],
    ),
];

/// Writes the tables, or with `--check` only compares them with what would be written.
///
/// # Errors
/// Where `chains.toml` cannot be understood, a file cannot be written, or a comparison fails.
/// Without `chains.toml` it says so and succeeds, except for a check in an automatic run.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let check = match args {
        [] => false,
        [only] if only == "--check" => true,
        _ => bail!("Usage: cargo xtask params [--check]"),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let source = chains_toml(&root);
    if !source.is_file() {
        ensure!(
            !(check && vectors::in_ci()) || vectors::left_out(),
            "there is no {}: the chain tables were not compared. Set BITQ_VECTORS=none to do without",
            source.display()
        );
        say(&format!("skipped: there is no {}", source.display()));
        return Ok(());
    }
    let facts =
        fs::read_to_string(&source).with_context(|| format!("Cannot read {}", source.display()))?;
    for (name, text) in generate(&facts)? {
        let path = root.join("crates/primitives/src/params").join(name);
        let current = fs::read_to_string(&path).unwrap_or_default();
        if without_layout(&current) == without_layout(&text) {
            continue;
        }
        ensure!(
            !check,
            "{} is stale: run `cargo xtask params`.",
            path.display()
        );
        fs::write(&path, text).with_context(|| format!("Cannot write {}", path.display()))?;
        let status = Command::new("rustfmt")
            .args(["--edition", "2024"])
            .arg(&path)
            .status();
        ensure!(
            status.context("Cannot run rustfmt")?.success(),
            "rustfmt failed"
        );
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "a command that does nothing says so")]
fn say(line: &str) {
    eprintln!("{line}");
}

fn chains_toml(root: &Path) -> PathBuf {
    let dir = match std::env::var_os("BITQ_VECTORS") {
        Some(vectors) => Path::new(&vectors).join("../chains"),
        None => root.join("../shared/chains"),
    };
    dir.join("chains.toml")
}

/// File names and contents of all tables.
fn generate(facts: &str) -> Result<Vec<(String, String)>> {
    let facts: Table = facts.parse().context("chains.toml is no TOML")?;
    let coins = table(&facts, "coin")?;
    COINS
        .iter()
        .map(|(id, variant)| {
            let coin = table(coins, id)?;
            let source = coin_source(id, variant, coin).with_context(|| format!("coin {id}"))?;
            Ok((format!("{id}.rs"), source))
        })
        .collect()
}

fn coin_source(id: &str, variant: &str, coin: &Table) -> Result<String> {
    let consensus = table(coin, "consensus")?;
    for (key, value) in SAME_EVERYWHERE {
        ensure!(
            number(consensus, key)? == value,
            "{key} is not {value} as on every other coin"
        );
    }
    let mut out = Source::default();
    out.line(
        "pub(super) static NETWORKS: [ChainParams; 5] = [MAIN, TEST, TESTNET4, SIGNET, REGTEST];",
    );
    out.line("");
    units(&mut out, id, coin)?;
    policy(&mut out, table(coin, "policy")?)?;
    let networks = table(coin, "network")?;
    let mut blocks: Vec<(&str, String)> = Vec::new();
    for (network, network_variant) in NETWORKS {
        let facts = table(networks, network)?;
        let digits = genesis_block(facts).with_context(|| format!("network {network}"))?;
        let block = match blocks.iter().find(|(known, _)| *known == digits) {
            Some((_, name)) => name.clone(),
            None => {
                let name = format!("{}_BLOCK", network.to_ascii_uppercase());
                out.bytes(&name, digits);
                blocks.push((digits, name.clone()));
                name
            }
        };
        let names = Names {
            coin: id,
            coin_variant: variant,
            network,
            network_variant,
            block,
        };
        network_source(&mut out, &names, coin, facts)
            .with_context(|| format!("network {network}"))?;
    }
    let comment = format!("{}. Written by `cargo xtask params`.", text(coin, "name")?);
    Ok(out.finish(&comment, &IMPORTS))
}

fn genesis_block(facts: &Table) -> Result<&str> {
    let genesis = table(facts, "genesis")?;
    ensure!(
        flag(genesis, "meets_own_target")? == "true",
        "the genesis block has too little work"
    );
    text(genesis, "block_hex")
}

fn units(out: &mut Source, id: &str, coin: &Table) -> Result<()> {
    let ticker = text(coin, "ticker")?;
    out.line("const UNITS: &[Unit] = &[");
    for unit in emit::tables(coin, "units")? {
        let name = quoted(&deviations::unit_text(id, ticker, text(unit, "name")?));
        let symbol = quoted(&deviations::unit_text(id, ticker, text(unit, "symbol")?));
        let decimals = count(unit, "decimals")?;
        out.line(&format!(
            "Unit {{ name: {name}, symbol: {symbol}, decimals: {decimals} }},"
        ));
    }
    out.line("];");
    out.line("");
    Ok(())
}

fn policy(out: &mut Source, facts: &Table) -> Result<()> {
    let fee =
        |key: &str| count(facts, key).map(|rate| format!("FeeRate::from_sat_per_kvb({rate})"));
    out.line("const POLICY: Policy = Policy {");
    for key in [
        "dust_relay_fee",
        "min_relay_fee",
        "incremental_relay_fee",
        "block_min_tx_fee",
    ] {
        out.field(key, &fee(key)?);
    }
    for key in [
        "max_standard_tx_weight",
        "max_op_return_relay",
        "bytes_per_sigop",
        "max_standard_tx_sigops_cost",
        "ancestor_limit",
        "descendant_limit",
    ] {
        out.field(key, &count(facts, key)?);
    }
    for key in [
        "max_tx_legacy_sigops",
        "ancestor_size_limit_kvb",
        "descendant_size_limit_kvb",
        "cluster_limit",
        "cluster_size_limit_kvb",
    ] {
        let value = match facts.contains_key(key) {
            true => format!("Some({})", count(facts, key)?),
            false => "None".to_owned(),
        };
        out.field(key, &value);
    }
    for key in ["serve_bloom_filters", "serve_block_filters"] {
        out.field(key, &flag(facts, key)?);
    }
    out.line("};");
    out.line("");
    out.line("const WALLET: WalletPolicy = WalletPolicy {");
    for key in [
        "min_fee",
        "discard_fee",
        "incremental_relay_fee",
        "fallback_fee",
    ] {
        out.field(key, &fee(&format!("wallet_{key}"))?);
    }
    out.field(
        "max_fee",
        &format!("Amount::from_sat({})", count(facts, "wallet_max_fee")?),
    );
    out.line("};");
    out.line("");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_what_chains_toml_says() {
        run(&["--check".to_owned()]).unwrap();
    }

    #[test]
    fn a_changed_fact_is_noticed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let source = chains_toml(&root);
        let Ok(facts) = fs::read_to_string(&source) else {
            return say(&format!("skipped: there is no {}", source.display()));
        };
        let changed = facts.replace("target_timespan = 259200", "target_timespan = 259201");
        let (before, after) = (generate(&facts).unwrap(), generate(&changed).unwrap());
        assert_ne!(without_layout(&before[0].1), without_layout(&after[0].1));
        assert_eq!(before[1..], after[1..]);
        let broken = facts.replace("op_hash256 = \"groestl512d\"", "op_hash256 = \"sha256d\"");
        assert!(generate(&broken).is_err());
    }
}
