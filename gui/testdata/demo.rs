//! A wallet and a node as they might be, in the plain types that the real ones send. For pictures and tests.

use gui::app::{App, Launch, Message, Screen};
use gui::link::Connection;
use gui::link::state::Origin;
use gui::model::prefs::Store;
use gui::model::{Model, Prefs, Wallet};
use ipc_schema::{
    AddressRow, AddressType, Balances, BlockTip, CoinRow, LockState, LogLevel, LogLine,
    MempoolStatus, NodeEvent, NodeStatus, Phase, RpcCommand, SettingInfo, SettingKind,
    SettingSource, Task, TaskState, TxKind, TxOutputRow, TxPage, TxRow, TxState, WalletEvent,
    WalletFees, WalletInfo, WalletLink, WalletListItem, WalletProcessState, WalletState,
};
use primitives::{Amount, BlockHash, ChainParams, Coin, FeeRate, Network, OutPoint, Txid};

/// The moment of every picture: 30 August 2026, 14:02 UTC.
pub(crate) const NOW: i64 = 1_788_098_520;
/// The height of the tip of a real chain.
pub(crate) const HEIGHT: u32 = 968_431;
/// The height of the tip of a private one.
const PRIVATE_HEIGHT: u32 = 312;

/// The height of the tip.
fn height(params: &ChainParams) -> u32 {
    match params.network {
        Network::Regtest => PRIVATE_HEIGHT,
        _ => HEIGHT,
    }
}

/// A window without node, wallet or files.
pub(crate) fn empty(coin: Coin, network: Network) -> App {
    let folder = std::env::temp_dir().join("bitq-demo-without-files");
    let launch = Launch {
        command_line: common::options::CommandLine::empty(
            common::options::Program::Gui,
            "bitq-gui",
        ),
        store: Store::new(folder),
        link: None,
        minimised: false,
        programs: None,
    };
    let (mut app, _task) = App::boot(launch);
    app.model = Model::new(ChainParams::get(coin, network), Prefs::default(), NOW);
    app.clock = Some(NOW);
    app.screen = Screen::Main;
    app
}

/// A window with a node that is up to date and a wallet in use.
pub(crate) fn full(coin: Coin, network: Network) -> App {
    let mut app = empty(coin, network);
    connect(&mut app);
    app.model.wallets = vec![
        item("Savings", true, Some(true)),
        item("Travel", true, None),
        item("Old phone", false, None),
    ];
    app.model.wallets_known = true;
    app.model.wallet = Some(wallet(coin, network));
    app
}

/// Lets a node answer.
pub(crate) fn connect(app: &mut App) {
    app.model.connection = Connection::Up {
        origin: Origin::Spawned,
    };
    let status = status(app.model.params);
    app.model.apply_node(NodeEvent::Status(Box::new(status)));
    app.model.apply_node(NodeEvent::Log {
        lines: log(),
        dropped: 0,
    });
    app.model.apply_node(NodeEvent::Tasks(tasks()));
    app.model.wallets_known = true;
    app.model.commands = commands();
    app.model.settings = settings();
}

fn item(name: &str, loaded: bool, encrypted: Option<bool>) -> WalletListItem {
    WalletListItem {
        name: name.to_owned(),
        path: format!("/home/me/.local/share/bitq/wallets/{name}/wallet.dat"),
        loaded,
        encrypted,
        modified: NOW - 86_400,
    }
}

/// A node at rest.
pub(crate) fn status(params: &ChainParams) -> NodeStatus {
    NodeStatus {
        phase: Phase::Running,
        tip: Some(BlockTip {
            hash: hash(7),
            height: height(params),
            time: NOW - 240,
            median_time: NOW - 3000,
        }),
        headers_height: height(params),
        headers_time: NOW - 240,
        progress: 1.0,
        mempool: MempoolStatus {
            count: 2,
            vbytes: 282,
            usage: 2_300,
            max_usage: 300_000_000,
            fees: Amount::from_sat(2_326),
            min_rate: FeeRate::from_sat_per_kvb(1000),
        },
        disk_free: Some(202_000_000_000),
        disk_used: if params.network == Network::Regtest {
            1_400_000
        } else {
            781_000_000_000
        },
        wallet: WalletProcessState {
            link: WalletLink::Running,
            pid: 4242,
            ..Default::default()
        },
        started: NOW - 3 * 86_400,
        datadir: "/home/me/.local/share/bitq".to_owned(),
        blocks_dir: "/home/me/.local/share/bitq/blocks".to_owned(),
        version: "0.1.0".to_owned(),
        coin: params.coin.id().to_owned(),
        network: params.network.id().to_owned(),
        log_file: "/home/me/.local/share/bitq/debug.log".to_owned(),
        ..NodeStatus::default()
    }
}

