//! The options of the wallets, as one plain value.

use common::options::{Config, OptionsError};
use keys::descriptor::OutputType;
use primitives::{Amount, ChainParams, FeeRate};

/// A rate above which a warning is due, in base units per 1,000 virtual bytes.
const HIGH_FEE_RATE: i64 = 1_000_000;
/// A fee above which a warning is due.
const HIGH_MAX_FEE: Amount = Amount::from_sat(100_000_000);
/// A surcharge for spending coins of an address together above which a warning is due.
const HIGH_APS_FEE: Amount = Amount::from_sat(10_000);

/// Defaults and limits of every wallet of the process.
#[derive(Clone, Debug)]
pub struct WalletOptions {
    /// Kind of new addresses.
    pub address_type: OutputType,
    /// Kind of change; `None` for one that fits.
    pub change_type: Option<OutputType>,
    /// Addresses kept ahead.
    pub keypool: u32,
    /// Rate where none can be estimated; zero for none.
    pub fallback_fee: FeeRate,
    /// Lowest rate of own payments.
    pub min_fee: FeeRate,
    /// Rate at which small change is given up.
    pub discard_fee: FeeRate,
    /// Most that a payment may pay in fees.
    pub max_fee: Amount,
    /// Rate up to which payments may use more coins than they need.
    pub consolidate_fee: FeeRate,
    /// Blocks within which payments should confirm.
    pub confirm_target: u32,
    /// Whether own unconfirmed change may be spent.
    pub spend_zero_conf_change: bool,
    /// Whether payments signal that they may be replaced.
    pub signal_rbf: bool,
    /// Whether payments are given to the node.
    pub broadcast: bool,
    /// Whether all coins of an address are spent together.
    pub avoid_partial_spends: bool,
    /// How much more a payment may cost so that all coins of an address are spent together; `None`
    /// for not trying.
    pub max_aps_fee: Option<Amount>,
    /// Whether payments are refused that the mempool's limits on chains of transactions would stop.
    pub reject_long_chains: bool,
    /// Whether data need not be on disk to count as written.
    pub unsafe_sync: bool,
    /// Whether files of other chains may be opened.
    pub cross_chain: bool,
}

impl WalletOptions {
    /// What the chain's parameters say where no option is given.
    pub fn defaults(params: &ChainParams) -> Self {
        Self {
            address_type: OutputType::Bech32,
            change_type: None,
            keypool: 1000,
            fallback_fee: params.wallet.fallback_fee,
            min_fee: params.wallet.min_fee,
            discard_fee: params.wallet.discard_fee,
            max_fee: params.wallet.max_fee,
            consolidate_fee: FeeRate::from_sat_per_kvb(10_000),
            confirm_target: 6,
            spend_zero_conf_change: true,
            signal_rbf: true,
            broadcast: true,
            avoid_partial_spends: false,
            max_aps_fee: Some(Amount::ZERO),
            reject_long_chains: true,
            unsafe_sync: false,
            cross_chain: false,
        }
    }

    /// Reads the options; the second part are warnings for the user.
    ///
    /// # Errors
    /// The sentence to show for an option without meaning.
    pub fn from_config(config: &Config) -> Result<(Self, Vec<String>), String> {
        let mut warnings = Vec::new();
        let mut options = Self::defaults(config.params());
        let kind = |name: &str, what: &str| -> Result<Option<OutputType>, String> {
            let text = config.opt_str(name).unwrap_or_default();
            if text.is_empty() {
                return Ok(None);
            }
            let found = OutputType::from_name(&text);
            found
                .map(Some)
                .ok_or(format!("Unknown {what} type '{text}'"))
        };
        options.address_type = kind("addresstype", "address")?.unwrap_or(options.address_type);
        options.change_type = kind("changetype", "change")?;
        options.keypool =
            u32::try_from(config.get_int("keypool").clamp(1, 1_000_000)).unwrap_or(1000);
        let rate = |name: &str| amount(config, name).map(|a| FeeRate::from_sat_per_kvb(a.sat()));
        options.fallback_fee = rate("fallbackfee")?;
        options.min_fee = rate("mintxfee")?;
        options.discard_fee = rate("discardfee")?;
        options.consolidate_fee = rate("consolidatefeerate")?;
        options.max_fee = amount(config, "maxtxfee")?;
        for (name, rate, why) in [
            (
                "mintxfee",
                options.min_fee,
                "This is the minimum transaction fee you pay on every transaction.",
            ),
            (
                "fallbackfee",
                options.fallback_fee,
                "This is the transaction fee you may pay when fee estimates are not available.",
            ),
            (
                "discardfee",
                options.discard_fee,
                "This is the transaction fee you may discard if change is smaller than dust at this level",
            ),
        ] {
            if config.is_set(name) && rate.sat_per_kvb() > HIGH_FEE_RATE {
                warnings.push(format!("-{name} is set very high! {why}"));
            }
        }
        if config.is_set("maxtxfee") && options.max_fee > HIGH_MAX_FEE {
            warnings.push(
                "-maxtxfee is set very high! Fees this large could be paid on a single transaction.".to_owned(),
            );
        }
        options.confirm_target =
            u32::try_from(config.get_int("txconfirmtarget").clamp(1, 1008)).unwrap_or(6);
        options.spend_zero_conf_change = config.get_bool("spendzeroconfchange");
        options.signal_rbf = config.get_bool("walletrbf");
        if config.is_set("walletrbf") {
            warnings.push(
                "-walletrbf is deprecated and will be fully removed in the next release."
                    .to_owned(),
            );
        }
        options.broadcast = config.get_bool("walletbroadcast");
        options.avoid_partial_spends = config.get_bool("avoidpartialspends");
        options.reject_long_chains = config.get_bool("walletrejectlongchains");
        options.max_aps_fee = match config.opt_str("maxapsfee").as_deref() {
            Some("-1") => None,
            _ => Some(amount(config, "maxapsfee")?),
        };
        if options.max_aps_fee.is_some_and(|fee| fee > HIGH_APS_FEE) {
            warnings.push(
                "-maxapsfee is set very high! This is the maximum transaction fee you pay (in addition to the normal fee) to \
                 prioritize partial spend avoidance over regular coin selection."
                    .to_owned(),
            );
        }
        options.unsafe_sync = config.get_bool("unsafesqlitesync");
        options.cross_chain = config.get_bool("walletcrosschain");
        Ok((options, warnings))
    }
}

fn amount(config: &Config, name: &str) -> Result<Amount, String> {
    config.get_amount(name).map_err(|error| match error {
        OptionsError::Amount { name, text } => {
            format!("Invalid amount for -{name}=<amount>: '{text}'")
        }
        other => other.to_string(),
    })
}
