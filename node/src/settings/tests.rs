//! What the settings page stores, against the next start.

use std::ffi::OsString;
use std::path::Path;

use common::options::CommandLine;
use ipc_schema::FaultCode;

use super::*;

/// Values of every kind, of which each option refuses most.
const VALUES: [&str; 24] = [
    "true",
    "false",
    "0",
    "1",
    "5",
    "-1",
    "100000",
    "9223372036854775807",
    "\"\"",
    "\"0\"",
    "\"5\"",
    "\"-1\"",
    "\"0.0001\"",
    "\"zz\"",
    "\"bitcoin\"",
    "\"bech32\"",
    "\"127.0.0.1\"",
    "[]",
    "[\"zz\"]",
    "[\"net\"]",
    "[\"0\"]",
    "[\"127.0.0.1\", \"127.0.0.1:99999\"]",
    "[5]",
    "null",
];

fn load(folder: &Path, more: &[&str]) -> Config {
    let datadir = format!("-datadir={}", folder.display());
    let fixed = ["bitq-node", "-coin=bitcoin", "-regtest", &datadir];
    let args = fixed.iter().chain(more).map(OsString::from);
    let command_line = CommandLine::parse(Program::Node, args).unwrap();
    Config::load(command_line).unwrap()
}

/// The whole start as far as settings can end it.
fn start(folder: &Path, more: &[&str]) -> Result<Config, String> {
    let mut config = load(folder, more);
    config.apply_interactions();
    config.check().map_err(|error| error.to_string())?;
    refusal(&config).map_or(Ok(config), Err)
}

fn refused(config: &mut Config, name: &str, value: &str) -> String {
    let fault = set(config, name, Some(value), false).unwrap_err();
    assert_eq!(fault.code, FaultCode::InvalidArgument);
    fault.message
}

#[test]
fn every_setting_is_refused_or_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut accepted = 0;
    for name in list(&load(folder.path(), &[]))
        .iter()
        .map(|info| &info.name)
    {
        for text in VALUES {
            let mut config = load(folder.path(), &[]);
            let shown = list(&config).into_iter().find(|info| info.name == *name);
            let result = set(&mut config, name, Some(text), false);
            assert!(
                result.is_err() || !shown.unwrap().read_only,
                "{name} took {text}"
            );
            let next = start(folder.path(), &[]).unwrap_or_else(|error| {
                panic!("{name}={text} was stored and stops the next start: {error}")
            });
            let want = result.is_ok().then(|| serde_json::from_str(text).unwrap());
            assert_eq!(next.stored(name), want, "{name}={text}");
            accepted += usize::from(result.is_ok());
            set(&mut config, name, None, false).unwrap_or_else(|fault| {
                assert!(result.is_err(), "{name} cannot be taken back: {fault:?}");
                SetReply::default()
            });
        }
    }
    assert!(accepted > 30, "only {accepted} values were accepted");
}

#[test]
fn what_the_start_chooses_is_shown_and_cannot_be_stored() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = load(folder.path(), &[]);
    for name in ["coin", "chain", "datadir", "blocksdir"] {
        let shown = list(&config).into_iter().find(|info| info.name == name);
        assert!(shown.unwrap().read_only, "{name}");
        let text = refused(&mut config, name, "\"bitcoin\"");
        assert!(text.contains("chosen when the program starts"), "{text}");
        assert!(text.contains(&format!("-{name}=<value>")), "{text}");
    }
}

#[test]
fn what_has_no_effect_is_no_setting() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = load(folder.path(), &[]);
    for name in ["proxy", "onlynet", "privatebroadcast"] {
        assert!(list(&config).iter().all(|info| info.name != name), "{name}");
        let text = refused(&mut config, name, "\"0\"");
        assert_eq!(text, format!("There is no setting named {name}."));
    }
}

#[test]
fn pruning_is_not_switched_off_once_blocks_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = load(folder.path(), &[]);
    set(&mut config, "prune", Some("600"), true).unwrap();
    for value in [Some("0"), None] {
        let fault = set(&mut config, "prune", value, true).unwrap_err();
        assert!(fault.message.contains("-reindex"), "{}", fault.message);
        assert_eq!(config.stored("prune"), Some(serde_json::json!(600)));
    }
    set(&mut config, "prune", Some("1"), true).unwrap();
    // All blocks are still there.
    set(&mut config, "prune", None, false).unwrap();
}

#[test]
fn a_value_behind_the_command_line_is_checked_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = load(folder.path(), &["-addresstype=legacy"]);
    let text = refused(&mut config, "addresstype", "\"zz\"");
    assert!(text.contains("-addresstype cannot be 'zz'"), "{text}");
    assert_eq!(config.stored("addresstype"), None);
    start(folder.path(), &[]).unwrap();
}

#[test]
fn a_start_that_stored_values_stop_names_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("regtest/settings.json");
    std::fs::create_dir(folder.path().join("regtest")).unwrap();
    std::fs::write(&path, "{\"prune\": 5}").unwrap();
    let config = load(folder.path(), &[]);
    let text = with_place(&config, "Prune is too small.");
    assert!(text.starts_with("Prune is too small.\n"), "{text}");
    assert!(text.contains(&path.display().to_string()), "{text}");
    // The command line is at fault here, whatever the file holds.
    std::fs::write(&path, "{\"par\": 2}").unwrap();
    let config = load(folder.path(), &["-prune=5"]);
    assert_eq!(with_place(&config, "No."), "No.");
}
