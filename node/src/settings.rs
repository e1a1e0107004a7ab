//! The options as the window's settings page sees and changes them.

use common::log::{self, LogOptions};
use common::options::{Config, Kind, OptionSpec, Program, Setting, Source, table};
use ipc_schema::{Fault, FaultCode, SetReply, SettingInfo, SettingKind};
use keys::descriptor::OutputType;
use serde_json::{Value, json};

use crate::rpc_server;
use crate::start_options::wire_source;

/// Every option that the settings page shows, with its value in force.
pub(crate) fn list(config: &Config) -> Vec<SettingInfo> {
    table::of(Program::Node)
        .filter_map(|spec| Some(info(config, spec, shown(spec)?)))
        .collect()
}

/// How the page shows an option; `None` where it does not. What has no effect is no choice.
fn shown(spec: &OptionSpec) -> Option<Setting> {
    spec.setting
        .filter(|_| !spec.sensitive && spec.inert.is_none())
}

fn info(config: &Config, spec: &OptionSpec, setting: Setting) -> SettingInfo {
    let source = config.source_of(spec.name);
    let stored = config.stored(spec.name);
    let default = spec.default_on(config.params()).unwrap_or_default();
    SettingInfo {
        name: spec.name.to_owned(),
        category: spec.category.heading().trim_end_matches(':').to_owned(),
        kind: match spec.kind {
            Kind::Bool => SettingKind::Bool,
            Kind::Int => SettingKind::Integer,
            Kind::Amount => SettingKind::Amount,
            Kind::Path => SettingKind::Path,
            Kind::List => SettingKind::List,
            Kind::Text | Kind::BoolOrText => SettingKind::Text,
        },
        value: value_in_force(config, spec).to_string(),
        source: wire_source(source),
        default: typed(spec.kind, &default).to_string(),
        overridden: stored.is_some() && matches!(source, Source::Forced | Source::CommandLine),
        stored: stored.map_or_else(String::new, |value| value.to_string()),
        help: spec.help_with_note(),
        needs_restart: setting.needs_restart,
        read_only: setting.read_only,
    }
}

fn value_in_force(config: &Config, spec: &OptionSpec) -> Value {
    match spec.kind {
        Kind::Bool => json!(config.get_bool(spec.name)),
        Kind::Int => json!(config.get_int(spec.name)),
        Kind::List => json!(config.get_list(spec.name)),
        Kind::Text | Kind::Path | Kind::Amount | Kind::BoolOrText => {
            json!(config.get_str(spec.name))
        }
    }
}

fn typed(kind: Kind, text: &str) -> Value {
    match kind {
        Kind::Bool => json!(!matches!(text, "" | "0")),
        Kind::Int => text
            .parse::<i64>()
            .map_or(Value::Null, |number| json!(number)),
        Kind::List => json!([]),
        Kind::Text | Kind::Path | Kind::Amount | Kind::BoolOrText => json!(text),
    }
}

/// Stores a value in `settings.json`, or takes it out. `pruned` says that old blocks were deleted.
pub(crate) fn set(
    config: &mut Config,
    name: &str,
    value: Option<&str>,
    pruned: bool,
) -> Result<SetReply, Fault> {
    let invalid = |text: String| Fault::new(FaultCode::InvalidArgument, text);
    let (spec, setting) = table::find(Program::Node, name)
        .and_then(|spec| Some((spec, shown(spec)?)))
        .ok_or_else(|| invalid(format!("There is no setting named {name}.")))?;
    if setting.read_only {
        return Err(invalid(format!(
            "{name} is chosen when the program starts, so it cannot be stored here. Start with -{name}=<value> instead."
        )));
    }
    let value = value
        .map(|text| {
            let value: Value = serde_json::from_str(text)
                .map_err(|_| invalid(format!("The value of {name} is no JSON: {text}.")))?;
            check(spec, &value).map_err(invalid)?;
            Ok::<_, Fault>(value)
        })
        .transpose()?;
    let before = config.stored(name);
    if let Some(fault) = refusal(&config.at_next_start(name, value.clone()))
        && refusal(&config.at_next_start(name, before.clone())).is_none()
    {
        return Err(invalid(fault));
    }
    let keeps_all = |config: &Config| config.get_int("prune") == 0;
    if pruned
        && keeps_all(&config.at_next_start(name, value.clone()))
        && !keeps_all(&config.at_next_start(name, before.clone()))
    {
        return Err(invalid(format!("{}.", chain::StartError::WasPruned)));
    }
    config.set_persistent(name, value);
    if let Err(error) = config.write_settings() {
        config.set_persistent(name, before);
        return Err(Fault::new(FaultCode::Failed, error.to_string()));
    }
    if let (Some(logger), Ok(options)) = (log::installed(), LogOptions::from_config(config))
        && matches!(name, "debug" | "debugexclude")
    {
        logger.select(&options);
    }
    Ok(SetReply {
        needs_restart: setting.needs_restart,
    })
}

