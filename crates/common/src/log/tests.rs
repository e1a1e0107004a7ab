//! The log in real files.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tracing::{debug, error, info, trace, warn};
use tracing_subscriber::layer::SubscriberExt as _;

use super::format::utc;
use super::{Layout, Level, LogError, LogOptions, Logger};
use crate::options::{CommandLine, Config, Program};

/// Options with nothing before a line's text but what `layout` says.
fn bare() -> Layout {
    Layout {
        timestamps: false,
        ..Layout::default()
    }
}

fn config(args: &[&str]) -> Config {
    let all = ["prog", "-regtest"].into_iter().chain(args.iter().copied());
    let line = CommandLine::parse(Program::Node, all.map(OsString::from)).unwrap();
    Config::load_plain(line).unwrap()
}

struct Fixture {
    _dir: tempfile::TempDir,
    path: PathBuf,
    logger: Logger,
    options: LogOptions,
}

impl Fixture {
    fn new(args: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("debug.log");
        let mut options = LogOptions::from_config(&config(args)).unwrap();
        options.file = Some(path.clone());
        options.console = false;
        options.new_run = false;
        options.layout = bare();
        Self {
            _dir: dir,
            path,
            logger: Logger::new(),
            options,
        }
    }

    /// Runs code under this log, from the start of the log on, and returns what is in the file.
    fn run(&self, code: impl FnOnce()) -> String {
        self.under(|| {
            self.logger.start(&self.options).unwrap();
            code();
        });
        self.text()
    }

    fn under(&self, code: impl FnOnce()) {
        let subscriber = tracing_subscriber::registry().with(self.logger.layer());
        tracing::subscriber::with_default(subscriber, code);
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }
}

#[test]
fn categories_and_levels_as_core_writes_them() {
    let text = Fixture::new(&["-debug", "-loglevel=trace"]).run(|| {
        info!("plain");
        warn!("careful");
        error!("broken");
        info!(target: "net", "info with category");
        warn!(target: "net", "warning with category");
        error!(target: "net", "error with category");
        debug!(target: "net", "Ignoring {}", 5);
        trace!(target: "net", "much");
        debug!("without category");
        debug!(target: "hyper::proto", "of another crate");
        info!(target: "ipc", "IPC server: socket connected.");
        debug!(target: "ipc", "{{x}} IPC server post request");
        trace!(target: "ipc", "data");
    });
    let expected = "plain\n[warning] careful\n[error] broken\n[net:info] info with category\n[net:warning] warning with \
                    category\n[net:error] error with category\n[net] Ignoring 5\n[net:trace] much\nipc: IPC server: \
                    socket connected.\n[ipc] {x} IPC server post request\n[ipc:trace] data\n";
    assert_eq!(text, expected);
}

#[test]
fn every_part_of_a_line() {
    let mut fixture = Fixture::new(&["-debug"]);
    fixture.options.layout = Layout {
        timestamps: true,
        micros: true,
        thread_names: true,
        source_locations: true,
        level_always: true,
    };
    let text = fixture.run(|| {
        std::thread::scope(|_| debug!(target: "net", "one"));
        info!("two");
    });
    let line = text.lines().next().unwrap();
    let (time, rest) = line.split_once(' ').unwrap();
    assert_eq!(time.len(), "2026-01-31T12:00:00.123456Z".len());
    assert!(
        time.starts_with("20") && time.ends_with('Z') && &time[19..20] == ".",
        "{time}"
    );
    let thread = std::thread::current()
        .name()
        .unwrap_or("unknown")
        .to_owned();
    assert!(
        rest.starts_with(&format!("[{thread}] [crates/common/src/log/tests.rs:")),
        "{rest}"
    );
    assert!(
        rest.ends_with("] [common::log::tests] [net:debug] one"),
        "{rest}"
    );
    assert!(text.lines().nth(1).unwrap().ends_with("[all:info] two"));
}

#[test]
fn time_set_by_tests_is_shown() {
    let mut fixture = Fixture::new(&[]);
    fixture.options.layout.timestamps = true;
    let text = fixture.run(|| {
        fixture.logger.set_mock_time(1_700_000_000);
        info!("x");
    });
    assert!(
        text.trim_end()
            .ends_with("Z (mocktime: 2023-11-14T22:13:20Z) x"),
        "{text}"
    );
}

/// Days around leap days and ends of centuries, from the Gregorian calendar.
#[test]
fn dates() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00"),
        (951_782_399, "2000-02-28T23:59:59"),
        (951_782_400, "2000-02-29T00:00:00"),
        (951_868_800, "2000-03-01T00:00:00"),
        (1_231_006_505, "2009-01-03T18:15:05"),
        (1_709_164_800, "2024-02-29T00:00:00"),
        (4_107_542_399, "2100-02-28T23:59:59"),
        (4_107_542_400, "2100-03-01T00:00:00"),
        (253_402_300_799, "9999-12-31T23:59:59"),
        (-1, "1969-12-31T23:59:59"),
    ] {
        assert_eq!(utc(seconds), text);
    }
}

