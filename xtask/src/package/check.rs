//! Unpacks every package into an empty place and runs what is in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{Release, remove, stage};
use crate::display::Display;
use crate::output::say;
use crate::process;

/// How long a program may take to appear, to answer or to end, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(180);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// Checks all packages.
pub(super) fn all(release: &Release, files: &[PathBuf]) -> Result<()> {
    let root = release.out.join("check");
    remove(&root)?;
    common_files(release)?;
    for file in files {
        let name = file
            .file_name()
            .context("a package has a name")?
            .to_string_lossy();
        let folder = root.join(name.as_ref());
        fs::create_dir_all(&folder)?;
        say(&format!("== {name}"));
        if name.ends_with(".tar.gz") {
            process::run(
                release
                    .command("tar")?
                    .arg("xzf")
                    .arg(file)
                    .arg("-C")
                    .arg(&folder),
            )?;
            let tree = release.tree.file_name().context("the tree has a name")?;
            programs(release, &folder.join(tree).join("bin"), stage::PROGRAMS)?;
            window(
                &folder.join(tree).join("bin/bitq"),
                &["-m", "gui", "-regtest"],
                &folder,
            )?;
        } else if name.ends_with(".deb") {
            process::run(
                release
                    .command("dpkg-deb")?
                    .arg("-x")
                    .arg(file)
                    .arg(&folder),
            )?;
            let is_window = name.starts_with("bitq-gui");
            let held: Vec<&str> = stage::PROGRAMS
                .iter()
                .copied()
                .filter(|program| stage::WINDOW.contains(program) == is_window)
                .collect();
            programs(release, &folder.join("usr/bin"), &held)?;
        } else {
            appimage(release, file, &folder)?;
        }
    }
    // Installed together, the two packages find each other's programs.
    let both = root.join("both");
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|end| end == "deb"))
    {
        process::run(release.command("dpkg-deb")?.arg("-x").arg(file).arg(&both))?;
    }
    window(
        &both.join("usr/bin/bitq"),
        &["-m", "gui", "-regtest"],
        &both,
    )?;
    say("every package runs");
    Ok(())
}

/// Desktop file and metadata, with the programs that stores use.
fn common_files(release: &Release) -> Result<()> {
    let share = release.tree.join("share");
    let checks: [(&str, &[&str], &str); 2] = [
        ("desktop-file-validate", &[], "applications/bitq.desktop"),
        (
            "appstreamcli",
            &["validate", "--no-net"],
            "metainfo/org.bitq.bitq.metainfo.xml",
        ),
    ];
    for (program, args, file) in checks {
        if process::find(program).is_none() {
            left_out(&format!("{file} was not checked"), program)?;
            continue;
        }
        process::run(release.command(program)?.args(args).arg(share.join(file)))?;
    }
    Ok(())
}

/// Says what a missing program leaves unchecked; where nobody reads that, it is a failure.
fn left_out(what: &str, program: &str) -> Result<()> {
    if std::env::var("CI").is_ok_and(|value| value == "true") {
        bail!("{program} is not installed: {what}");
    }
    say(&format!("note: {program} is not installed, {what}"));
    Ok(())
}

/// Each program says its version.
fn programs(release: &Release, folder: &Path, names: &[&str]) -> Result<()> {
    for name in names {
        let text = process::capture(Command::new(folder.join(name)).arg("-version"))?;
        let first = text.lines().next().unwrap_or_default();
        if !first.contains(&release.version) {
            bail!("{name} -version says '{first}', not {}", release.version);
        }
    }
    Ok(())
}

fn appimage(release: &Release, file: &Path, folder: &Path) -> Result<()> {
    let run = |cache: &str, arg: &str| {
        let mut command = Command::new(file);
        command
            .env("XDG_CACHE_HOME", folder.join(cache))
            .env("TMPDIR", folder);
        process::capture(command.arg(arg))
    };
    for start in ["first", "second"] {
        let text = run("cache", "--version")?;
        if !text.contains(&release.version) {
            bail!("the {start} start says '{}'", text.trim());
        }
    }
    // A cache that cannot be a folder: the next place is taken.
    fs::write(folder.join("file"), "")?;
    run("file", "--version").context("with a cache that cannot be written")?;
    let mut offset = Command::new(file);
    let offset = process::capture(offset.arg("--appimage-offset"))?;
    let mut list = release.command("unsquashfs")?;
    list.args(["-o", offset.trim(), "-l"]).arg(file);
    if !process::capture(&mut list)?.contains("AppRun") {
        bail!("another reader finds no AppRun in the file system");
    }
    // Moved and renamed, as people do with a file that they fetched.
    let moved = folder.join("my programs");
    fs::create_dir_all(&moved)?;
    let moved = moved.join("bitq (1).AppImage");
    fs::copy(file, &moved)?;
    let mut command = Command::new(&moved);
    command
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env("TMPDIR", folder);
    let text = process::capture(command.arg("--version"))?;
    if !text.contains(&release.version) {
        bail!("moved elsewhere it says '{}'", text.trim());
    }
    fs::remove_file(&moved)?;
    window(file, &["-m", "gui", "-regtest"], folder)
}

