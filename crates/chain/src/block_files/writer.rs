//! Appending to block and undo files.

use std::collections::BTreeSet;
use std::fs::File;

use primitives::encode::Sink as _;
use primitives::{Block, BlockHash};

use super::sequence::FileSequence;
use super::{
    BlockFiles, FAST_PRUNE_FILE_BYTES, FileError, FileInfo, FilePos, MAX_FILE_BYTES, RECORD_HEADER,
    UNDO_OVERHEAD,
};
use crate::undo::BlockUndo;

/// Appends to block and undo files. Only the chain's thread has one.
#[derive(Debug)]
pub(crate) struct BlockFileWriter {
    files: BlockFiles,
    infos: Vec<FileInfo>,
    dirty: BTreeSet<u32>,
    /// Block files with data that is not durable yet.
    unsynced_blocks: BTreeSet<u32>,
    /// Undo files likewise.
    unsynced_undo: BTreeSet<u32>,
    /// The file that blocks go to.
    current: u32,
    /// Highest block whose undo record went to the current file.
    undo_height: u32,
    block_file: Option<(u32, File)>,
    undo_file: Option<(u32, File)>,
    /// Whether files take more space than when it was last asked.
    grown: bool,
    buffer: Vec<u8>,
}

impl BlockFileWriter {
    /// Goes on behind what `infos` says is in use.
    pub(crate) fn new(files: BlockFiles, mut infos: Vec<FileInfo>) -> Self {
        if infos.is_empty() {
            infos.push(FileInfo::default());
        }
        let current = u32::try_from(infos.len() - 1).expect("file numbers have 32 bits");
        Self {
            files,
            infos,
            dirty: BTreeSet::new(),
            unsynced_blocks: BTreeSet::new(),
            unsynced_undo: BTreeSet::new(),
            current,
            undo_height: 0,
            block_file: None,
            undo_file: None,
            grown: false,
            buffer: Vec::new(),
        }
    }

    pub(crate) const fn files(&self) -> &BlockFiles {
        &self.files
    }

    pub(crate) const fn last_file(&self) -> u32 {
        self.current
    }

    pub(crate) fn info(&self, file: u32) -> &FileInfo {
        &self.infos[file as usize]
    }

    /// Bytes in use by all files.
    pub(crate) fn bytes_in_use(&self) -> u64 {
        let bytes = |info: &FileInfo| u64::from(info.size) + u64::from(info.undo_size);
        self.infos.iter().map(bytes).sum()
    }

    /// Whether files take more space than when this was last asked.
    pub(crate) const fn take_grown(&mut self) -> bool {
        std::mem::replace(&mut self.grown, false)
    }

    /// Takes note that these files hold nothing any more.
    pub(crate) fn forget(&mut self, files: &BTreeSet<u32>) {
        for file in files {
            self.infos[*file as usize] = FileInfo::default();
            self.unsynced_blocks.remove(file);
            self.unsynced_undo.remove(file);
        }
        self.dirty.extend(files);
        let gone = |open: &mut (u32, File)| files.contains(&open.0);
        self.block_file.take_if(gone);
        self.undo_file.take_if(gone);
    }

    /// The files whose information changed since it was stored.
    pub(crate) fn take_dirty(&mut self) -> BTreeSet<u32> {
        std::mem::take(&mut self.dirty)
    }

    pub(crate) fn restore_dirty(&mut self, dirty: BTreeSet<u32>) {
        self.dirty.extend(dirty);
    }

    /// Appends a block.
    pub(crate) fn write_block(&mut self, block: &Block, height: u32) -> Result<FilePos, FileError> {
        let size = u32::try_from(block.size(true)).expect("checked blocks are below 4 MB");
        let added = size + RECORD_HEADER;
        let file = self.file_for(added, height)?;
        let info = &mut self.infos[file as usize];
        let start = info.size;
        info.add_block(height, block.header.time);
        info.size += added;
        self.dirty.insert(file);
        self.buffer.clear();
        self.buffer.put(&self.files.params.magic);
        self.buffer.put_u32(size);
        block.encode(&mut self.buffer, true);
        let Self {
            files,
            buffer,
            block_file,
            ..
        } = self;
        self.grown |= append(&files.blocks, block_file, file, start, buffer, files)?;
        self.unsynced_blocks.insert(file);
        // A pair of files is there as a pair, even if nothing is ever taken back.
        self.unsynced_undo.insert(file);
        Ok(FilePos {
            file,
            offset: start + RECORD_HEADER,
        })
    }

    /// Chooses the file for a block that takes `added` bytes.
    fn file_for(&mut self, added: u32, height: u32) -> Result<u32, FileError> {
        let limit = match self.files.fast_prune {
            // A file holds one block at least.
            true => FAST_PRUNE_FILE_BYTES.max(added + 1),
            false => MAX_FILE_BYTES,
        };
        let last = self.current;
        if self.infos[last as usize].size + added < limit {
            return Ok(last);
        }
        let info = self.infos[last as usize];
        let next = u32::try_from(self.infos.len()).expect("file numbers have 32 bits");
        tracing::debug!(
            target: "blockstorage",
            "Leaving block file {last}: {info} (onto {next}) (height {height})"
        );
        // Undo records may still be to come where blocks arrive faster than they are connected.
        let finalize_undo = info.last_height == self.undo_height;
        self.finalize(last, finalize_undo)?;
        self.infos.push(FileInfo::default());
        (self.current, self.undo_height) = (next, 0);
        Ok(next)
    }

