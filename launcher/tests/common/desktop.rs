//! A window on a real display, with a person at its keyboard.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::process::{Folder, PATIENCE, program, read_text, wait_for, wait_until};

/// How long a key press may take to show before it is made again: one may come before the window has the keyboard.
const AGAIN: Duration = Duration::from_secs(5);

/// How long a node may take to stop before the keys are pressed again.
const STOP_TIME: Duration = Duration::from_secs(60);

/// A window with a home directory of its own. It is killed when this value goes.
pub(crate) struct Desktop {
    child: Child,
    trace: PathBuf,
}

impl Drop for Desktop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let last = self.trace().into_iter().rev().take(20);
            let last: Vec<String> = last.map(|event| event.to_string()).collect();
            let shown = self.try_picture("window-failed.png");
            #[expect(clippy::print_stderr, reason = "a failed test shows what it saw")]
            {
                eprintln!(
                    "--- newest of the trace first, {shown:?}\n{}",
                    last.join("\n")
                );
            }
        }
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Desktop {
    /// Starts `bitq` with the arguments and waits until its window is on the screen and drawn.
    pub(crate) fn open(folder: &Folder, args: &[String]) -> Self {
        let home = folder.path().join("home");
        std::fs::create_dir_all(&home).unwrap();
        let trace = folder.path().join("trace");
        // Of an earlier window.
        drop(std::fs::remove_file(&trace));
        let mut command = Command::new(program("bitq"));
        command
            .args(args)
            .env("HOME", &home)
            .env("BITQ_TRACE", &trace)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
            command.env(name, home.join(name));
        }
        let window = Self {
            child: command.spawn().unwrap(),
            trace,
        };
        wait_until("the window", PATIENCE, || window.id().is_some());
        window.wait_for("first_frame", |_| true);
        window
    }

    /// The launcher became the window, so this is the window's own number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The number that the display knows it by.
    fn id(&self) -> Option<String> {
        let found = xdotool(&["search", "--onlyvisible", "--pid", &self.pid().to_string()])?;
        found.lines().last().map(str::to_owned)
    }

    /// Ends the window without a chance to say goodbye.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself, in order.
    pub(crate) fn ends(mut self) {
        let status = wait_for("the window to end", PATIENCE, || {
            self.child.try_wait().unwrap()
        });
        assert!(status.success(), "{status}");
    }

    /// Quits, and answers the question what becomes of the node: it stops.
    pub(crate) fn quit_with_node(mut self) {
        let status = wait_for("the window to end", PATIENCE, || {
            self.press("ctrl+q");
            let begun = Instant::now();
            // The answer has the keyboard as soon as it is there.
            while begun.elapsed() < STOP_TIME {
                std::thread::sleep(Duration::from_millis(300));
                if let Some(status) = self.child.try_wait().unwrap() {
                    return Some(status);
                }
                if self.id().is_some() {
                    self.press("Return");
                }
            }
            None
        });
        assert!(status.success(), "{status}");
    }

    /// What the window has told so far. The last line may be on its way.
    pub(crate) fn trace(&self) -> Vec<Value> {
        let text = read_text(&self.trace);
        let lines = text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// How often an event was told.
    pub(crate) fn count(&self, name: &str) -> usize {
        let trace = self.trace();
        trace.iter().filter(|event| event["event"] == name).count()
    }

    /// Waits for an event that fits.
    pub(crate) fn wait_for(&self, name: &str, fits: impl Fn(&Value) -> bool) {
        wait_until(&format!("{name} in the trace"), PATIENCE, || {
            let trace = self.trace();
            trace
                .iter()
                .any(|event| event["event"] == name && fits(event))
        });
    }

    /// Whether one more event of the name comes soon; gives the newest.
    fn one_more(&self, name: &str, before: usize) -> Option<Value> {
        let begun = Instant::now();
        while begun.elapsed() < AGAIN {
            let trace = self.trace();
            let mut found = trace.into_iter().filter(|event| event["event"] == name);
            if let Some(event) = found.nth(before) {
                return Some(event);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    /// Presses keys together, as xdotool names them.
    pub(crate) fn press(&self, keys: &str) {
        self.have_keyboard();
        xdotool(&["key", "--clearmodifiers", keys]);
    }

    /// Types.
    pub(crate) fn write(&self, text: &str) {
        self.have_keyboard();
        xdotool(&["type", "--clearmodifiers", "--delay", "30", text]);
    }

    fn have_keyboard(&self) {
        if let Some(id) = self.id() {
            xdotool(&["windowfocus", "--sync", &id]);
        }
    }

    /// Presses keys until they have led to a page.
    pub(crate) fn page(&self, keys: &str, page: &str) {
        self.lead_to(page, || self.press(keys));
    }

    /// Has the palette open a page.
    pub(crate) fn open_by_palette(&self, words: &str, page: &str) {
        self.lead_to(page, || self.palette(words));
    }

    fn lead_to(&self, page: &str, act: impl Fn()) {
        wait_until(page, PATIENCE, || {
            let before = self.count("page");
            act();
            self.one_more("page", before)
                .is_some_and(|event| event["id"] == page)
        });
    }

    /// Opens the palette, types, and takes the first entry.
    pub(crate) fn palette(&self, words: &str) {
        self.press("ctrl+k");
        // The field has the keyboard a moment after it is there, which nothing tells.
        std::thread::sleep(Duration::from_millis(300));
        self.write(words);
        self.press("Return");
    }

    /// Goes from control to control until the one of this name has the keyboard.
    pub(crate) fn walk(&self, control: &str) {
        let wanted = format!("{control:?}");
        wait_until(control, PATIENCE, || {
            let before = self.count("focus");
            self.press("Tab");
            let focus = self.one_more("focus", before);
            focus.is_some_and(|event| event["id"].as_str().is_some_and(|id| id.contains(&wanted)))
        });
    }

    /// Goes to a field and types into it, in place of what is there.
    pub(crate) fn fill(&self, field: &str, text: &str) {
        self.walk(field);
        self.press("ctrl+a");
        self.write(text);
    }

    /// Takes a picture of the window, for people to look at; it must show something. One whose name begins with `real`
    /// goes to the folder that `BITQ_PICTURES` names, if it names one.
    pub(crate) fn picture(&self, name: &str) {
        let path = self.try_picture(name).unwrap();
        // An empty screen of this size takes a fraction of that.
        let size = std::fs::metadata(&path).unwrap().len();
        assert!(size > 10_000, "{size} bytes in {}", path.display());
    }

    fn try_picture(&self, name: &str) -> Option<PathBuf> {
        let wanted = std::env::var_os("BITQ_PICTURES").filter(|_| name.starts_with("real"));
        let folder = wanted.map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from);
        let path = folder.join(name);
        self.have_keyboard();
        let mut scrot = Command::new("scrot");
        let taken = scrot.args(["--overwrite", "--focused"]).arg(&path).status();
        taken.is_ok_and(|status| status.success()).then_some(path)
    }
}

/// Runs xdotool; `None` where it finds nothing.
fn xdotool(words: &[&str]) -> Option<String> {
    let mut command = Command::new("xdotool");
    let output = command.args(words).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
