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

/// Where blocks of one kind go.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    /// The file that they are appended to.
    file: u32,
    /// Highest block whose undo record went to it.
    undo_height: u32,
}

/// Appends to block and undo files. Only the chain's thread has one.
///
/// Blocks from a snapshot's on have files of their own (Core's `BlockfileType`): those below it come later, so that in
/// a file of both nothing could be pruned until all of them are here.
#[derive(Debug)]
pub(crate) struct BlockFileWriter {
    files: BlockFiles,
    infos: Vec<FileInfo>,
    dirty: BTreeSet<u32>,
    /// Block files with data that is not durable yet.
    unsynced_blocks: BTreeSet<u32>,
    /// Undo files likewise.
    unsynced_undo: BTreeSet<u32>,
    /// Where blocks below the snapshot's go, and all where there is no snapshot.
    normal: Cursor,
    /// Where the others go, once there is one.
    assumed: Option<Cursor>,
    /// Height of the snapshot's block.
    snapshot_height: Option<u32>,
    /// Files below this one may hold blocks that are not in the index yet: nothing is appended to them.
    unread: u32,
    block_file: Option<(u32, File)>,
    undo_file: Option<(u32, File)>,
    /// Whether files take more space than when it was last asked.
    grown: bool,
    buffer: Vec<u8>,
}

impl BlockFileWriter {
    /// Goes on behind what `infos` says is in use, where a snapshot's block has this height.
    pub(crate) fn new(
        files: BlockFiles,
        mut infos: Vec<FileInfo>,
        snapshot_height: Option<u32>,
    ) -> Self {
        let (normal, assumed) = cursors(&mut infos, snapshot_height);
        Self {
            files,
            infos,
            dirty: BTreeSet::new(),
            unsynced_blocks: BTreeSet::new(),
            unsynced_undo: BTreeSet::new(),
            normal,
            assumed,
            snapshot_height,
            unread: 0,
            block_file: None,
            undo_file: None,
            grown: false,
            buffer: Vec::new(),
        }
    }

    pub(crate) const fn files(&self) -> &BlockFiles {
        &self.files
    }

    /// The highest number of a file that blocks go to.
    pub(crate) fn last_file(&self) -> u32 {
        self.normal
            .file
            .max(self.assumed.map_or(0, |cursor| cursor.file))
    }

    /// The files that blocks go to, the lowest number first.
    pub(crate) fn open_files(&self) -> BTreeSet<u32> {
        let assumed = self.assumed.map(|cursor| cursor.file);
        [self.normal.file].into_iter().chain(assumed).collect()
    }

    /// Number of the first file that nothing is known of.
    pub(crate) fn next_file(&self) -> u32 {
        u32::try_from(self.infos.len()).expect("file numbers have 32 bits")
    }

    /// From now on blocks from this height on have files of their own.
    pub(crate) const fn set_snapshot_height(&mut self, height: Option<u32>) {
        self.snapshot_height = height;
    }

    /// Says that files below this one are still to be read for a new index.
    pub(crate) const fn set_unread(&mut self, files: u32) {
        self.unread = files;
    }

    fn is_assumed(&self, height: u32) -> bool {
        self.snapshot_height.is_some_and(|base| height >= base)
    }

    /// Where a block at this height goes; `None` where nothing of its kind came yet.
    fn cursor(&mut self, height: u32) -> Option<&mut Cursor> {
        match self.is_assumed(height) {
            true => self.assumed.as_mut(),
            false => Some(&mut self.normal),
        }
    }

    /// Lets blocks like that at this height go to another file.
    fn move_to(&mut self, file: u32, height: u32) {
        let cursor = Cursor {
            file,
            undo_height: 0,
        };
        match self.is_assumed(height) {
            true => self.assumed = Some(cursor),
            false => self.normal = cursor,
        }
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
        let next = self.next_file().max(self.unread);
        let unread = self.unread;
        match self.cursor(height).copied() {
            // What it holds behind its known end is not to be cut off.
            Some(last) if last.file < unread => {}
            Some(last) => {
                let info = self.infos[last.file as usize];
                if info.size.saturating_add(added) < limit {
                    return Ok(last.file);
                }
                tracing::debug!(
                    target: "blockstorage",
                    "Leaving block file {}: {info} (onto {next}) (height {height})", last.file
                );
                // Undo records may still be to come where blocks arrive faster than they are connected.
                self.finalize(last.file, info.last_height == last.undo_height)?;
            }
            None => tracing::debug!(
                target: "blockstorage",
                "[assumed] initializing blockfile cursor to BlockfileCursor(file_num={next}, undo_height=0)"
            ),
        }
        self.infos.resize(next as usize + 1, FileInfo::default());
        self.move_to(next, height);
        Ok(next)
    }

    /// Takes note of a block that lies in a file already (`-reindex`).
    pub(crate) fn add_known(&mut self, block: &Block, height: u32, pos: FilePos) {
        while self.infos.len() <= pos.file as usize {
            self.infos.push(FileInfo::default());
        }
        if self
            .cursor(height)
            .is_none_or(|cursor| cursor.file < pos.file)
        {
            self.move_to(pos.file, height);
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
        match self.cursor(height) {
            Some(cursor) if cursor.file == file => {
                cursor.undo_height = cursor.undo_height.max(height);
            }
            Some(cursor) if file < cursor.file && is_last_of_file => self.finalize_undo(file)?,
            _ => {}
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

/// Where writing goes on: behind the last file of each kind, where there is a snapshot.
fn cursors(infos: &mut Vec<FileInfo>, snapshot: Option<u32>) -> (Cursor, Option<Cursor>) {
    if infos.is_empty() {
        infos.push(FileInfo::default());
    }
    let (mut normal, mut assumed, mut empty) = (None, None, None);
    for (number, info) in (0..).zip(&*infos) {
        let is_assumed = snapshot.is_some_and(|base| info.last_height >= base);
        match (info.size, is_assumed) {
            // Pruned, or not begun yet.
            (0, _) => empty = Some(number),
            (_, true) => assumed = Some(number),
            (_, false) => normal = Some(number),
        }
    }
    let last = u32::try_from(infos.len() - 1).expect("file numbers have 32 bits");
    let normal = match snapshot {
        None => last,
        Some(_) => normal.or(empty).unwrap_or_else(|| {
            infos.push(FileInfo::default());
            last + 1
        }),
    };
    let cursor = |file| Cursor {
        file,
        undo_height: 0,
    };
    (cursor(normal), assumed.map(cursor))
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