/// Why node or wallet would not start with these settings.
fn refusal(config: &Config) -> Option<String> {
    if let Err(error) = config.check_values() {
        return Some(error.to_string());
    }
    if let Err(error) = LogOptions::from_config(config) {
        return Some(error.to_string());
    }
    if let Err(error) = rpc_server::allowed(config) {
        return Some(error);
    }
    for name in ["addresstype", "changetype"] {
        let text = config.opt_str(name).unwrap_or_default();
        if !text.is_empty() && OutputType::from_name(&text).is_none() {
            return Some(format!(
                "-{name} cannot be '{text}': the types are legacy, p2sh-segwit, bech32 and bech32m."
            ));
        }
    }
    None
}

/// The text of a start that failed; says where to look if what `settings.json` holds is the cause.
pub(crate) fn with_place(config: &Config, text: &str) -> String {
    let caused = refusal(config).is_some()
        && config
            .without_settings_file()
            .is_some_and(|other| refusal(&other).is_none());
    match config.settings_path().filter(|_| caused) {
        Some(path) => format!(
            "{text}\nThe value stands in the settings file {}. Take it out there, or start with -nosettings.",
            path.display()
        ),
        None => text.to_owned(),
    }
}

/// Notes in `settings.json` whether a wallet is opened at every start (Core's `UpdateWalletSetting`).
pub(crate) fn load_on_startup(config: &mut Config, wallet: &str, load: bool) -> Result<(), Fault> {
    let before = config.stored("wallet");
    let mut names: Vec<Value> = match &before {
        Some(Value::Array(names)) => names.clone(),
        Some(name @ Value::String(_)) => vec![name.clone()],
        _ => Vec::new(),
    };
    let known = names.iter().any(|name| name == wallet);
    if known == load {
        return Ok(());
    }
    if load {
        names.push(json!(wallet));
    } else {
        names.retain(|name| name != wallet);
    }
    config.set_persistent("wallet", Some(Value::Array(names)));
    if let Err(error) = config.write_settings() {
        config.set_persistent("wallet", before);
        return Err(Fault::new(FaultCode::Io, error.to_string()));
    }
    Ok(())
}

/// Refuses what the next start would refuse or misread.
fn check(spec: &OptionSpec, value: &Value) -> Result<(), String> {
    let name = spec.name;
    match (spec.kind, value) {
        (Kind::Bool, Value::Bool(_))
        | (Kind::Text | Kind::Path | Kind::BoolOrText, Value::String(_))
        | (Kind::BoolOrText, Value::Bool(_)) => Ok(()),
        (Kind::Int, Value::Number(number)) => match (number.as_i64(), spec.range) {
            (None, _) => Err(format!("{name} takes a whole number.")),
            (Some(n), Some((low, high))) if !(low..=high).contains(&n) => {
                Err(format!("{name} takes a number from {low} to {high}."))
            }
            _ => Ok(()),
        },
        (Kind::Amount, Value::String(text)) => primitives::Amount::parse_coins(text)
            .map(drop)
            .map_err(|error| format!("{name}: {text} is {error}.")),
        (Kind::List, Value::Array(items)) if items.iter().all(Value::is_string) => Ok(()),
        _ => Err(format!("{name} takes another kind of value than {value}.")),
    }
}

#[cfg(test)]
mod tests;
