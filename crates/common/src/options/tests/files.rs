//! Configuration files, `settings.json`, directories.

use std::fs;

use primitives::{ChainParams, Coin, Network};
use serde_json::Value;

use super::{Home, Program, command_line, conf_name, error_of, mode};
use crate::options::{Config, Notice, OptionsError};

fn notices(config: &mut Config) -> Vec<Notice> {
    config.take_notices()
}

#[test]
fn lines_that_cannot_stand_in_the_file() {
    for (conf, text) in [
        ("garbage\n", "parse error on line 1: garbage"),
        (
            "-dash=1\n",
            "parse error on line 1: -dash=1, options in configuration file must be specified without leading -",
        ),
        (
            "nono\n",
            "parse error on line 1: nono, if you intended to specify a negated option, use nono=1 instead",
        ),
        (
            "server=1\nrpcuser=someuser\nrpcpassword=some#pass",
            "parse error on line 3, using # in rpcpassword can be ambiguous and should be avoided",
        ),
        (
            "server=1\nrpcuser=someuser\nmain.rpcpassword=some#pass",
            "parse error on line 3, using # in rpcpassword can be ambiguous and should be avoided",
        ),
        (
            "server=1\nrpcuser=someuser\n[main]\nrpcpassword=some#pass",
            "parse error on line 4, using # in rpcpassword can be ambiguous and should be avoided",
        ),
        (
            "conf=some.conf\n",
            "conf cannot be set in the configuration file; use includeconf= if you want to include additional config \
             files",
        ),
        (
            "nodatadir=1\n",
            "Negating of -datadir is meaningless and therefore forbidden",
        ),
        (
            "datadir=/nowhere\n",
            "specified data directory \"/nowhere\" does not exist.",
        ),
        (
            "includeconf=none.conf\n",
            "Failed to include configuration file none.conf",
        ),
    ] {
        let home = Home::new(conf);
        // `datadir` on the command line would hide the one in the file.
        let args = match conf.contains("datadir") {
            true => vec![format!("-conf={}", home.path().join(conf_name()).display())],
            false => vec![format!("-datadir={}", home.path().display())],
        };
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let error = error_of(Config::load_client(
            command_line(Program::Node, &args).unwrap(),
        ));
        assert_eq!(
            error,
            format!("Error reading configuration file: {text}"),
            "{conf:?}"
        );
    }
}

#[test]
fn blanks_comments_and_unknown_names_are_no_errors() {
    let home =
        Home::new("\n  # comment\n\tregtest = 1 # more\r\n[regtest]\n  rpcthreads  =  7\nmoon=1\n");
    let mut config = home.load(&[]).unwrap();
    assert_eq!(config.get_int("rpcthreads"), 7);
    let unknown = "Ignoring unknown configuration value regtest.moon".to_owned();
    assert_eq!(notices(&mut config), [Notice::Warning(unknown)]);
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let home = Home::new("");
    fs::write(home.path().join(conf_name()), b"server=\xff\n").unwrap();
    assert!(error_of(home.load(&[])).contains("is not valid UTF-8 text."));
}

#[test]
fn directories_and_missing_files_in_place_of_the_file() {
    let home = Home::new("");
    let path = home.path().join(conf_name());
    fs::create_dir(&path).unwrap();
    assert_eq!(
        error_of(home.load(&[])),
        format!(
            "Error reading configuration file: Config file \"{}\" is a directory.",
            path.display()
        )
    );
    let missing = home.path().join("missing.conf");
    assert_eq!(
        error_of(home.load(&["-conf=missing.conf"])),
        format!(
            "Error reading configuration file: specified config file \"{}\" could not be opened.",
            missing.display()
        )
    );
    let home = Home::new("includeconf=sub\n");
    fs::create_dir(home.path().join("sub")).unwrap();
    assert_eq!(
        error_of(home.load(&[])),
        format!(
            "Error reading configuration file: Included config file \"{}\" is a directory.",
            home.path().join("sub").display()
        )
    );
}

#[test]
fn files_include_files_but_included_ones_do_not() {
    let home = Home::new(
        "regtest=1\nincludeconf=a.conf\n[regtest]\nincludeconf=b.conf\n[test]\nincludeconf=c.conf\n",
    );
    home.write("a.conf", "uacomment=a\nincludeconf=d.conf\n");
    home.write("b.conf", "uacomment=b\n");
    home.write("c.conf", "uacomment=c\n");
    home.write("d.conf", "uacomment=d\n");
    let mut config = home.load(&[]).unwrap();
    // The section's files are read first.
    assert_eq!(config.get_list("uacomment"), ["b", "a"]);
    let line =
        "warning: -includeconf cannot be used from included files; ignoring -includeconf=d.conf"
            .to_owned();
    assert_eq!(notices(&mut config), [Notice::Stderr(line)]);
    let config = home.load(&["-noincludeconf"]).unwrap();
    assert_eq!(config.get_list("uacomment"), [""; 0]);
}

