//! Runs an AppImage without FUSE: unpacks the file system behind this program into the user's
//! cache, once per content, and becomes the `AppRun` in it.

mod payload;
mod place;
mod unpack;

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::payload::Payload;

/// Why the application was not started.
#[derive(Debug, thiserror::Error)]
enum RuntimeError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("{0} is no complete AppImage: get it again")]
    NoPayload(PathBuf),
    #[error("{0} is damaged, its checksum does not fit: get it again")]
    Damaged(PathBuf),
    #[error("cannot read the file system of {path}: {source}")]
    Squashfs {
        path: PathBuf,
        source: Box<backhand::BackhandError>,
    },
    #[error("the file system holds {0}, which an application must not hold")]
    Refused(PathBuf),
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot run {path}: {source}")]
    Run { path: PathBuf, source: io::Error },
    #[error("no folder can hold programs, tried: {0}. Set XDG_CACHE_HOME to one that can.")]
    NoPlace(String),
}

const HELP: &str = "Options of this AppImage:
  --appimage-help      Print this page
  --appimage-offset    Print at which byte the file system begins
  --appimage-extract   Unpack into the folder squashfs-root and end
All other arguments go to the application.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("Error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), RuntimeError> {
    let own = Path::new("/proc/self/exe");
    let image = std::env::current_exe().map_err(|source| RuntimeError::Read {
        path: own.to_owned(),
        source,
    })?;
    let mut args: Vec<_> = std::env::args_os().skip(1).collect();
    let option = args
        .first()
        .and_then(|arg| arg.to_str())
        .unwrap_or_default()
        .to_owned();
    match option.as_str() {
        "--appimage-help" => say(HELP),
        "--appimage-offset" => say(&Payload::find(&image)?.start.to_string()),
        "--appimage-extract" => {
            let payload = Payload::find(&image)?;
            payload.verify()?;
            unpack::into_folder(&payload, Path::new("squashfs-root"))?;
        }
        _ => {
            // Other runtimes mount by default; this one always unpacks.
            if option == "--appimage-extract-and-run" {
                args.remove(0);
            }
            return start(&Payload::find(&image)?, &args);
        }
    }
    Ok(())
}

/// Unpacks where needed and becomes the application; returns only when that was not possible.
fn start(payload: &Payload, args: &[std::ffi::OsString]) -> Result<(), RuntimeError> {
    let mut tried = Vec::new();
    for base in place::candidates() {
        let folder = match place::prepare(&base, payload) {
            Ok(folder) => folder,
            // Another place cannot help against a damaged file.
            Err(error @ (RuntimeError::Write { .. } | RuntimeError::NoPlace(_))) => {
                tried.push(error.to_string());
                continue;
            }
            Err(error) => return Err(error),
        };
        place::remove_others(&base, &folder);
        let program = folder.join("AppRun");
        let source = Command::new(&program)
            .args(args)
            .env("APPIMAGE", &payload.path)
            .env("APPDIR", &folder)
            .exec();
        // Mounted without the right to run programs.
        if source.kind() != io::ErrorKind::PermissionDenied {
            return Err(RuntimeError::Run {
                path: program,
                source,
            });
        }
        tried.push(format!("{}: {source}", folder.display()));
    }
    Err(RuntimeError::NoPlace(tried.join("; ")))
}

#[expect(clippy::print_stdout, reason = "the program's one output function")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "the program's one error function")]
fn complain(text: &str) {
    eprintln!("{text}");
}
