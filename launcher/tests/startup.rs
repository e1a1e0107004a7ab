//! Starts that go wrong, and what a run leaves behind.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use testkit::process::{
    COINS, Ended, Folder, PATIENCE, Setup, Signal, children, program, read_text,
};

/// The one message of a start that failed.
fn error_of(setup: &Setup) -> String {
    let ended = setup.fail();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stdout, "");
    let text = ended.stderr.strip_prefix("Error: ");
    let text = text.and_then(|text| text.strip_suffix('\n'));
    text.unwrap_or_else(|| panic!("{:?}", ended.stderr))
        .to_owned()
}

fn run(name: &str, args: &[&str]) -> Ended {
    let output = Command::new(program(name))
        .args(args)
        .stdin(Stdio::null())
        .output();
    output.unwrap().into()
}

#[test]
fn a_directory_serves_one_node() {
    let mut first = Setup::new("bitcoin").start();
    let second = Setup::new("bitcoin").beside(&first);
    let dir = first.network_dir();
    assert_eq!(
        error_of(&second),
        format!(
            "Cannot obtain a lock on directory {}. bitq is probably already running.",
            dir.display()
        )
    );
    // The first one does not notice: its files are all there, and it still answers.
    for name in [".cookie", "bitcoind.pid", ".lock"] {
        assert!(first.file(name).exists(), "{name} is gone");
    }
    let pid = read_text(&first.file("bitcoind.pid"));
    assert_eq!(pid.trim(), first.pid().to_string());
    assert_eq!(first.call("getblockcount", json!([])), json!(0));
    first.stop();
}

#[test]
fn another_chains_directory_is_refused_and_untouched() {
    let mut node = Setup::new("bitcoin").start();
    node.call("generatetodescriptor", json!([5, "raw(51)"]));
    node.stop();
    let folder = node.setup().data().copied();
    drop(node);
    let before = folder.snapshot();
    // Smithcoin's regtest has the very genesis of Bitcoin's, so only the mark tells them apart.
    let mut setup = Setup::new("smithcoin").folder(folder);
    let chainstate = setup.network_dir().join("chainstate");
    for coin in ["smithcoin", "groestlcoin", "bitquantum"] {
        setup = setup.coin(coin);
        assert_eq!(
            error_of(&setup),
            format!(
                "The directory \"{}\" holds the chain of bitcoin (regtest), not of {coin} (regtest). It was left \
                 untouched. Please choose another data directory with -datadir=<dir>, or start with the coin and \
                 network it was made for.",
                chainstate.display()
            )
        );
    }
    assert_eq!(setup.data().snapshot(), before);
    // Its own coin goes on with it.
    let node = setup.coin("bitcoin").start();
    assert_eq!(node.call("getblockcount", json!([])), json!(5));
}

#[test]
fn another_programs_directory_is_refused_and_untouched() {
    for file in ["chainstate/CURRENT", "blocks/index/000005.ldb"] {
        let setup = Setup::new("bitcoin");
        let path = setup.network_dir().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "MANIFEST-000004\n").unwrap();
        let before = setup.data().snapshot();
        let text = error_of(&setup);
        let expected = format!(
            "The directory \"{}\" holds a chain that another program made. It was left untouched.",
            path.parent().unwrap().display()
        );
        assert!(text.starts_with(&expected), "{text}");
        assert_eq!(setup.data().snapshot(), before);
    }
}

#[test]
fn unknown_and_misplaced_options_are_named() {
    let bitcoin = || Setup::new("bitcoin");
    assert_eq!(
        error_of(&bitcoin().arg("-dash_cli=1")),
        "Error parsing command line arguments: Invalid parameter -dash_cli=1"
    );
    assert_eq!(
        error_of(&bitcoin().arg("-noproxies")),
        "Error parsing command line arguments: Invalid parameter -noproxies"
    );
    assert_eq!(
        error_of(&bitcoin().arg("-proxy")),
        "Error parsing command line arguments: Can not set -proxy with no value. Please specify value with -proxy=value."
    );
    assert_eq!(
        error_of(&bitcoin().arg("word")),
        "Command line contains unexpected token 'word', see bitq-node -h for a list of options."
    );
    assert_eq!(
        error_of(&bitcoin().coin("dogecoin")),
        "Unknown coin 'dogecoin'. Possible values: bitquantum, bitcoin, groestlcoin, smithcoin."
    );
    assert_eq!(
        error_of(&bitcoin().arg("-signet")),
        "Invalid combination of -regtest, -signet, -testnet, -testnet4 and -chain. Can use at most one."
    );
    assert_eq!(
        error_of(&bitcoin().arg("-datadir=/nowhere/at/all")),
        "Specified data directory \"/nowhere/at/all\" does not exist."
    );
    assert_eq!(
        error_of(&bitcoin().arg("-port=65536")),
        "Invalid port specified in -port: '65536'"
    );
    assert_eq!(
        error_of(&bitcoin().arg("-debug=abc")),
        "Unsupported logging category -debug=abc."
    );
    assert_eq!(
        error_of(&bitcoin().arg("-loglevel=abc")),
        "Unsupported global logging level -loglevel=abc. Valid values: info, debug, trace."
    );
}

