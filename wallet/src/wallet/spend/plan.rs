//! What the node says about a payment before it is made, and the rate that follows.

use std::collections::HashMap;

use ipc_schema::Ancestry;
use primitives::{Amount, FeeRate, Txid};

use super::SpendError;
use crate::wallet::Wallet;

/// What the node says about fees, about its tip, and about the mempool.
#[derive(Clone, Debug, Default)]
pub struct SpendPlan {
    /// Estimate for the wanted number of blocks.
    pub estimate: Option<FeeRate>,
    /// What the mempool asks now.
    pub mempool_min: FeeRate,
    /// What the node relays at all.
    pub relay_min: FeeRate,
    /// Rate by which dust is judged.
    pub dust: FeeRate,
    /// The most that the node lets a transaction pay.
    pub max_fee: Option<Amount>,
    /// Time of the node's tip.
    pub tip_time: i64,
    /// Whether the node is in initial download.
    pub initial_download: bool,
    /// The time.
    pub now: i64,
    /// A seed for chance.
    pub seed: u64,
    /// What unconfirmed coins stand on and hang together with.
    pub ancestry: HashMap<Txid, Ancestry>,
    /// Ancestors with which a coin is still spent (`-limitancestorcount`).
    pub max_ancestors: u64,
    /// Connected transactions with which a coin is still spent (`-limitdescendantcount`).
    pub max_cluster: u64,
}

/// Where a rate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeReason {
    /// The node's estimate.
    Estimate,
    /// The mempool asks for it.
    MempoolMin,
    /// The user.
    User,
    /// There is no estimate.
    Fallback,
    /// The least of own payments.
    Required,
}

impl FeeReason {
    /// The reason in Core's words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Estimate => "Fee Rate Estimator",
            Self::MempoolMin => "Mempool Min Fee",
            Self::User => "User Specified Fee",
            Self::Fallback => "Fallback fee",
            Self::Required => "Minimum Required Fee",
        }
    }
}

/// The rate of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How much.
    pub rate: FeeRate,
    /// Where it comes from.
    pub reason: FeeReason,
}

/// A rate in base units per virtual byte, with three decimals.
pub fn rate_text(rate: FeeRate) -> String {
    let per_kvb = rate.sat_per_kvb();
    format!("{}.{:03}", per_kvb / 1000, (per_kvb % 1000).abs())
}

impl Wallet {
    /// The least rate of own payments.
    pub fn required_rate(&self, plan: &SpendPlan) -> FeeRate {
        self.options.min_fee.max(plan.relay_min)
    }

    /// The rate of a payment (Core's `GetMinimumFeeRate`).
    ///
    /// # Errors
    /// [`SpendError::RateTooLow`] or [`SpendError::NoEstimate`].
    pub fn rate_for(&self, given: Option<FeeRate>, plan: &SpendPlan) -> Result<Rate, SpendError> {
        let required = self.required_rate(plan);
        if let Some(rate) = given {
            if rate < required {
                return Err(SpendError::RateTooLow {
                    given: rate_text(rate),
                    least: rate_text(required),
                    own: rate_text(self.options.min_fee),
                    relay: rate_text(plan.relay_min),
                    atom: self.params.atom,
                });
            }
            let reason = FeeReason::User;
            return Ok(Rate { rate, reason });
        }
        let (mut rate, mut reason) = match plan.estimate {
            Some(rate) => (rate, FeeReason::Estimate),
            None => (self.options.fallback_fee, FeeReason::Fallback),
        };
        if rate == FeeRate::ZERO {
            return Err(SpendError::NoEstimate);
        }
        for (least, why) in [
            (plan.mempool_min, FeeReason::MempoolMin),
            (required, FeeReason::Required),
        ] {
            if rate < least {
                (rate, reason) = (least, why);
            }
        }
        Ok(Rate { rate, reason })
    }

    /// Transactions of the mempool with coins of the wallet, no more than `limit` of them.
    pub fn unconfirmed_sources(&self, limit: usize) -> Vec<Txid> {
        let mut txids: Vec<Txid> = self
            .mine
            .iter()
            .map(|place| place.txid)
            .filter(|txid| {
                self.txs
                    .get(txid)
                    .is_some_and(|tx| tx.state.is_in_mempool())
            })
            .collect();
        txids.dedup();
        txids.truncate(limit);
        txids
    }
}
