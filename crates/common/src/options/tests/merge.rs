//! Which source wins.

use primitives::{Coin, Network};

use super::{Home, error_of};
use crate::options::{Config, Source};

fn settings_json(home: &Home, text: &str) {
    home.write("regtest/settings.json", text);
}

/// Each row adds a source above those before it.
#[test]
fn sources_from_weakest_to_strongest() {
    let home = Home::new("");
    let load = |home: &Home, args: &[&str]| {
        let mut all = vec!["-regtest"];
        all.extend(args);
        home.load(&all).unwrap()
    };
    let of = |config: &Config| (config.get_int("maxmempool"), config.source_of("maxmempool"));
    assert_eq!(of(&load(&home, &[])), (300, Source::Default));
    home.write(super::conf_name(), "maxmempool=11\n");
    assert_eq!(of(&load(&home, &[])), (11, Source::ConfigDefault));
    home.write(
        super::conf_name(),
        "maxmempool=11\n[regtest]\nmaxmempool=12\n",
    );
    assert_eq!(of(&load(&home, &[])), (12, Source::ConfigSection));
    settings_json(&home, r#"{"maxmempool": "13"}"#);
    assert_eq!(of(&load(&home, &[])), (13, Source::SettingsFile));
    assert_eq!(
        of(&load(&home, &["-maxmempool=14"])),
        (14, Source::CommandLine)
    );
    let mut config = load(&home, &["-maxmempool=14"]);
    config.force_set("maxmempool", "15");
    assert_eq!(of(&config), (15, Source::Forced));
    assert_eq!(config.persistent("maxmempool"), Some("13".into()));
    assert!(!config.soft_set("maxmempool", "16"));
}

#[test]
fn the_first_value_in_a_file_wins_and_the_last_on_the_command_line() {
    let home = Home::new("regtest=1\nrpcthreads=1\nrpcthreads=2\n");
    assert_eq!(home.load(&[]).unwrap().get_int("rpcthreads"), 1);
    assert_eq!(
        home.load(&["-rpcthreads=3", "-rpcthreads=4"])
            .unwrap()
            .get_int("rpcthreads"),
        4
    );
}

/// A negation in the file hides what stands before it.
#[test]
fn negation_inside_a_file() {
    for (conf, value) in [
        ("rpcthreads=1\nnorpcthreads=1\n", 0),
        ("norpcthreads=1\nrpcthreads=1\nrpcthreads=2\n", 1),
        ("rpcthreads=5\nnorpcthreads=1\nrpcthreads=6\n", 6),
    ] {
        let home = Home::new(&format!("regtest=1\n[regtest]\n{conf}"));
        assert_eq!(
            home.load(&[]).unwrap().get_int("rpcthreads"),
            value,
            "{conf}"
        );
    }
}

/// Lists join sources; a negation cuts, unless the command line goes on after it.
#[test]
fn lists() {
    let home = Home::new("uacomment=a\n[regtest]\nuacomment=b\n");
    let list = |args: &[&str]| {
        let mut all = vec!["-regtest"];
        all.extend(args);
        home.load(&all).unwrap().get_list("uacomment")
    };
    assert_eq!(list(&[]), ["b", "a"]);
    assert_eq!(
        list(&["-uacomment=c", "-uacomment=d"]),
        ["c", "d", "b", "a"]
    );
    assert_eq!(list(&["-nouacomment"]), [""; 0]);
    assert_eq!(list(&["-uacomment=c", "-nouacomment"]), [""; 0]);
    assert_eq!(
        list(&["-uacomment=c", "-nouacomment", "-uacomment=d"]),
        ["d", "b", "a"]
    );
    home.write("regtest/settings.json", r#"{"uacomment": ["s", "t"]}"#);
    assert_eq!(list(&["-uacomment=c"]), ["c", "s", "t", "b", "a"]);
}

/// Off the main network a network-only option counts in its section only, but its negation everywhere.
#[test]
fn network_only_options() {
    let port = |conf: &str, args: &[&str]| {
        let home = Home::new(conf);
        let config = home.load(args).unwrap();
        config.opt_str("port")
    };
    assert_eq!(port("port=1\n", &[]).as_deref(), Some("1"));
    assert_eq!(port("port=1\n", &["-regtest"]), None);
    assert_eq!(
        port("port=1\n[regtest]\nport=2\n", &["-regtest"]).as_deref(),
        Some("2")
    );
    assert_eq!(
        port("regtest.port=2\n", &["-regtest"]).as_deref(),
        Some("2")
    );
    assert_eq!(port("[test]\nport=2\n", &["-regtest"]), None);
    assert_eq!(port("noport=1\n", &["-regtest"]).as_deref(), Some("0"));
    assert_eq!(port("[main]\nport=3\n", &[]).as_deref(), Some("3"));
}

#[test]
fn choosing_the_chain() {
    for (conf, args, network) in [
        ("", &[][..], Network::Main),
        ("", &["-regtest"], Network::Regtest),
        ("", &["-regtest=0"], Network::Main),
        ("", &["-testnet"], Network::Test),
        ("", &["-testnet4"], Network::Testnet4),
        ("", &["-signet"], Network::Signet),
        ("", &["-chain=signet"], Network::Signet),
        ("regtest=1\n", &[], Network::Regtest),
        ("chain=test\n", &[], Network::Test),
        // A negation on the command line does not reach the file.
        ("regtest=1\n", &["-noregtest"], Network::Regtest),
        // A value does.
        ("regtest=1\n", &["-regtest=0"], Network::Main),
        // The last counts here, in files too.
        ("regtest=0\nregtest=1\n", &[], Network::Regtest),
        // A section does not choose.
        ("[regtest]\nregtest=1\n", &[], Network::Main),
    ] {
        let config = Home::new(conf).load(args).unwrap();
        assert_eq!(config.params().network, network, "{conf:?} {args:?}");
    }
}

#[test]
fn two_chains_or_an_unknown_one_are_refused() {
    let several = "Invalid combination of -regtest, -signet, -testnet, -testnet4 and -chain. Can use at most one.";
    for args in [
        &["-regtest", "-testnet"][..],
        &["-regtest", "-chain=regtest"],
    ] {
        assert_eq!(error_of(Home::new("").load(args)), several);
    }
    assert_eq!(
        error_of(Home::new("signet=1\n").load(&["-regtest"])),
        several
    );
    assert_eq!(
        error_of(Home::new("").load(&["-chain=moon"])),
        "Unknown chain moon."
    );
}

#[test]
fn the_coin_is_chosen_on_the_command_line_only() {
    for coin in Coin::ALL {
        let config = Home::new("")
            .load(&[&format!("-coin={}", coin.id())])
            .unwrap();
        assert_eq!(config.params().coin, coin);
    }
    let error = error_of(Home::new("").load(&["-coin=moon"]));
    assert!(
        error.starts_with("Unknown coin 'moon'. Possible values: "),
        "{error}"
    );
    let conf = format!("coin={}\n", Coin::default().id());
    assert_eq!(
        error_of(Home::new(&conf).load(&[])),
        "Error reading configuration file: coin cannot be set in a file; it is a command line option only"
    );
    let home = Home::new("");
    let path = home.write("settings.json", r#"{"coin": "x"}"#);
    assert_eq!(
        error_of(home.load(&[])),
        format!(
            "Settings file could not be read:\n- {}: coin cannot be set in a file; it is a command line option only",
            path.display()
        )
    );
}
