//! `cargo xtask params [--check]`: writes the chain tables of `primitives` from `chains.toml`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use toml::{Table, Value};

mod deviations;
mod emit;

use emit::{Source, count, flag, hash, number, quoted, table, text, without_layout};

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

/// Uses of hashes, and the function of each under `Bitcoin`, `Groestl` and `RandomQ`.
const HASH_USES: [(&str, [&str; 3]); 17] = [
    ("block_id", ["sha256d", "groestl512d", "bitquantum"]),
    ("proof_of_work", ["sha256d", "groestl512d", "bitquantum"]),
    ("txid", ["sha256d", "sha256", "sha256d"]),
    ("wtxid", ["sha256d", "sha256", "sha256d"]),
    ("merkle", ["sha256d", "sha256d", "sha256d"]),
    ("witness_commitment", ["sha256d", "sha256d", "sha256d"]),
    ("sighash_legacy", ["sha256d", "sha256", "sha256d"]),
    ("sighash_v0", ["sha256d", "sha256", "sha256d"]),
    ("sighash_v0_parts", ["sha256d", "sha256", "sha256d"]),
    (
        "sighash_taproot",
        ["tagged-sha256", "tagged-sha256", "tagged-sha256"],
    ),
    ("base58check", ["sha256d", "groestl512d", "sha256d"]),
    ("signed_message", ["sha256d", "sha256", "sha256d"]),
    ("p2p_checksum", ["sha256d", "groestl512d", "sha256d"]),
    ("op_hash256", ["sha256d", "groestl512d", "sha256d"]),
    ("block_filter", ["sha256d", "sha256d", "sha256d"]),
    ("undo_checksum", ["sha256d", "sha256", "sha256d"]),
    ("utxo_snapshot", ["sha256d", "sha256", "sha256d"]),
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
/// Without `chains.toml` it says so and succeeds.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let check = match args {
        [] => false,
        [only] if only == "--check" => true,
        _ => bail!("Usage: cargo xtask params [--check]"),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let source = chains_toml(&root);
    if !source.is_file() {
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

/// What names one table.
struct Names<'a> {
    coin: &'a str,
    coin_variant: &'a str,
    network: &'a str,
    network_variant: &'a str,
    /// The constant with the genesis block.
    block: String,
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

fn network_source(out: &mut Source, names: &Names, coin: &Table, facts: &Table) -> Result<()> {
    let constant = names.network.to_ascii_uppercase();
    out.line(&format!("const {constant}: ChainParams = ChainParams {{"));
    out.field("coin", &format!("Coin::{}", names.coin_variant));
    out.field("network", &format!("Network::{}", names.network_variant));
    identity(out, names, coin)?;
    transport(out, names, coin, facts)?;
    encodings(out, names, coin, facts)?;
    rules(out, coin, facts)?;
    proof_of_work(out, names, coin, facts)?;
    heights(out, coin, facts)?;
    knowledge(out, facts)?;
    for key in ["default_consistency_checks", "mockable", "is_test_chain"] {
        out.field(key, &flag(facts, key)?);
    }
    out.field("policy", "POLICY");
    out.field("wallet", "WALLET");
    out.line("};");
    out.line("");
    Ok(())
}

fn identity(out: &mut Source, names: &Names, coin: &Table) -> Result<()> {
    for key in ["name", "ticker", "atom"] {
        out.field(key, &quoted(text(coin, key)?));
    }
    out.field("units", "UNITS");
    let [red, green, blue] = deviations::accent(names.coin)?;
    out.field(
        "accent_rgb",
        &format!("[{red:#04x}, {green:#04x}, {blue:#04x}]"),
    );
    out.field("uri_scheme", &quoted(text(coin, "uri_scheme")?));
    out.field(
        "data_subdir",
        &quoted(deviations::data_subdir(names.network)),
    );
    out.field("conf_file", &quoted(&format!("{}.conf", names.coin)));
    out.field("settings_file", &quoted(text(coin, "settings_file")?));
    out.field("pid_file", &quoted(&format!("{}d.pid", names.coin)));
    out.field(
        "wallet_dump_magic",
        &quoted(text(coin, "wallet_dump_magic")?),
    );
    out.field("reference_client", &quoted(text(coin, "client_name")?));
    out.field("reference_version", &quoted(text(coin, "client_version")?));
    out.field(
        "reference_user_agent",
        &quoted(text(coin, "user_agent_name")?),
    );
    out.field("user_agent_name", &quoted(deviations::USER_AGENT));
    out.field("protocol_version", &count(coin, "protocol_version")?);
    Ok(())
}

fn transport(out: &mut Source, names: &Names, coin: &Table, facts: &Table) -> Result<()> {
    let ports = deviations::ports(names.coin, names.network, facts)?;
    out.field("magic", &hash("hex", facts, "magic")?);
    out.field("p2p_port", &emit::grouped(ports.p2p));
    out.field("rpc_port", &emit::grouped(ports.rpc));
    out.field("onion_port", &emit::grouped(ports.onion));
    out.field("bip324_salt", &quoted(text(coin, "bip324_salt_text")?));
    out.texts("dns_seeds", &emit::texts(facts, "dns_seeds")?);
    out.texts("fixed_seeds", &emit::texts(facts, "fixed_seeds")?);
    Ok(())
}

fn encodings(out: &mut Source, names: &Names, coin: &Table, facts: &Table) -> Result<()> {
    for key in ["base58_pubkey", "base58_script", "base58_secret"] {
        out.field(key, &format!("0x{}", text(facts, key)?));
    }
    for key in ["base58_ext_public", "base58_ext_secret"] {
        out.field(key, &hash("hex", facts, key)?);
    }
    out.field("bech32_hrp", &quoted(text(facts, "bech32_hrp")?));
    out.field(
        "signed_message_magic",
        &quoted(text(coin, "signed_message_magic")?),
    );
    out.field("bip32_seed_key", &quoted(text(coin, "bip32_seed_key")?));
    let coin_type = match names.network {
        "main" => "bip44_coin_type_main",
        _ => "bip44_coin_type_test",
    };
    out.field("bip44_coin_type", &count(coin, coin_type)?);
    Ok(())
}

fn rules(out: &mut Source, coin: &Table, facts: &Table) -> Result<()> {
    let consensus = table(coin, "consensus")?;
    out.field(
        "hashes",
        &format!("HashScheme::{}", hash_scheme(table(coin, "hashes")?)?),
    );
    let retarget = match text(consensus, "retarget_algorithm")? {
        "bitcoin" => "Periodic",
        // The first block whose parent has height 99,999.
        "dark-gravity-wave" => "DarkGravityWave { enforced_from: 100_000 }",
        other => bail!("unknown retarget_algorithm {other}"),
    };
    out.field("retarget", &format!("Retarget::{retarget}"));
    let subsidy = table(coin, "subsidy")?;
    let subsidy = match text(subsidy, "rule")? {
        "halving" => {
            let initial = count(subsidy, "initial")?;
            let interval = count(facts, "halving_interval")?;
            format!("Halving {{ initial: Amount::from_sat({initial}), interval: {interval} }}")
        }
        "groestlcoin" => "Groestl".to_owned(),
        other => bail!("unknown subsidy rule {other}"),
    };
    out.field("subsidy", &format!("Subsidy::{subsidy}"));
    let max_money = count(consensus, "max_money")?;
    out.field("max_money", &format!("Amount::from_sat({max_money})"));
    out.field("coinbase_maturity", &count(consensus, "coinbase_maturity")?);
    Ok(())
}

/// The variant of `HashScheme` that gives every use its function.
fn hash_scheme(hashes: &Table) -> Result<&'static str> {
    ensure!(
        hashes.len() == HASH_USES.len(),
        "there are uses of hashes that no scheme knows"
    );
    for (i, scheme) in ["Bitcoin", "Groestl", "RandomQ"].into_iter().enumerate() {
        let fits = |(key, functions): &(&str, [&str; 3])| {
            hashes.get(*key).and_then(Value::as_str) == Some(functions[i])
        };
        if HASH_USES.iter().all(fits) {
            return Ok(scheme);
        }
    }
    bail!("no hash scheme has these functions")
}

fn proof_of_work(out: &mut Source, names: &Names, coin: &Table, facts: &Table) -> Result<()> {
    let genesis = table(facts, "genesis")?;
    out.line("genesis: Genesis {");
    out.field("hash", &hash("block_hash", genesis, "hash")?);
    out.field("merkle_root", &hash("hash256", genesis, "merkle_root")?);
    out.field("time", &count(genesis, "time")?);
    out.field(
        "bits",
        &format!("CompactTarget(0x{})", text(genesis, "bits")?),
    );
    out.field("block", &format!("&{}", names.block));
    out.line("},");
    out.field("pow_limit", &hash("number", facts, "pow_limit")?);
    out.field(
        "pow_limit_bits",
        &format!("CompactTarget(0x{})", text(facts, "pow_limit_bits")?),
    );
    for key in [
        "target_timespan",
        "target_spacing",
        "difficulty_adjustment_interval",
    ] {
        out.field(key, &count(facts, key)?);
    }
    for key in ["min_difficulty_blocks", "no_retargeting", "bip94"] {
        out.field(key, &flag(facts, key)?);
    }
    out.field(
        "bip94_max_timewarp",
        &count(table(coin, "consensus")?, "bip94_max_timewarp")?,
    );
    Ok(())
}

fn heights(out: &mut Source, coin: &Table, facts: &Table) -> Result<()> {
    out.field("bip34_height", &count(facts, "bip34_height")?);
    let bip34_hash = match emit::is_zero(text(facts, "bip34_hash")?) {
        true => "None".to_owned(),
        false => format!("Some({})", hash("block_hash", facts, "bip34_hash")?),
    };
    out.field("bip34_hash", &bip34_hash);
    for key in [
        "bip65_height",
        "bip66_height",
        "csv_height",
        "segwit_height",
    ] {
        out.field(key, &count(facts, key)?);
    }
    let recheck = count(table(coin, "consensus")?, "bip30_recheck_from_height")?;
    out.field("bip30_recheck_height", &recheck);
    out.field(
        "min_bip9_warning_height",
        &count(facts, "min_bip9_warning_height")?,
    );
    out.tables(
        "deployments",
        &emit::tables(facts, "deployments")?,
        deployment,
    )?;
    let exceptions = emit::tables(facts, "script_flag_exceptions")?;
    out.tables("script_flag_exceptions", &exceptions, |out, exception| {
        let flags = match text(exception, "flags_used_instead")? {
            "none" => "None",
            "p2sh+witness" => "P2shWitness",
            other => bail!("unknown script flags {other}"),
        };
        out.line("ScriptFlagException {");
        out.field("block", &hash("block_hash", exception, "block")?);
        out.field("flags", &format!("ExceptionFlags::{flags}"));
        out.line("},");
        Ok(())
    })?;
    let challenge = match facts.get("signet_challenge").and_then(Value::as_str) {
        Some(script) => {
            format!("Some(&hex::<{}>({}))", script.len() / 2, quoted(script))
        }
        None => "None".to_owned(),
    };
    out.field("signet_challenge", &challenge);
    Ok(())
}

fn deployment(out: &mut Source, facts: &Table) -> Result<()> {
    let id = match text(facts, "name")? {
        "testdummy" => "TestDummy",
        "taproot" => "Taproot",
        other => bail!("unknown deployment {other}"),
    };
    let start = match facts.get("start_time") {
        Some(Value::String(when)) if when == "always_active" => "Always".to_owned(),
        Some(Value::String(when)) if when == "never_active" => "Never".to_owned(),
        Some(Value::Integer(_)) => format!("At({})", count(facts, "start_time")?),
        other => bail!("unknown start_time {other:?}"),
    };
    let timeout = match facts.get("timeout") {
        Some(Value::String(when)) if when == "no_timeout" => "None".to_owned(),
        Some(Value::Integer(_)) => format!("Some({})", count(facts, "timeout")?),
        other => bail!("unknown timeout {other:?}"),
    };
    out.line("Deployment {");
    out.field("id", &format!("DeploymentId::{id}"));
    out.field("bit", &count(facts, "bit")?);
    out.field("start", &format!("DeploymentStart::{start}"));
    out.field("timeout", &timeout);
    for key in ["min_activation_height", "threshold", "period"] {
        out.field(key, &count(facts, key)?);
    }
    out.line("},");
    Ok(())
}

fn knowledge(out: &mut Source, facts: &Table) -> Result<()> {
    out.field("min_chain_work", &hash("number", facts, "min_chain_work")?);
    if emit::is_zero(text(facts, "assume_valid")?) {
        out.field("assume_valid", "None");
    } else {
        out.line("assume_valid: Some(AssumeValid {");
        out.field("hash", &hash("block_hash", facts, "assume_valid")?);
        out.field("height", &count(facts, "assume_valid_height")?);
        out.line("}),");
    }
    out.tables(
        "assumeutxo",
        &emit::tables(facts, "assumeutxo")?,
        |out, snapshot| {
            out.line("AssumeUtxo {");
            out.field("height", &count(snapshot, "height")?);
            out.field("block", &hash("block_hash", snapshot, "block_hash")?);
            out.field(
                "hash_serialized",
                &hash("hash256", snapshot, "hash_serialized")?,
            );
            out.field("chain_tx_count", &count(snapshot, "chain_tx_count")?);
            out.line("},");
            Ok(())
        },
    )?;
    ensure!(
        emit::tables(facts, "checkpoints")?.is_empty(),
        "the tables know no checkpoints"
    );
    out.field("checkpoints", "&[]");
    for key in [
        "prune_after_height",
        "assumed_blockchain_size_gb",
        "assumed_chain_state_size_gb",
    ] {
        out.field(key, &count(facts, key)?);
    }
    out.line("headers_sync: HeadersSync {");
    out.field(
        "commitment_period",
        &count(facts, "headers_sync_commitment_period")?,
    );
    out.field(
        "redownload_buffer",
        &count(facts, "headers_sync_redownload_buffer")?,
    );
    out.line("},");
    out.line("tx_data: ChainTxData {");
    out.field("time", &count(facts, "tx_data_time")?);
    out.field("count", &count(facts, "tx_data_count")?);
    let rate = facts
        .get("tx_data_rate")
        .and_then(Value::as_float)
        .context("no tx_data_rate")?;
    out.field("rate", &format!("{rate:?}"));
    out.line("},");
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
        let Ok(facts) = fs::read_to_string(chains_toml(&root)) else {
            return;
        };
        let changed = facts.replace("target_timespan = 259200", "target_timespan = 259201");
        let (before, after) = (generate(&facts).unwrap(), generate(&changed).unwrap());
        assert_ne!(without_layout(&before[0].1), without_layout(&after[0].1));
        assert_eq!(before[1..], after[1..]);
        let broken = facts.replace("op_hash256 = \"groestl512d\"", "op_hash256 = \"sha256d\"");
        assert!(generate(&broken).is_err());
    }
}
