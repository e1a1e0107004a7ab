//! Following the chain block by block, at one's own pace.

use std::sync::Arc;

use primitives::{Block, BlockHash};

use crate::error::ReadError;
use crate::reader::{BlockInfo, ChainReader};

/// One step on the way to the tip.
#[derive(Clone, Debug)]
pub enum FollowStep {
    /// The follower's block has left the active chain: take it back.
    Disconnect {
        /// What is known of it.
        info: BlockInfo,
        /// The block.
        block: Arc<Block>,
    },
    /// The next block of the active chain.
    Connect {
        /// What is known of it.
        info: BlockInfo,
        /// The block.
        block: Arc<Block>,
    },
}

/// What lies between a follower and the tip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// Nothing: it has arrived.
    Arrived,
    /// Its block has left the active chain.
    Disconnect(BlockInfo),
    /// These blocks come next.
    Connect(Vec<BlockInfo>),
}

/// Why a follower cannot take its next step.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The follower's block is not in the index: begin again from a block that is.
    #[error("block {0} is not known any more")]
    Lost(BlockHash),
    /// A block cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Walks from any block to the tip, wherever the tip moves meanwhile: indexes, notifications and
/// wallets all follow the chain by this.
///
/// A step is not taken before [`ChainFollower::advance`] says so, so that whoever stores its own
/// best block with its own data survives a crash at any moment.
#[derive(Clone, Debug)]
pub struct ChainFollower {
    reader: ChainReader,
    best: Option<BlockHash>,
}

impl ChainFollower {
    /// Begins behind `best`; `None`: before the first block.
    pub const fn new(reader: ChainReader, best: Option<BlockHash>) -> Self {
        Self { reader, best }
    }

    /// The follower's block.
    pub const fn best(&self) -> Option<BlockHash> {
        self.best
    }

    /// What comes next, up to `limit` blocks, which are not read.
    ///
    /// # Errors
    /// [`FollowError::Lost`].
    pub fn ahead(&self, limit: usize) -> Result<Ahead, FollowError> {
        let mut next = match self.best {
            None => self.reader.block_at(0),
            Some(hash) => {
                let info = self.reader.block(&hash).ok_or(FollowError::Lost(hash))?;
                if !info.active && self.reader.tip_block().is_some() {
                    return Ok(Ahead::Disconnect(info));
                }
                info.next.and_then(|next| self.reader.block(&next))
            }
        };
        let mut blocks = Vec::new();
        while let Some(info) = next.take().filter(|_| blocks.len() < limit) {
            next = info.next.and_then(|next| self.reader.block(&next));
            blocks.push(info);
        }
        Ok(match blocks.is_empty() {
            true => Ahead::Arrived,
            false => Ahead::Connect(blocks),
        })
    }

    /// The step that leads towards the tip; `None` where the follower has arrived. Reads from disk.
    ///
    /// # Errors
    /// A [`FollowError`].
    pub fn next(&self) -> Result<Option<FollowStep>, FollowError> {
        let read = |info: &BlockInfo| self.reader.read_block(&info.hash).map(Arc::new);
        Ok(match self.ahead(1)? {
            Ahead::Arrived => None,
            Ahead::Disconnect(info) => Some(FollowStep::Disconnect {
                block: read(&info)?,
                info,
            }),
            Ahead::Connect(mut blocks) => match blocks.pop() {
                None => None,
                Some(info) => Some(FollowStep::Connect {
                    block: read(&info)?,
                    info,
                }),
            },
        })
    }

    /// Says that the follower stands at this block now.
    pub const fn move_to(&mut self, block: BlockHash) {
        self.best = Some(block);
    }

    /// Says that a step was taken.
    pub const fn advance(&mut self, step: &FollowStep) {
        self.best = Some(match step {
            FollowStep::Disconnect { info, .. } => info.header.prev,
            FollowStep::Connect { info, .. } => info.hash,
        });
    }
}