/// A node whose configuration file holds this text.
fn configured(text: &str) -> Setup {
    let setup = Setup::new("bitcoin");
    fs::write(setup.data().data().join("bitcoin.conf"), text).unwrap();
    setup
}

#[test]
fn faults_of_the_configuration_file_name_their_line() {
    let check = |text: &str, expected: &str| {
        assert_eq!(
            error_of(&configured(text)),
            format!("Error reading configuration file: {expected}"),
            "{text}"
        );
    };
    check(
        "coin=bitcoin\n",
        "coin cannot be set in a file; it is a command line option only",
    );
    check(
        "conf=other.conf\n",
        "conf cannot be set in the configuration file; use includeconf= if you want to include additional config files",
    );
    check(
        "-dash=1\n",
        "parse error on line 1: -dash=1, options in configuration file must be specified without leading -",
    );
    check(
        "nono\n",
        "parse error on line 1: nono, if you intended to specify a negated option, use nono=1 instead",
    );
    check(
        "server=1\nrpcuser=u\nrpcpassword=a#b\n",
        "parse error on line 3, using # in rpcpassword can be ambiguous and should be avoided",
    );
}

#[test]
fn options_come_from_file_settings_and_command_line() {
    let setup = configured("[regtest]\nuacomment=fromfile\nrpcpassword=hidden secret\nrpcuser=u\n");
    fs::create_dir(setup.network_dir()).unwrap();
    fs::write(
        setup.network_dir().join("settings.json"),
        r#"{"uacomment": "fromsettings", "unknownsetting": 5}"#,
    )
    .unwrap();
    let mut node = setup.arg("-norpccookiefile").spawn();
    node.wait_for_log("Done loading");
    let log = node.log();
    assert!(log.contains("Config file arg: [regtest] uacomment=\"fromfile\""));
    assert!(log.contains("Config file arg: [regtest] rpcpassword=****"));
    assert!(log.contains("Setting file arg: uacomment = \"fromsettings\""));
    assert!(log.contains("Ignoring unknown rw_settings value unknownsetting"));
    assert!(!log.contains("hidden secret"));
    // What the file held is kept, though this version does not know it.
    let kept = read_text(&node.file("settings.json"));
    assert!(kept.contains("\"unknownsetting\": 5"), "{kept}");
    node.signal(Signal::TERM);
    let ended = node.wait_for_end(PATIENCE);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_taken_port_is_an_error() {
    let mut first = Setup::new("bitcoin").start();
    let port = first.client().port;
    let setup = Setup::new("bitcoin").rpc_port(port);
    assert_eq!(
        error_of(&setup),
        "Unable to start HTTP server. See debug log for details."
    );
    let log = read_text(&setup.network_dir().join("debug.log"));
    let line = format!("Binding RPC on address 127.0.0.1:{port} failed");
    assert!(log.contains(&line), "{log}");
    assert!(!setup.network_dir().join(".cookie").exists());
    assert!(!setup.network_dir().join("bitcoind.pid").exists());
    first.stop();
}

#[test]
fn a_broken_settings_file_is_named_and_kept() {
    let check = |content: &str, expected: &str| {
        let setup = Setup::new("bitcoin");
        fs::create_dir(setup.network_dir()).unwrap();
        let path = setup.network_dir().join("settings.json");
        fs::write(&path, content).unwrap();
        let text = error_of(&setup);
        assert!(text.contains(expected), "{text}");
        assert!(text.contains(&path.display().to_string()), "{text}");
        assert_eq!(read_text(&path), content);
    };
    check(
        "invalid json",
        "does not contain valid JSON. This may be caused by a crash, power loss, full disk, or storage error",
    );
    check(
        "\"string\"",
        "Found non-object value \"string\" in settings file",
    );
    check(
        "{\"key\": 1, \"key\": 2}",
        "Found duplicate key key in settings file",
    );
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let folder = Folder::new();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    // Even the superuser makes no directory below a file or in /proc.
    let setup = Setup::new("bitcoin").arg(format!("-datadir={}", file.display()));
    assert_eq!(
        error_of(&setup),
        format!(
            "Specified data directory \"{}\" does not exist.",
            file.display()
        )
    );
    let text = error_of(&Setup::new("bitcoin").arg("-datadir=/proc"));
    assert!(text.contains("/proc/regtest"), "{text}");
    let setup = Setup::new("bitcoin").arg("-debuglogfile=/proc/none/debug.log");
    let text = error_of(&setup);
    assert!(
        text.starts_with("Could not open debug log file /proc/none/debug.log"),
        "{text}"
    );
}

#[test]
fn damaged_databases_say_how_to_recover() {
    let mut node = Setup::new("bitcoin").start();
    node.call("generatetodescriptor", json!([30, "raw(51)"]));
    let tip = node.call("getbestblockhash", json!([]));
    node.stop();
    // The mark stays; what the engine wrote is gone.
    let version = node.file("chainstate/version");
    fs::write(&version, "garbage").unwrap();
    let ended = node.setup().fail();
    let advice = "Please restart with -reindex or -reindex-chainstate to recover.\n";
    assert!(ended.stderr.ends_with(advice), "{ended:?}");
    let named = "Error opening coins database: ";
    assert!(ended.stderr.starts_with(named), "{ended:?}");
    let folder = node.file("chainstate").display().to_string();
    assert!(ended.stderr.contains(&folder), "{ended:?}");
    node.start_with(&["-reindex"]);
    assert_eq!(node.call("getbestblockhash", json!([])), tip);
}

#[test]
fn help_and_version_need_no_directory() {
    for (name, shown) in [
        ("bitq-node", "bitq-node"),
        ("bitqd", "bitqd"),
        ("bitq-wallet", "bitq-wallet"),
        ("bitq-cli", "bitq-cli"),
    ] {
        for option in ["-h", "-help", "-?", "--help"] {
            let help = run(name, &[option]);
            assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""), "{name}");
            assert!(help.stdout.contains("Options"), "{}", help.stdout);
            assert!(help.stdout.contains("-datadir"), "{}", help.stdout);
        }
        let version = run(name, &["-version"]);
        assert_eq!((version.code, version.stderr.as_str()), (Some(0), ""));
        let first = version.stdout.lines().next().unwrap();
        assert!(first.contains("version"), "{first}");
        assert!(first.ends_with(shown) || name == "bitq-cli", "{first}");
    }
    // A program that was given another name shows that one.
    let folder = Folder::new();
    let link = folder.path().join("bitcoind");
    symlink(program("bitq-node"), &link).unwrap();
    let output = Command::new(&link).arg("-version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.lines().next().unwrap().ends_with(" bitcoind"),
        "{text}"
    );
}