fn hash(byte: u8) -> BlockHash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&[byte; 8]);
    BlockHash::from_slice(&bytes).expect("32 bytes")
}

fn txid(number: u32) -> Txid {
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        let mixed = number
            .wrapping_mul(2_654_435_761)
            .rotate_left(u32::try_from(index).unwrap_or(0));
        *byte = mixed.to_le_bytes()[1];
    }
    Txid::from_slice(&bytes).expect("32 bytes")
}

fn address(params: &ChainParams, number: u32) -> String {
    let id = txid(number.wrapping_add(7777));
    let mut program = [0; 20];
    program.copy_from_slice(&id.as_bytes()[..20]);
    let hash = primitives::Hash160::from_slice(&program).expect("20 bytes");
    primitives::address::Destination::WitnessV0KeyHash(hash).to_address(params)
}

fn row(params: &ChainParams, number: u32, age: i64, depth: u32, amount: i64, label: &str) -> TxRow {
    let kind = match (amount > 0, label) {
        (_, "Mined") => TxKind::Mined,
        (true, _) => TxKind::Received,
        (false, _) => TxKind::Sent,
    };
    let state = match depth {
        0 => TxState::InMempool,
        depth => TxState::Confirmed {
            height: height(params) + 1 - depth,
            block: hash(3),
            time: NOW - age,
        },
    };
    TxRow {
        txid: txid(number),
        time: NOW - age,
        kind,
        state,
        amount: Amount::from_sat(amount),
        fee: (amount < 0).then(|| Amount::from_sat(1_163)),
        label: label.to_owned(),
        outputs: vec![TxOutputRow {
            vout: 0,
            address: address(params, number),
            label: label.to_owned(),
            amount: Amount::from_sat(amount.abs()),
            is_mine: amount > 0,
            is_change: false,
        }],
        can_abandon: false,
        can_bump: depth == 0 && amount < 0,
        ..TxRow::default()
    }
}

fn history(params: &ChainParams) -> Vec<TxRow> {
    let day = 86_400;
    let known: [(i64, u32, i64, &str); 12] = [
        (300, 0, -1_200_000, "Rent, landlord"),
        (1_320, 0, 3_000_000, "Order 1177"),
        (5 * 3600, 4, 250_000, "Coffee fund"),
        (2 * day, 290, 21_000_000, "Salary"),
        (5 * day, 720, -145_000, ""),
        (6 * day, 860, -2_000_000, "Bicycle"),
        (9 * day, 1300, 4_200_000, "Order 1169"),
        (12 * day, 1700, -80_000, "Books"),
        (33 * day, 4700, 21_000_000, "Salary"),
        (40 * day, 5700, -6_300_000, "Train tickets, Lisbon"),
        (61 * day, 8600, 21_000_000, "Salary"),
        (90 * day, 13_000, 500_000, "Anna"),
    ];
    // On a private chain everything happened within its few blocks.
    let mut rows: Vec<TxRow> = known
        .into_iter()
        .filter(|(_, depth, ..)| *depth <= height(params))
        .zip(1..)
        .map(|((age, depth, amount, label), number)| row(params, number, age, depth, amount, label))
        .collect();
    if params.network == Network::Regtest {
        return rows;
    }
    rows.extend((0..200_u32).map(|index| {
        let age = day * (100 + i64::from(index) * 3);
        let amount = if index % 3 == 0 {
            1_500_000
        } else {
            -410_000 - i64::from(index) * 977
        };
        let label = if index % 3 == 0 {
            "Shop, weekly"
        } else {
            "Groceries"
        };
        row(
            params,
            1000 + index,
            age,
            14_000 + index * 430,
            amount,
            label,
        )
    }));
    rows
}

