//! Every struct survives the wire, whatever its fields hold.

use std::fmt::Debug;

use capnp::message::Builder;
use capnp::traits::OwnedStruct;
use primitives::{Amount, BlockHash, FeeRate, OutPoint, Txid};
use proptest::prelude::*;

use super::Wire;
use super::chain::NumberedChange;
use crate::types::*;

/// Writes and reads `value`.
fn check<T>(value: &T)
where
    T: Wire + PartialEq + Debug,
    for<'a> <T::Owned as OwnedStruct>::Builder<'a>: capnp::traits::FromPointerBuilder<'a>,
    for<'a> <T::Owned as OwnedStruct>::Reader<'a>: capnp::traits::FromPointerReader<'a>,
{
    let mut message = Builder::new_default();
    value.put(message.init_root());
    let read = T::take(message.get_root_as_reader().unwrap()).unwrap();
    assert_eq!(&read, value);
}

/// Hands out values that differ from each other and from the defaults, from a seed.
struct Maker(u64);

impl Maker {
    fn number(&mut self) -> u64 {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        self.0
    }
    fn small(&mut self) -> u32 {
        u32::try_from(self.number() >> 32).unwrap()
    }
    fn signed(&mut self) -> i64 {
        self.number().cast_signed()
    }
    fn text(&mut self) -> String {
        format!("☃ {:x}", self.number())
    }
    fn texts(&mut self) -> Vec<String> {
        self.list(Self::text)
    }
    fn flag(&mut self) -> bool {
        self.number() >> 63 == 1
    }
    fn bytes(&mut self) -> Vec<u8> {
        self.number().to_le_bytes().to_vec()
    }
    fn hash<H: From<[u8; 32]>>(&mut self) -> H {
        let mut bytes = [1; 32];
        bytes[..8].copy_from_slice(&self.number().to_le_bytes());
        H::from(bytes)
    }
    fn money(&mut self) -> Amount {
        Amount::from_sat(self.signed())
    }
    fn rate(&mut self) -> FeeRate {
        FeeRate::from_sat_per_kvb(self.signed())
    }
    fn fraction(&mut self) -> f64 {
        f64::from(self.small()) / 7.0
    }
    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.flag() { Some(make(self)) } else { None }
    }
    fn list<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.number() >> 62).map(|_| make(self)).collect()
    }
    fn one_of<T: Clone>(&mut self, values: &[T]) -> T {
        let index = usize::try_from(self.number() >> 8).unwrap() % values.len();
        values[index].clone()
    }
    fn tip(&mut self) -> BlockTip {
        BlockTip {
            hash: self.hash(),
            height: self.small(),
            time: self.signed(),
            median_time: self.signed(),
        }
    }
    fn outpoint(&mut self) -> OutPoint {
        OutPoint {
            txid: self.hash(),
            vout: self.small(),
        }
    }
}

const SOURCES: [SettingSource; 5] = [
    SettingSource::Forced,
    SettingSource::CommandLine,
    SettingSource::SettingsFile,
    SettingSource::ConfigFile,
    SettingSource::Default,
];

fn task(m: &mut Maker) -> Task {
    let failed = TaskState::Failed(m.text());
    let states = [
        TaskState::Running,
        TaskState::Waiting,
        TaskState::Done,
        failed,
        TaskState::Cancelled,
    ];
    Task {
        id: m.number(),
        kind: m.text(),
        wallet: m.text(),
        title: m.text(),
        detail: m.text(),
        progress: m.maybe(Maker::fraction),
        state: m.one_of(&states),
        cancellable: m.flag(),
        cancel_note: m.text(),
        started: m.signed(),
        finished: m.maybe(Maker::signed),
    }
}

