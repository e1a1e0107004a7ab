//! The options as the window's settings page sees and changes them.

use common::options::{Config, Kind, OptionSpec, Program, Source, table};
use ipc_schema::{Fault, FaultCode, SetReply, SettingInfo, SettingKind};
use serde_json::{Value, json};

use crate::start_options::wire_source;

/// Every option that the settings page shows, with its value in force.
pub(crate) fn list(config: &Config) -> Vec<SettingInfo> {
    table::of(Program::Node)
        .filter(|spec| spec.setting.is_some() && !spec.sensitive)
        .map(|spec| info(config, spec))
        .collect()
}

fn info(config: &Config, spec: &OptionSpec) -> SettingInfo {
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
        help: spec.help.to_owned(),
        needs_restart: spec.setting.is_some_and(|setting| setting.needs_restart),
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

/// Stores a value in `settings.json`, or takes it out.
pub(crate) fn set(config: &mut Config, name: &str, value: Option<&str>) -> Result<SetReply, Fault> {
    let invalid = |text: String| Fault::new(FaultCode::InvalidArgument, text);
    let spec = table::find(Program::Node, name)
        .filter(|spec| spec.setting.is_some() && !spec.sensitive)
        .ok_or_else(|| invalid(format!("There is no setting named {name}.")))?;
    let value = value
        .map(|text| {
            let value: Value = serde_json::from_str(text)
                .map_err(|_| invalid(format!("The value of {name} is no JSON: {text}.")))?;
            check(spec, &value).map_err(invalid)?;
            Ok::<_, Fault>(value)
        })
        .transpose()?;
    let before = config.stored(name);
    config.set_persistent(name, value);
    if let Err(error) = config.write_settings() {
        config.set_persistent(name, before);
        return Err(Fault::new(FaultCode::Failed, error.to_string()));
    }
    let needs_restart = spec.setting.is_some_and(|setting| setting.needs_restart);
    Ok(SetReply { needs_restart })
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