/// A wallet in use.
pub(crate) fn wallet(coin: Coin, network: Network) -> Wallet {
    let params = ChainParams::get(coin, network);
    let mut wallet = Wallet::new("Savings".to_owned());
    let rows = history(params);
    let total = u64::try_from(rows.len()).unwrap_or(0);
    let state = WalletState {
        info: WalletInfo {
            name: "Savings".to_owned(),
            path: "/home/me/.local/share/bitq/wallets/Savings/wallet.dat".to_owned(),
            can_get_addresses: true,
            address_types: vec![
                AddressType::Legacy,
                AddressType::P2shSegwit,
                AddressType::Bech32,
                AddressType::Bech32m,
            ],
            default_address_type: AddressType::Bech32,
            birth_time: NOW - 400 * 86_400,
            watch_only: false,
        },
        balances: Balances {
            trusted: Amount::from_sat(45_120_355),
            pending: Amount::from_sat(3_000_000),
            ..Balances::default()
        },
        block: Some((hash(7), height(params))),
        at_tip: true,
        lock: LockState::Unlocked { until: NOW + 252 },
        transactions: total,
        addresses_revision: 1,
        coins_revision: 1,
        backup: Some((NOW - 40 * 86_400, true)),
        backup_outdated: true,
        ..WalletState::default()
    };
    wallet.apply(WalletEvent::State(Box::new(state)));
    wallet.history.apply_page(
        TxPage {
            rows,
            next: None,
            total,
            sequence: 0,
        },
        true,
    );
    wallet.addresses = addresses(params).into();
    wallet.coins = coins(params).into();
    wallet.fees = Some(WalletFees {
        minimum: FeeRate::from_sat_per_kvb(1000),
        default: FeeRate::from_sat_per_kvb(8250),
        estimates: vec![
            (2, FeeRate::from_sat_per_kvb(9_800)),
            (6, FeeRate::from_sat_per_kvb(8_250)),
            (144, FeeRate::from_sat_per_kvb(2_100)),
        ],
        max_fee: Amount::from_sat(10_000_000),
    });
    wallet
}

fn addresses(params: &ChainParams) -> Vec<AddressRow> {
    let made: [(&str, Option<i64>, i64, u32); 5] = [
        ("Order 1178", Some(5_000_000), 0, 0),
        ("Order 1177", Some(3_000_000), 3_000_000, 1),
        ("Coffee fund", None, 250_000, 1),
        ("Old invoice", Some(25_000_000), 50_000_000, 2),
        ("", None, 0, 0),
    ];
    made.into_iter()
        .zip(0_u32..)
        .map(|((label, amount, received, payments), number)| AddressRow {
            address: address(params, 5000 + number),
            label: label.to_owned(),
            amount: amount.map(Amount::from_sat),
            message: if number == 0 {
                "Thank you".to_owned()
            } else {
                String::new()
            },
            created: NOW - 600 - i64::from(number) * 90_000,
            received: Amount::from_sat(received),
            payments,
            is_mine: true,
            ..AddressRow::default()
        })
        .collect()
}

fn coins(params: &ChainParams) -> Vec<CoinRow> {
    // With the number of the row in the history that each came with.
    let held: [(&str, i64, u32, bool, u32); 4] = [
        ("Salary", 21_000_000, 290, false, 4),
        ("Order 1169", 4_200_000, 1300, false, 7),
        ("", 1_890_000, 860, false, 6),
        ("Anna", 500_000, 13_000, true, 12),
    ];
    held.into_iter()
        .filter(|(_, _, depth, ..)| *depth <= height(params))
        .zip(0_u32..)
        .map(|((label, amount, depth, frozen, came), number)| CoinRow {
            outpoint: OutPoint {
                txid: txid(came),
                vout: number,
            },
            address: address(params, 6000 + number),
            label: label.to_owned(),
            amount: Amount::from_sat(amount),
            height: Some(height(params) + 1 - depth),
            is_change: label.is_empty(),
            frozen,
            spendable: true,
            safe: true,
        })
        .collect()
}

fn log() -> Vec<LogLine> {
    let texts = [
        (
            LogLevel::Info,
            "2026-08-30T13:58:04Z UpdateTip: new best=000000000000000000012f0a height=968430 version=0x20000000 tx=1291884102 progress=1.000000 cache=429.1MiB(3104881txo)",
        ),
        (
            LogLevel::Debug,
            "2026-08-30T13:59:41Z [rpc] getblockchaininfo user=me",
        ),
        (
            LogLevel::Debug,
            "2026-08-30T14:00:02Z [mempool] AcceptToMemoryPool: accepted 9c1f…e2 (poolsz 2 txn, 2 kB)",
        ),
        (
            LogLevel::Warning,
            "2026-08-30T14:00:30Z [warning] Disk space for the debug log is below 5 GB",
        ),
        (
            LogLevel::Info,
            "2026-08-30T14:01:44Z UpdateTip: new best=0000000000000000000293bc height=968431 version=0x20000000 tx=1291887411 progress=1.000000 cache=429.3MiB(3106120txo)",
        ),
    ];
    (0..40_u64)
        .map(|number| {
            let (level, text) = texts[usize::try_from(number % 5).unwrap_or(0)];
            LogLine {
                sequence: number,
                level,
                category: String::new(),
                text: text.to_owned(),
            }
        })
        .collect()
}