#[test]
fn without_a_file() {
    let home = Home::new("garbage\n");
    let mut config = home.load(&["-noconf"]).unwrap();
    assert_eq!(config.config_file(), None);
    let line = format!(
        "Data directory \"{}\" contains a \"{}\" file which is explicitly ignored using -noconf.",
        home.path().display(),
        conf_name()
    );
    assert_eq!(notices(&mut config), [Notice::Info(line)]);
    fs::remove_file(home.path().join(conf_name())).unwrap();
    assert_eq!(notices(&mut home.load(&["-noconf"]).unwrap()), []);
    assert!(home.load(&[]).unwrap().config_file().is_some());
}

#[test]
fn a_file_that_lies_there_unused_is_refused() {
    let home = Home::new("rpcthreads=1\n");
    home.write("other.conf", "rpcthreads=2\n");
    let error = error_of(home.load(&["-conf=other.conf"]));
    assert!(
        error.contains("file which is ignored, because a different configuration file"),
        "{error}"
    );
    assert!(
        error.contains("from command line argument \"-conf=other.conf\" is being used"),
        "{error}"
    );
    assert!(
        error.ends_with("treat this condition as a warning, not an error."),
        "{error}"
    );
    let mut config = home
        .load(&["-conf=other.conf", "-allowignoredconf"])
        .unwrap();
    assert_eq!(config.get_int("rpcthreads"), 2);
    assert!(matches!(notices(&mut config)[..], [Notice::Warning(_)]));
    // The same file under its own name is the one in use.
    assert!(home.load(&[&format!("-conf={}", conf_name())]).is_ok());
}

#[test]
fn the_file_can_name_the_data_directory() {
    let home = Home::new("");
    let other = home.path().join("other");
    fs::create_dir(&other).unwrap();
    let conf = home.write(
        "first.conf",
        &format!("regtest=1\ndatadir={}\n", other.display()),
    );
    let args = [format!("-conf={}", conf.display())];
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let config = Config::load(command_line(Program::Node, &args).unwrap()).unwrap();
    assert_eq!(config.data_dir(), other);
    assert_eq!(config.network_dir(), other.join("regtest"));
    assert_eq!(config.config_file(), Some(conf.as_path()));
}

#[test]
fn a_missing_data_directory_is_refused() {
    let line = command_line(Program::Node, &["-datadir=/nowhere/at/all"]).unwrap();
    assert_eq!(
        error_of(Config::load(line)),
        "Specified data directory \"/nowhere/at/all\" does not exist."
    );
}

#[test]
fn directories_are_made_once_and_private() {
    let home = Home::new("");
    let config = home.load(&["-regtest"]).unwrap();
    let wallets = config.network_dir().join("wallets");
    assert_eq!(config.network_dir(), home.path().join("regtest"));
    assert_eq!(
        (mode(&wallets), mode(&config.network_dir())),
        (0o700, 0o700)
    );
    assert!(
        !home.path().join("wallets").exists(),
        "the base directory was there before"
    );
    fs::remove_dir(&wallets).unwrap();
    home.load(&["-regtest"]).unwrap();
    assert!(
        !wallets.exists(),
        "a directory that exists is left as it is"
    );
    for network in Network::ALL {
        let chain = format!("-chain={}", network.id());
        let dir = home.load(&[&chain]).unwrap().network_dir();
        let subdir = ChainParams::get(Coin::default(), network).data_subdir;
        assert_eq!(
            dir,
            if subdir.is_empty() {
                home.path()
            } else {
                home.path().join(subdir)
            }
        );
    }
}

