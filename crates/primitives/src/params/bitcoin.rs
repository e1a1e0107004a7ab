//! Bitcoin. Written by `cargo xtask params`.

use super::literal::{block_hash, hash256, hex, number};
use super::{
    AssumeUtxo, AssumeValid, ChainParams, ChainTxData, Coin, Deployment, DeploymentId,
    DeploymentStart, ExceptionFlags, Genesis, HeadersSync, Network, Policy, Retarget,
    ScriptFlagException, Subsidy, Unit, WalletPolicy,
};
use crate::{Amount, CompactTarget, FeeRate, HashScheme};

pub(super) static NETWORKS: [ChainParams; 5] = [MAIN, TEST, TESTNET4, SIGNET, REGTEST];

const UNITS: &[Unit] = &[
    Unit {
        name: "BTC",
        symbol: "BTC",
        decimals: 8,
    },
    Unit {
        name: "mBTC",
        symbol: "mBTC",
        decimals: 5,
    },
    Unit {
        name: "µBTC (bits)",
        symbol: "bits",
        decimals: 2,
    },
    Unit {
        name: "Satoshi (sat)",
        symbol: "sat",
        decimals: 0,
    },
];

const POLICY: Policy = Policy {
    dust_relay_fee: FeeRate::from_sat_per_kvb(3000),
    min_relay_fee: FeeRate::from_sat_per_kvb(100),
    incremental_relay_fee: FeeRate::from_sat_per_kvb(100),
    block_min_tx_fee: FeeRate::from_sat_per_kvb(1),
    max_standard_tx_weight: 400_000,
    max_op_return_relay: 100_000,
    bytes_per_sigop: 20,
    max_standard_tx_sigops_cost: 16_000,
    ancestor_limit: 25,
    descendant_limit: 25,
    max_tx_legacy_sigops: Some(2500),
    ancestor_size_limit_kvb: None,
    descendant_size_limit_kvb: None,
    cluster_limit: Some(64),
    cluster_size_limit_kvb: Some(101),
    serve_bloom_filters: false,
    serve_block_filters: false,
};

const WALLET: WalletPolicy = WalletPolicy {
    min_fee: FeeRate::from_sat_per_kvb(1000),
    discard_fee: FeeRate::from_sat_per_kvb(10_000),
    incremental_relay_fee: FeeRate::from_sat_per_kvb(5000),
    fallback_fee: FeeRate::from_sat_per_kvb(0),
    max_fee: Amount::from_sat(10_000_000),
};

const MAIN_BLOCK: [u8; 285] = hex(
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd\
     7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c\
     0101000000010000000000000000000000000000000000000000000000000000000000000000ffff\
     ffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c\
     6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73\
     ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a6\
     7962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f\
     ac00000000",
);