/// Starts the window on a private display with an empty home, waits until it is there, and asks the node and the wallet
/// behind it.
fn window(program: &Path, args: &[&str], folder: &Path) -> Result<()> {
    for tool in ["Xvfb", "xdotool"] {
        if process::find(tool).is_none() {
            return left_out("the window was not started", tool);
        }
    }
    let display = Display::start("1280x800")?;
    let place = Place::new(program, folder)?;
    let mut command = place.command(args);
    display.set_up(&mut command);
    let mut child = command
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| program.display().to_string())?;
    let checked = wait_for_window(&display, &mut child).and_then(|()| place.answers());
    process::run(Command::new("kill").args(["-TERM", &child.id().to_string()]))?;
    let ended = wait_for_end(&mut child).and_then(|()| place.is_left());
    checked.and(ended)
}

/// Where the programs of a package are run: a home and a port of their own.
struct Place<'a> {
    program: &'a Path,
    home: PathBuf,
    port: u16,
}

impl<'a> Place<'a> {
    fn new(program: &'a Path, folder: &Path) -> Result<Self> {
        let home = folder.join("home");
        fs::create_dir_all(&home)?;
        let free = std::net::TcpListener::bind("127.0.0.1:0")?;
        let port = free.local_addr()?.port();
        Ok(Self {
            program,
            home,
            port,
        })
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command.args(args).arg(format!("-rpcport={}", self.port));
        command.env("HOME", &self.home);
        for name in [
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "XDG_CACHE_HOME",
            "XDG_RUNTIME_DIR",
        ] {
            command.env(name, self.home.join(name));
        }
        command
    }

    /// What the node says, once it serves; asked by the package's own `bitq-cli`.
    fn ask(&self, method: &str) -> Result<String> {
        process::capture(self.command(&["rpc", "-regtest"]).arg(method))
    }

    /// The node and the wallet are those of the package, and both answer.
    fn answers(&self) -> Result<()> {
        for (method, expected) in [("getblockcount", "0"), ("listwallets", "[]")] {
            let begun = Instant::now();
            let answer = loop {
                match self.ask(method) {
                    Ok(answer) => break answer,
                    Err(error) if begun.elapsed() > DEADLINE => return Err(error),
                    // It still starts.
                    Err(_) => std::thread::sleep(LOOK),
                }
            };
            if answer.split_whitespace().collect::<String>() != expected {
                bail!("{method} of a new chain says '{}'", answer.trim());
            }
        }
        Ok(())
    }

    /// Waits until nothing serves there any more: the node ends with its window.
    fn is_left(&self) -> Result<()> {
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            if begun.elapsed() > DEADLINE {
                bail!("the node goes on without its window");
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}

/// Waits until a program has ended; one that does not is killed.
fn wait_for_end(child: &mut Child) -> Result<()> {
    let begun = Instant::now();
    while child.try_wait()?.is_none() {
        if begun.elapsed() > DEADLINE {
            child.kill()?;
            child.wait()?;
            bail!("the window does not end when it is asked to");
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

fn wait_for_window(display: &Display, child: &mut Child) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < DEADLINE {
        if let Some(status) = child.try_wait()? {
            bail!("the window's process ended: {status}");
        }
        let mut search = Command::new("xdotool");
        search.args(["search", "--onlyvisible", "--name", "bitq"]);
        search.stdout(Stdio::null()).stderr(Stdio::null());
        display.set_up(&mut search);
        if search.status().context("xdotool")?.success() {
            say(&format!("window after {} ms", start.elapsed().as_millis()));
            return Ok(());
        }
        std::thread::sleep(LOOK);
    }
    bail!("no window within {} s", DEADLINE.as_secs())
}