fn common(m: &mut Maker) {
    check(&Fault::new(
        FaultCode::from_number(u16::try_from(m.number() % 21).unwrap()),
        m.text(),
    ));
    check(&Identity {
        protocol: ProtocolVersion { major: 3, minor: 4 },
        program: m.text(),
        build: m.text(),
        coin: m.text(),
        network: m.text(),
        genesis: m.hash::<BlockHash>(),
        features: m.number(),
        pid: m.small(),
        started: m.signed(),
    });
    for role in [Role::Full, Role::Mining, Role::Read, Role::Rpc(m.text())] {
        check(&role);
    }
    check(&Limits {
        calls: m.small(),
        unread_bytes: m.number(),
        message_bytes: m.number(),
        workers: m.small(),
        stall_seconds: m.small(),
    });
    let layers = m.list(|m| OptionLayer {
        source: m.one_of(&SOURCES),
        section: m.text(),
        options: m.list(|m| OptionValues {
            name: m.text(),
            values: m.texts(),
        }),
    });
    check(&StartOptions {
        layers,
        config_path: m.text(),
    });
    check(&StartError {
        text: m.text(),
        exit_code: 7,
    });
    check(&m.tip());
    check(&m.outpoint());
    check(&task(m));
    let kinds = [
        SettingKind::Bool,
        SettingKind::Integer,
        SettingKind::Amount,
        SettingKind::Text,
        SettingKind::Path,
        SettingKind::List,
    ];
    check(&SettingInfo {
        name: m.text(),
        category: m.text(),
        kind: m.one_of(&kinds),
        value: m.text(),
        source: m.one_of(&SOURCES),
        default: m.text(),
        stored: m.text(),
        help: m.text(),
        needs_restart: m.flag(),
        overridden: m.flag(),
        read_only: m.flag(),
    });
}

fn node(m: &mut Maker) {
    let phases = [
        Phase::Starting,
        Phase::Loading,
        Phase::Running,
        Phase::Stopping,
        Phase::Failed,
    ];
    let links = [
        WalletLink::Off,
        WalletLink::Starting,
        WalletLink::Running,
        WalletLink::Down,
    ];
    check(&NodeStatus {
        phase: m.one_of(&phases),
        message: m.text(),
        exit_code: 3,
        tip: m.maybe(Maker::tip),
        headers_height: m.small(),
        headers_time: m.signed(),
        initial_download: m.flag(),
        progress: m.fraction(),
        mempool: MempoolStatus {
            count: m.number(),
            vbytes: m.number(),
            usage: m.number(),
            max_usage: m.number(),
            fees: m.money(),
            min_rate: m.rate(),
        },
        network_active: m.flag(),
        peers_out: m.small(),
        peers_in: m.small(),
        traffic: Traffic {
            received: m.number(),
            sent: m.number(),
        },
        warnings: m.texts(),
        disk_free: m.maybe(Maker::number),
        disk_used: m.number(),
        prune_height: m.maybe(Maker::small),
        wallet: WalletProcessState {
            link: m.one_of(&links),
            message: m.text(),
            pid: m.small(),
            restarts: m.small(),
        },
        started: m.signed(),
        datadir: m.text(),
        blocks_dir: m.text(),
        version: m.text(),
        coin: m.text(),
        network: m.text(),
        datadir_source: m.one_of(&SOURCES),
        log_file: m.text(),
        cache: (m.number(), m.number()),
    });
    let levels = [
        LogLevel::Trace,
        LogLevel::Debug,
        LogLevel::Info,
        LogLevel::Warning,
        LogLevel::Error,
    ];
    check(&LogLine {
        sequence: m.number(),
        level: m.one_of(&levels),
        category: m.text(),
        text: m.text(),
    });
    check(&RpcCommand {
        name: m.text(),
        category: m.text(),
        arguments: m.texts(),
        summary: m.text(),
        wallet: m.flag(),
    });
}

fn chain(m: &mut Maker) {
    let block = BlockInfo {
        tip: m.tip(),
        data: m.bytes(),
    };
    check(&block);
    check(&ChainStep::Connect(block));
    check(&ChainStep::Disconnect {
        hash: m.hash(),
        height: m.small(),
    });
    check(&ChainState {
        tip: m.maybe(Maker::tip),
        ready: m.flag(),
        initial_download: m.flag(),
        mock_time: m.signed(),
        shutting_down: m.flag(),
    });
    check(&StoredBlocks {
        tip: m.tip(),
        first: m.small(),
        below_snapshot: m.flag(),
    });
    let reasons = [
        RemovalReason::Expiry,
        RemovalReason::SizeLimit,
        RemovalReason::Reorg,
        RemovalReason::Block,
        RemovalReason::Conflict,
        RemovalReason::Replaced,
    ];
    let removed = MempoolChange::Removed {
        txid: m.hash(),
        reason: m.one_of(&reasons),
    };
    check(&NumberedChange(m.number(), removed));
    check(&NumberedChange(m.number(), MempoolChange::Added(m.bytes())));
    check(&MinimumFees {
        mempool: m.rate(),
        relay: m.rate(),
        incremental: m.rate(),
        dust: m.rate(),
        max_fee: m.money(),
    });
}

