//! The file of a wallet: SQLite in Core's format, one table of records.
//!
//! Only records whose meaning is known are read or written; all others stay as they are.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use primitives::ChainParams;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

mod copy;
pub mod key;
pub mod record;

pub use copy::copy_file;

/// Name of the file in a wallet's directory.
pub const FILE_NAME: &str = "wallet.dat";
/// The schema that is understood (`user_version`).
const SCHEMA_VERSION: i64 = 0;
/// The one table.
const TABLE: &str = "CREATE TABLE main(key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL)";
/// First bytes of an SQLite file.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Where an SQLite file carries its application id.
const APPLICATION_ID_AT: usize = 68;
/// Number that marks a Berkeley DB file, at offset 12 in either byte order.
const BDB_MAGIC: u32 = 0x0005_3162;

/// What is wrong with a wallet's file. Texts are Core's where Core has them.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// There is nothing at the path.
    #[error("Failed to load database path '{}'. Path does not exist.", .0.display())]
    NotFound(PathBuf),
    /// There is something else at the path.
    #[error("Failed to load database path '{}'. Data is not in recognized format.", .0.display())]
    NotRecognized(PathBuf),
    /// The file belongs to a wallet of another network, or to another program.
    #[error(
        "Failed to load database path '{}'. Data is not in recognized format. It is the database of another program or \
         of a wallet for another coin or network, and was left untouched.", path.display()
    )]
    Foreign {
        /// Where it lies.
        path: PathBuf,
    },
    /// The file is a wallet of the old kind.
    #[error(
        "Failed to open database path '{}'. The wallet appears to be a Legacy wallet, please use the wallet migration \
         tool (migratewallet RPC or the GUI option).", .0.display()
    )]
    Legacy(PathBuf),
    /// A file is there already.
    #[error("Failed to create database path '{}'. Database already exists.", .0.display())]
    Exists(PathBuf),
    /// The directory cannot be written.
    #[error(
        "SQLiteDatabase: Failed to open database in directory '{}': directory is not writable", .0.display()
    )]
    Unwritable(PathBuf),
    /// Another process uses the file.
    #[error(
        "SQLiteDatabase: Unable to obtain an exclusive lock on the database, is it being used by another instance of {}?\n",
        common::CLIENT_NAME
    )]
    Locked,
    /// The schema is a later one.
    #[error(
        "SQLiteDatabase: Unknown sqlite wallet schema version {0}. Only version {SCHEMA_VERSION} is supported"
    )]
    UnknownSchema(i64),
    /// The file's pages do not fit together.
    #[error("Failed to verify database\n{0}")]
    Damaged(String),
    /// A copy has no room on the disk.
    #[error(
        "The wallet file {} takes {need} MiB, and {free} MiB are free where it is to be copied. Please make room there, \
         or choose another file.",
        path.display()
    )]
    NoRoom {
        /// The file.
        path: PathBuf,
        /// What it takes, in MiB.
        need: u64,
        /// What is free, in MiB.
        free: u64,
    },
    /// SQLite reports something else.
    #[error("The wallet database {} cannot be read or written: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The system reports something.
    #[error("Cannot access {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Nothing.
    Absent,
    /// A wallet for this network.
    Wallet,
    /// A wallet of the old kind (Berkeley DB).
    Legacy,
    /// An SQLite database of something else.
    Foreign,
    /// Anything else.
    Other,
}

/// Tells what a wallet file is from its first bytes, without opening it as a database.
pub fn file_kind(file: &Path, params: &ChainParams) -> FileKind {
    // Opening a pipe would wait for its writer.
    if !file.is_file() {
        return FileKind::Absent;
    }
    let Ok(mut opened) = File::open(file) else {
        return FileKind::Absent;
    };
    let mut head = Vec::new();
    if opened.by_ref().take(72).read_to_end(&mut head).is_err() {
        return FileKind::Other;
    }
    if head.starts_with(SQLITE_MAGIC) {
        return match head.get(APPLICATION_ID_AT..APPLICATION_ID_AT + 4) {
            Some(id) if id == params.magic => FileKind::Wallet,
            _ => FileKind::Foreign,
        };
    }
    let word = head
        .get(12..16)
        .and_then(|word| <[u8; 4]>::try_from(word).ok());
    match word {
        Some(word) if [u32::from_le_bytes(word), u32::from_be_bytes(word)].contains(&BDB_MAGIC) => {
            FileKind::Legacy
        }
        _ => FileKind::Other,
    }
}

/// Changes that are made together or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    changes: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    DeletePrefix(Vec<u8>),
}

impl Batch {
    /// Writes a record, over an older one of the same key.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changes.push(Change::Put(key, value));
    }

    /// Removes a record, if it is there.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.changes.push(Change::Delete(key));
    }

    /// Removes all records whose keys begin so.
    pub fn delete_prefix(&mut self, prefix: Vec<u8>) {
        self.changes.push(Change::DeletePrefix(prefix));
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// How to open a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenOptions {
    /// Makes the file; it must not be there yet.
    pub create: bool,
    /// Does not wait until data are on disk (`-unsafesqlitesync`).
    pub unsafe_sync: bool,
    /// How long to wait for another process to let go of the file.
    pub wait: Duration,
}

