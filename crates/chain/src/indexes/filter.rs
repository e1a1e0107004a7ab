//! The basic filters of blocks (`-blockfilterindex`, BIP157 and BIP158, Core's `BlockFilterIndex`).

use std::sync::Arc;

use primitives::block_filter::{BlockFilter, filter_header};
use primitives::encode::{DecodeError, Reader, Sink as _};
use primitives::{BlockHash, Hash256};

use super::IndexError;
use super::entries::entry_key;
use super::filter_files::{FilterAppender, FilterFiles};
use super::indexing::{Indexing, Source};
use super::state::IndexState;
use crate::block_files::FilePos;
use crate::reader::BlockInfo;
use crate::store::{Batch, Store};

/// Key of the place that the next filter goes to.
const NEXT: &[u8] = b"P";

/// What the store has for a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    hash: Hash256,
    header: Hash256,
    pos: FilePos,
}

fn put_pos(bytes: &mut Vec<u8>, pos: FilePos) {
    bytes.put_u32(pos.file);
    bytes.put_u32(pos.offset);
}

fn read_pos(reader: &mut Reader<'_>) -> Result<FilePos, DecodeError> {
    Ok(FilePos {
        file: reader.u32()?,
        offset: reader.u32()?,
    })
}

/// Whether the bytes of an entry are read as they would be written.
pub(super) fn entry_comes_back(bytes: &[u8]) -> Option<bool> {
    let entry = Entry::from_bytes(bytes).ok()?;
    Some(entry.to_bytes() == bytes)
}

impl Entry {
    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = [self.hash.0, self.header.0].concat();
        put_pos(&mut bytes, self.pos);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let entry = Self {
            hash: Hash256(reader.array()?),
            header: Hash256(reader.array()?),
            pos: read_pos(&mut reader)?,
        };
        reader.finish().map(|()| entry)
    }
}

/// Looks filters up by their blocks, also those that left the active chain.
#[derive(Clone)]
pub struct FilterIndex {
    store: Store,
    files: FilterFiles,
    state: Arc<IndexState>,
}

impl std::fmt::Debug for FilterIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FilterIndex")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

pub(super) fn open(
    store: &Store,
    state: &Arc<IndexState>,
) -> Result<(FilterIndex, FilterWriter), IndexError> {
    // The store lies in a directory below that of the files.
    let dir = store.path().parent().unwrap_or_else(|| store.path());
    let files = FilterFiles::new(dir);
    let next = store.get(NEXT).map_err(|error| state.store_error(error))?;
    let next = match next {
        Some(value) => read_pos(&mut Reader::new(&value))
            .map_err(|_| state.damaged("the end of its files does not decode"))?,
        None => {
            files.remove_all()?;
            FilePos { file: 0, offset: 0 }
        }
    };
    let index = FilterIndex {
        store: store.clone(),
        files: files.clone(),
        state: Arc::clone(state),
    };
    let writer = FilterWriter {
        index: index.clone(),
        files: FilterAppender::new(files, next),
        last_header: Hash256::ZERO,
    };
    Ok((index, writer))
}

impl FilterIndex {
    fn entry(&self, height: u32, hash: &BlockHash) -> Result<Option<Entry>, IndexError> {
        let value = self.store.get(&entry_key(height, hash));
        let value = value.map_err(|error| self.state.store_error(error))?;
        let entry = value.map(|value| Entry::from_bytes(&value)).transpose();
        entry.map_err(|_| self.state.damaged("an entry does not decode"))
    }