#[test]
fn control_characters_cannot_steer_a_terminal() {
    let text = Fixture::new(&[]).run(|| info!("a\x1b[31m\x07\r\x7f\tß\nb"));
    assert_eq!(text, "a\\x1b[31m\\x07\\x0d\\x7f\\x09ß\nb\n");
}

#[test]
fn fields_stand_behind_the_text() {
    let text = Fixture::new(&[]).run(|| info!(peer = 3, name = "x", "connected"));
    assert_eq!(text, "connected peer=3 name=x\n");
}

/// Options, and of the categories net, http and rpc those whose debug and trace lines are written.
#[test]
fn what_is_written() {
    for (args, expected) in [
        (&[][..], ""),
        (&["-debug=net"], "net"),
        (&["-debug"], "net http rpc"),
        (&["-debug=1"], "net http rpc"),
        (&["-debug=all", "-debugexclude=http"], "net rpc"),
        (&["-debug", "-debugexclude=all"], ""),
        (&["-debug=net", "-debug=0"], ""),
        (&["-debug=net", "-debug=none", "-debug=rpc"], "rpc"),
        (&["-nodebug"], ""),
        (&["-debug=net", "-loglevel=trace"], "net net:trace"),
        (&["-debug", "-loglevel=info"], ""),
        (
            &["-debug", "-loglevel=info", "-loglevel=net:trace"],
            "net net:trace",
        ),
        (&["-debug", "-loglevel=http:info"], "net rpc"),
        // A level alone enables nothing.
        (&["-loglevel=net:trace"], ""),
        (&["-debug=libevent"], ""),
    ] {
        let text = Fixture::new(args).run(|| {
            debug!(target: "net", "x");
            trace!(target: "net", "x");
            debug!(target: "http", "x");
            debug!(target: "rpc", "x");
        });
        let written: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix('[')?.strip_suffix("] x"))
            .collect();
        assert_eq!(written.join(" "), expected, "{args:?}");
    }
}

#[test]
fn categories_are_switched_while_running() {
    let fixture = Fixture::new(&[]);
    let line = || debug!(target: "net", "x");
    let text = fixture.run(|| {
        line();
        assert!(fixture.logger.enable("net"));
        line();
        assert!(fixture.logger.disable("net"));
        line();
        assert!(fixture.logger.enable("all"));
        fixture.logger.set_level(Level::Info);
        line();
        assert!(!fixture.logger.enable("moon"));
        assert!(fixture.logger.enable("libevent"));
    });
    assert!(
        text.starts_with("[net] x\n[warning] The logging category `libevent` is deprecated"),
        "{text}"
    );
    let categories = fixture.logger.categories();
    assert!(
        categories.windows(2).all(|pair| pair[0].0 < pair[1].0),
        "alphabetical"
    );
    assert!(categories.iter().all(|(_, active)| *active));
    assert!(categories.contains(&("privatebroadcast", true)));
}

#[test]
fn refusals_in_the_words_of_core() {
    for (arg, text) in [
        ("-debug=abc", "Unsupported logging category -debug=abc."),
        (
            "-debugexclude=abc",
            "Unsupported logging category -debugexclude=abc.",
        ),
        (
            "-loglevel=abc",
            "Unsupported global logging level -loglevel=abc. Valid values: info, debug, trace.",
        ),
        (
            "-loglevel=error",
            "Unsupported global logging level -loglevel=error. Valid values: info, debug, trace.",
        ),
        (
            "-loglevel=net:abc",
            "Unsupported category-specific logging level -loglevel=net:abc.",
        ),
        (
            "-loglevel=net:info:abc",
            "Unsupported category-specific logging level -loglevel=net:info:abc.",
        ),
        (
            "-loglevel=moon:info",
            "Unsupported category-specific logging level -loglevel=moon:info.",
        ),
    ] {
        let error = LogOptions::from_config(&config(&[arg]))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(text), "{error}");
    }
}

#[test]
fn options_say_where_lines_go() {
    let of = |args: &[&str]| LogOptions::from_config(&config(args)).unwrap();
    let network_dir = config(&[]).network_dir();
    assert_eq!(of(&[]).file, Some(network_dir.join("debug.log")));
    assert_eq!(
        of(&["-debuglogfile=x.log"]).file,
        Some(network_dir.join("x.log"))
    );
    assert_eq!(
        of(&["-debuglogfile=/x.log"]).file.as_deref(),
        Some(Path::new("/x.log"))
    );
    assert_eq!(of(&["-nodebuglogfile"]).file, None);
    assert!(of(&[]).console && !of(&["-printtoconsole=0"]).console);
    assert!(
        of(&[]).shrink && !of(&["-debug=net"]).shrink && of(&["-debug", "-shrinkdebugfile"]).shrink
    );
    assert!(of(&[]).rate_limit && !of(&["-nologratelimit"]).rate_limit);
    let child = LogOptions::for_child(&config(&[])).unwrap();
    assert!(!child.console);
}

