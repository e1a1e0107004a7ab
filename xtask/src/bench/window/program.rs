//! The programs that are watched: the window with its trace, and a node behind it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::display::Display;
use crate::process;

/// How long anything may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(5);
/// Ticks of `/proc/PID/stat` in a second.
const TICKS: f64 = 100.0;

/// The display and the folders of all runs.
pub(super) struct Stage {
    pub(super) display: Display,
    pub(super) programs: PathBuf,
    pub(super) folder: PathBuf,
    /// Where nodes answer `bitq-cli`; nobody else listens there.
    pub(super) port: u16,
}

impl Stage {
    /// The options that say which chain is meant, and where it is.
    pub(super) fn chain(&self, name: &str) -> Result<Vec<String>> {
        let data = self.folder.join(name);
        std::fs::create_dir_all(&data)?;
        Ok(vec![
            "-coin=bitcoin".to_owned(),
            "-regtest".to_owned(),
            format!("-datadir={}", data.display()),
            format!("-rpcport={}", self.port),
        ])
    }

    /// Node or window as they run here: with homes and sockets of their own.
    pub(super) fn command(&self, program: &str, args: &[String]) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.args(args).stdout(Stdio::null());
        command.stderr(Stdio::null()).env("HOME", &self.folder);
        for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
            command.env(name, self.folder.join(name));
        }
        command.env("XDG_RUNTIME_DIR", &self.folder);
        self.display.set_up(&mut command);
        command
    }

    /// Opens the window, with a trace.
    pub(super) fn traced(&self, args: &[String]) -> Result<Window> {
        let trace = self.folder.join("trace");
        // What the run before wrote must not be taken for this one's.
        if trace.exists() {
            std::fs::remove_file(&trace)?;
        }
        let mut command = self.command("bitq-gui", args);
        command.env("BITQ_TRACE", &trace);
        let child = command.spawn().context("bitq-gui")?;
        Ok(Window { child, trace })
    }

    /// Opens the window as a person does.
    pub(super) fn untraced(&self, args: &[String]) -> Result<Window> {
        let child = self.command("bitq-gui", args).spawn().context("bitq-gui")?;
        let trace = self.folder.join("no trace");
        Ok(Window { child, trace })
    }

    /// Starts a node that others can attach to, and waits until its socket is there.
    pub(super) fn node(&self, name: &str) -> Result<Node> {
        let mut args = self.chain(name)?;
        args.extend(
            ["-ipcbind=unix", "-server", "-listen=0", "-printtoconsole=0"].map(str::to_owned),
        );
        let socket = self.folder.join(name).join("regtest/node.sock");
        if socket.exists() {
            std::fs::remove_file(&socket)?;
        }
        let begun = Instant::now();
        let child = self
            .command("bitq-node", &args)
            .spawn()
            .context("bitq-node")?;
        wait("the socket of the node", || socket.exists().then_some(()))?;
        Ok(Node {
            child,
            name: name.to_owned(),
            start: begun.elapsed(),
        })
    }

    /// Asks a running node.
    pub(super) fn ask(&self, node: &Node, words: &[&str]) -> Result<String> {
        let mut args = self.chain(&node.name)?;
        args.push("-rpcwait".to_owned());
        args.extend(words.iter().map(|word| (*word).to_owned()));
        let mut command = self.command("bitq-cli", &args);
        process::capture(command.stdout(Stdio::piped()).stderr(Stdio::piped()))
    }

    /// Runs `xdotool` on the display; its answer, or nothing where it finds none.
    pub(super) fn xdotool(&self, words: &[&str]) -> Result<Option<String>> {
        let mut command = Command::new("xdotool");
        command.args(words).stderr(Stdio::null());
        self.display.set_up(&mut command);
        let output = command.output().context("xdotool")?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok((output.status.success() && !text.is_empty()).then_some(text))
    }
}

/// A window that runs.
pub(super) struct Window {
    child: Child,
    trace: PathBuf,
}

impl Window {
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything that was traced until now.
    pub(super) fn trace(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.trace).unwrap_or_default();
        let lines = text.lines();
        // The last line may be half written.
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// Waits for the `count`th event of a name; its milliseconds since the start of the process.
    pub(super) fn event(&self, name: &str, count: usize) -> Result<f64> {
        wait(&format!("{name} in the trace of the window"), || {
            let trace = self.trace();
            let mut found = trace.iter().filter(|line| line["event"] == name);
            found.nth(count.saturating_sub(1))?["ms"].as_f64()
        })
    }

    /// The largest value under `key` in events of a name; 0 where there is none.
    pub(super) fn largest(&self, name: &str, key: &str) -> f64 {
        let trace = self.trace();
        let found = trace.iter().filter(|line| line["event"] == name);
        let values = found.filter_map(|line| line[key].as_f64());
        values.fold(0.0, f64::max)
    }

    /// The longest update and the message that it was for.
    pub(super) fn longest_update(&self) -> (f64, String) {
        let trace = self.trace();
        let found = trace.iter().filter(|line| line["event"] == "update");
        let updates = found.filter_map(|line| {
            let message = line["of"].as_str().unwrap_or_default();
            Some((line["took_ms"].as_f64()?, message.to_owned()))
        });
        let longest = updates.max_by(|a, b| a.0.total_cmp(&b.0));
        longest.unwrap_or_default()
    }

    /// Ends it at once; a node that it started is told by the system.
    pub(super) fn end(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// A node that runs.
pub(super) struct Node {
    child: Child,
    name: String,
    /// From its start until others can connect.
    pub(super) start: Duration,
}

impl Node {
    /// Sends a signal, named as for `kill`.
    pub(super) fn signal(&self, name: &str) -> Result<()> {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status()?;
        if !status.success() {
            bail!("kill -s {name} {pid}: {status}");
        }
        Ok(())
    }

    /// Ends it with a signal and waits for that.
    pub(super) fn end(mut self, signal: &str) -> Result<()> {
        self.signal(signal)?;
        self.child.wait()?;
        Ok(())
    }
}

/// Looks again and again until there is something.
pub(super) fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if begun.elapsed() > PATIENCE {
            bail!("waited {} s for {what}", PATIENCE.as_secs());
        }
        std::thread::sleep(LOOK);
    }
}

/// Seconds of processor time that a process has used.
pub(super) fn processor(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / TICKS
}

/// Megabytes of memory that a process holds.
pub(super) fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

/// Takes a file out of the system's cache, as far as the system lets go of it.
pub(super) fn forget(path: &Path) {
    let input = format!("if={}", path.display());
    let mut dd = Command::new("dd");
    dd.args([&input, "iflag=nocache", "count=0", "status=none"]);
    // Where this fails the start is a warm one, which the table would show.
    drop(dd.status());
}
