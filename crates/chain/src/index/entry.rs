//! One block in the index.

use primitives::{BlockHash, Header, U256};

use super::SEQUENCE_LOADED;
use crate::block_files::FilePos;

/// The place of an entry in the index. An earlier one wins where all else is equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EntryId(u32);

impl EntryId {
    pub(super) const fn new(id: u32) -> Self {
        Self(id)
    }

    pub(crate) const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// How far a block has been checked; each level includes those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Validity {
    /// Not at all.
    Unknown = 0,
    /// The header, with all headers before it.
    Tree = 2,
    /// The block alone, and with the headers before it.
    Transactions = 3,
    /// The coins it spends, but not the scripts.
    Chain = 4,
    /// Everything.
    Scripts = 5,
}

/// What is known of a block, in the bits that Core stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockStatus(u32);

impl BlockStatus {
    const VALIDITY: u32 = 7;
    const HAVE_DATA: u32 = 8;
    const HAVE_UNDO: u32 = 16;
    const FAILED: u32 = 32;
    const WITNESS: u32 = 128;

    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    /// How far it has been checked.
    pub const fn validity(self) -> Validity {
        match self.0 & Self::VALIDITY {
            0 | 1 => Validity::Unknown,
            2 => Validity::Tree,
            3 => Validity::Transactions,
            4 => Validity::Chain,
            _ => Validity::Scripts,
        }
    }

    /// Whether it breaks a rule or descends from a block that does.
    pub const fn has_failed(self) -> bool {
        self.0 & Self::FAILED != 0
    }

    /// Whether the block itself is on disk.
    pub const fn has_data(self) -> bool {
        self.0 & Self::HAVE_DATA != 0
    }

    /// Whether its undo record is on disk.
    pub const fn has_undo(self) -> bool {
        self.0 & Self::HAVE_UNDO != 0
    }

    /// Whether its witnesses were checked when it came.
    pub(crate) const fn has_witness(self) -> bool {
        self.0 & Self::WITNESS != 0
    }

    /// Whether it is checked as far as `level` and has not failed.
    pub fn is_valid(self, level: Validity) -> bool {
        !self.has_failed() && self.validity() >= level
    }

    /// Raises the level; says whether it changed.
    pub(crate) fn raise(&mut self, level: Validity) -> bool {
        if self.has_failed() || self.validity() >= level {
            return false;
        }
        self.0 = self.0 & !Self::VALIDITY | level as u32;
        true
    }

    pub(crate) const fn set_failed(&mut self, failed: bool) {
        self.set(Self::FAILED, failed);
    }

    pub(crate) const fn set_data(&mut self, have: bool) {
        self.set(Self::HAVE_DATA, have);
    }

    pub(crate) const fn set_undo(&mut self, have: bool) {
        self.set(Self::HAVE_UNDO, have);
    }

    pub(crate) const fn set_witness(&mut self) {
        self.set(Self::WITNESS, true);
    }

    const fn set(&mut self, bit: u32, on: bool) {
        self.0 = if on { self.0 | bit } else { self.0 & !bit };
    }
}

/// One block in the index.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) header: Header,
    pub(crate) hash: BlockHash,
    pub(crate) prev: Option<EntryId>,
    /// An ancestor far back, to find others quickly.
    pub(super) skip: Option<EntryId>,
    pub(crate) height: u32,
    /// Work of the chain up to here.
    pub(crate) chain_work: U256,
    /// Latest time in the chain up to here.
    pub(crate) time_max: u32,
    pub(crate) status: BlockStatus,
    /// Transactions in the block; 0 where it never was here.
    pub(crate) tx_count: u32,
    /// Transactions in the chain up to here; 0 where some block was never here.
    pub(crate) chain_tx_count: u64,
    /// Number of the block and undo file.
    pub(crate) file: u32,
    pub(crate) data_offset: u32,
    pub(crate) undo_offset: u32,
    /// Order in which blocks became connectable; lower wins among equals.
    pub(crate) sequence: i32,
}

impl Entry {
    pub(super) const fn new(header: Header, hash: BlockHash, prev: Option<EntryId>) -> Self {
        Self {
            header,
            hash,
            prev,
            skip: None,
            height: 0,
            chain_work: U256::ZERO,
            time_max: header.time,
            status: BlockStatus(0),
            tx_count: 0,
            chain_tx_count: 0,
            file: 0,
            data_offset: 0,
            undo_offset: 0,
            sequence: SEQUENCE_LOADED,
        }
    }

    /// Where the block lies.
    pub(crate) fn data_pos(&self) -> Option<FilePos> {
        let pos = FilePos {
            file: self.file,
            offset: self.data_offset,
        };
        self.status.has_data().then_some(pos)
    }

    /// Where its undo record lies.
    pub(crate) fn undo_pos(&self) -> Option<FilePos> {
        let pos = FilePos {
            file: self.file,
            offset: self.undo_offset,
        };
        self.status.has_undo().then_some(pos)
    }
}