    /// The filter of a block; `None` where it is not in the index.
    ///
    /// # Errors
    /// Where the index cannot be read, or the filter is not the one that was written.
    pub fn filter(&self, block: &BlockInfo) -> Result<Option<BlockFilter>, IndexError> {
        let Some(entry) = self.entry(block.height, &block.hash)? else {
            return Ok(None);
        };
        let damaged = |what: &str| {
            let (path, offset) = (self.files.path(entry.pos.file), entry.pos.offset);
            self.state
                .damaged(format!("{what} at offset {offset} of {}", path.display()))
        };
        let Some(bytes) = self.files.read(entry.pos, &block.hash)? else {
            return Err(damaged("a filter is missing"));
        };
        match BlockFilter::from_bytes(block.hash, bytes) {
            Ok(filter) if filter.hash() == entry.hash => Ok(Some(filter)),
            _ => Err(damaged("a filter is not the one that was written")),
        }
    }

    /// The header (BIP157) of a block's filter; `None` where it is not in the index.
    ///
    /// # Errors
    /// Where the index cannot be read.
    pub fn header(&self, block: &BlockInfo) -> Result<Option<Hash256>, IndexError> {
        let entry = self.entry(block.height, &block.hash)?;
        Ok(entry.map(|entry| entry.header))
    }

    /// The hash of a block's filter; `None` where it is not in the index.
    ///
    /// # Errors
    /// Where the index cannot be read.
    pub fn filter_hash(&self, block: &BlockInfo) -> Result<Option<Hash256>, IndexError> {
        let entry = self.entry(block.height, &block.hash)?;
        Ok(entry.map(|entry| entry.hash))
    }
}

pub(super) struct FilterWriter {
    index: FilterIndex,
    files: FilterAppender,
    /// The header of the last block's filter.
    last_header: Hash256,
}

impl FilterWriter {
    fn header_of(&self, height: u32, hash: &BlockHash) -> Result<Hash256, IndexError> {
        let entry = self.index.entry(height, hash)?;
        let missing = || {
            self.index
                .state
                .damaged(format!("the filter header of block {hash} is missing"))
        };
        entry.map(|entry| entry.header).ok_or_else(missing)
    }
}

impl Indexing for FilterWriter {
    type Part = BlockFilter;

    fn prepare(&self, source: &Source<'_>) -> Result<BlockFilter, IndexError> {
        let spent = source.undo.txs.iter().flat_map(|tx| &tx.spent);
        let scripts = spent.map(|coin| &coin.output.script_pubkey[..]);
        Ok(BlockFilter::basic(source.block, scripts))
    }

    fn connect(
        &mut self,
        info: &BlockInfo,
        filter: BlockFilter,
        batch: &mut Batch,
    ) -> Result<(), IndexError> {
        let hash = filter.hash();
        let entry = Entry {
            hash,
            header: filter_header(&hash, &self.last_header),
            pos: self.files.push(&info.hash, filter.as_bytes())?,
        };
        batch.put(&entry_key(info.height, &info.hash), &entry.to_bytes());
        self.last_header = entry.header;
        Ok(())
    }

    fn disconnect(&mut self, info: &BlockInfo, _: Option<BlockFilter>) -> Result<(), IndexError> {
        self.last_header = match info.height.checked_sub(1) {
            Some(height) => self.header_of(height, &info.header.prev)?,
            None => Hash256::ZERO,
        };
        Ok(())
    }

    fn restore(&mut self, at: Option<(&BlockInfo, &[u8])>) -> Result<(), IndexError> {
        self.last_header = match at {
            Some((info, _)) => self.header_of(info.height, &info.hash)?,
            None => Hash256::ZERO,
        };
        Ok(())
    }

    fn before_write(&mut self, batch: &mut Batch) -> Result<(), IndexError> {
        self.files.write()?;
        let mut next = Vec::with_capacity(8);
        put_pos(&mut next, self.files.next());
        batch.put(NEXT, &next);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), IndexError> {
        self.files.sync()
    }

    fn check(&self, info: &BlockInfo) -> Result<(), IndexError> {
        let missing = || {
            let what = format!("the filter of block {} is missing", info.hash);
            self.index.state.damaged(what)
        };
        self.index.filter(info)?.map(|_| ()).ok_or_else(missing)
    }
}
