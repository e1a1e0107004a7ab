//! The parameters of every chain: one table per coin and network, all facts that differ.
//!
//! The tables in `params/<coin>.rs` are written by `cargo xtask params`.

use crate::{Amount, BlockHash, CompactTarget, FeeRate, Hash256, HashScheme, U256};

mod bitcoin;
mod bitquantum;
mod coin;
mod groestlcoin;
mod literal;
mod smithcoin;

pub use coin::{Coin, Network, UnknownCoin, UnknownNetwork};

/// Largest weight of a block, in weight units (BIP141).
pub const MAX_BLOCK_WEIGHT: u32 = 4_000_000;
/// Largest cost of the signature operations of a block (BIP141).
pub const MAX_BLOCK_SIGOPS_COST: u32 = 80_000;
/// Largest serialized size of a block with its witnesses, in bytes.
pub const MAX_BLOCK_SERIALIZED_SIZE: u32 = 4_000_000;
/// Weight units of one byte outside the witness (BIP141).
pub const WITNESS_SCALE_FACTOR: u32 = 4;
/// How far a block's time may lie ahead of the clock, in seconds.
pub const MAX_FUTURE_BLOCK_TIME: u32 = 7200;
/// Over how many blocks the median time is taken (BIP113).
pub const MEDIAN_TIME_SPAN: usize = 11;

/// How the target of the next block is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retarget {
    /// Once per [`ChainParams::difficulty_adjustment_interval`] from the time that period took.
    Periodic,
    /// Per block from the last 24.
    DarkGravityWave {
        /// The first height whose bits are checked; below any target within the limit is valid.
        enforced_from: u32,
    },
}

/// How much a block may create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subsidy {
    /// Halved again and again, down to nothing.
    Halving {
        /// What the first blocks create.
        initial: Amount,
        /// Blocks between two halvings.
        interval: u32,
    },
    /// Three eras of decay with a floor that never ends.
    Groestl,
}

/// A unit in which people read amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The name in lists.
    pub name: &'static str,
    /// What stands behind a number.
    pub symbol: &'static str,
    /// Decimals that reach down to one base unit.
    pub decimals: u8,
}

/// The first block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// Its id.
    pub hash: BlockHash,
    /// Its merkle root, which is the txid of its only transaction.
    pub merkle_root: Hash256,
    /// Its time, in seconds since 1970.
    pub time: u32,
    /// Its target.
    pub bits: CompactTarget,
    /// The block as serialized.
    pub block: &'static [u8],
}

/// When a deployment may begin to be signalled (BIP9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentStart {
    /// In force from the first block on, without signalling.
    Always,
    /// Never in force.
    Never,
    /// From the first period whose median time reaches this, in seconds since 1970.
    At(i64),
}

/// The name of a rule change that miners signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeploymentId {
    /// Changes nothing; for tests.
    TestDummy,
    /// BIP341 and BIP342.
    Taproot,
}

/// A rule change that miners signal (BIP9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Which.
    pub id: DeploymentId,
    /// The bit of the block version.
    pub bit: u8,
    /// When signalling begins.
    pub start: DeploymentStart,
    /// When it has failed, in seconds since 1970; `None`: never.
    pub timeout: Option<i64>,
    /// It takes effect at this height at the earliest.
    pub min_activation_height: u32,
    /// Signalling blocks that a period needs.
    pub threshold: u32,
    /// Blocks in a period.
    pub period: u32,
}

/// Script rules of a block that the usual ones would refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionFlags {
    /// No rule beyond the original ones.
    None,
    /// BIP16 and the witness rules, but not taproot's.
    P2shWitness,
}

/// A block that is checked under other script rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptFlagException {
    /// The block.
    pub block: BlockHash,
    /// Its rules.
    pub flags: ExceptionFlags,
}

/// A block known to be valid, so that scripts below it need no checking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssumeValid {
    /// The block.
    pub hash: BlockHash,
    /// Its height.
    pub height: u32,
}

/// A snapshot of the coins that may be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssumeUtxo {
    /// Height of its block.
    pub height: u32,
    /// Its block.
    pub block: BlockHash,
    /// Hash over all its coins.
    pub hash_serialized: Hash256,
    /// Transactions in the chain up to it.
    pub chain_tx_count: u64,
}

/// Sizes for taking headers in without keeping them (Core's `HeadersSyncParams`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadersSync {
    /// One commitment is kept per this many headers.
    pub commitment_period: u32,
    /// So many headers are held back while downloading again.
    pub redownload_buffer: u32,
}

/// How far apart blocks that are made on demand must stand, so that they stay easy to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MiningPace {
    /// Least seconds between a block and its parent.
    pub gap: u32,
    /// From this height on it no longer matters.
    pub until_height: u32,
}

/// Known transactions of a chain, to estimate progress (Core's `ChainTxData`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChainTxData {
    /// When they were counted, in seconds since 1970.
    pub time: i64,
    /// How many there were.
    pub count: u64,
    /// How many come per second since.
    pub rate: f64,
}

