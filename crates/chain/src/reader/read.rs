//! Blocks and what they spent, read from disk.

use std::io::ErrorKind;

use primitives::{Block, BlockHash, Tx};

use super::ChainReader;
use crate::block_files::{FileError, FilePos};
use crate::error::ReadError;
use crate::undo::BlockUndo;

impl ChainReader {
    /// Reads a block from disk.
    ///
    /// # Errors
    /// A [`ReadError`].
    pub fn read_block(&self, hash: &BlockHash) -> Result<Block, ReadError> {
        let read = self.shared.files.read_block(self.data_pos(hash)?, hash);
        read.map_err(|error| self.pruned_meanwhile(hash, error))
    }

    /// Reads a block from disk as it is serialized.
    ///
    /// # Errors
    /// A [`ReadError`].
    pub fn read_raw_block(&self, hash: &BlockHash) -> Result<Vec<u8>, ReadError> {
        let pos = self.data_pos(hash)?;
        let header = {
            let index = self.shared.index();
            let entry = index.entry(index.find(hash).ok_or(ReadError::Unknown)?);
            entry.header
        };
        let read = self.shared.files.read_raw_block(pos, &header);
        read.map_err(|error| self.pruned_meanwhile(hash, error))
    }

    /// Reads from disk the transaction that begins `offset` bytes into a block.
    ///
    /// # Errors
    /// A [`ReadError`].
    pub fn read_tx(&self, hash: &BlockHash, offset: u32) -> Result<Tx, ReadError> {
        Ok(self.shared.files.read_tx(self.data_pos(hash)?, offset)?)
    }

    /// Reads from disk what a block spent. The first block spent nothing.
    ///
    /// # Errors
    /// A [`ReadError`].
    pub fn read_undo(&self, hash: &BlockHash) -> Result<BlockUndo, ReadError> {
        let (pos, prev) = {
            let index = self.shared.index();
            let entry = index.entry(index.find(hash).ok_or(ReadError::Unknown)?);
            if entry.prev.is_none() {
                return Ok(BlockUndo::default());
            }
            (
                entry.undo_pos().ok_or(ReadError::NoUndo)?,
                entry.header.prev,
            )
        };
        Ok(self.shared.files.read_undo(pos, &prev)?)
    }

    /// A file that is gone while its block is looked for may have been pruned just now.
    fn pruned_meanwhile(&self, hash: &BlockHash, error: FileError) -> ReadError {
        let gone =
            matches!(&error, FileError::Io { source, .. } if source.kind() == ErrorKind::NotFound);
        match self.data_pos(hash) {
            Err(pruned @ ReadError::Pruned) if gone => pruned,
            _ => error.into(),
        }
    }

    fn data_pos(&self, hash: &BlockHash) -> Result<FilePos, ReadError> {
        let index = self.shared.index();
        let entry = index.entry(index.find(hash).ok_or(ReadError::Unknown)?);
        entry.data_pos().ok_or(match entry.tx_count {
            0 => ReadError::NotHere,
            _ => ReadError::Pruned,
        })
    }
}