/// An open wallet file, locked against every other process.
#[derive(Debug)]
pub struct Database {
    conn: Connection,
    file: PathBuf,
}

impl Database {
    /// Opens or makes `file` for wallets of the network that `params` describe.
    ///
    /// # Errors
    /// A [`DbError`]; a file that is refused is not changed.
    pub fn open(file: &Path, params: &ChainParams, options: OpenOptions) -> Result<Self, DbError> {
        let path = || shown(file);
        match (file_kind(file, params), options.create) {
            (FileKind::Absent, true) | (FileKind::Wallet, false) => {}
            (FileKind::Absent, false) if path().exists() => {
                return Err(DbError::NotRecognized(path()));
            }
            (FileKind::Absent, false) => return Err(DbError::NotFound(path())),
            (FileKind::Legacy, false) => return Err(DbError::Legacy(path())),
            (FileKind::Foreign, false) => return Err(DbError::Foreign { path: path() }),
            (FileKind::Other, false) => return Err(DbError::NotRecognized(path())),
            (_, true) => return Err(DbError::Exists(path())),
        }
        let dir = file.parent().unwrap_or(Path::new("."));
        if options.create {
            common::datadir::create_private(dir)
                .map_err(|_| DbError::Unwritable(dir.to_owned()))?;
        }
        if !common::datadir::is_usable(dir) {
            return Err(DbError::Unwritable(dir.to_owned()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_FULL_MUTEX
            | if options.create {
                OpenFlags::SQLITE_OPEN_CREATE
            } else {
                OpenFlags::empty()
            };
        let conn = Connection::open_with_flags(file, flags).map_err(sqlite(file))?;
        let database = Self {
            conn,
            file: file.to_owned(),
        };
        database.lock(options.wait)?;
        database.configure(options, params)?;
        Ok(database)
    }

    /// A database in memory, with the table and nothing in it.
    ///
    /// # Errors
    /// [`DbError::Sqlite`].
    pub(crate) fn in_memory() -> Result<Self, DbError> {
        let file = PathBuf::from("in memory");
        let conn = Connection::open_in_memory().map_err(sqlite(&file))?;
        conn.execute_batch(TABLE).map_err(sqlite(&file))?;
        Ok(Self { conn, file })
    }

    /// Takes the exclusive lock, which lasts as long as the connection.
    fn lock(&self, wait: Duration) -> Result<(), DbError> {
        let deadline = Instant::now() + wait;
        self.conn
            .busy_timeout(Duration::ZERO)
            .map_err(sqlite(&self.file))?;
        self.conn
            .pragma_update(None, "locking_mode", "exclusive")
            .map_err(sqlite(&self.file))?;
        loop {
            match self.conn.execute_batch("BEGIN EXCLUSIVE TRANSACTION") {
                Ok(()) => break,
                Err(error) if is_busy(&error) && Instant::now() < deadline => {
                    // The lock has no event to wait for.
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(error) if is_busy(&error) => return Err(DbError::Locked),
                Err(error) => return Err(sqlite(&self.file)(error)),
            }
        }
        self.conn
            .execute_batch("COMMIT")
            .map_err(sqlite(&self.file))
    }

    fn configure(&self, options: OpenOptions, params: &ChainParams) -> Result<(), DbError> {
        let pragma = |name: &str, value: &str| {
            self.conn
                .pragma_update(None, name, value)
                .map_err(sqlite(&self.file))
        };
        pragma("fullfsync", "true")?;
        // Keys must not stay readable in freed pages.
        pragma("secure_delete", "true")?;
        if options.unsafe_sync {
            tracing::warn!(
                "SQLite is configured to not wait for data to be flushed to disk. Data loss and corruption may occur."
            );
            pragma("synchronous", "OFF")?;
        }
        if options.create {
            let id = i32::from_be_bytes(params.magic);
            self.conn
                .execute_batch(&format!(
                    "BEGIN; {TABLE}; PRAGMA application_id = {id}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT"
                ))
                .map_err(sqlite(&self.file))?;
            if let Some(dir) = self.file.parent() {
                sync_dir(dir)?;
            }
        }
        let version = self.pragma_number("user_version")?;
        if version != SCHEMA_VERSION {
            return Err(DbError::UnknownSchema(version));
        }
        Ok(())
    }

    fn pragma_number(&self, name: &str) -> Result<i64, DbError> {
        self.conn
            .pragma_query_value(None, name, |row| row.get(0))
            .map_err(sqlite(&self.file))
    }

    /// Checks that the file's pages fit together (`integrity_check`).
    ///
    /// # Errors
    /// [`DbError::Damaged`] with SQLite's words.
    pub fn verify(&self) -> Result<(), DbError> {
        let mut faults = String::new();
        self.conn
            .pragma_query(None, "integrity_check", |row| {
                let line: String = row.get(0)?;
                if line != "ok" {
                    faults.push_str(&line);
                    faults.push('\n');
                }
                Ok(())
            })
            .map_err(sqlite(&self.file))?;
        if faults.is_empty() {
            Ok(())
        } else {
            Err(DbError::Damaged(faults))
        }
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Reads one record.
    ///
    /// # Errors
    /// [`DbError::Sqlite`].
    pub fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, DbError> {
        self.conn
            .prepare_cached("SELECT value FROM main WHERE key = ?")
            .and_then(|mut find| find.query_row(params![key], |row| row.get(0)).optional())
            .map_err(sqlite(&self.file))
    }

    /// Hands every record to `take`, in the order of their keys.
    ///
    /// # Errors
    /// [`DbError::Sqlite`].
    pub fn for_each(&self, mut take: impl FnMut(&[u8], &[u8])) -> Result<(), DbError> {
        let mut read = || -> rusqlite::Result<()> {
            let mut select = self
                .conn
                .prepare("SELECT key, value FROM main ORDER BY key")?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                take(row.get_ref(0)?.as_blob()?, row.get_ref(1)?.as_blob()?);
            }
            Ok(())
        };
        read().map_err(sqlite(&self.file))
    }

    /// Makes the changes durable, all of them or none.
    ///
    /// # Errors
    /// [`DbError::Sqlite`], for instance where the disk is full; nothing has changed then.
    pub fn commit(&mut self, batch: &Batch) -> Result<(), DbError> {
        if batch.is_empty() {
            return Ok(());
        }
        let mut write = || -> rusqlite::Result<()> {
            let transaction = self.conn.transaction()?;
            for change in &batch.changes {
                match change {
                    Change::Put(key, value) => transaction
                        .prepare_cached("INSERT or REPLACE into main values(?, ?)")?
                        .execute(params![key, value])?,
                    Change::Delete(key) => transaction
                        .prepare_cached("DELETE FROM main WHERE key = ?")?
                        .execute(params![key])?,
                    Change::DeletePrefix(prefix) => transaction
                        .prepare_cached("DELETE FROM main WHERE key >= ?1 AND instr(key, ?1) = 1")?
                        .execute(params![prefix])?,
                };
            }
            transaction.commit()
        };
        write().map_err(sqlite(&self.file))
    }

    /// Writes the file anew, so that nothing deleted can be read from it.
    ///
    /// # Errors
    /// [`DbError::Sqlite`].
    pub fn rewrite(&self) -> Result<(), DbError> {
        self.conn
            .execute_batch("VACUUM")
            .map_err(sqlite(&self.file))
    }

    /// Writes a copy to `target`, which appears when it is whole and on disk.
    ///
    /// # Errors
    /// A [`DbError`] of the system or of SQLite.
    pub fn backup(&self, target: &Path) -> Result<(), DbError> {
        let io = |source| DbError::Io {
            path: target.to_owned(),
            source,
        };
        let mut name = target.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        match std::fs::remove_file(&part) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(io(error)),
        }
        let text = part.to_string_lossy().into_owned();
        let written = self
            .conn
            .execute("VACUUM INTO ?", params![text])
            .map_err(sqlite(target))
            .and_then(|_| {
                let synced = File::open(&part).and_then(|file| file.sync_all());
                synced
                    .and_then(|()| std::fs::rename(&part, target))
                    .map_err(io)
            });
        if let Err(error) = written {
            // Half a backup would only mislead, and it may hold keys.
            if let Err(left) = std::fs::remove_file(&part)
                && left.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!("{} cannot be removed: {left}", part.display());
            }
            return Err(error);
        }
        sync_dir(target.parent().unwrap_or(Path::new(".")))
    }

    /// Closes the file and lets go of its lock.
    ///
    /// # Errors
    /// [`DbError::Sqlite`].
    pub fn close(self) -> Result<(), DbError> {
        let file = self.file;
        self.conn.close().map_err(|(_, error)| sqlite(&file)(error))
    }
}

/// The version of SQLite in use.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// The path that people know a wallet by: its directory where the file has the usual name.
fn shown(file: &Path) -> PathBuf {
    match (file.file_name(), file.parent()) {
        (Some(name), Some(dir)) if name == FILE_NAME => dir.to_owned(),
        _ => file.to_owned(),
    }
}

fn sqlite(file: &Path) -> impl FnOnce(rusqlite::Error) -> DbError {
    let path = file.to_owned();
    move |source| DbError::Sqlite { path, source }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
    )
}

fn sync_dir(dir: &Path) -> Result<(), DbError> {
    let dir = if dir.as_os_str().is_empty() {
        Path::new(".")
    } else {
        dir
    };
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(|source| DbError::Io {
            path: dir.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests;
