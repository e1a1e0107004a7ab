//! Limits of relay, mempool and block templates from options.

use chain::ChainConfig;
use chain::mempool::MempoolLimits;
use chain::policy::PolicyLimits;
use common::options::Config;
use primitives::FeeRate;

/// Sets what options say.
pub(crate) fn apply(config: &Config, chain: &mut ChainConfig) {
    let params = config.params();
    let policy = &params.policy;
    let rate = |name: &str, default: FeeRate| match config.get_amount(name) {
        Ok(amount) if config.is_set(name) => FeeRate::from_sat_per_kvb(amount.sat()),
        _ => default,
    };
    let incremental = rate("incrementalrelayfee", policy.incremental_relay_fee);
    let min_relay = rate("minrelaytxfee", policy.min_relay_fee.max(incremental));
    let size = |name: &str, default: u32| {
        let given = config
            .opt_int(name)
            .and_then(|size| usize::try_from(size).ok());
        given.unwrap_or(default as usize)
    };
    let data_size = size("datacarriersize", policy.max_op_return_relay);
    chain.policy = PolicyLimits {
        require_standard: !config.get_bool("acceptnonstdtxn"),
        min_relay_fee: min_relay,
        incremental_relay_fee: incremental,
        dust_relay_fee: rate("dustrelayfee", policy.dust_relay_fee),
        max_tx_weight: policy.max_standard_tx_weight as usize,
        max_datacarrier_bytes: config
            .opt_bool("datacarrier")
            .unwrap_or(true)
            .then_some(data_size),
        permit_bare_multisig: config.opt_bool("permitbaremultisig").unwrap_or(true),
        max_sigops_cost: u64::from(policy.max_standard_tx_sigops_cost),
        max_legacy_sigops: policy.max_tx_legacy_sigops,
        bytes_per_sigop: size("bytespersigop", policy.bytes_per_sigop) as u64,
    };
    let defaults = MempoolLimits::default();
    let megabytes = config
        .opt_int("maxmempool")
        .and_then(|size| usize::try_from(size).ok());
    let hours = config.opt_int("mempoolexpiry");
    let kvb = config
        .opt_int("limitclustersize")
        .and_then(|size| u64::try_from(size).ok());
    chain.mempool = MempoolLimits {
        max_usage: megabytes.map_or(defaults.max_usage, |size| size.saturating_mul(1_000_000)),
        expiry: hours.map_or(defaults.expiry, |hours| hours.saturating_mul(60 * 60)),
        cluster_count: size("limitclustercount", policy.cluster_limit.unwrap_or(64)),
        cluster_vsize: kvb.map_or(defaults.cluster_vsize, |size| size.saturating_mul(1000)),
    };
    let weight = |name: &str, default: u64| {
        config
            .opt_int(name)
            .and_then(|weight| u64::try_from(weight).ok())
            .unwrap_or(default)
    };
    chain.template.max_weight = weight("blockmaxweight", chain.template.max_weight);
    chain.template.reserved_weight = weight("blockreservedweight", chain.template.reserved_weight);
    chain.template.min_rate = rate("blockmintxfee", policy.block_min_tx_fee);
}
