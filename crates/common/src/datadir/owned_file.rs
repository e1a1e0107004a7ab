//! Files that only the process that made them removes: cookie and pid file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::DataDirError;

/// A file by path and by what it is on disk.
#[derive(Debug)]
struct OwnedFile {
    path: PathBuf,
    /// Kept open so that no later file on the disk can get its number.
    file: Arc<File>,
}

/// The files that this process has now, for an end without a way back.
static OWNED: Mutex<Vec<(PathBuf, Arc<File>)>> = Mutex::new(Vec::new());

fn owned() -> MutexGuard<'static, Vec<(PathBuf, Arc<File>)>> {
    OWNED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the cookie and pid file of this process, where it ends without dropping what holds them.
pub fn remove_owned_files() {
    for (path, file) in owned().drain(..) {
        remove_if_same(&path, &file);
    }
}

fn remove_if_same(path: &Path, file: &File) {
    // Another process may have put its own file there; that one stays.
    let there = fs::symlink_metadata(path);
    let mine = file.metadata();
    let number = |meta: fs::Metadata| (meta.dev(), meta.ino());
    if let (Ok(there), Ok(mine)) = (there, mine)
        && number(there) == number(mine)
    {
        // Removing is the last thing a process does with it; a file that is left is overwritten at the next start.
        let _ = fs::remove_file(path);
    }
}

impl OwnedFile {
    /// Writes a file beside its place and moves it there, so that it is never seen half written.
    fn create(path: &Path, content: &[u8], mode: u32) -> io::Result<Self> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".tmp");
        let temporary = PathBuf::from(temporary);
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        let written =
            Self::fill(&mut file, content, mode).and_then(|()| fs::rename(&temporary, path));
        if let Err(error) = written {
            // The half-written file is of no use; the first error is the one to report.
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        let file = Arc::new(file);
        owned().push((path.to_owned(), Arc::clone(&file)));
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    fn fill(file: &mut File, content: &[u8], mode: u32) -> io::Result<()> {
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.write_all(content)
    }
}

impl Drop for OwnedFile {
    fn drop(&mut self) {
        owned().retain(|(_, file)| !Arc::ptr_eq(file, &self.file));
        remove_if_same(&self.path, &self.file);
    }
}

/// Who may read the cookie file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CookiePerms {
    /// The user alone: 0600.
    #[default]
    Owner,
    /// The group too: 0640.
    Group,
    /// Everybody: 0644.
    All,
}

impl FromStr for CookiePerms {
    type Err = DataDirError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "owner" => Ok(Self::Owner),
            "group" => Ok(Self::Group),
            "all" => Ok(Self::All),
            _ => Err(DataDirError::CookiePerms(text.to_owned())),
        }
    }
}

/// The RPC cookie on disk; dropping it removes the file.
#[derive(Debug)]
pub struct CookieFile(OwnedFile);

impl CookieFile {
    /// User name of the cookie.
    pub const USER: &str = "__cookie__";

    /// Writes `__cookie__:<password>`; the password is 32 random bytes in hex by custom.
    ///
    /// # Errors
    /// [`DataDirError::Cookie`].
    pub fn create(path: &Path, password: &str, perms: CookiePerms) -> Result<Self, DataDirError> {
        let mode = match perms {
            CookiePerms::Owner => 0o600,
            CookiePerms::Group => 0o640,
            CookiePerms::All => 0o644,
        };
        let content = format!("{}:{password}", Self::USER);
        OwnedFile::create(path, content.as_bytes(), mode)
            .map(Self)
            .map_err(|source| DataDirError::Cookie {
                path: path.to_owned(),
                source,
            })
    }

    /// Returns where the file is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }
}

/// The file with the process id; dropping it removes the file.
#[derive(Debug)]
pub struct PidFile(OwnedFile);

impl PidFile {
    /// Writes the id of this process.
    ///
    /// # Errors
    /// [`DataDirError::Pid`].
    pub fn create(path: &Path) -> Result<Self, DataDirError> {
        let content = format!("{}\n", std::process::id());
        OwnedFile::create(path, content.as_bytes(), 0o600)
            .map(Self)
            .map_err(|source| DataDirError::Pid {
                path: path.to_owned(),
                source,
            })
    }

    /// Returns where the file is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }
}
