//! Packages for Linux on this machine's processor, into `target/package`: tar.gz, .deb, AppImage.
//!
//! `--from <folder>` takes programs that are built already, such as `target/debug`; `--check`
//! unpacks and runs what was made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::output::say;
use crate::{bitq, process, workspace};

mod appimage;
mod archive;
mod check;
mod deb;
mod licences;
mod manual;
mod stage;

/// What every package is made from.
struct Release {
    version: String,
    /// Processor as the kernel names it, such as `x86_64`.
    machine: String,
    /// Folder that the packages are written to.
    out: PathBuf,
    /// The tree with `bin` and `share` that all packages hold.
    tree: PathBuf,
    /// Seconds since 1970 that every file gets, so that two runs give the same bytes.
    time: String,
}

/// Makes all packages.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let (mut from, mut check) = (None, false);
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--check" => check = true,
            "--from" => {
                from = Some(PathBuf::from(
                    words.next().context("--from needs a folder")?,
                ))
            }
            _ => bail!("Usage: cargo xtask package [--from <folder>] [--check]"),
        }
    }
    let programs = match from {
        Some(folder) => workspace::root().join(folder),
        None => {
            bitq::build_release()?;
            workspace::target_dir()?.join("release")
        }
    };
    let release = Release::prepare()?;
    stage::fill(&release, &programs)?;
    let mut made = vec![archive::make(&release)?];
    made.extend(deb::make(&release)?);
    made.push(appimage::make(&release)?);
    write_sums(&release, &made)?;
    for file in &made {
        say(&format!(
            "{:>9} KB  {}",
            fs::metadata(file)?.len() / 1000,
            file.display()
        ));
    }
    if check {
        check::all(&release, &made)
    } else {
        Ok(())
    }
}

impl Release {
    fn prepare() -> Result<Self> {
        let version = workspace::version()?;
        let out = workspace::target_dir()?.join("package");
        let machine = std::env::consts::ARCH.to_owned();
        let tree = out.join(format!("bitq-{version}-{machine}-linux"));
        remove(&out)?;
        fs::create_dir_all(&tree)?;
        Ok(Self {
            version,
            machine,
            out,
            tree,
            time: commit_time(),
        })
    }

    /// A command that writes this release's time where it writes times.
    fn command(&self, program: &str) -> Result<Command> {
        let Some(path) = process::find(program) else {
            bail!("{program} is not installed");
        };
        let mut command = Command::new(path);
        command
            .env("SOURCE_DATE_EPOCH", &self.time)
            .current_dir(&self.out);
        Ok(command)
    }
}

/// The time of the last commit, or of 2026 where there is no history.
fn commit_time() -> String {
    let mut git = Command::new("git");
    git.args(["log", "-1", "--format=%ct"])
        .current_dir(workspace::root());
    let time = process::capture(&mut git).unwrap_or_default();
    if time.trim().is_empty() {
        "1767225600".to_owned()
    } else {
        time.trim().to_owned()
    }
}

fn write_sums(release: &Release, files: &[PathBuf]) -> Result<()> {
    let mut command = release.command("sha256sum")?;
    command.args(files.iter().filter_map(|file| file.file_name()));
    fs::write(
        release.out.join("SHA256SUMS"),
        process::capture(&mut command)?,
    )?;
    Ok(())
}

/// Removes a folder that may not exist.
fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Copies one file, making the folders above it, with the rights `mode`.
fn install(from: &Path, to: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = to.parent().context("a file has a folder")?;
    fs::create_dir_all(folder)?;
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode))?;
    Ok(())
}

/// Copies a folder with everything in it, keeping rights and links.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    process::run(Command::new("cp").arg("-a").arg(from.join(".")).arg(to))
}