    /// Takes note of a block that lies in a file already (`-reindex`).
    pub(crate) fn add_known(&mut self, block: &Block, height: u32, pos: FilePos) {
        while self.infos.len() <= pos.file as usize {
            self.infos.push(FileInfo::default());
        }
        if self.current < pos.file {
            (self.current, self.undo_height) = (pos.file, 0);
        }
        let size = u32::try_from(block.size(true)).expect("checked blocks are below 4 MB");
        let info = &mut self.infos[pos.file as usize];
        info.add_block(height, block.header.time);
        info.size = info.size.max(pos.offset.saturating_add(size));
        self.dirty.insert(pos.file);
    }

    /// Takes note that an earlier run wrote to a block file and may not have made it durable.
    pub(crate) fn mark_unsynced(&mut self, file: u32) {
        self.unsynced_blocks.insert(file);
    }

    /// Appends the undo record of a block at `height` that lies in `file`.
    pub(crate) fn write_undo(
        &mut self,
        undo: &BlockUndo,
        prev: &BlockHash,
        file: u32,
        height: u32,
    ) -> Result<FilePos, FileError> {
        self.buffer.clear();
        self.buffer.put(&self.files.params.magic);
        self.buffer.put_u32(0);
        undo.encode(&mut self.buffer);
        let data = RECORD_HEADER as usize;
        let size = u32::try_from(self.buffer.len() - data).expect("undo data is below 4 GiB");
        self.buffer[data - 4..data].copy_from_slice(&size.to_le_bytes());
        let scheme = self.files.params.hashes;
        let checksum = BlockUndo::checksum(prev, &self.buffer[data..], scheme);
        self.buffer.put(&checksum);
        let info = &mut self.infos[file as usize];
        let start = info.undo_size;
        info.undo_size += size + UNDO_OVERHEAD;
        let is_last_of_file = info.last_height == height;
        self.dirty.insert(file);
        let Self {
            files,
            buffer,
            undo_file,
            ..
        } = self;
        self.grown |= append(&files.undo, undo_file, file, start, buffer, files)?;
        self.unsynced_undo.insert(file);
        if file < self.current && is_last_of_file {
            self.finalize_undo(file)?;
        } else if file == self.current {
            self.undo_height = self.undo_height.max(height);
        }
        Ok(FilePos {
            file,
            offset: start + RECORD_HEADER,
        })
    }

    /// Makes all data durable. Files that nothing was written to are not touched: they may be
    /// read-only.
    pub(crate) fn flush(&mut self) -> Result<(), FileError> {
        while let Some(file) = self.unsynced_blocks.first().copied() {
            let size = self.infos[file as usize].size;
            self.files.blocks.flush(file, size, false)?;
            self.unsynced_blocks.remove(&file);
        }
        while let Some(file) = self.unsynced_undo.first().copied() {
            let size = self.infos[file as usize].undo_size;
            self.files.undo.flush(file, size, false)?;
            self.unsynced_undo.remove(&file);
        }
        Ok(())
    }

    /// Cuts off what was reserved behind the last block of a file that is full.
    fn finalize(&mut self, file: u32, finalize_undo: bool) -> Result<(), FileError> {
        let info = self.infos[file as usize];
        self.files.blocks.flush(file, info.size, true)?;
        self.unsynced_blocks.remove(&file);
        if finalize_undo {
            self.finalize_undo(file)?;
        }
        Ok(())
    }

    fn finalize_undo(&mut self, file: u32) -> Result<(), FileError> {
        let size = self.infos[file as usize].undo_size;
        self.files.undo.flush(file, size, true)?;
        self.unsynced_undo.remove(&file);
        Ok(())
    }
}

/// Writes `record` at `start` of a file that stays open for the next one. Says whether the file
/// takes more space now.
fn append(
    sequence: &FileSequence,
    open: &mut Option<(u32, File)>,
    number: u32,
    start: u32,
    record: &mut [u8],
    files: &BlockFiles,
) -> Result<bool, FileError> {
    let mut file = match open.take() {
        Some((open, file)) if open == number => file,
        _ => sequence.open(number)?,
    };
    let len = u32::try_from(record.len()).expect("a record is below 4 GiB");
    let grown = sequence.reserve(&file, number, start, start + len)?;
    files.key.apply(record, start.into());
    let path = sequence.path(number);
    sequence
        .disk
        .write_at(&mut file, &path, start.into(), record)
        .map_err(|error| FileError::io("write", &path, error))?;
    *open = Some((number, file));
    Ok(grown)
}