/// Limits of what is relayed and mined by default. No rules of consensus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What is worth less than spending it at this rate is dust.
    pub dust_relay_fee: FeeRate,
    /// Default of `-minrelaytxfee`.
    pub min_relay_fee: FeeRate,
    /// Default of `-incrementalrelayfee`.
    pub incremental_relay_fee: FeeRate,
    /// Default of `-blockmintxfee`.
    pub block_min_tx_fee: FeeRate,
    /// Heaviest standard transaction, in weight units.
    pub max_standard_tx_weight: u32,
    /// Default of `-datacarriersize`, in bytes.
    pub max_op_return_relay: u32,
    /// Default of `-bytespersigop`.
    pub bytes_per_sigop: u32,
    /// Largest signature operation cost of a standard transaction.
    pub max_standard_tx_sigops_cost: u32,
    /// Most executed legacy signature operations in a standard transaction (BIP54); `None`: no limit.
    pub max_tx_legacy_sigops: Option<u32>,
    /// Default of `-limitancestorcount`.
    pub ancestor_limit: u32,
    /// Default of `-limitdescendantcount`.
    pub descendant_limit: u32,
    /// Default of `-limitancestorsize`, in 1,000 virtual bytes, where the mempool has such a limit.
    pub ancestor_size_limit_kvb: Option<u32>,
    /// Default of `-limitdescendantsize`, likewise.
    pub descendant_size_limit_kvb: Option<u32>,
    /// Default of `-limitclustercount`, where the mempool has such a limit.
    pub cluster_limit: Option<u32>,
    /// Default of `-limitclustersize`, in 1,000 virtual bytes, likewise.
    pub cluster_size_limit_kvb: Option<u32>,
    /// Default of `-peerbloomfilters`.
    pub serve_bloom_filters: bool,
    /// Default of `-peerblockfilters`.
    pub serve_block_filters: bool,
}

/// Defaults of a wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalletPolicy {
    /// Default of `-mintxfee`.
    pub min_fee: FeeRate,
    /// Default of `-discardfee`.
    pub discard_fee: FeeRate,
    /// The least by which a replacement's fee rate rises.
    pub incremental_relay_fee: FeeRate,
    /// Default of `-fallbackfee`; zero: off.
    pub fallback_fee: FeeRate,
    /// Default of `-maxtxfee`.
    pub max_fee: Amount,
}