#[test]
fn lines_from_before_the_start_are_written_first() {
    let fixture = Fixture::new(&[]);
    fixture.under(|| {
        info!("early");
        fixture.logger.start(&fixture.options).unwrap();
        info!("late");
    });
    assert_eq!(fixture.text(), "early\nlate\n");
}

#[test]
fn too_many_early_lines_are_counted() {
    let fixture = Fixture::new(&[]);
    let long = "x".repeat(100_000);
    fixture.under(|| {
        for number in 0..12 {
            info!("{number} {long}");
        }
        fixture.logger.start(&fixture.options).unwrap();
    });
    let text = fixture.text();
    assert!(
        text.starts_with("3 lines from before the log was open are lost.\n3 xxx"),
        "{}",
        &text[..80]
    );
}

#[test]
fn the_file_is_private_and_only_grows() {
    let mut fixture = Fixture::new(&[]);
    fixture.run(|| info!("first"));
    assert_eq!(
        fs::metadata(&fixture.path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    fixture.options.new_run = true;
    let again = Fixture {
        logger: Logger::new(),
        ..fixture
    };
    assert_eq!(again.run(|| info!("second")), "first\n\n\n\n\n\nsecond\n");
}

#[test]
fn two_logs_share_a_file() {
    let one = Fixture::new(&[]);
    let mut two = Fixture::new(&[]);
    two.options.file = Some(one.path.clone());
    one.run(|| info!("a"));
    two.under(|| {
        two.logger.start(&two.options).unwrap();
        info!("b");
        one.under(|| info!("c"));
        info!("d");
    });
    assert_eq!(one.text(), "a\nb\nc\nd\n");
}

#[test]
fn a_file_that_was_moved_away_is_opened_anew() {
    let fixture = Fixture::new(&[]);
    let old = fixture.path.with_extension("old");
    let text = fixture.run(|| {
        info!("a");
        fs::rename(&fixture.path, &old).unwrap();
        info!("b");
        fixture.logger.reopen();
        info!("c");
    });
    assert_eq!(
        (fs::read_to_string(old).unwrap().as_str(), text.as_str()),
        ("a\nb\n", "c\n")
    );
}

#[test]
fn a_file_that_cannot_be_opened() {
    let mut fixture = Fixture::new(&[]);
    fixture.options.file = Some(PathBuf::from("/nowhere/debug.log"));
    let error = fixture.logger.start(&fixture.options).unwrap_err();
    assert!(matches!(error, LogError::Open { .. }));
    assert_eq!(
        error.to_string(),
        "Could not open debug log file /nowhere/debug.log"
    );
}

#[test]
fn a_large_file_is_cut_to_its_end() {
    let mut fixture = Fixture::new(&[]);
    fixture.options.shrink = true;
    let line = "0123456789abcde\n";
    let old = line.repeat(11_000_000 / line.len() + 1);
    fs::write(&fixture.path, &old).unwrap();
    let text = fixture.run(|| info!("new"));
    assert_eq!(text.len(), 10_000_000 + "new\n".len());
    assert!(text.ends_with("0123456789abcde\nnew\n"));
    let small = line.repeat(1000);
    fs::write(&fixture.path, &small).unwrap();
    let again = Fixture {
        logger: Logger::new(),
        ..fixture
    };
    assert_eq!(again.run(|| info!("new")), small + "new\n");
}

#[test]
fn a_place_that_writes_too_much_is_held_back() {
    let flood = |fixture: &Fixture| {
        let long = "x".repeat(99_999);
        fixture.run(|| {
            for _ in 0..20 {
                info!("{long}");
            }
            info!("other place");
            for _ in 0..20 {
                info!(unlimited = true, "exempt");
            }
        })
    };
    let text = flood(&Fixture::new(&[]));
    let count = |text: &str, part: &str| text.lines().filter(|line| line.contains(part)).count();
    // Ten fit; the eleventh is the last.
    assert_eq!(count(&text, "xxxx"), 11);
    assert_eq!(
        count(&text, "has written more than 1 MiB within an hour"),
        1
    );
    assert!(
        text.contains("\n[*] other place\n"),
        "a reader is told that lines may be missing"
    );
    assert_eq!(count(&text, "exempt"), 20);
    let text = flood(&Fixture::new(&["-nologratelimit"]));
    assert_eq!(count(&text, "xxxx"), 20);
    assert!(text.contains("\nother place\n"));
}

/// Debug lines were asked for, so they are not held back.
#[test]
fn debug_lines_are_not_held_back() {
    let long = "x".repeat(99_999);
    let text = Fixture::new(&["-debug=net"]).run(|| {
        for _ in 0..20 {
            debug!(target: "net", "{long}");
        }
    });
    assert_eq!(text.lines().count(), 20);
}
