//! Rules between options, and values that cannot be.

use primitives::params::{DeploymentId, DeploymentStart};
use primitives::{Amount, ChainParams, Coin, Network, hash};

use super::{Home, error_of, plain};
use crate::options::{byte_units, split_host_port, user_hex};

/// Arguments, an option and what it becomes.
#[test]
fn options_that_set_others() {
    for (args, name, value) in [
        (&["-bind=1.2.3.4"][..], "listen", true),
        (&["-whitebind=1.2.3.4"], "listen", true),
        (&["-connect=1.2.3.4"], "dnsseed", false),
        (&["-connect=1.2.3.4"], "listen", false),
        (&["-connect=0"], "listen", false),
        (&["-noconnect"], "dnsseed", false),
        (&["-maxconnections=0"], "listen", false),
        (&["-bind=1.2.3.4", "-connect=1.2.3.4"], "listen", true),
        (&["-proxy=1.2.3.4:1"], "listen", false),
        (&["-proxy=1.2.3.4:1"], "discover", false),
        (&["-proxy=0"], "listen", true),
        (&["-proxy=1.2.3.4:1", "-listen"], "listen", true),
        (&["-listen=0"], "listenonion", false),
        (&["-listen=0"], "i2pacceptincoming", false),
        (&["-externalip=1.2.3.4"], "discover", false),
        (&["-blocksonly"], "whitelistrelay", false),
        (&["-blocksonly"], "walletbroadcast", false),
        (&["-whitelistforcerelay"], "whitelistrelay", true),
        (&["-onlynet=onion"], "dnsseed", false),
        (&["-onlynet=onion", "-onlynet=ipv6"], "dnsseed", true),
    ] {
        let mut config = plain(args);
        config.apply_interactions();
        assert_eq!(config.get_bool(name), value, "{args:?} -> {name}");
    }
    let mut config = plain(&["-connect=0"]);
    let lines = config.apply_interactions();
    let expected = "parameter interaction: -connect or -maxconnections=0 set -> setting -dnsseed=0";
    assert!(lines.iter().any(|line| line == expected), "{lines:?}");
    let mut config = plain(&["-blocksonly"]);
    config.apply_interactions();
    assert_eq!(config.get_int("maxmempool"), 5);
}

fn refusal(args: &[&str]) -> String {
    let mut config = plain(args);
    config.apply_interactions();
    error_of(config.check())
}

/// Arguments and the refusal they lead to.
type Refusal = (&'static [&'static str], &'static str);

const MINING_AND_VALUES: &[Refusal] = &[
    (
        &["-blockmaxweight=4000001"],
        "-blockmaxweight (4000001) exceeds consensus maximum block weight (4000000)",
    ),
    (
        &["-blockreservedweight=4000001"],
        "-blockreservedweight (4000001) exceeds consensus maximum block weight (4000000)",
    ),
    (
        &["-blockreservedweight=1999"],
        "-blockreservedweight (1999) is lower than minimum safety value of (2000)",
    ),
    (
        &["-blockmaxweight=3000", "-blockreservedweight=3001"],
        "-blockreservedweight (3001) exceeds -blockmaxweight (3000)",
    ),
    (
        &["-minimumchainwork=test"],
        "Invalid minimum work specified (test), must be up to 64 hex digits",
    ),
    (&["-port=0"], "Invalid port specified in -port: '0'"),
    (&["-port=65536"], "Invalid port specified in -port: '65536'"),
    (
        &["-rpcbind=127.0.0.1:x"],
        "Invalid port specified in -rpcbind: '127.0.0.1:x'",
    ),
    (
        &["-maxuploadtarget=abc"],
        "Unable to parse -maxuploadtarget: 'abc'",
    ),
    (
        &["-peertimeout=0"],
        "peertimeout must be a positive integer.",
    ),
];

const CHAINS_AND_TESTS: &[Refusal] = &[
    (
        &["-minrelaytxfee=x"],
        "Invalid amount for -minrelaytxfee=<amount>: 'x'",
    ),
    (
        &["-acceptnonstdtxn"],
        "acceptnonstdtxn is not currently supported for main chain",
    ),
    (
        &["-acceptstalefeeestimates"],
        "acceptstalefeeestimates is not supported on main chain.",
    ),
    (
        &["-limitclustercount=65"],
        "limitclustercount must be less than or equal to 64",
    ),
    (
        &["-testactivationheight=segwit@5"],
        "The -testactivationheight option may not be used on mainnet.",
    ),
    (
        &["-regtest", "-testactivationheight="],
        "Invalid format () for -testactivationheight=name@height.",
    ),
    (
        &["-regtest", "-testactivationheight=bip34@-2"],
        "Invalid height value (bip34@-2) for -testactivationheight=name@height.",
    ),
    (
        &["-regtest", "-testactivationheight=name@2"],
        "Invalid name (name@2) for -testactivationheight=name@height.",
    ),
    (
        &["-regtest", "-vbparams=moon:0:1"],
        "Invalid deployment (moon)",
    ),
    (
        &["-test=addrman"],
        "-test=<option> can only be used with regtest",
    ),
];

