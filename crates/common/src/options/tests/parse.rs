//! The command line.

use super::{OsString, Program, command_line, error_of, plain};
use crate::options::{CommandLine, child_descriptor};

#[test]
fn one_and_two_dashes_mean_the_same_and_the_last_value_wins() {
    let config = plain(&["-rpcthreads=2", "--rpcthreads=3"]);
    assert_eq!(config.get_int("rpcthreads"), 3);
    assert_eq!(plain(&["--server"]).opt_str("server").as_deref(), Some(""));
}

/// How spellings of a switch read: text, truth, negated.
#[test]
fn spellings_of_a_switch() {
    for (arg, text, truth, negated) in [
        ("-listen", "", true, false),
        ("-listen=1", "1", true, false),
        ("-listen=0", "0", false, false),
        ("-listen=", "", true, false),
        ("-listen=false", "false", false, false),
        ("-listen=true", "true", false, false),
        ("-listen=2x", "2x", true, false),
        ("-nolisten", "0", false, true),
        ("-nolisten=1", "0", false, true),
        ("-nolisten=", "0", false, true),
        ("-nolisten=0", "1", true, false),
        ("-nolisten=foo", "1", true, false),
    ] {
        let config = plain(&[arg]);
        assert_eq!(config.opt_str("listen").as_deref(), Some(text), "{arg}");
        assert_eq!(config.get_bool("listen"), truth, "{arg}");
        assert_eq!(config.is_negated("listen"), negated, "{arg}");
        assert!(config.is_set("listen"), "{arg}");
    }
}

#[test]
fn a_double_negative_warns() {
    let mut config = plain(&["-nolisten=0"]);
    let notices = format!("{:?}", config.take_notices());
    assert!(
        notices.contains("Parsed potentially confusing double-negative -listen=0"),
        "{notices}"
    );
    let mut config = plain(&["-norpcpassword=0"]);
    assert!(!format!("{:?}", config.take_notices()).contains("=0"));
}

/// Numbers as C reads them: leading digits count, and what does not fit is cut to the nearest.
#[test]
fn numbers() {
    for (text, value) in [
        ("12", 12),
        (" 12", 12),
        ("+12", 12),
        ("-12", -12),
        ("12abc", 12),
        ("abc", 0),
        ("", 0),
        ("+-12", 0),
        ("9223372036854775808", i64::MAX),
        ("-99999999999999999999", i64::MIN),
    ] {
        let config = plain(&[&format!("-par={text}")]);
        assert_eq!(config.get_int("par"), value, "{text:?}");
    }
    assert_eq!(plain(&["-nopar"]).get_int("par"), 0);
    assert_eq!(plain(&[]).get_int("maxmempool"), 300);
}

#[test]
fn refusals_in_the_words_of_core() {
    for (args, text) in [
        (&["-dash_cli=1"][..], "Invalid parameter -dash_cli=1"),
        (&["-fakearg"], "Invalid parameter -fakearg"),
        (&["--fakearg"], "Invalid parameter --fakearg"),
        (&["-regtest.port=1"], "Invalid parameter -regtest.port=1"),
        (&["-ipcfd", "3"], "Invalid parameter -ipcfd"),
        (&["-rpcconnect=x"], "Invalid parameter -rpcconnect=x"),
        (
            &["-proxy"],
            "Can not set -proxy with no value. Please specify value with -proxy=value.",
        ),
        (
            &["-nodatadir"],
            "Negating of -datadir is meaningless and therefore forbidden",
        ),
        (
            &["-includeconf=x", "-includeconf=y"],
            "-includeconf cannot be used from commandline; -includeconf=\"x\"",
        ),
    ] {
        let error = error_of(command_line(Program::Node, args));
        assert_eq!(
            error,
            format!("Error parsing command line arguments: {text}")
        );
    }
    assert!(command_line(Program::Node, &["-noincludeconf"]).is_ok());
    assert!(command_line(Program::Daemon, &["-ipcbind=unix"]).is_err());
    assert!(command_line(Program::Node, &["-ipcbind=unix"]).is_ok());
}

#[test]
fn an_argument_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    let args = [
        OsString::from("prog"),
        OsString::from_vec(b"-datadir=\xff".to_vec()),
    ];
    assert!(CommandLine::parse(Program::Node, args).is_err());
}

#[test]
fn words_end_the_options() {
    let line = command_line(Program::Cli, &["-named", "getblock", "-x", "--y"]).unwrap();
    assert_eq!(line.words(), ["getblock", "-x", "--y"]);
    let line = command_line(Program::Cli, &["-named", "-", "-fakearg"]).unwrap();
    assert!(line.words().is_empty());
}

#[test]
fn a_tool_with_a_list_of_commands_refuses_others() {
    let error = error_of(command_line(Program::Wallet, &["infos"]));
    assert_eq!(
        error,
        "Error parsing command line arguments: Invalid command 'infos'"
    );
    let line = command_line(Program::Wallet, &["-wallet=w", "info", "x"]).unwrap();
    assert_eq!(line.words(), ["info", "x"]);
}

#[test]
fn pages_are_asked_for_in_four_ways() {
    for arg in ["-?", "-h", "-help", "--help", "-help-debug"] {
        assert!(
            command_line(Program::Node, &[arg]).unwrap().wants_help(),
            "{arg}"
        );
    }
    assert!(
        command_line(Program::Node, &["-help-debug"])
            .unwrap()
            .wants_debug_help()
    );
    assert!(
        command_line(Program::Node, &["-version"])
            .unwrap()
            .wants_version()
    );
    assert!(
        !command_line(Program::Node, &["-version=0"])
            .unwrap()
            .wants_version()
    );
    assert_eq!(
        command_line(Program::Node, &[]).unwrap().program_name(),
        "prog"
    );
}

#[test]
fn a_child_is_told_by_exactly_two_arguments() {
    let of = |args: &[&str]| {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        child_descriptor(&args)
    };
    assert_eq!(of(&["p", "-ipcfd", "7"]).unwrap(), Some(7));
    assert_eq!(of(&["p", "-ipcfd"]).unwrap(), None);
    assert_eq!(of(&["p", "-ipcfd", "7", "-x"]).unwrap(), None);
    assert_eq!(of(&["p", "-x", "7"]).unwrap(), None);
    assert!(error_of(of(&["p", "-ipcfd", "x"])).starts_with("Invalid -ipcfd number 'x' ("));
}
