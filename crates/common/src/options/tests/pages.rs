//! The table itself, and what is made from it.

use std::collections::HashSet;

use primitives::Coin;

use super::{Home, Program, plain};
use crate::log;
use crate::options::{Category, Config, Kind, Source, help_page, table, version_page};

#[test]
fn no_program_has_two_entries_of_a_name() {
    for program in Program::ALL {
        let mut names = HashSet::new();
        for spec in table::of(program) {
            let word = spec.category == Category::Command;
            assert!(names.insert((spec.name, word)), "{program:?} {}", spec.name);
        }
    }
}

#[test]
fn names_can_be_written() {
    for spec in table::all().filter(|spec| spec.category != Category::Command) {
        assert!(
            !spec.name.starts_with("no"),
            "{} reads as a negation",
            spec.name
        );
        assert!(!spec.name.contains(['.', '=', ' ']), "{}", spec.name);
        assert!(
            !spec.help.is_empty() && !spec.help.ends_with('.'),
            "{}",
            spec.name
        );
        assert!(
            spec.arg.is_empty() || spec.arg.starts_with('='),
            "{}",
            spec.name
        );
    }
}

/// Defaults are of the kind of their option on every chain.
#[test]
fn defaults_can_be_read() {
    for params in primitives::ChainParams::all() {
        for spec in table::all() {
            let Some(text) = spec.default_on(params) else {
                continue;
            };
            let good = match spec.kind {
                Kind::Bool => text == "0" || text == "1",
                Kind::Int => text.parse::<i64>().is_ok(),
                Kind::Amount => primitives::Amount::parse_coins(&text).is_ok(),
                _ => true,
            };
            assert!(good, "-{} has the default {text:?}", spec.name);
            if let (Some((low, high)), Ok(number)) = (spec.range, text.parse::<i64>()) {
                assert!((low..=high).contains(&number), "-{}", spec.name);
            }
        }
    }
}

#[test]
fn help_names_every_option_that_is_not_hidden() {
    for program in Program::ALL {
        let page = help_page(program, "prog", Coin::default(), false);
        let debug_page = help_page(program, "prog", Coin::default(), true);
        assert!(page.lines().next().unwrap().ends_with("prog"));
        for spec in table::of(program) {
            let dash = if spec.category == Category::Command {
                ""
            } else {
                "-"
            };
            let line = format!("  {dash}{}{}", spec.name, spec.arg);
            let has = |page: &str| page.lines().any(|shown| shown == line);
            assert_eq!(has(&page), !spec.hidden && !spec.debug_only, "{line}");
            assert_eq!(has(&debug_page), !spec.hidden, "{line}");
        }
    }
    let page = help_page(Program::Node, "prog", Coin::default(), false);
    assert!(page.contains("Options:\n"));
    let port = page
        .split("  -rpcport=<port>\n")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    assert!(
        port.contains("default: ") && port.contains("regtest: "),
        "{port}"
    );
    assert!(
        page.lines()
            .all(|line| line.chars().count() <= 79 || !line.trim().contains(' '))
    );
}