fn output(m: &mut Maker) -> TxOutputRow {
    TxOutputRow {
        vout: m.small(),
        address: m.text(),
        label: m.text(),
        amount: m.money(),
        is_mine: m.flag(),
        is_change: m.flag(),
    }
}

fn row(m: &mut Maker) -> TxRow {
    let states = [
        TxState::Confirmed {
            height: m.small(),
            block: m.hash(),
            time: m.signed(),
        },
        TxState::InMempool,
        TxState::Inactive,
        TxState::Abandoned,
        TxState::Conflicted { height: m.small() },
    ];
    let kinds = [
        TxKind::Received,
        TxKind::Sent,
        TxKind::SelfTransfer,
        TxKind::Mined,
    ];
    TxRow {
        txid: m.hash(),
        time: m.signed(),
        kind: m.one_of(&kinds),
        state: m.one_of(&states),
        amount: m.money(),
        fee: m.maybe(Maker::money),
        label: m.text(),
        comment: m.text(),
        outputs: m.list(output),
        mature_height: m.maybe(Maker::small),
        can_abandon: m.flag(),
        can_bump: m.flag(),
    }
}

const ADDRESS_TYPES: [AddressType; 4] = [
    AddressType::Legacy,
    AddressType::P2shSegwit,
    AddressType::Bech32,
    AddressType::Bech32m,
];

fn history(m: &mut Maker) {
    let cursor = |m: &mut Maker| TxCursor {
        time: m.signed(),
        txid: m.hash(),
    };
    check(&TxQuery {
        before: m.maybe(cursor),
        limit: m.small(),
        filter: m.text(),
    });
    check(&TxPage {
        rows: m.list(row),
        next: m.maybe(cursor),
        total: m.number(),
        sequence: m.number(),
    });
    check(&TxDetails {
        row: row(m),
        raw: m.bytes(),
        inputs: m.list(output),
        outputs: m.list(output),
        vsize: m.number(),
        fee_rate: m.maybe(Maker::rate),
    });
    check(&WalletDelta {
        sequence: m.number(),
        rows: m.list(row),
        removed: m.list(Maker::hash::<Txid>),
    });
}

fn wallet(m: &mut Maker) {
    check(&WalletListItem {
        name: m.text(),
        path: m.text(),
        loaded: m.flag(),
        encrypted: m.maybe(Maker::flag),
        modified: m.signed(),
    });
    check(&CreateWallet {
        name: m.text(),
        passphrase: Secret::new(m.bytes()),
        blank: m.flag(),
        disable_private_keys: m.flag(),
        avoid_reuse: m.flag(),
        load_on_startup: m.flag(),
    });
    let locks = [
        LockState::Unencrypted,
        LockState::Locked,
        LockState::Unlocked { until: m.signed() },
    ];
    check(&WalletState {
        info: WalletInfo {
            name: m.text(),
            path: m.text(),
            watch_only: m.flag(),
            can_get_addresses: m.flag(),
            address_types: m.list(|m| m.one_of(&ADDRESS_TYPES)),
            default_address_type: m.one_of(&ADDRESS_TYPES),
            birth_time: m.signed(),
        },
        balances: Balances {
            trusted: m.money(),
            pending: m.money(),
            immature: m.money(),
            used: m.money(),
        },
        block: m.maybe(|m| (m.hash(), m.small())),
        at_tip: m.flag(),
        lock: m.one_of(&locks),
        transactions: m.number(),
        sequence: m.number(),
        addresses_revision: m.number(),
        coins_revision: m.number(),
        scanning: m.maybe(Maker::fraction),
        backup: m.maybe(|m| (m.signed(), m.flag())),
        backup_outdated: m.flag(),
    });
}

