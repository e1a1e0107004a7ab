//! How large the mempool may grow, and what entering costs once it was full.

use primitives::FeeRate;

/// Seconds in which the rolling minimum halves while the mempool is nearly full.
const HALF_LIFE: f64 = 60.0 * 60.0 * 12.0;

/// The mempool's own limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MempoolLimits {
    /// Memory in bytes (`-maxmempool`).
    pub max_usage: usize,
    /// Age in seconds (`-mempoolexpiry`).
    pub expiry: i64,
    /// Transactions that may hang together (`-limitclustercount`).
    pub cluster_count: usize,
    /// Virtual bytes that may hang together (`-limitclustersize`).
    pub cluster_vsize: u64,
}

impl MempoolLimits {
    /// Whether so many transactions of this weight may hang together.
    pub(super) const fn allow(&self, count: usize, adjusted_weight: u64) -> bool {
        count <= self.cluster_count && adjusted_weight <= self.cluster_vsize.saturating_mul(4)
    }
}

impl Default for MempoolLimits {
    fn default() -> Self {
        Self {
            max_usage: 300_000_000,
            expiry: 336 * 60 * 60,
            cluster_count: 64,
            cluster_vsize: 101_000,
        }
    }
}

/// The lowest rate that enters after the mempool was full; it decays with time (Core's
/// `rollingMinimumFeeRate`).
#[derive(Clone, Copy, Debug, Default)]
pub struct RollingMinimum {
    rate: f64,
    since: i64,
    block_since_bump: bool,
}

impl RollingMinimum {
    /// Raises it above the rate of what was just thrown out.
    pub(super) fn raise_to(&mut self, removed: FeeRate, incremental: FeeRate, now: i64) {
        #[expect(clippy::cast_precision_loss, reason = "rates are far below 2^52")]
        let rate = (removed.sat_per_kvb() + incremental.sat_per_kvb()) as f64;
        if rate > self.rate {
            *self = Self {
                rate,
                since: now,
                block_since_bump: false,
            };
        }
    }

    /// Lets it decay from now on.
    pub(super) const fn block_connected(&mut self) {
        self.block_since_bump = true;
    }

    /// The rate at `now`, zero once it is below half of the incremental rate.
    pub(super) fn rate(
        &self,
        usage: usize,
        max_usage: usize,
        incremental: FeeRate,
        now: i64,
    ) -> FeeRate {
        let mut rate = self.rate;
        if self.block_since_bump && rate > 0.0 {
            let half_life = match usage {
                _ if usage < max_usage / 4 => HALF_LIFE / 4.0,
                _ if usage < max_usage / 2 => HALF_LIFE / 2.0,
                _ => HALF_LIFE,
            };
            #[expect(clippy::cast_precision_loss, reason = "seconds since the last bump")]
            let age = now.saturating_sub(self.since).max(0) as f64;
            rate /= 2f64.powf(age / half_life);
        }
        #[expect(clippy::cast_precision_loss, reason = "rates are far below 2^52")]
        let least = incremental.sat_per_kvb() as f64;
        if rate < least / 2.0 {
            return FeeRate::ZERO;
        }
        #[expect(clippy::cast_possible_truncation, reason = "rates are far below 2^52")]
        let rounded = rate.round() as i64;
        FeeRate::from_sat_per_kvb(rounded).max(incremental)
    }
}