const NETWORK_AND_REST: &[Refusal] = &[
    (
        &["-uacomment=a/b"],
        "User Agent comment (a/b) contains unsafe characters.",
    ),
    (
        &["-dnsseed", "-onlynet=onion"],
        "Incompatible options: -dnsseed=1 was explicitly specified, but -onlynet forbids connections to IPv4/IPv6",
    ),
    (
        &["-onlynet=moon"],
        "Unknown network specified in -onlynet: 'moon'",
    ),
    (
        &["-listen=0", "-bind=1.2.3.4"],
        "Cannot set -bind or -whitebind together with -listen=0",
    ),
    (
        &["-privatebroadcast", "-listenonion=0"],
        "Private broadcast of own transactions requested (-privatebroadcast), but none of Tor or I2P networks is \
             reachable",
    ),
    (
        &["-privatebroadcast", "-proxy=1.2.3.4:1", "-connect=1.2.3.4"],
        "Private broadcast of own transactions requested (-privatebroadcast), but -connect is also configured. \
             They are incompatible because the private broadcast needs to open new connections to randomly chosen Tor \
             or I2P peers. Consider using -maxconnections=0 -addnode=... instead",
    ),
    (
        &["-nowallet=0"],
        "Invalid value detected for '-wallet' or '-nowallet'. '-wallet' requires a string value, while \
             '-nowallet' accepts only '1' to disable all wallets",
    ),
    (
        &["-prune=1", "-txindex"],
        "Prune mode is incompatible with -txindex.",
    ),
    (
        &["-prune=549"],
        "Prune configured below the minimum of 550 MiB.  Please use a higher number.",
    ),
];

#[test]
fn refusals_in_the_words_of_core() {
    for (args, text) in [MINING_AND_VALUES, CHAINS_AND_TESTS, NETWORK_AND_REST].concat() {
        assert_eq!(refusal(args), text, "{args:?}");
    }
    let agent = refusal(&[&format!("-uacomment={}", "a".repeat(260))]);
    assert!(
        agent.starts_with("Total length of network version string ("),
        "{agent}"
    );
}

#[test]
fn an_option_outside_its_section_is_refused() {
    let home = Home::new("wallet=foo\nregtest=1\n");
    let mut config = home.load(&[]).unwrap();
    assert_eq!(
        error_of(config.check()),
        "Config setting for -wallet only applied on regtest network when in [regtest] section."
    );
    assert!(home.load(&["-wallet=w"]).unwrap().check().is_ok());
}

#[test]
fn unknown_sections_warn() {
    let home = Home::new("includeconf=a.conf\nincludeconf=b.conf\n[main]\n");
    home.write("a.conf", "testnot.datadir=1\n");
    home.write("b.conf", "[testnet]\n");
    let warnings = home.load(&[]).unwrap().check().unwrap();
    assert_eq!(
        warnings,
        [
            "a.conf:1 Section [testnot] is not recognized.\nb.conf:1 Section [testnet] is not recognized."
        ]
    );
    let warnings = plain(&["-checkpoints=1"]).check().unwrap();
    assert_eq!(
        warnings,
        ["Option '-checkpoints' is set but checkpoints were removed. This option has no effect."]
    );
}

#[test]
fn the_suite_options_pass_all_checks() {
    let conf = "regtest=1\n[regtest]\nport=11000\nrpcport=16000\nrpcservertimeout=99000\nrpcdoccheck=1\nrpcthreads=2\n\
                fallbackfee=0.0002\nserver=1\nkeypool=1\ndiscover=0\ndnsseed=0\nfixedseeds=0\nlistenonion=0\n\
                peertimeout=999999999\nprinttoconsole=0\nnatpmp=0\nshrinkdebugfile=0\nunsafesqlitesync=1\nconnect=0\n\
                maxconnections=94\npar=1\nprevoutfetchthreads=1\nbind=127.0.0.1\n";
    let home = Home::new(conf);
    let args = [
        "-logtimemicros",
        "-debug",
        "-debugexclude=leveldb",
        "-debugexclude=rand",
        "-uacomment=testnode0",
        "-logthreadnames",
        "-logsourcelocations",
        "-loglevel=trace",
        "-nologratelimit",
        "-v2transport=0",
        "-disablewallet",
        "-bind=0.0.0.0:11000",
        "-bind=127.0.0.1:18445=onion",
    ];
    let mut config = home.load(&args).unwrap();
    assert_eq!(config.take_notices(), []);
    config.apply_interactions();
    assert_eq!(config.check().unwrap(), [""; 0]);
    assert_eq!(config.get_int("rpcport"), 16000);
    assert_eq!(
        config.get_amount("fallbackfee").unwrap(),
        Amount::from_sat(20_000)
    );
    assert_eq!(
        config.get_list("bind"),
        ["0.0.0.0:11000", "127.0.0.1:18445=onion", "127.0.0.1"]
    );
    assert!(config.user_agent().ends_with("(testnode0)/"));
}