#[test]
fn a_client_makes_nothing() {
    let home = Home::new("");
    let line = home.args(&["-regtest"]);
    Config::load_client(line).unwrap();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_process_beside_the_node_reads_settings_and_writes_nothing() {
    let home = Home::new("regtest=1\n");
    let text = r#"{"wallet": ["w"]}"#;
    let path = home.write("regtest/settings.json", text);
    let config = Config::load_beside(home.args(&[])).unwrap();
    assert_eq!(config.get_list("wallet"), ["w"]);
    assert_eq!(config.stored("wallet"), Some(serde_json::json!(["w"])));
    assert_eq!(fs::read_to_string(path).unwrap(), text);
}

#[test]
fn stray_words_stop_a_node() {
    let error = error_of(Home::new("").load(&["-regtest", "stray"]));
    assert_eq!(
        error,
        "Command line contains unexpected token 'stray', see prog -h for a list of options."
    );
}

#[test]
fn settings_file_is_written_at_start() {
    let home = Home::new("");
    home.load(&["-regtest"]).unwrap();
    let text = fs::read_to_string(home.path().join("regtest/settings.json")).unwrap();
    assert!(
        text.starts_with("{\n    \"_warning_\": \"This file is automatically generated"),
        "{text}"
    );
    assert!(text.ends_with("\n}\n"));
    assert_eq!(mode(&home.path().join("regtest/settings.json")), 0o600);
    assert!(!home.path().join("regtest/settings.json.tmp").exists());
}

#[test]
fn settings_file_keeps_what_it_does_not_know() {
    let home = Home::new("");
    let text =
        r#"{"string": "s", "num": 5, "bool": true, "null": null, "list": [6, 7], "rpcthreads": 9}"#;
    let path = home.write("regtest/settings.json", text);
    let mut config = home.load(&["-regtest"]).unwrap();
    assert_eq!(config.get_int("rpcthreads"), 9);
    let warned = format!("{:?}", notices(&mut config));
    for name in ["string", "num", "bool", "null", "list"] {
        assert!(
            warned.contains(&format!("Ignoring unknown rw_settings value {name}")),
            "{warned}"
        );
    }
    config.set_persistent("rpcthreads", None);
    config.set_persistent("server", Some(Value::Bool(false)));
    config.write_settings().unwrap();
    let kept: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(kept["num"], 5);
    assert_eq!(kept["list"], serde_json::json!([6, 7]));
    assert_eq!(kept["server"], false);
    assert!(kept.get("rpcthreads").is_none());
}

#[test]
fn settings_file_that_cannot_be_used() {
    for (text, problem) in [
        (
            r#"{"key": 1, "key": 2}"#,
            "Found duplicate key key in settings file",
        ),
        (
            r#""string""#,
            "Found non-object value \"string\" in settings file",
        ),
        (
            "invalid",
            "does not contain valid JSON. This may be caused by a crash, power loss, full disk, or storage error",
        ),
        ("", "does not contain valid JSON"),
    ] {
        let home = Home::new("");
        let path = home.write("regtest/settings.json", text);
        let error = error_of(home.load(&["-regtest"]));
        assert!(
            error.starts_with("Settings file could not be read:\n- "),
            "{error}"
        );
        assert!(error.contains(problem), "{error}");
        assert_eq!(
            fs::read_to_string(path).unwrap(),
            text,
            "a broken file is left as it is"
        );
    }
}

#[test]
fn settings_file_elsewhere_or_nowhere() {
    let home = Home::new("");
    let config = home.load(&["-regtest", "-nosettings"]).unwrap();
    assert_eq!(config.settings_path(), None);
    assert!(!home.path().join("regtest/settings.json").exists());
    home.load(&["-regtest", "-settings=altsettings"]).unwrap();
    assert!(home.path().join("regtest/altsettings").exists());
    fs::create_dir(home.path().join("regtest/settings.json.tmp")).unwrap();
    let error = error_of(home.load(&["-regtest"]));
    assert!(
        error.starts_with("Settings file could not be written:\n- Error: Unable to open"),
        "{error}"
    );
}

#[test]
fn a_directory_of_another_program_is_not_touched() {
    let home = Home::new("");
    home.write("regtest/chainstate/CURRENT", "MANIFEST-000001\n");
    let error = home.load(&["-regtest"]).unwrap_err();
    assert!(matches!(error, OptionsError::DataDir(_)), "{error:?}");
    let names: Vec<_> = fs::read_dir(home.path().join("regtest"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["chainstate"]);
}

#[test]
fn paths_are_made_plain() {
    for (text, path) in [
        ("a/b/", "a/b"),
        ("a/./b", "a/b"),
        ("a/../b", "b"),
        ("../b", "../b"),
        ("/../b", "/b"),
        ("a/..", "."),
    ] {
        let config = super::plain(&[&format!("-walletdir={text}")]);
        assert_eq!(
            config.get_path("walletdir").unwrap().to_str(),
            Some(path),
            "{text}"
        );
    }
    assert_eq!(
        super::plain(&["-nodebuglogfile"]).get_path("debuglogfile"),
        None
    );
    assert_eq!(
        super::plain(&["-debuglogfile="])
            .get_path("debuglogfile")
            .unwrap()
            .to_str(),
        Some("debug.log")
    );
}

#[test]
fn blocks_may_lie_elsewhere() {
    let home = Home::new("");
    let blocks = home.path().join("far");
    let arg = format!("-blocksdir={}", blocks.display());
    let config = home.load(&["-regtest", &arg]).unwrap();
    assert_eq!(
        error_of(config.blocks_dir()),
        format!(
            "Specified blocks directory \"{}\" does not exist.",
            blocks.display()
        )
    );
    fs::create_dir(&blocks).unwrap();
    assert_eq!(config.blocks_dir().unwrap(), blocks.join("regtest/blocks"));
    let config = home.load(&["-regtest"]).unwrap();
    assert_eq!(
        config.blocks_dir().unwrap(),
        home.path().join("regtest/blocks")
    );
}
