//! `mempool.dat`: what waits for a block, over a restart. The format is that of the reference
//! program, in both its versions, so that files move both ways.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use primitives::encode::{DecodeError, Reader, Sink};
use primitives::{Amount, HashScheme, Tx, Txid};

use super::Mempool;
use crate::block_files::XorKey;

/// Version without a key.
const PLAIN: u64 = 1;
/// Version whose contents are obfuscated with a key.
const WITH_KEY: u64 = 2;
/// Bytes of the key.
const KEY_BYTES: usize = 8;
/// Bytes read at once.
const CHUNK: usize = 64 << 10;
/// Bytes of the largest item that is looked for: no transaction in a block can be larger.
const MAX_ITEM: usize = 4 << 20;
/// Most notes that are taken from a file beside its transactions.
const MAX_NOTES: usize = 1 << 20;

/// What a file cannot be used for.
#[derive(Debug, thiserror::Error)]
pub enum MempoolFileError {
    /// The system refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// It is a directory, a pipe or the like.
    #[error("{} is no file", .0.display())]
    NoFile(PathBuf),
    /// It was written by a later version, or is something else.
    #[error("{} has version {version}; known are {PLAIN} and {WITH_KEY}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its first number.
        version: u64,
    },
    /// It is damaged.
    #[error("{} is damaged ({reason})", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// In which way.
        reason: DecodeError,
    },
}

/// A transaction of a file.
#[derive(Clone, Debug)]
pub struct SavedTx {
    /// The transaction.
    pub tx: Arc<Tx>,
    /// When it came in, in seconds since 1970.
    pub time: i64,
    /// What `prioritisetransaction` added.
    pub delta: Amount,
}

/// What a file holds beside transactions.
#[derive(Clone, Debug, Default)]
pub struct SavedNotes {
    /// What `prioritisetransaction` added to transactions that were not there.
    pub deltas: Vec<(Txid, Amount)>,
    /// Transactions that nobody had asked for yet.
    pub unbroadcast: Vec<Txid>,
}

/// A copy of the mempool, to be written.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    txs: Vec<SavedTx>,
    notes: SavedNotes,
}

impl Mempool {
    /// Copies what a file holds.
    pub fn snapshot(&self) -> Snapshot {
        let entries = self.in_order();
        let deltas = self.deltas().iter();
        let mut deltas: Vec<(Txid, Amount)> = deltas
            .filter(|(txid, _)| self.get(txid).is_none())
            .map(|(txid, delta)| (*txid, *delta))
            .collect();
        deltas.sort_unstable_by_key(|(txid, _)| *txid);
        let waiting = entries.iter().filter(|entry| entry.unbroadcast);
        let mut unbroadcast: Vec<Txid> = waiting.map(|entry| entry.tx.txid()).collect();
        unbroadcast.sort_unstable();
        let txs = entries.iter().map(|entry| SavedTx {
            tx: Arc::clone(&entry.tx),
            time: entry.time,
            delta: entry.fee_delta,
        });
        Snapshot {
            txs: txs.collect(),
            notes: SavedNotes {
                deltas,
                unbroadcast,
            },
        }
    }
}

impl Snapshot {
    /// Number of transactions.
    pub const fn len(&self) -> usize {
        self.txs.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.txs.is_empty()
    }

    /// Number of transactions that nobody asked for yet.
    pub const fn unbroadcast(&self) -> usize {
        self.notes.unbroadcast.len()
    }

    /// Writes the file, in version 1 or in version 2 with a new key; gives its size. What was there
    /// stays until all is on the disk.
    ///
    /// # Errors
    /// [`MempoolFileError::Io`].
    pub fn write(&self, path: &Path, plain: bool) -> Result<u64, MempoolFileError> {
        let mut new = path.as_os_str().to_owned();
        new.push(".new");
        let new = PathBuf::from(new);
        let written = File::create(&new)
            .and_then(|file| self.write_to(file, plain))
            .map_err(|source| io_error(&new, source))?;
        fs::rename(&new, path).map_err(|source| io_error(path, source))?;
        if let Some(dir) = path.parent() {
            let synced = File::open(dir).and_then(|dir| dir.sync_all());
            synced.map_err(|source| io_error(dir, source))?;
        }
        Ok(written)
    }

    fn write_to(&self, file: File, plain: bool) -> io::Result<u64> {
        let key = if plain {
            XorKey::default()
        } else {
            XorKey::random()
        };
        let mut head = Vec::new();
        head.put_u64(if plain { PLAIN } else { WITH_KEY });
        if !plain {
            head.put_var_bytes(&key.bytes());
        }
        let mut out = Obfuscated {
            file: BufWriter::new(file),
            key: XorKey::default(),
            at: 0,
        };
        out.write(&mut head)?;
        out.key = key;
        let mut item = Vec::new();
        item.put_u64(self.txs.len() as u64);
        out.write(&mut item)?;
        for saved in &self.txs {
            item.put(&saved.tx.to_bytes());
            item.put_i64(saved.time);
            item.put_i64(saved.delta.sat());
            out.write(&mut item)?;
        }
        item.put_compact_size(self.notes.deltas.len() as u64);
        for (txid, delta) in &self.notes.deltas {
            item.put(&txid.0);
            item.put_i64(delta.sat());
            out.write(&mut item)?;
        }
        item.put_compact_size(self.notes.unbroadcast.len() as u64);
        for txid in &self.notes.unbroadcast {
            item.put(&txid.0);
            out.write(&mut item)?;
        }
        out.write(&mut item)?;
        let file = out
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(out.at)
    }
}

