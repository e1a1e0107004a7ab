//! The table of one network of one coin.

use anyhow::{Context, Result, bail, ensure};
use toml::{Table, Value};

use super::deviations;
use super::emit::{self, Source, count, flag, hash, quoted, table, text};

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

/// What names one table.
pub(super) struct Names<'a> {
    pub(super) coin: &'a str,
    pub(super) coin_variant: &'a str,
    pub(super) network: &'a str,
    pub(super) network_variant: &'a str,
    /// The constant with the genesis block.
    pub(super) block: String,
}

pub(super) fn network_source(
    out: &mut Source,
    names: &Names,
    coin: &Table,
    facts: &Table,
) -> Result<()> {
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
    out.field(
        "mining_pace",
        &deviations::mining_pace(names.coin, names.network),
    );
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
