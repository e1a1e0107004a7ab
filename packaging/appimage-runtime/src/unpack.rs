//! Writes the files of the file system into a folder.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufReader};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use backhand::{FilesystemReader, InnerNode};

use crate::RuntimeError;
use crate::payload::Payload;

/// Unpacks everything into `folder`, which must not exist.
///
/// # Errors
/// [`RuntimeError::Refused`] for devices and for paths and links that lead out of the folder;
/// [`RuntimeError::Write`] when the folder exists or the disk is full.
pub(crate) fn into_folder(payload: &Payload, folder: &Path) -> Result<(), RuntimeError> {
    let read = |source| RuntimeError::Read {
        path: payload.path.clone(),
        source,
    };
    let squashfs = |source| RuntimeError::Squashfs {
        path: payload.path.clone(),
        source: Box::new(source),
    };
    let file = BufReader::new(File::open(&payload.path).map_err(read)?);
    let system =
        FilesystemReader::from_reader_with_offset(file, payload.start).map_err(squashfs)?;
    for node in system.files() {
        let inside = inside(&node.fullpath)?;
        let path = folder.join(&inside);
        let write = |source| RuntimeError::Write {
            path: path.clone(),
            source,
        };
        match &node.inner {
            InnerNode::Dir(_) => make_dir(&path).map_err(write)?,
            InnerNode::File(content) => {
                // Never a right for others, never set-user-id.
                let mode = if node.header.permissions & 0o111 == 0 {
                    0o600
                } else {
                    0o700
                };
                let mut options = OpenOptions::new();
                let opened = options.write(true).create_new(true).mode(mode).open(&path);
                let mut output = opened.map_err(write)?;
                io::copy(&mut system.file(content).reader(), &mut output).map_err(write)?;
            }
            InnerNode::Symlink(link) => {
                check_link(&inside, &link.link)?;
                symlink(&link.link, &path).map_err(write)?;
            }
            _ => return Err(RuntimeError::Refused(node.fullpath.clone())),
        }
    }
    Ok(())
}

fn make_dir(path: &Path) -> io::Result<()> {
    fs::create_dir(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// The path from the root of the file system, made of plain names only.
fn inside(full: &Path) -> Result<PathBuf, RuntimeError> {
    let mut path = PathBuf::new();
    for part in full.components() {
        match part {
            Component::RootDir | Component::CurDir => {}
            Component::Normal(name) => path.push(name),
            _ => return Err(RuntimeError::Refused(full.to_owned())),
        }
    }
    Ok(path)
}

/// A link must be relative and must stay in the folder at each of its steps.
fn check_link(at: &Path, target: &Path) -> Result<(), RuntimeError> {
    let mut depth = at.components().count().saturating_sub(1);
    for part in target.components() {
        let next = match part {
            Component::Normal(_) => depth.checked_add(1),
            Component::CurDir => Some(depth),
            Component::ParentDir => depth.checked_sub(1),
            Component::RootDir | Component::Prefix(_) => None,
        };
        depth = next.ok_or_else(|| RuntimeError::Refused(at.to_owned()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(inside(Path::new("/usr/bin")).unwrap(), Path::new("usr/bin"));
        assert!(inside(Path::new("/../etc")).is_err());
        assert!(inside(Path::new("usr/../../etc")).is_err());
    }

    #[test]
    fn links_stay_inside() {
        let check = |at: &str, target: &str| check_link(Path::new(at), Path::new(target)).is_ok();
        assert!(check("usr/bin/a", "../lib/b"));
        assert!(check(".DirIcon", "bitq.png"));
        assert!(!check("usr/bin/a", "/etc/passwd"));
        assert!(!check("usr/bin/a", "../../../etc"));
        assert!(!check("a", "b/../../c"));
    }
}