#[test]
fn what_a_start_warns_of_is_on_the_terminal_or_in_the_log() {
    let mut node = Setup::new("bitcoin")
        .wallet()
        .arg("-wallet=nope")
        .arg("-loadblock=/nowhere/blocks.dat")
        .start();
    node.wait_for_log("Could not open blocks file /nowhere/blocks.dat: No such file or directory");
    assert!(
        !node.log().contains("restart with -reindex"),
        "{}",
        node.log()
    );
    node.signal(Signal::TERM);
    let ended = node.wait_for_end(PATIENCE);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let warning = "Warning: Skipping -wallet path that doesn't exist. ";
    assert!(ended.stderr.starts_with(warning), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    let mut node = Setup::new("bitcoin").network("test").start();
    assert!(node.log().contains(
        "Warning: Support for testnet3 is deprecated and will be removed in an upcoming release. Consider switching to \
         testnet4."
    ));
    node.stop();
}

/// Needs `bitq-gui`, and no display.
#[test]
fn a_window_without_a_display_says_so_and_is_no_crash() {
    let folder = Folder::new();
    let start = |display: Option<&str>| -> Ended {
        let mut command = Command::new(program("bitq-gui"));
        command.env("HOME", folder.path()).stdin(Stdio::null());
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
            command.env_remove(name);
        }
        for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
            command.env(name, folder.path().join(name));
        }
        command.envs(display.map(|name| ("DISPLAY", name)));
        command.output().unwrap().into()
    };
    let nowhere = start(None);
    assert_eq!(nowhere.code, Some(1), "{nowhere:?}");
    assert_eq!(
        nowhere.stderr,
        "Error: The window cannot be opened: there is no display (neither WAYLAND_DISPLAY nor DISPLAY is set). Start it \
         inside a desktop session, or run bitq-node, which needs none.\n"
    );
    let gone = start(Some("unix/nowhere:99"));
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert_eq!(gone.stderr.lines().count(), 1, "{gone:?}");
    assert!(
        gone.stderr
            .contains("the display 'unix/nowhere:99' cannot be used"),
        "{gone:?}"
    );
    let left: Vec<String> = fs::read_dir(folder.path().join("XDG_CONFIG_HOME"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path().join("crash.txt"))
        .filter(|path| path.exists())
        .map(|path| path.display().to_string())
        .collect();
    assert_eq!(left, [""; 0]);
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn entries(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_run_leaves_what_outside_tools_expect() {
    for coin in COINS {
        let mut node = Setup::new(coin).arg("-ipcbind=unix").start();
        assert_eq!(mode(&node.file(".cookie")), 0o600);
        assert_eq!(mode(&node.file("node.sock")) & 0o077, 0);
        assert!(
            children(node.pid(), "bitq-wallet").is_empty(),
            "no wallet was asked for"
        );
        node.stop();
        let dir = node.network_dir();
        let found = entries(&dir);
        let allowed = [
            ".lock",
            "anchors.dat",
            "banlist.json",
            "blocks",
            "chainstate",
            "debug.log",
            "fees",
            "indexes",
            "mempool.dat",
            "node.sock",
            "peers.dat",
            "settings.json",
            "wallets",
        ];
        for name in &found {
            assert!(allowed.contains(&name.as_str()), "{name} in {found:?}");
        }
        for name in [".lock", "debug.log", "settings.json"] {
            assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
        }
        for name in [".", "blocks", "blocks/index", "chainstate", "wallets"] {
            assert_eq!(mode(&dir.join(name)), 0o700, "{name}");
        }
        assert!(entries(&dir.join("wallets")).is_empty());
        for name in ["blk00000.dat", "xor.dat", "index", ".lock"] {
            assert!(dir.join("blocks").join(name).exists(), "{name}");
        }
        assert_eq!(mode(&dir.join("blocks/blk00000.dat")), 0o600);
    }
}

#[test]
fn a_copied_directory_starts_without_its_small_files() {
    let mut node = Setup::new("bitcoin").start();
    node.call("generatetodescriptor", json!([12, "raw(51)"]));
    let tip = node.call("getbestblockhash", json!([]));
    node.stop();
    let copy = node.setup().data().copied();
    for name in entries(&copy.network("regtest")) {
        let path = copy.network("regtest").join(&name);
        if path.is_file() {
            fs::remove_file(path).unwrap();
        }
    }
    fs::remove_dir(copy.network("regtest").join("wallets")).unwrap();
    let mut node = Setup::new("bitcoin").folder(copy).start();
    assert_eq!(node.call("getbestblockhash", json!([])), tip);
    node.stop();
    assert!(
        !node.file("wallets").exists(),
        "wallets comes only with a new directory"
    );
}

#[test]
fn the_log_says_when_who_and_where() {
    let mut node = Setup::new("bitcoin")
        .arg("-logtimemicros")
        .arg("-logsourcelocations")
        .arg("-debug=rpc")
        .start();
    node.call("getblockcount", json!([]));
    let log = node.log();
    // The last line may still be on its way.
    let (whole, _) = log.rsplit_once('\n').unwrap();
    let lines = whole.lines().filter(|line| !line.is_empty());
    for line in lines {
        let (stamp, rest) = line.split_once(' ').unwrap();
        let form: String = stamp
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        assert_eq!(form, "0000-00-00T00:00:00.000000Z", "{line}");
        let fields: Vec<&str> = rest.splitn(4, "] ").collect();
        assert_eq!(fields.len(), 4, "{line}");
        let in_brackets = fields[..3].iter().all(|field| field.starts_with('['));
        assert!(in_brackets && fields[1].contains(".rs:"), "{line}");
    }
    assert!(log.contains("[rpc] ThreadRPCServer method=getblockcount user=__cookie__"));
    node.stop();
    assert!(node.log().trim_end().ends_with("Shutdown done"));
    // The next run appends.
    node.start_with(&["-shrinkdebugfile=0"]);
    assert!(node.log().starts_with(&log[..200]));
}

#[test]
fn signals_end_a_node_in_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut node = Setup::new("bitcoin").start();
        node.call("generatetodescriptor", json!([3, "raw(51)"]));
        node.signal(signal);
        let ended = node.wait_for_end(PATIENCE);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        assert!(!node.file(".cookie").exists());
        node.start_again();
        assert_eq!(node.call("getblockcount", json!([])), json!(3));
    }
}