#[test]
fn test_chains_can_be_changed() {
    let mut config = plain(&[
        "-regtest",
        "-testactivationheight=segwit@7",
        "-testactivationheight=cltv@9",
        "-vbparams=testdummy:10:20:30",
        "-test=bip94",
    ]);
    let before = config.params().csv_height;
    config.check().unwrap();
    let params = config.params();
    assert_eq!(
        (params.segwit_height, params.bip65_height, params.csv_height),
        (7, 9, before)
    );
    assert!(params.bip94);
    let dummy = params
        .deployments
        .iter()
        .find(|d| d.id == DeploymentId::TestDummy)
        .unwrap();
    assert_eq!(dummy.start, DeploymentStart::At(10));
    assert_eq!((dummy.timeout, dummy.min_activation_height), (Some(20), 30));

    let mut config = plain(&["-regtest", "-vbparams=testdummy:-1:9223372036854775807"]);
    config.check().unwrap();
    let params = config.params();
    let dummy = params
        .deployments
        .iter()
        .find(|d| d.id == DeploymentId::TestDummy)
        .unwrap();
    assert_eq!(
        (dummy.start, dummy.timeout),
        (DeploymentStart::Always, None)
    );
}

/// The magic of the script 51 (OP_TRUE) is the head of the double SHA-256 of 01 51.
#[test]
fn another_signet() {
    let mut config = plain(&["-signet", "-signetchallenge=51"]);
    config.check().unwrap();
    let params = config.params();
    assert_eq!(params.network, Network::Signet);
    assert_eq!(params.signet_challenge, Some(&[0x51][..]));
    assert_eq!(
        params.magic,
        primitives::hash_scheme::sha256d(&[1, 0x51])[..4]
    );
    assert_eq!(
        refusal(&["-signet", "-signetchallenge=xx"]),
        "-signetchallenge must be hex, not 'xx'."
    );
}

/// What a coin's signet has built in comes out when it is given: each coin hashes in its own way.
#[test]
fn magic_of_every_signet() {
    for coin in Coin::ALL {
        let built_in = ChainParams::get(coin, Network::Signet);
        let challenge = hash::to_hex(built_in.signet_challenge.unwrap());
        let text = format!("-signetchallenge={challenge}");
        let mut config = plain(&[&format!("-coin={coin}"), "-signet", &text]);
        config.check().unwrap();
        assert_eq!(config.params().magic, built_in.magic, "{coin}");
    }
    let long = "51".repeat(300);
    let mut config = plain(&["-signet", &format!("-signetchallenge={long}")]);
    config.check().unwrap();
    assert_eq!(config.params().signet_challenge.unwrap().len(), 300);
}

#[test]
fn small_readers() {
    assert_eq!(byte_units("5"), Some(5 << 20));
    assert_eq!(byte_units("5k"), Some(5000));
    assert_eq!(byte_units("1T"), Some(1 << 40));
    assert_eq!(byte_units("99999999999999999999"), None);
    assert_eq!(byte_units("18446744073709551615K"), None);
    assert_eq!(byte_units(""), None);
    assert_eq!(byte_units("-5"), None);
    assert_eq!(split_host_port("h"), Some(("h", None)));
    assert_eq!(split_host_port("h:1"), Some(("h", Some(1))));
    assert_eq!(split_host_port("[::1]:1"), Some(("::1", Some(1))));
    assert_eq!(split_host_port("[::1]"), Some(("::1", None)));
    assert_eq!(split_host_port("::1"), Some(("::1", None)));
    assert_eq!(split_host_port(":8332"), Some(("", Some(8332))));
    assert_eq!(split_host_port("h:0"), None);
    assert_eq!(split_host_port("h:+1"), None);
    assert_eq!(user_hex("0x1F"), Some(format!("{:0>64}", "1f")));
    assert_eq!(user_hex(&"0".repeat(65)), None);
    assert_eq!(user_hex("xyz"), None);
}