/// Tasks of all kinds.
pub(crate) fn tasks() -> Vec<Task> {
    vec![
        Task {
            id: 1,
            kind: "rescan".to_owned(),
            wallet: "Savings".to_owned(),
            title: "Rescan \"Savings\" from January 2023".to_owned(),
            detail: "At block 890 120, 14 payments found so far.".to_owned(),
            progress: Some(0.62),
            cancellable: true,
            cancel_note: "Cancelling keeps what was found up to that block.".to_owned(),
            started: NOW - 400,
            ..Task::default()
        },
        Task {
            id: 2,
            kind: "backup".to_owned(),
            title: "Backup of \"Savings\"".to_owned(),
            detail: "Read back and found identical.".to_owned(),
            state: TaskState::Done,
            started: NOW - 3200,
            finished: Some(NOW - 3190),
            ..Task::default()
        },
        Task {
            id: 3,
            kind: "export".to_owned(),
            title: "Backup of \"Travel\"".to_owned(),
            state: TaskState::Failed("There is no room on /media/usb.".to_owned()),
            started: NOW - 9000,
            finished: Some(NOW - 8990),
            ..Task::default()
        },
    ]
}

fn commands() -> Vec<RpcCommand> {
    let known: [(&str, &[&str], &str, bool); 6] = [
        (
            "getblock",
            &["blockhash", "verbosity"],
            "Shows a block.",
            false,
        ),
        ("getblockchaininfo", &[], "State of the chain.", false),
        ("getblockcount", &[], "Height of the chain.", false),
        (
            "getblockhash",
            &["height"],
            "Hash of the block at a height.",
            false,
        ),
        ("getbalances", &[], "Money of the wallet.", true),
        ("help", &["command"], "Lists commands.", false),
    ];
    known
        .into_iter()
        .map(|(name, arguments, summary, wallet)| RpcCommand {
            name: name.to_owned(),
            category: "Blockchain".to_owned(),
            arguments: arguments
                .iter()
                .map(|&argument| argument.to_owned())
                .collect(),
            summary: summary.to_owned(),
            wallet,
        })
        .collect()
}

fn settings() -> Vec<SettingInfo> {
    let option = |name: &str, category: &str, kind, value: &str, source, help: &str| SettingInfo {
        name: name.to_owned(),
        category: category.to_owned(),
        kind,
        value: value.to_owned(),
        source,
        default: value.to_owned(),
        stored: if source == SettingSource::SettingsFile {
            value.to_owned()
        } else {
            String::new()
        },
        help: help.to_owned(),
        needs_restart: true,
        overridden: false,
        read_only: false,
    };
    vec![
        option(
            "dbcache",
            "Options",
            SettingKind::Integer,
            "450",
            SettingSource::SettingsFile,
            "Memory for the coins database in MiB. More makes the first synchronisation faster.",
        ),
        option(
            "blocksonly",
            "Options",
            SettingKind::Bool,
            "false",
            SettingSource::Default,
            "Do not take transactions from the network, only blocks.",
        ),
        option(
            "par",
            "Options",
            SettingKind::Integer,
            "0",
            SettingSource::ConfigFile,
            "Threads that check scripts. 0 takes all cores, less than 0 leaves that many free.",
        ),
        option(
            "proxy",
            "Connection options",
            SettingKind::Text,
            "\"127.0.0.1:9050\"",
            SettingSource::CommandLine,
            "Connect through this SOCKS5 proxy.",
        ),
        option(
            "txconfirmtarget",
            "Wallet options",
            SettingKind::Integer,
            "6",
            SettingSource::Default,
            "Blocks within which payments should confirm.",
        ),
    ]
}

/// Feeds a message and drops the work that it asks for.
pub(crate) fn tell(app: &mut App, message: Message) {
    drop(app.update(message));
}