/// Everything about one network of one coin.
///
/// Cloned and changed only where regtest options ask for it.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainParams {
    /// The coin.
    pub coin: Coin,
    /// The network.
    pub network: Network,

    /// The coin's name as people write it.
    pub name: &'static str,
    /// The coin's ticker.
    pub ticker: &'static str,
    /// Name of the base unit in fee rates (`sat/vB`).
    pub atom: &'static str,
    /// Units, largest first.
    pub units: &'static [Unit],
    /// The coin's colour: red, green, blue.
    pub accent_rgb: [u8; 3],
    /// Scheme of payment URIs (BIP21).
    pub uri_scheme: &'static str,

    /// Sub-directory of the coin's data directory; empty for the main network.
    pub data_subdir: &'static str,
    /// Name of the configuration file.
    pub conf_file: &'static str,
    /// Name of the file of settings changed at run time.
    pub settings_file: &'static str,
    /// Name of the pid file.
    pub pid_file: &'static str,
    /// First field of a wallet dump.
    pub wallet_dump_magic: &'static str,

    /// Client name of the coin's reference node.
    pub reference_client: &'static str,
    /// Version of the reference node whose behaviour is followed.
    pub reference_version: &'static str,
    /// User agent of the reference node.
    pub reference_user_agent: &'static str,
    /// Our name in the user agent (BIP14).
    pub user_agent_name: &'static str,
    /// Highest version of the P2P protocol.
    pub protocol_version: u32,

    /// First bytes of every P2P v1 message. Other coins may use the same.
    pub magic: [u8; 4],
    /// Default port for peers.
    pub p2p_port: u16,
    /// Default port for JSON-RPC.
    pub rpc_port: u16,
    /// Default port for peers that come through Tor.
    pub onion_port: u16,
    /// Salt of the v2 transport's key derivation, which the magic follows (BIP324).
    pub bip324_salt: &'static str,
    /// Names that resolve to peers.
    pub dns_seeds: &'static [&'static str],
    /// Addresses of peers, with port.
    pub fixed_seeds: &'static [&'static str],

    /// First byte of a P2PKH address.
    pub base58_pubkey: u8,
    /// First byte of a P2SH address.
    pub base58_script: u8,
    /// First byte of a private key (WIF).
    pub base58_secret: u8,
    /// First bytes of an extended public key (BIP32).
    pub base58_ext_public: [u8; 4],
    /// First bytes of an extended private key (BIP32).
    pub base58_ext_secret: [u8; 4],
    /// Human-readable part of segwit addresses.
    pub bech32_hrp: &'static str,
    /// First part of what is hashed for a signed message.
    pub signed_message_magic: &'static str,
    /// HMAC key that makes a master key from a seed (BIP32).
    pub bip32_seed_key: &'static str,
    /// Coin type in derivation paths (BIP44).
    pub bip44_coin_type: u32,

    /// The hash functions.
    pub hashes: HashScheme,
    /// The difficulty rule.
    pub retarget: Retarget,
    /// The reward rule.
    pub subsidy: Subsidy,
    /// Largest amount that may occur.
    pub max_money: Amount,
    /// Blocks that must follow before a block's reward can be spent, itself counted.
    pub coinbase_maturity: u32,
    /// The first block.
    pub genesis: Genesis,

    /// Easiest target.
    pub pow_limit: U256,
    /// Easiest target in compact form.
    pub pow_limit_bits: CompactTarget,
    /// Wanted duration of a difficulty period, in seconds.
    pub target_timespan: u32,
    /// Wanted time between blocks, in seconds.
    pub target_spacing: u32,
    /// Blocks in a difficulty period.
    pub difficulty_adjustment_interval: u32,
    /// Whether a late block may have the easiest target.
    pub min_difficulty_blocks: bool,
    /// Whether bits never change.
    pub no_retargeting: bool,
    /// Whether BIP94 (time warp, base of the retarget) is enforced.
    pub bip94: bool,
    /// How far a period's first block may lie before its parent under BIP94, in seconds.
    pub bip94_max_timewarp: u32,

    /// First height whose coinbase must carry the height.
    pub bip34_height: u32,
    /// Block at `bip34_height`; on a chain with it, coinbases need no check for duplicates.
    pub bip34_hash: Option<BlockHash>,
    /// First height with `OP_CHECKLOCKTIMEVERIFY`.
    pub bip65_height: u32,
    /// First height with strict DER signatures.
    pub bip66_height: u32,
    /// First height with relative lock times (BIP68, 112, 113).
    pub csv_height: u32,
    /// First height with segregated witness (BIP141, 143, 147).
    pub segwit_height: u32,
    /// From this height on coinbases are checked for duplicates again (BIP30).
    pub bip30_recheck_height: u32,
    /// Below this height unknown version bits are no reason to warn.
    pub min_bip9_warning_height: u32,
    /// Rule changes by version bits.
    pub deployments: &'static [Deployment],
    /// Blocks that only pass under other script rules.
    pub script_flag_exceptions: &'static [ScriptFlagException],
    /// Script that signs a block (BIP325); `None` where blocks are not signed.
    pub signet_challenge: Option<&'static [u8]>,

    /// A chain with less work than this is not worth following.
    pub min_chain_work: U256,
    /// A block known to be valid.
    pub assume_valid: Option<AssumeValid>,
    /// Snapshots that may be loaded, by height.
    pub assumeutxo: &'static [AssumeUtxo],
    /// Blocks that must be in the chain.
    pub checkpoints: &'static [(u32, BlockHash)],
    /// Pruning begins at this height.
    pub prune_after_height: u32,
    /// Size of the block files, in GB, for the first-run page.
    pub assumed_blockchain_size_gb: u32,
    /// Size of the coins on disk, in GB.
    pub assumed_chain_state_size_gb: u32,
    /// How headers are taken in at first.
    pub headers_sync: HeadersSync,
    /// To estimate progress.
    pub tx_data: ChainTxData,

    /// Whether costly self-checks are on by default.
    pub default_consistency_checks: bool,
    /// Whether the clock may be set by `setmocktime`.
    pub mockable: bool,
    /// Whether coins are worthless here.
    pub is_test_chain: bool,
    /// How far apart blocks made on demand stand; `None`: they carry the clock's time.
    pub mining_pace: Option<MiningPace>,
    /// Relay and mining defaults.
    pub policy: Policy,
    /// Wallet defaults.
    pub wallet: WalletPolicy,
}

impl ChainParams {
    /// The table of one network of one coin.
    pub fn get(coin: Coin, network: Network) -> &'static Self {
        let tables: &'static [Self; 5] = match coin {
            Coin::Bitquantum => &bitquantum::NETWORKS,
            Coin::Bitcoin => &bitcoin::NETWORKS,
            Coin::Groestlcoin => &groestlcoin::NETWORKS,
            Coin::Smithcoin => &smithcoin::NETWORKS,
        };
        let [main, test, testnet4, signet, regtest] = tables;
        match network {
            Network::Main => main,
            Network::Test => test,
            Network::Testnet4 => testnet4,
            Network::Signet => signet,
            Network::Regtest => regtest,
        }
    }

    /// All tables.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        Coin::ALL.into_iter().flat_map(|coin| {
            Network::ALL
                .into_iter()
                .map(move |network| Self::get(coin, network))
        })
    }
}

#[cfg(test)]
mod tests;
