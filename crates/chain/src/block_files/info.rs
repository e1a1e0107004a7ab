//! What is known of a pair of block and undo file.

use std::fmt;

use primitives::encode::{DecodeError, Reader, Sink};

use crate::compress::{put_varint, varint, varint_u32};
use crate::text::iso_date;

/// What is known of a pair of block and undo file (Core's `CBlockFileInfo`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileInfo {
    pub(crate) blocks: u32,
    /// Bytes in use in the block file.
    pub(crate) size: u32,
    /// Bytes in use in the undo file.
    pub(crate) undo_size: u32,
    pub(crate) first_height: u32,
    pub(crate) last_height: u32,
    pub(crate) first_time: u64,
    pub(crate) last_time: u64,
}

impl FileInfo {
    pub(super) fn add_block(&mut self, height: u32, time: u32) {
        let time = u64::from(time);
        if self.blocks == 0 || self.first_height > height {
            self.first_height = height;
        }
        if self.blocks == 0 || self.first_time > time {
            self.first_time = time;
        }
        self.blocks = self.blocks.saturating_add(1);
        self.last_height = self.last_height.max(height);
        self.last_time = self.last_time.max(time);
    }

    pub(crate) fn encode(&self, out: &mut impl Sink) {
        for field in [
            self.blocks,
            self.size,
            self.undo_size,
            self.first_height,
            self.last_height,
        ] {
            put_varint(out, field.into());
        }
        put_varint(out, self.first_time);
        put_varint(out, self.last_time);
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            blocks: varint_u32(reader)?,
            size: varint_u32(reader)?,
            undo_size: varint_u32(reader)?,
            first_height: varint_u32(reader)?,
            last_height: varint_u32(reader)?,
            first_time: varint(reader)?,
            last_time: varint(reader)?,
        })
    }
}

impl fmt::Display for FileInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (iso_date(self.first_time), iso_date(self.last_time));
        write!(
            f,
            "CBlockFileInfo(blocks={}, size={}, heights={}...{}, time={first}...{last})",
            self.blocks, self.size, self.first_height, self.last_height
        )
    }
}