fn addresses(m: &mut Maker) {
    check(&AddressRequest {
        address_type: m.maybe(|m| m.one_of(&ADDRESS_TYPES)),
        label: m.text(),
        amount: m.maybe(Maker::money),
        message: m.text(),
    });
    check(&AddressRow {
        address: m.text(),
        address_type: m.one_of(&ADDRESS_TYPES),
        label: m.text(),
        amount: m.maybe(Maker::money),
        message: m.text(),
        created: m.signed(),
        received: m.money(),
        payments: m.small(),
        is_mine: m.flag(),
    });
    check(&CoinRow {
        outpoint: m.outpoint(),
        address: m.text(),
        label: m.text(),
        amount: m.money(),
        height: m.maybe(Maker::small),
        is_change: m.flag(),
        frozen: m.flag(),
        spendable: m.flag(),
        safe: m.flag(),
    });
    let starts = [
        RescanStart::Genesis,
        RescanStart::Height(m.small()),
        RescanStart::Time(m.signed()),
    ];
    check(&m.one_of(&starts));
    check(&BackupReport {
        path: m.text(),
        size: m.number(),
        descriptors: m.small(),
        encrypted: m.flag(),
        first_address: m.text(),
        identical: m.flag(),
    });
}

fn sending(m: &mut Maker) {
    check(&SendRequest {
        recipients: m.list(|m| Recipient {
            address: m.text(),
            amount: m.maybe(Maker::money),
            label: m.text(),
            subtract_fee: m.flag(),
        }),
        fee_rate: m.maybe(Maker::rate),
        conf_target: m.maybe(Maker::small),
        coins: m.list(Maker::outpoint),
        allow_other_coins: m.flag(),
        change_address: m.text(),
        replaceable: m.maybe(Maker::flag),
        comment: m.text(),
    });
    check(&PreparedSend {
        id: m.number(),
        fee: m.money(),
        fee_rate: m.rate(),
        vsize: m.number(),
        total: m.money(),
        inputs: m.list(|m| PreparedInput {
            outpoint: m.outpoint(),
            address: m.text(),
            label: m.text(),
            amount: m.money(),
        }),
        outputs: m.list(|m| PreparedOutput {
            address: m.text(),
            label: m.text(),
            amount: m.money(),
            is_change: m.flag(),
        }),
        warnings: m.texts(),
        needs_unlock: m.flag(),
        expires: m.signed(),
    });
    let ends = [
        Broadcast::Accepted,
        Broadcast::Waiting,
        Broadcast::Rejected(m.text()),
    ];
    check(&SendReply {
        txid: m.hash(),
        broadcast: m.one_of(&ends),
    });
    check(&WalletFees {
        minimum: m.rate(),
        default: m.rate(),
        estimates: m.list(|m| (m.small(), m.rate())),
        max_fee: m.money(),
    });
}

proptest! {
    #[test]
    fn what_is_written_is_read(seed: u64) {
        let m = &mut Maker(seed);
        common(m);
        node(m);
        chain(m);
        history(m);
        wallet(m);
        addresses(m);
        sending(m);
    }
}

#[test]
fn absent_structs_read_as_defaults() {
    let mut message = Builder::new_default();
    let _: crate::generated::node_capnp::node_status::Builder<'_> = message.init_root();
    let status = NodeStatus::take(message.get_root_as_reader().unwrap()).unwrap();
    let expected = NodeStatus {
        datadir_source: SettingSource::Forced,
        ..NodeStatus::default()
    };
    assert_eq!(status, expected);
}

#[test]
fn hashes_have_thirty_two_bytes_or_are_absent() {
    assert_eq!(super::hash::<Txid>(&[]).unwrap(), Txid([0; 32]));
    assert_eq!(super::hash::<Txid>(&[3; 32]).unwrap(), Txid([3; 32]));
    assert!(super::hash::<Txid>(&[3; 31]).is_err());
    assert!(super::hash::<Txid>(&[3; 33]).is_err());
}
