//! Unpacks every package into an empty place and runs what is in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{Release, remove, stage};
use crate::display::Display;
use crate::output::say;
use crate::process;

/// How long the window may take to appear, on a busy machine.
const WINDOW_DEADLINE: Duration = Duration::from_secs(60);

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
            say(&format!(
                "note: {program} is not installed, {file} was not checked"
            ));
            continue;
        }
        process::run(release.command(program)?.args(args).arg(share.join(file)))?;
    }
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
    window(file, &["-m", "gui", "-regtest"], folder)
}

/// Starts the window on a private display with an empty home and waits until it is there.
fn window(program: &Path, args: &[&str], folder: &Path) -> Result<()> {
    if process::find("xdotool").is_none() || process::find("Xvfb").is_none() {
        say("note: Xvfb or xdotool is not installed, the window was not started");
        return Ok(());
    }
    let display = Display::start("1280x800")?;
    let home = folder.join("home");
    fs::create_dir_all(&home)?;
    let mut command = Command::new(program);
    command.args(args).env("HOME", &home).stdout(Stdio::null());
    for name in [
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_CACHE_HOME",
        "XDG_RUNTIME_DIR",
    ] {
        command.env(name, home.join(name));
    }
    display.set_up(&mut command);
    let mut child = command
        .spawn()
        .with_context(|| program.display().to_string())?;
    wait_for_window(&display, &mut child)?;
    process::run(Command::new("kill").args(["-TERM", &child.id().to_string()]))?;
    child.wait().context("the window's process")?;
    Ok(())
}

fn wait_for_window(display: &Display, child: &mut std::process::Child) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < WINDOW_DEADLINE {
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
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("no window within {} s", WINDOW_DEADLINE.as_secs())
}
