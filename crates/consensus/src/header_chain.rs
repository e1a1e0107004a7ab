//! The branch of headers that a new block extends, as the rules need to see it.

use primitives::params::MEDIAN_TIME_SPAN;
use primitives::{BlockHash, CompactTarget};

/// What the rules read from an earlier header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderInfo {
    /// Version, for signalling.
    pub version: i32,
    /// The miner's clock, in seconds since 1970.
    pub time: u32,
    /// The target.
    pub bits: CompactTarget,
}

/// A branch of headers from genesis to a last block, the parent of the block being judged.
///
/// Heights that are passed in never exceed [`HeaderChain::height`].
pub trait HeaderChain {
    /// Height of the branch's last block.
    fn height(&self) -> u32;

    /// The header at `height` on this branch.
    fn header(&self, height: u32) -> HeaderInfo;

    /// The id of the block at `height` on this branch.
    fn hash(&self, height: u32) -> BlockHash;

    /// Median time of the block at `height` and the ten before it (BIP113), in seconds since 1970.
    fn median_time_past(&self, height: u32) -> u32 {
        let mut times = [0; MEDIAN_TIME_SPAN];
        let mut count = 0;
        for (slot, back) in times.iter_mut().zip(0..) {
            let Some(height) = height.checked_sub(back) else {
                break;
            };
            *slot = self.header(height).time;
            count += 1;
        }
        times[..count].sort_unstable();
        times[count / 2]
    }

    /// The last header.
    fn last(&self) -> HeaderInfo {
        self.header(self.height())
    }
}