const MAIN: ChainParams = ChainParams {
    coin: Coin::Bitcoin,
    network: Network::Main,
    name: "Bitcoin",
    ticker: "BTC",
    atom: "sat",
    units: UNITS,
    accent_rgb: [0xf7, 0x93, 0x1a],
    uri_scheme: "bitcoin",
    data_subdir: "",
    conf_file: "bitcoin.conf",
    settings_file: "settings.json",
    pid_file: "bitcoind.pid",
    wallet_dump_magic: "BITCOIN_CORE_WALLET_DUMP",
    reference_client: "Bitcoin Core",
    reference_version: "31.99.0",
    reference_user_agent: "Satoshi",
    user_agent_name: "bitq",
    protocol_version: 70_017,
    magic: hex("f9beb4d9"),
    p2p_port: 8333,
    rpc_port: 8332,
    onion_port: 8334,
    bip324_salt: "bitcoin_v2_shared_secret",
    dns_seeds: &[
        "dnsseed.bluematt.me",
        "seed.bitcoin.jonasschnelli.ch",
        "seed.btc.petertodd.net",
        "seed.bitcoin.sprovoost.nl",
        "dnsseed.emzy.de",
        "seed.bitcoin.wiz.biz",
        "seed.mainnet.achownodes.xyz",
    ],
    fixed_seeds: &[],
    base58_pubkey: 0x00,
    base58_script: 0x05,
    base58_secret: 0x80,
    base58_ext_public: hex("0488b21e"),
    base58_ext_secret: hex("0488ade4"),
    bech32_hrp: "bc",
    signed_message_magic: "Bitcoin Signed Message:\n",
    bip32_seed_key: "Bitcoin seed",
    bip44_coin_type: 0,
    hashes: HashScheme::Bitcoin,
    retarget: Retarget::Periodic,
    subsidy: Subsidy::Halving {
        initial: Amount::from_sat(5_000_000_000),
        interval: 210_000,
    },
    max_money: Amount::from_sat(2_100_000_000_000_000),
    coinbase_maturity: 100,
    genesis: Genesis {
        hash: block_hash("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"),
        merkle_root: hash256("4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"),
        time: 1_231_006_505,
        bits: CompactTarget(0x1d00ffff),
        block: &MAIN_BLOCK,
    },
    pow_limit: number("00000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    pow_limit_bits: CompactTarget(0x1d00ffff),
    target_timespan: 1_209_600,
    target_spacing: 600,
    difficulty_adjustment_interval: 2016,
    min_difficulty_blocks: false,
    no_retargeting: false,
    bip94: false,
    bip94_max_timewarp: 600,
    bip34_height: 227_931,
    bip34_hash: Some(block_hash(
        "000000000000024b89b42a942fe0d9fea3bb44ab7bd1b19115dd6a759c0808b8",
    )),
    bip65_height: 388_381,
    bip66_height: 363_725,
    csv_height: 419_328,
    segwit_height: 481_824,
    bip30_recheck_height: 1_983_702,
    min_bip9_warning_height: 711_648,
    deployments: &[Deployment {
        id: DeploymentId::TestDummy,
        bit: 28,
        start: DeploymentStart::Never,
        timeout: None,
        min_activation_height: 0,
        threshold: 1815,
        period: 2016,
    }],
    script_flag_exceptions: &[
        ScriptFlagException {
            block: block_hash("00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22"),
            flags: ExceptionFlags::None,
        },
        ScriptFlagException {
            block: block_hash("0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad"),
            flags: ExceptionFlags::P2shWitness,
        },
    ],
    signet_challenge: None,
    min_chain_work: number("0000000000000000000000000000000000000001128750f82f4c366153a3a030"),
    assume_valid: Some(AssumeValid {
        hash: block_hash("00000000000000000000ccebd6d74d9194d8dcdc1d177c478e094bfad51ba5ac"),
        height: 938_343,
    }),
    assumeutxo: &[
        AssumeUtxo {
            height: 840_000,
            block: block_hash("0000000000000000000320283a032748cef8227873ff4872689bf23f1cda83a5"),
            hash_serialized: hash256(
                "a2a5521b1b5ab65f67818e5e8eccabb7171a517f9e2382208f77687310768f96",
            ),
            chain_tx_count: 991_032_194,
        },
        AssumeUtxo {
            height: 880_000,
            block: block_hash("000000000000000000010b17283c3c400507969a9c2afd1dcf2082ec5cca2880"),
            hash_serialized: hash256(
                "dbd190983eaf433ef7c15f78a278ae42c00ef52e0fd2a54953782175fbadcea9",
            ),
            chain_tx_count: 1_145_604_538,
        },
        AssumeUtxo {
            height: 910_000,
            block: block_hash("0000000000000000000108970acb9522ffd516eae17acddcb1bd16469194a821"),
            hash_serialized: hash256(
                "4daf8a17b4902498c5787966a2b51c613acdab5df5db73f196fa59a4da2f1568",
            ),
            chain_tx_count: 1_226_586_151,
        },
        AssumeUtxo {
            height: 935_000,
            block: block_hash("0000000000000000000147034958af1652b2b91bba607beacc5e72a56f0fb5ee"),
            hash_serialized: hash256(
                "e4b90ef9eae834f56c4b64d2d50143cee10ad87994c614d7d04125e2a6025050",
            ),
            chain_tx_count: 1_305_397_408,
        },
    ],
    checkpoints: &[],
    prune_after_height: 100_000,
    assumed_blockchain_size_gb: 856,
    assumed_chain_state_size_gb: 14,
    headers_sync: HeadersSync {
        commitment_period: 641,
        redownload_buffer: 15_218,
    },
    tx_data: ChainTxData {
        time: 1_772_055_173,
        count: 1_315_805_869,
        rate: 5.40111006496122,
    },
    default_consistency_checks: false,
    mockable: false,
    is_test_chain: false,
    mining_pace: None,
    policy: POLICY,
    wallet: WALLET,
};

const TEST_BLOCK: [u8; 285] = hex(
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd\
     7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff001d1aa4ae18\
     0101000000010000000000000000000000000000000000000000000000000000000000000000ffff\
     ffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c\
     6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73\
     ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a6\
     7962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f\
     ac00000000",
);

const TEST: ChainParams = ChainParams {
    coin: Coin::Bitcoin,
    network: Network::Test,
    name: "Bitcoin",
    ticker: "BTC",
    atom: "sat",
    units: UNITS,
    accent_rgb: [0xf7, 0x93, 0x1a],
    uri_scheme: "bitcoin",
    data_subdir: "testnet3",
    conf_file: "bitcoin.conf",
    settings_file: "settings.json",
    pid_file: "bitcoind.pid",
    wallet_dump_magic: "BITCOIN_CORE_WALLET_DUMP",
    reference_client: "Bitcoin Core",
    reference_version: "31.99.0",
    reference_user_agent: "Satoshi",
    user_agent_name: "bitq",
    protocol_version: 70_017,
    magic: hex("0b110907"),
    p2p_port: 18_333,
    rpc_port: 18_332,
    onion_port: 18_334,
    bip324_salt: "bitcoin_v2_shared_secret",
    dns_seeds: &[
        "testnet-seed.bitcoin.jonasschnelli.ch",
        "seed.tbtc.petertodd.net",
        "testnet-seed.bluematt.me",
        "seed.testnet.achownodes.xyz",
    ],
    fixed_seeds: &[],
    base58_pubkey: 0x6f,
    base58_script: 0xc4,
    base58_secret: 0xef,
    base58_ext_public: hex("043587cf"),
    base58_ext_secret: hex("04358394"),
    bech32_hrp: "tb",
    signed_message_magic: "Bitcoin Signed Message:\n",
    bip32_seed_key: "Bitcoin seed",
    bip44_coin_type: 1,
    hashes: HashScheme::Bitcoin,
    retarget: Retarget::Periodic,
    subsidy: Subsidy::Halving {
        initial: Amount::from_sat(5_000_000_000),
        interval: 210_000,
    },
    max_money: Amount::from_sat(2_100_000_000_000_000),
    coinbase_maturity: 100,
    genesis: Genesis {
        hash: block_hash("000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943"),
        merkle_root: hash256("4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"),
        time: 1_296_688_602,
        bits: CompactTarget(0x1d00ffff),
        block: &TEST_BLOCK,
    },
    pow_limit: number("00000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    pow_limit_bits: CompactTarget(0x1d00ffff),
    target_timespan: 1_209_600,
    target_spacing: 600,
    difficulty_adjustment_interval: 2016,
    min_difficulty_blocks: true,
    no_retargeting: false,
    bip94: false,
    bip94_max_timewarp: 600,
    bip34_height: 21_111,
    bip34_hash: Some(block_hash(
        "0000000023b3a96d3484e5abb3755c413e7d41500f8e2a5c3f0dd01299cd8ef8",
    )),
    bip65_height: 581_885,
    bip66_height: 330_776,
    csv_height: 770_112,
    segwit_height: 834_624,
    bip30_recheck_height: 1_983_702,
    min_bip9_warning_height: 2_013_984,
    deployments: &[Deployment {
        id: DeploymentId::TestDummy,
        bit: 28,
        start: DeploymentStart::Never,
        timeout: None,
        min_activation_height: 0,
        threshold: 1512,
        period: 2016,
    }],
    script_flag_exceptions: &[ScriptFlagException {
        block: block_hash("00000000dd30457c001f4095d208cc1296b0eed002427aa599874af7a432b105"),
        flags: ExceptionFlags::None,
    }],
    signet_challenge: None,
    min_chain_work: number("0000000000000000000000000000000000000000000017dde1c649f3708d14b6"),
    assume_valid: Some(AssumeValid {
        hash: block_hash("000000007a61e4230b28ac5cb6b5e5a0130de37ac1faf2f8987d2fa6505b67f4"),
        height: 4_842_348,
    }),
    assumeutxo: &[
        AssumeUtxo {
            height: 2_500_000,
            block: block_hash("0000000000000093bcb68c03a9a168ae252572d348a2eaeba2cdf9231d73206f"),
            hash_serialized: hash256(
                "f841584909f68e47897952345234e37fcd9128cd818f41ee6c3ca68db8071be7",
            ),
            chain_tx_count: 66_484_552,
        },
        AssumeUtxo {
            height: 4_840_000,
            block: block_hash("00000000000000f4971a7fb37fbdff89315b69a2e1920c467654a382f0d64786"),
            hash_serialized: hash256(
                "ce6bb677bb2ee9789c4a1c9d73e6683c53fc20e8fdbedbdaaf468982a0c8db2a",
            ),
            chain_tx_count: 536_078_574,
        },
    ],
    checkpoints: &[],
    prune_after_height: 1000,
    assumed_blockchain_size_gb: 245,
    assumed_chain_state_size_gb: 19,
    headers_sync: HeadersSync {
        commitment_period: 673,
        redownload_buffer: 14_460,
    },
    tx_data: ChainTxData {
        time: 1_772_051_651,
        count: 536_108_416,
        rate: 0.02691479016257117,
    },
    default_consistency_checks: false,
    mockable: false,
    is_test_chain: true,
    mining_pace: None,
    policy: POLICY,
    wallet: WALLET,
};

const TESTNET4_BLOCK: [u8; 261] = hex(
    "0100000000000000000000000000000000000000000000000000000000000000000000004e7b2b91\
     28fe0291db0693af2ae418b767e657cd407e80cb1434221eaea7a07a046f3566ffff001dbb0c7817\
     0101000000010000000000000000000000000000000000000000000000000000000000000000ffff\
     ffff5504ffff001d01044c4c30332f4d61792f323032342030303030303030303030303030303030\
     30303030316562643538633234343937306233616139643738336262303031303131666265386561\
     3865393865303065ffffffff0100f2052a0100000023210000000000000000000000000000000000\
     00000000000000000000000000000000ac00000000",
);

const TESTNET4: ChainParams = ChainParams {
    coin: Coin::Bitcoin,
    network: Network::Testnet4,
    name: "Bitcoin",
    ticker: "BTC",
    atom: "sat",
    units: UNITS,
    accent_rgb: [0xf7, 0x93, 0x1a],
    uri_scheme: "bitcoin",
    data_subdir: "testnet4",
    conf_file: "bitcoin.conf",
    settings_file: "settings.json",
    pid_file: "bitcoind.pid",
    wallet_dump_magic: "BITCOIN_CORE_WALLET_DUMP",
    reference_client: "Bitcoin Core",
    reference_version: "31.99.0",
    reference_user_agent: "Satoshi",
    user_agent_name: "bitq",
    protocol_version: 70_017,
    magic: hex("1c163f28"),
    p2p_port: 48_333,
    rpc_port: 48_332,
    onion_port: 48_334,
    bip324_salt: "bitcoin_v2_shared_secret",
    dns_seeds: &[
        "seed.testnet4.bitcoin.sprovoost.nl",
        "seed.testnet4.wiz.biz",
    ],
    fixed_seeds: &[],
    base58_pubkey: 0x6f,
    base58_script: 0xc4,
    base58_secret: 0xef,
    base58_ext_public: hex("043587cf"),
    base58_ext_secret: hex("04358394"),
    bech32_hrp: "tb",
    signed_message_magic: "Bitcoin Signed Message:\n",
    bip32_seed_key: "Bitcoin seed",
    bip44_coin_type: 1,
    hashes: HashScheme::Bitcoin,
    retarget: Retarget::Periodic,
    subsidy: Subsidy::Halving {
        initial: Amount::from_sat(5_000_000_000),
        interval: 210_000,
    },
    max_money: Amount::from_sat(2_100_000_000_000_000),
    coinbase_maturity: 100,
    genesis: Genesis {
        hash: block_hash("00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043"),
        merkle_root: hash256("7aa0a7ae1e223414cb807e40cd57e667b718e42aaf9306db9102fe28912b7b4e"),
        time: 1_714_777_860,
        bits: CompactTarget(0x1d00ffff),
        block: &TESTNET4_BLOCK,
    },
    pow_limit: number("00000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    pow_limit_bits: CompactTarget(0x1d00ffff),
    target_timespan: 1_209_600,
    target_spacing: 600,
    difficulty_adjustment_interval: 2016,
    min_difficulty_blocks: true,
    no_retargeting: false,
    bip94: true,
    bip94_max_timewarp: 600,
    bip34_height: 1,
    bip34_hash: None,
    bip65_height: 1,
    bip66_height: 1,
    csv_height: 1,
    segwit_height: 1,
    bip30_recheck_height: 1_983_702,
    min_bip9_warning_height: 0,
    deployments: &[Deployment {
        id: DeploymentId::TestDummy,
        bit: 28,
        start: DeploymentStart::Never,
        timeout: None,
        min_activation_height: 0,
        threshold: 1512,
        period: 2016,
    }],
    script_flag_exceptions: &[],
    signet_challenge: None,
    min_chain_work: number("0000000000000000000000000000000000000000000009a0fe15d0177d086304"),
    assume_valid: Some(AssumeValid {
        hash: block_hash("0000000002368b1e4ee27e2e85676ae6f9f9e69579b29093e9a82c170bf7cf8a"),
        height: 123_613,
    }),
    assumeutxo: &[
        AssumeUtxo {
            height: 90_000,
            block: block_hash("0000000002ebe8bcda020e0dd6ccfbdfac531d2f6a81457191b99fc2df2dbe3b"),
            hash_serialized: hash256(
                "784fb5e98241de66fdd429f4392155c9e7db5c017148e66e8fdbc95746f8b9b5",
            ),
            chain_tx_count: 11_347_043,
        },
        AssumeUtxo {
            height: 120_000,
            block: block_hash("000000000bd2317e51b3c5794981c35ba894ce27d3e772d5c39ecd9cbce01dc8"),
            hash_serialized: hash256(
                "10b05d05ad468d0971162e1b222a4aa66caca89da2bb2a93f8f37fb29c4794b0",
            ),
            chain_tx_count: 14_141_057,
        },
    ],
    checkpoints: &[],
    prune_after_height: 1000,
    assumed_blockchain_size_gb: 31,
    assumed_chain_state_size_gb: 2,
    headers_sync: HeadersSync {
        commitment_period: 606,
        redownload_buffer: 16_092,
    },
    tx_data: ChainTxData {
        time: 1_772_013_387,
        count: 14_191_421,
        rate: 0.01848579579528412,
    },
    default_consistency_checks: false,
    mockable: false,
    is_test_chain: true,
    mining_pace: None,
    policy: POLICY,
    wallet: WALLET,
};

const SIGNET_BLOCK: [u8; 285] = hex(
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd\
     7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a008f4d5fae77031e8ad22203\
     0101000000010000000000000000000000000000000000000000000000000000000000000000ffff\
     ffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c\
     6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73\
     ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a6\
     7962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f\
     ac00000000",
);

const SIGNET: ChainParams = ChainParams {
    coin: Coin::Bitcoin,
    network: Network::Signet,
    name: "Bitcoin",
    ticker: "BTC",
    atom: "sat",
    units: UNITS,
    accent_rgb: [0xf7, 0x93, 0x1a],
    uri_scheme: "bitcoin",
    data_subdir: "signet",
    conf_file: "bitcoin.conf",
    settings_file: "settings.json",
    pid_file: "bitcoind.pid",
    wallet_dump_magic: "BITCOIN_CORE_WALLET_DUMP",
    reference_client: "Bitcoin Core",
    reference_version: "31.99.0",
    reference_user_agent: "Satoshi",
    user_agent_name: "bitq",
    protocol_version: 70_017,
    magic: hex("0a03cf40"),
    p2p_port: 38_333,
    rpc_port: 38_332,
    onion_port: 38_334,
    bip324_salt: "bitcoin_v2_shared_secret",
    dns_seeds: &[
        "seed.signet.bitcoin.sprovoost.nl",
        "seed.signet.achownodes.xyz",
    ],
    fixed_seeds: &[],
    base58_pubkey: 0x6f,
    base58_script: 0xc4,
    base58_secret: 0xef,
    base58_ext_public: hex("043587cf"),
    base58_ext_secret: hex("04358394"),
    bech32_hrp: "tb",
    signed_message_magic: "Bitcoin Signed Message:\n",
    bip32_seed_key: "Bitcoin seed",
    bip44_coin_type: 1,
    hashes: HashScheme::Bitcoin,
    retarget: Retarget::Periodic,
    subsidy: Subsidy::Halving {
        initial: Amount::from_sat(5_000_000_000),
        interval: 210_000,
    },
    max_money: Amount::from_sat(2_100_000_000_000_000),
    coinbase_maturity: 100,
    genesis: Genesis {
        hash: block_hash("00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6"),
        merkle_root: hash256("4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"),
        time: 1_598_918_400,
        bits: CompactTarget(0x1e0377ae),
        block: &SIGNET_BLOCK,
    },
    pow_limit: number("00000377ae000000000000000000000000000000000000000000000000000000"),
    pow_limit_bits: CompactTarget(0x1e0377ae),
    target_timespan: 1_209_600,
    target_spacing: 600,
    difficulty_adjustment_interval: 2016,
    min_difficulty_blocks: false,
    no_retargeting: false,
    bip94: false,
    bip94_max_timewarp: 600,
    bip34_height: 1,
    bip34_hash: None,
    bip65_height: 1,
    bip66_height: 1,
    csv_height: 1,
    segwit_height: 1,
    bip30_recheck_height: 1_983_702,
    min_bip9_warning_height: 0,
    deployments: &[Deployment {
        id: DeploymentId::TestDummy,
        bit: 28,
        start: DeploymentStart::Never,
        timeout: None,
        min_activation_height: 0,
        threshold: 1815,
        period: 2016,
    }],
    script_flag_exceptions: &[],
    signet_challenge: Some(&hex::<71>(
        "512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430210359ef5021964fe22d6f8e05b2463c9540ce96883fe3b278760f048f5189f2e6c452ae",
    )),
    min_chain_work: number("00000000000000000000000000000000000000000000000000000b463ea0a4b8"),
    assume_valid: Some(AssumeValid {
        hash: block_hash("00000008414aab61092ef93f1aacc54cf9e9f16af29ddad493b908a01ff5c329"),
        height: 293_175,
    }),
    assumeutxo: &[
        AssumeUtxo {
            height: 160_000,
            block: block_hash("0000003ca3c99aff040f2563c2ad8f8ec88bd0fd6b8f0895cfaf1ef90353a62c"),
            hash_serialized: hash256(
                "fe0a44309b74d6b5883d246cb419c6221bcccf0b308c9b59b7d70783dbdf928a",
            ),
            chain_tx_count: 2_289_496,
        },
        AssumeUtxo {
            height: 290_000,
            block: block_hash("0000000577f2741bb30cd9d39d6d71b023afbeb9764f6260786a97969d5c9ac0"),
            hash_serialized: hash256(
                "97267e000b4b876800167e71b9123f1529d13b14308abec2888bbd2160d14545",
            ),
            chain_tx_count: 28_547_497,
        },
    ],
    checkpoints: &[],
    prune_after_height: 1000,
    assumed_blockchain_size_gb: 24,
    assumed_chain_state_size_gb: 4,
    headers_sync: HeadersSync {
        commitment_period: 620,
        redownload_buffer: 15_724,
    },
    tx_data: ChainTxData {
        time: 1_772_055_248,
        count: 28_676_833,
        rate: 0.06736623436338929,
    },
    default_consistency_checks: false,
    mockable: false,
    is_test_chain: true,
    mining_pace: None,
    policy: POLICY,
    wallet: WALLET,
};

const REGTEST_BLOCK: [u8; 285] = hex(
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd\
     7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000\
     0101000000010000000000000000000000000000000000000000000000000000000000000000ffff\
     ffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c\
     6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73\
     ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a6\
     7962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f\
     ac00000000",
);

const REGTEST: ChainParams = ChainParams {
    coin: Coin::Bitcoin,
    network: Network::Regtest,
    name: "Bitcoin",
    ticker: "BTC",
    atom: "sat",
    units: UNITS,
    accent_rgb: [0xf7, 0x93, 0x1a],
    uri_scheme: "bitcoin",
    data_subdir: "regtest",
    conf_file: "bitcoin.conf",
    settings_file: "settings.json",
    pid_file: "bitcoind.pid",
    wallet_dump_magic: "BITCOIN_CORE_WALLET_DUMP",
    reference_client: "Bitcoin Core",
    reference_version: "31.99.0",
    reference_user_agent: "Satoshi",
    user_agent_name: "bitq",
    protocol_version: 70_017,
    magic: hex("fabfb5da"),
    p2p_port: 18_444,
    rpc_port: 18_443,
    onion_port: 18_445,
    bip324_salt: "bitcoin_v2_shared_secret",
    dns_seeds: &["dummySeed.invalid"],
    fixed_seeds: &[],
    base58_pubkey: 0x6f,
    base58_script: 0xc4,
    base58_secret: 0xef,
    base58_ext_public: hex("043587cf"),
    base58_ext_secret: hex("04358394"),
    bech32_hrp: "bcrt",
    signed_message_magic: "Bitcoin Signed Message:\n",
    bip32_seed_key: "Bitcoin seed",
    bip44_coin_type: 1,
    hashes: HashScheme::Bitcoin,
    retarget: Retarget::Periodic,
    subsidy: Subsidy::Halving {
        initial: Amount::from_sat(5_000_000_000),
        interval: 150,
    },
    max_money: Amount::from_sat(2_100_000_000_000_000),
    coinbase_maturity: 100,
    genesis: Genesis {
        hash: block_hash("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"),
        merkle_root: hash256("4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"),
        time: 1_296_688_602,
        bits: CompactTarget(0x207fffff),
        block: &REGTEST_BLOCK,
    },
    pow_limit: number("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    pow_limit_bits: CompactTarget(0x207fffff),
    target_timespan: 86_400,
    target_spacing: 600,
    difficulty_adjustment_interval: 144,
    min_difficulty_blocks: true,
    no_retargeting: true,
    bip94: false,
    bip94_max_timewarp: 600,
    bip34_height: 1,
    bip34_hash: None,
    bip65_height: 1,
    bip66_height: 1,
    csv_height: 1,
    segwit_height: 0,
    bip30_recheck_height: 1_983_702,
    min_bip9_warning_height: 0,
    deployments: &[Deployment {
        id: DeploymentId::TestDummy,
        bit: 28,
        start: DeploymentStart::At(0),
        timeout: None,
        min_activation_height: 0,
        threshold: 108,
        period: 144,
    }],
    script_flag_exceptions: &[],
    signet_challenge: None,
    min_chain_work: number("0000000000000000000000000000000000000000000000000000000000000000"),
    assume_valid: None,
    assumeutxo: &[
        AssumeUtxo {
            height: 110,
            block: block_hash("135eec25a6fb277884e5824e7aa7d052c4868161c99a5122170b5266f86c273d"),
            hash_serialized: hash256(
                "86e9a1205b418b16dde3a18a78c730e30137e28466bda5dbf6b33ab8fc05447c",
            ),
            chain_tx_count: 111,
        },
        AssumeUtxo {
            height: 200,
            block: block_hash("385901ccbd69dff6bbd00065d01fb8a9e464dede7cfe0372443884f9b1dcf6b9"),
            hash_serialized: hash256(
                "17dcc016d188d16068907cdeb38b75691a118d43053b8cd6a25969419381d13a",
            ),
            chain_tx_count: 201,
        },
        AssumeUtxo {
            height: 299,
            block: block_hash("0c552ced4721c249a389eb9b08cb8da261cd46f0e7b5f9d064d48f3113406853"),
            hash_serialized: hash256(
                "106b2c56233e378a824cf0d5ff2be42ed32c72f1605c9be288d00942908a40ac",
            ),
            chain_tx_count: 334,
        },
    ],
    checkpoints: &[],
    prune_after_height: 1000,
    assumed_blockchain_size_gb: 0,
    assumed_chain_state_size_gb: 0,
    headers_sync: HeadersSync {
        commitment_period: 275,
        redownload_buffer: 7017,
    },
    tx_data: ChainTxData {
        time: 0,
        count: 0,
        rate: 0.001,
    },
    default_consistency_checks: true,
    mockable: true,
    is_test_chain: true,
    mining_pace: None,
    policy: POLICY,
    wallet: WALLET,
};