/// A file whose bytes are combined with a key.
struct Obfuscated {
    file: BufWriter<File>,
    key: XorKey,
    at: u64,
}

impl Obfuscated {
    /// Writes `bytes` and empties them.
    fn write(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        self.key.apply(bytes, self.at);
        self.file.write_all(bytes)?;
        self.at += bytes.len() as u64;
        bytes.clear();
        Ok(())
    }
}

fn number(reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
    reader.u64()
}

fn count(reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
    reader.compact_u64()
}

fn io_error(path: &Path, source: io::Error) -> MempoolFileError {
    MempoolFileError::Io {
        path: path.to_owned(),
        source,
    }
}

/// Reads a file, one transaction after another: no more of it than one is in memory.
#[derive(Debug)]
pub struct MempoolFile {
    file: File,
    path: PathBuf,
    scheme: HashScheme,
    key: XorKey,
    /// Bytes read from the file.
    at: u64,
    ended: bool,
    buffer: Vec<u8>,
    /// Bytes of the buffer that were taken.
    taken: usize,
    total: u64,
    left: u64,
}

impl MempoolFile {
    /// Opens a file and reads its head.
    ///
    /// # Errors
    /// A [`MempoolFileError`].
    pub fn open(path: &Path, scheme: HashScheme) -> Result<Self, MempoolFileError> {
        // Opening a pipe would wait for its writer.
        let kind = fs::metadata(path).map_err(|source| io_error(path, source))?;
        if !kind.is_file() {
            return Err(MempoolFileError::NoFile(path.to_owned()));
        }
        let mut file = Self {
            file: File::open(path).map_err(|source| io_error(path, source))?,
            path: path.to_owned(),
            scheme,
            key: XorKey::default(),
            at: 0,
            ended: false,
            buffer: Vec::new(),
            taken: 0,
            total: 0,
            left: 0,
        };
        match file.item(number)? {
            PLAIN => {}
            WITH_KEY => {
                let key = file.item(|reader| {
                    let bytes = reader.var_bytes()?;
                    <[u8; KEY_BYTES]>::try_from(bytes).map_err(|_| DecodeError::Invalid("key"))
                })?;
                file.use_key(XorKey::from_bytes(key));
            }
            version => {
                return Err(MempoolFileError::Version {
                    path: file.path,
                    version,
                });
            }
        }
        file.total = file.item(number)?;
        file.left = file.total;
        Ok(file)
    }

    /// Number of transactions that the file says it holds.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The next transaction; `None` after the last.
    ///
    /// # Errors
    /// A [`MempoolFileError`].
    pub fn next_tx(&mut self) -> Result<Option<SavedTx>, MempoolFileError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let scheme = self.scheme;
        self.item(|reader| {
            Ok(SavedTx {
                tx: Arc::new(Tx::decode(reader, scheme)?),
                time: reader.i64()?,
                delta: Amount::from_sat(reader.i64()?),
            })
        })
        .map(Some)
    }

    /// What stands after the transactions.
    ///
    /// # Errors
    /// A [`MempoolFileError`].
    pub fn notes(mut self) -> Result<SavedNotes, MempoolFileError> {
        let txid = |reader: &mut Reader<'_>| reader.array().map(Txid);
        let deltas = self.list(|reader| Ok((txid(reader)?, Amount::from_sat(reader.i64()?))))?;
        let unbroadcast = self.list(txid)?;
        Ok(SavedNotes {
            deltas,
            unbroadcast,
        })
    }

    fn list<T>(
        &mut self,
        item: impl Fn(&mut Reader<'_>) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, MempoolFileError> {
        let found = self.item(count)?;
        let count = usize::try_from(found).unwrap_or(usize::MAX);
        if count > MAX_NOTES {
            return Err(self.damaged(DecodeError::SizeTooLarge));
        }
        (0..count).map(|_| self.item(&item)).collect()
    }

    /// Reads as much of the file as one item takes.
    fn item<T>(
        &mut self,
        parse: impl Fn(&mut Reader<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, MempoolFileError> {
        loop {
            let bytes = self.buffer.get(self.taken..).unwrap_or_default();
            let mut reader = Reader::new(bytes);
            match parse(&mut reader) {
                Ok(item) => {
                    self.taken = self.buffer.len() - reader.rest().len();
                    return Ok(item);
                }
                Err(DecodeError::EndOfData) if !self.ended && bytes.len() < MAX_ITEM => {
                    self.fill()?;
                }
                Err(reason) => return Err(self.damaged(reason)),
            }
        }
    }

    /// Reads at least as much again as is waiting.
    fn fill(&mut self) -> Result<(), MempoolFileError> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let (start, want) = (self.buffer.len(), self.buffer.len().max(CHUNK));
        let mut part = (&mut self.file).take(want as u64);
        let read = part
            .read_to_end(&mut self.buffer)
            .map_err(|source| io_error(&self.path, source))?;
        self.ended = read < want;
        if let Some(new) = self.buffer.get_mut(start..) {
            self.key.apply(new, self.at);
        }
        self.at += read as u64;
        Ok(())
    }

    /// From the next byte on, the file is obfuscated.
    fn use_key(&mut self, key: XorKey) {
        self.key = key;
        if let Some(rest) = self.buffer.get_mut(self.taken..) {
            let start = self.at - rest.len() as u64;
            key.apply(rest, start);
        }
    }

    fn damaged(&self, reason: DecodeError) -> MempoolFileError {
        MempoolFileError::Damaged {
            path: self.path.clone(),
            reason,
        }
    }
}

#[cfg(test)]
mod tests;
