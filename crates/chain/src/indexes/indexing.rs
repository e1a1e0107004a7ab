//! What an index does with blocks, and how it is run.

use primitives::Block;
use rayon::ThreadPool;

use super::IndexError;
use super::state::IndexState;
use crate::reader::BlockInfo;
use crate::store::Batch;
use crate::undo::BlockUndo;

/// A block as an index takes it.
pub(super) struct Source<'a> {
    pub(super) info: &'a BlockInfo,
    pub(super) block: &'a Block,
    /// What it spent, where the kind of index needs that; else nothing.
    pub(super) undo: &'a BlockUndo,
}

/// An index as its thread writes it.
pub(super) trait Indexing: Send + Sync + 'static {
    /// What is made of a block by itself, on any thread.
    type Part: Send;

    /// Makes of a block what can be made without the blocks before.
    fn prepare(&self, source: &Source<'_>) -> Result<Self::Part, IndexError>;

    /// Takes the next block in.
    fn connect(
        &mut self,
        info: &BlockInfo,
        part: Self::Part,
        batch: &mut Batch,
    ) -> Result<(), IndexError>;

    /// Takes the last block back. It comes in parts where the kind of index needs that.
    fn disconnect(&mut self, info: &BlockInfo, part: Option<Self::Part>) -> Result<(), IndexError>;

    /// Goes on behind this block, with what [`Indexing::state`] gave there; `None`: from the start.
    fn restore(&mut self, at: Option<(&BlockInfo, &[u8])>) -> Result<(), IndexError>;

    /// What must be known to go on from here.
    fn state(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Writes what the batch will point to.
    fn before_write(&mut self, _batch: &mut Batch) -> Result<(), IndexError> {
        Ok(())
    }

    /// Makes that survive a loss of power.
    fn sync(&mut self) -> Result<(), IndexError> {
        Ok(())
    }

    /// Makes sure that what belongs to a block is there: a loss of power may have taken it.
    fn check(&self, _info: &BlockInfo) -> Result<(), IndexError> {
        Ok(())
    }
}

/// An index that runs, whichever it is.
pub(super) trait Run: Send {
    /// What others see of it.
    fn state(&self) -> &IndexState;

    /// Finds the block to go on from, in a chain that stands where it stood before.
    fn find_place(&mut self) -> Result<(), IndexError>;

    /// Follows the chain until the stop.
    fn run(self: Box<Self>, pool: &ThreadPool);
}
