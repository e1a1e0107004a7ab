//! Blocks that were stored after the index was last written: a process that was killed left them in the block files.
//!
//! Whoever sent them was told that they are stored, so they are not to be lost. They are looked for at every start,
//! behind what the index knows, where an orderly end leaves nothing.

use std::sync::Arc;

use consensus::BlockChecks;
use consensus::block_check::check_block;
use primitives::Block;

use crate::block_files::{FilePos, RECORD_HEADER};
use crate::chainstate::Chainstate;
use crate::error::{ChainError, SubmitError};
use crate::scanner::RecordScanner;

impl Chainstate {
    /// Takes the blocks behind the known end of the block files into the index.
    ///
    /// They are connected with everything else that waits on disk.
    pub(crate) fn recover_blocks(&mut self) -> Result<(), ChainError> {
        let (open, mut new) = (self.writer.open_files(), self.writer.next_file());
        let mut found = 0;
        for number in open {
            if self.writer.files().block_path(number).exists() {
                found += self.recover_file(number, self.writer.info(number).size)?;
            }
        }
        while self.writer.files().block_path(new).exists() {
            found += self.recover_file(new, 0)?;
            new += 1;
        }
        if found > 0 {
            tracing::info!(
                target: "validation",
                "Found {found} blocks on disk that an interrupted run had not entered in the index"
            );
        }
        Ok(())
    }

    /// Takes the records that follow `end` without a gap; gives their number.
    fn recover_file(&mut self, number: u32, end: u32) -> Result<u32, ChainError> {
        let (path, key) = {
            let files = self.writer.files();
            (files.block_path(number), files.key())
        };
        let mut scanner =
            RecordScanner::open(&path, self.params().magic, key)?.starting_at(end.into());
        let (mut found, mut expected) = (0, u64::from(end) + u64::from(RECORD_HEADER));
        while let Some(record) = scanner.next()? {
            if record.offset != expected {
                break;
            }
            let Ok(block) = Block::from_bytes(record.data, self.params().hashes) else {
                // The process was killed while it wrote this one.
                break;
            };
            let Ok(offset) = u32::try_from(expected) else {
                break;
            };
            expected += record.data.len() as u64 + u64::from(RECORD_HEADER);
            let pos = FilePos {
                file: number,
                offset,
            };
            let checked = check_block(&block, self.params(), BlockChecks::ALL);
            match self.accept_loaded_block(&Arc::new(block), checked, Some(pos)) {
                Ok(_) => {
                    found += 1;
                    self.writer.mark_unsynced(number);
                }
                Err(SubmitError::Rejected(_)) => {}
                Err(SubmitError::Chain(error)) => return Err(error),
            }
        }
        Ok(found)
    }
}
