//! The socket's file: making it, and looking at it before use.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use rustix::fs::FlockOperation;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::Stream;
use crate::address::{BindAddress, IN_USE, check_length};
use crate::process::system_text;
use crate::types::IpcError;

/// Clients that may wait to be accepted: a burst of connects must not fail.
const BACKLOG: i32 = 4096;

/// How often, and after what pauses, a lock is tried.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Device and number of a file.
pub(super) fn file_number(path: &Path) -> io::Result<(u64, u64)> {
    let meta = fs::symlink_metadata(path)?;
    Ok((meta.dev(), meta.ino()))
}

/// Makes the socket, with the mode and group it shall have before anybody can connect.
pub(super) fn bind(address: &BindAddress) -> Result<(UnixListener, (u64, u64)), String> {
    check_length(&address.path)?;
    let text = |error: io::Error| system_text(&error);
    if let Some(parent) = address.path.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)
            .map_err(text)?;
    }
    // Of two programs that find the same stale file only one may replace it.
    let _alone = address.path.parent().and_then(lock);
    remove_stale(&address.path)?;
    let socket = socket().map_err(text)?;
    let name = SocketAddrUnix::new(&address.path).map_err(|error| text(error.into()))?;
    rustix::net::bind(&socket, &name).map_err(|error| text(error.into()))?;
    let secured = secure(address).and_then(|()| {
        rustix::net::listen(&socket, BACKLOG).map_err(|error| text(error.into()))?;
        file_number(&address.path).map_err(text)
    });
    match secured {
        Ok(file) => Ok((UnixListener::from(socket), file)),
        Err(reason) => {
            // It was made a moment ago, by us.
            let _ = fs::remove_file(&address.path);
            Err(reason)
        }
    }
}

/// Keeps other programs like this one from making a socket in `folder` meanwhile. Who cannot have the lock soon goes
/// on without: it is held for moments, so somebody else has it for purposes of his own.
fn lock(folder: &Path) -> Option<fs::File> {
    let file = fs::File::open(folder).ok()?;
    for _ in 0..LOCK_TRIES {
        let locked = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive);
        match locked {
            Ok(()) => return Some(file),
            Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(LOCK_PAUSE),
            Err(_) => return None,
        }
    }
    None
}

fn socket() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        flags,
        None,
    )?)
}

/// Removes a socket that nobody listens on. Anything else stays where it is.
fn remove_stale(path: &Path) -> Result<(), String> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(system_text(&error)),
    };
    if !meta.file_type().is_socket() {
        return Err(IN_USE.to_owned());
    }
    let probe = socket().and_then(|socket| {
        let name = SocketAddrUnix::new(path)?;
        Ok(rustix::net::connect(&socket, &name)?)
    });
    match probe {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|error| system_text(&error))
        }
        // Somebody listens, or may: a full queue and missing rights look like life.
        _ => Err(IN_USE.to_owned()),
    }
}

fn secure(address: &BindAddress) -> Result<(), String> {
    let text = |error: io::Error| system_text(&error);
    if let Some(group) = &address.group {
        let gid = group_number(group)?;
        std::os::unix::fs::chown(&address.path, None, Some(gid)).map_err(text)?;
    }
    fs::set_permissions(&address.path, fs::Permissions::from_mode(address.mode)).map_err(text)
}

/// The number of a group by number or by its name in `/etc/group`.
fn group_number(group: &str) -> Result<u32, String> {
    if let Ok(number) = group.parse() {
        return Ok(number);
    }
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    groups
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == group).then(|| fields.nth(1)?.parse().ok())?
        })
        .next()
        .ok_or_else(|| format!("Unknown group '{group}'"))
}

/// Connects to a socket that nobody else can have put there.
pub(crate) fn connect(path: &Path) -> Result<Stream, IpcError> {
    if let Err(reason) = check_length(path) {
        return Err(IpcError::Connect {
            reason,
            absent: true,
        });
    }
    let failed = |error: io::Error| IpcError::Connect {
        absent: matches!(
            error.kind(),
            io::ErrorKind::NotFound
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::NotADirectory
        ),
        reason: system_text(&error),
    };
    check_owner(path)
        .map_err(failed)?
        .map_err(|reason| IpcError::Connect {
            reason,
            absent: false,
        })?;
    Stream::connect(path).map_err(failed)
}

/// Whether the socket and its folder are in the hands of this user or root alone.
fn check_owner(path: &Path) -> io::Result<Result<(), String>> {
    let meta = fs::symlink_metadata(path)?;
    let trusted = |uid: u32| uid == 0 || uid == rustix::process::getuid().as_raw();
    let shown = path.display();
    if !trusted(meta.uid()) {
        let owner = meta.uid();
        return Ok(Err(format!(
            "{shown} belongs to user {owner}: the program behind it is not to be trusted"
        )));
    }
    let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    else {
        return Ok(Ok(()));
    };
    let folder = fs::metadata(parent)?;
    let others_write = folder.mode() & 0o022 != 0;
    // In a sticky folder such as /tmp nobody can replace what belongs to another.
    let sticky = folder.mode() & 0o1000 != 0;
    if !trusted(folder.uid()) || (others_write && !sticky) {
        let folder = parent.display();
        return Ok(Err(format!(
            "others can write to {folder}, where the socket {shown} is"
        )));
    }
    Ok(Ok(()))
}

#[cfg(test)]
mod tests;
