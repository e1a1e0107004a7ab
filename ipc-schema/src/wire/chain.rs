//! The chain's values.

use primitives::{Amount, Txid};

use super::{Wire, wire_enum, wire_struct};
use crate::generated::chain_capnp as c;
use crate::types::{
    Ancestry, BlockInfo, BlockTip, ChainState, ChainStep, MempoolChange, MinimumFees,
    RemovalReason, StoredBlocks,
};

wire_enum!(
    RemovalReason,
    c::RemovalReason,
    [Expiry, SizeLimit, Reorg, Block, Conflict, Replaced]
);

wire_struct!(BlockInfo, c::block_info, {
    tip: node get_tip init_tip,
    data: data get_data set_data,
});

wire_struct!(ChainState, c::chain_state, {
    tip: opt_node get_tip init_tip has_tip,
    ready: val get_ready set_ready,
    initial_download: val get_initial_download set_initial_download,
    mock_time: val get_mock_time set_mock_time,
    shutting_down: val get_shutting_down set_shutting_down,
});

wire_struct!(StoredBlocks, c::stored_blocks, {
    tip: node get_tip init_tip,
    first: val get_first set_first,
    below_snapshot: val get_below_snapshot set_below_snapshot,
});

wire_struct!(MinimumFees, c::minimum_fees, {
    mempool: rate get_mempool set_mempool,
    relay: rate get_relay set_relay,
    incremental: rate get_incremental set_incremental,
    dust: rate get_dust set_dust,
    max_fee: money get_max_fee set_max_fee,
});

impl Wire for ChainStep {
    type Owned = c::chain_step::Owned;

    fn put(&self, b: c::chain_step::Builder<'_>) {
        match self {
            Self::Disconnect { hash, height } => {
                let tip = BlockTip {
                    hash: *hash,
                    height: *height,
                    ..BlockTip::default()
                };
                tip.put(b.init_disconnect());
            }
            Self::Connect(block) => block.put(b.init_connect()),
        }
    }

    fn take(r: c::chain_step::Reader<'_>) -> capnp::Result<Self> {
        Ok(match r.which()? {
            c::chain_step::Disconnect(tip) => {
                let tip = BlockTip::take(tip?)?;
                Self::Disconnect {
                    hash: tip.hash,
                    height: tip.height,
                }
            }
            c::chain_step::Connect(block) => Self::Connect(BlockInfo::take(block?)?),
        })
    }
}

impl Wire for Ancestry {
    type Owned = c::ancestry::Owned;

    fn put(&self, mut b: c::ancestry::Builder<'_>) {
        b.set_ancestors(self.ancestors);
        b.set_cluster(self.cluster);
        b.set_vsize(self.vsize);
        b.set_fees(self.fees.sat());
    }

    fn take(r: c::ancestry::Reader<'_>) -> capnp::Result<Self> {
        Ok(Self {
            ancestors: r.get_ancestors(),
            cluster: r.get_cluster(),
            vsize: r.get_vsize(),
            fees: Amount::from_sat(r.get_fees()),
        })
    }
}

/// A change of the mempool with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NumberedChange(pub(crate) u64, pub(crate) MempoolChange);

impl Wire for NumberedChange {
    type Owned = c::mempool_change::Owned;

    fn put(&self, mut b: c::mempool_change::Builder<'_>) {
        b.set_sequence(self.0);
        match &self.1 {
            MempoolChange::Added(tx) => b.set_added(tx),
            MempoolChange::Removed { txid, reason } => {
                let mut removed = b.init_removed();
                removed.set_txid(txid.as_bytes());
                removed.set_reason((*reason).into());
            }
        }
    }

    fn take(r: c::mempool_change::Reader<'_>) -> capnp::Result<Self> {
        let change = match r.which()? {
            c::mempool_change::Added(tx) => MempoolChange::Added(tx?.to_vec()),
            c::mempool_change::Removed(removed) => {
                let removed = removed?;
                MempoolChange::Removed {
                    txid: super::hash::<Txid>(removed.get_txid()?)?,
                    reason: removed.get_reason().map(Into::into).unwrap_or_default(),
                }
            }
        };
        Ok(Self(r.get_sequence(), change))
    }
}