#[test]
fn help_says_which_options_are_without_effect() {
    let page = help_page(Program::Node, "prog", Coin::default(), true);
    let entry = |name: &str| {
        let start = page.find(&format!("\n  -{name}")).unwrap();
        let text = page[start..].split("\n\n").next().unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let shown = table::inert().filter(|(spec, _)| spec.programs.contains(Program::Node));
    for (spec, reason) in shown.filter(|(spec, _)| !spec.hidden) {
        let note = format!("(without effect: {reason})");
        assert!(entry(spec.name).ends_with(&note), "{}", entry(spec.name));
        assert!(spec.help_with_note().ends_with(&note));
    }
    assert!(entry("rest").contains("(without effect: "));
    assert!(!entry("prune=<n>").contains("without effect"));
}

#[test]
fn help_names_every_log_category() {
    let spec = table::find_any("debug").unwrap();
    let names = log::Category::names().join(", ");
    assert!(spec.help.ends_with(&format!("Categories: {names}")));
}

#[test]
fn version_ends_with_the_name_it_was_called_by() {
    let page = version_page(Program::Node, "somenode");
    let first = page.lines().next().unwrap();
    assert!(first.contains("version"));
    assert_eq!(first.split(' ').next_back(), Some("somenode"));
}

#[test]
fn the_log_lists_settings_without_secrets() {
    let home = Home::new("regtest=1\nrpcpassword=secretfile\n[regtest]\nserver=1\nsettings=0\n");
    home.write(
        "regtest/settings.json",
        r#"{"rpcuser": "secretjson", "par": 2}"#,
    );
    let config = home
        .load(&[
            "-addnode=some.node",
            "-rpcauth=secretauth",
            "-rpcpassword=",
            "-rpcuser=secretuser",
            "-torpassword=secrettor",
            "-rpcbind=127.0.0.1",
            "-settings=settings.json",
            "-nodns",
        ])
        .unwrap();
    let lines = config.log_lines();
    for line in [
        "Config file arg: regtest=\"1\"",
        "Config file arg: rpcpassword=****",
        "Config file arg: [regtest] server=\"1\"",
        "Setting file arg: rpcuser = ****",
        "Setting file arg: par = 2",
        "Command-line arg: addnode=\"some.node\"",
        "Command-line arg: rpcauth=****",
        "Command-line arg: rpcpassword=****",
        "Command-line arg: rpcuser=****",
        "Command-line arg: torpassword=****",
        "Command-line arg: rpcbind=\"127.0.0.1\"",
        "Command-line arg: dns=false",
    ] {
        assert!(
            lines.iter().any(|found| found == line),
            "{line} in {lines:#?}"
        );
    }
    assert!(!lines.join("\n").contains("secret"));
    assert!(!format!("{config:?}").contains("secret"));
    let places = config.place_lines();
    let dir = home.path().join("regtest");
    assert!(
        places.contains(&format!("Using data directory {}", dir.display())),
        "{places:?}"
    );
}

#[test]
fn options_without_effect_are_named_when_someone_asks_for_them() {
    let lines = plain(&[
        "-daemonwait",
        "-txindex=0",
        "-connect=0",
        "-nodnsseed",
        "-rest",
    ])
    .inert_lines();
    let names: Vec<_> = lines
        .iter()
        .map(|line| line.split(' ').nth(1).unwrap())
        .collect();
    assert_eq!(names, ["-daemonwait", "-rest"]);
    assert_eq!(
        lines[1],
        "Option -rest is set but has no effect: this version has no REST interface."
    );
    // What a rule sets nobody asked for.
    let mut config = plain(&["-connect=0"]);
    config.apply_interactions();
    assert_eq!(config.inert_lines(), [""; 0]);
}

#[test]
fn a_child_has_the_same_settings() {
    let home = Home::new(
        "regtest=1\nrpcpassword=secret\nport=3\n[regtest]\nwallet=a\nkeypool=5\nport=4\n",
    );
    home.write(
        "regtest/settings.json",
        r#"{"mintxfee": "0.5", "wallet": ["b"], "chain": "main", "datadir": "/nowhere"}"#,
    );
    let mut parent = home
        .load(&["-nodns", "-walletdir=x/y", "-debug=net", "-rpcthreads=3"])
        .unwrap();
    parent.apply_interactions();
    let snapshot = parent.snapshot_for(Program::Node);
    let child = Config::from_snapshot(Program::Node, "child", &snapshot).unwrap();
    let chosen_before = |name: &str| matches!(name, "chain" | "datadir");
    for spec in table::of(Program::Node).filter(|spec| !chosen_before(spec.name)) {
        assert_eq!(
            child.opt_str(spec.name),
            parent.opt_str(spec.name),
            "{}",
            spec.name
        );
        assert_eq!(
            child.get_list(spec.name),
            parent.get_list(spec.name),
            "{}",
            spec.name
        );
        assert_eq!(
            child.source_of(spec.name),
            parent.source_of(spec.name),
            "{}",
            spec.name
        );
    }
    assert_eq!(child.network_dir(), parent.network_dir());
    assert_eq!(child.config_file(), parent.config_file());
    assert_eq!(child.source_of("rpcthreads"), Source::CommandLine);
    assert_eq!(child.program_name(), "child");
}

#[test]
fn a_wallet_is_not_told_the_secrets_of_the_node() {
    let home = Home::new("regtest=1\nrpcpassword=secret1\n[regtest]\nrpcauth=secret2\nwallet=w\n");
    let parent = home
        .load(&["-rpcuser=secret3", "-torpassword=secret4", "-rpcthreads=3"])
        .unwrap();
    let snapshot = parent.snapshot_for(Program::Wallet);
    let all: Vec<String> = snapshot
        .layers
        .iter()
        .flat_map(|layer| &layer.options)
        .flat_map(|(name, values)| std::iter::once(name).chain(values))
        .cloned()
        .collect();
    assert!(!all.iter().any(|text| text.contains("secret")), "{all:?}");
    assert!(!all.iter().any(|text| text == "rpcthreads"));
    let wallet = Config::from_snapshot(Program::Wallet, "w", &snapshot).unwrap();
    assert_eq!(wallet.get_list("wallet"), ["w"]);
    assert_eq!(wallet.params().network, primitives::Network::Regtest);
    assert_eq!(wallet.network_dir(), home.path().join("regtest"));
}

#[test]
fn a_parent_that_sends_nonsense_is_refused() {
    let home = Home::new("");
    let mut snapshot = home
        .load(&["-regtest", "-par=1"])
        .unwrap()
        .snapshot_for(Program::Node);
    for layer in &mut snapshot.layers {
        for (_, values) in &mut layer.options {
            values.push("{broken".to_owned());
        }
    }
    let error = super::error_of(Config::from_snapshot(Program::Node, "n", &snapshot));
    assert!(
        error.starts_with("The settings handed over by the parent process cannot be read: -"),
        "{error}"
    );
}
