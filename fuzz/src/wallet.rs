//! Wallet files: their records, the files themselves, and dumps of them.

mod change;
mod seeds;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::LazyLock;

use keys::descriptor::OutputType;
use libfuzzer_sys::{Corpus, fuzzer_mutate};
use primitives::encode::{Reader, Sink as _};
use primitives::hash_scheme::sha256d;
use primitives::params::{ChainParams, Coin, Network};
use tempfile::TempDir;
use wallet::Wallet;
use wallet::db::record::DescriptorRecord;
use wallet::db::{Database, DbError, FILE_NAME, FileKind, OpenOptions, file_kind, key};
use wallet::fuzzing::{self, Records};
use wallet::wallet::{BalanceQuery, CoinFilter, ReceiveRequest};

use crate::mutate::Random;
use crate::settings::{blind, put};

pub(crate) use seeds::{dump_seeds, file_seeds, record_seeds};

/// Indices that a descriptor may be asked for: more take too long to look at.
const MOST_INDICES: u32 = 64;

/// A coin's network, and records.
struct Input {
    coin: u8,
    records: Records,
}

impl Input {
    /// The number of a coin, then keys and values, each behind its length.
    fn decode(data: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(data);
        let coin = reader.u8().ok()?;
        let mut records = Records::new();
        while !reader.is_empty() {
            let key = reader.var_bytes().ok()?.to_vec();
            records.push((key, reader.var_bytes().ok()?.to_vec()));
        }
        Some(Self { coin, records })
    }

    fn encode(&self) -> Vec<u8> {
        let mut data = vec![self.coin];
        for (key, value) in &self.records {
            data.put_var_bytes(key);
            data.put_var_bytes(value);
        }
        data
    }

    fn params(&self) -> &'static ChainParams {
        params(self.coin)
    }
}

fn params(coin: u8) -> &'static ChainParams {
    let coin = Coin::ALL[usize::from(coin) % Coin::ALL.len()];
    ChainParams::get(coin, Network::Regtest)
}

/// Whether a descriptor asks for more than there is time for, though not for more than may be.
fn is_long(records: &Records) -> bool {
    records.iter().any(|(key, value)| {
        let named = key::split(key).is_some_and(|(name, _)| name == key::DESCRIPTOR);
        let record = DescriptorRecord::decode(value).ok().filter(|_| named);
        record
            .and_then(|record| record.indices())
            .is_some_and(|indices| indices > MOST_INDICES)
    })
}

/// The records of a wallet file.
pub(crate) fn records(data: &[u8]) -> Corpus {
    let Some(input) = Input::decode(data).filter(|input| !is_long(&input.records)) else {
        return Corpus::Reject;
    };
    let params = input.params();
    let wallet = match fuzzing::load(&input.records, params) {
        Ok(wallet) => wallet,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return Corpus::Keep;
        }
    };
    let shown = show(&wallet);
    let records = fuzzing::records(&wallet).expect("what is in memory can be read");
    let again = fuzzing::load(&records, params).expect("what was written can be loaded");
    assert_eq!(show(&again), shown, "another wallet comes back");
    use_it(again);
    Corpus::Keep
}

/// All that people are shown of a wallet and that its file tells.
fn show(wallet: &Wallet) -> String {
    let mut text = format!(
        "{} {:?} {:?} {:?}\n",
        wallet.flags(),
        wallet.best(),
        wallet.backup_mark(),
        wallet.birth_time(),
    );
    let mut add = |line: String| writeln!(text, "{line}").expect("a string takes all");
    add(format!(
        "{} keys, encrypted: {}",
        wallet.key_count(),
        wallet.is_encrypted()
    ));
    match wallet.list_descriptors(false) {
        Ok(list) => list.iter().for_each(|one| add(format!("{one:?}"))),
        Err(error) => add(error.to_string()),
    }
    add(format!("{:?}", wallet.address_types()));
    add(format!("{:?}", wallet.keypool_sizes()));
    for (destination, entry) in wallet.addresses() {
        add(format!("{destination:?} {entry:?}"));
        for request in entry.requests.values() {
            if let Ok(request) = ReceiveRequest::decode(request) {
                assert_eq!(
                    ReceiveRequest::decode(&request.encode()).as_ref(),
                    Ok(&request)
                );
            }
        }
    }
    let mut txids: Vec<_> = wallet.txs().keys().collect();
    txids.sort_unstable();
    for txid in txids {
        let tx = &wallet.txs()[txid];
        add(format!("{tx:?} {:?}", wallet.amounts(tx, true)));
        let details = wallet.details(txid).expect("it is one of the wallet's");
        add(format!("{details:?}"));
    }
    add(format!("{:?}", wallet.by_order()));
    for avoid_reuse in [false, true] {
        let query = BalanceQuery {
            avoid_reuse,
            include_nonmempool: avoid_reuse,
            ..BalanceQuery::default()
        };
        add(format!("{:?}", wallet.balances(query)));
    }
    add(format!("{:?}", wallet.coin_rows(0, 100)));
    add(format!(
        "{:?}",
        wallet.page(&ipc_schema::TxQuery::default())
    ));
    add(format!("{:?}", wallet.locator()));
    text
}

/// What changes a wallet must be as safe as what shows it.
fn use_it(mut wallet: Wallet) {
    let _coins = wallet.available_coins(&CoinFilter::default());
    let _received = wallet.received_by();
    let _outdated = wallet.backup_is_outdated();
    let _first = wallet.first_address();
    for kind in OutputType::ALL {
        let _address = wallet.new_address(Some(kind), "label", 1_700_000_000);
        let _change = wallet.new_change_address(Some(kind));
    }
    if let Some((hash, height)) = wallet.best() {
        let next = wallet::wallet::BlockData {
            hash: primitives::BlockHash([0x77; 32]),
            place: wallet::wallet::BlockPlace {
                height: height.saturating_add(1),
                time: 1_700_000_000,
            },
            txs: wallet.txs().values().map(|tx| tx.tx.clone()).collect(),
        };
        let back = wallet::wallet::Step::Disconnect { hash, height };
        for step in [wallet::wallet::Step::Connect(next), back] {
            wallet
                .apply_steps(&[step], 1_700_000_100)
                .expect("memory takes all");
        }
    }
    let records = fuzzing::records(&wallet).expect("what is in memory can be read");
    let again = fuzzing::load(&records, wallet.params()).expect("what was written can be loaded");
    assert_eq!(again.txs().len(), wallet.txs().len());
    wallet.close().expect("what is in memory can be closed");
}

/// The directory of the file that inputs are written into, in the memory of the machine where that is possible.
static DIR: LazyLock<TempDir> = LazyLock::new(|| {
    let memory = std::path::Path::new("/dev/shm");
    let made = match memory.is_dir() {
        true => TempDir::new_in(memory),
        false => TempDir::new(),
    };
    made.expect("a temporary directory can be made")
});

/// A wallet's file, from its first bytes to its records.
pub(crate) fn file(data: &[u8]) -> Corpus {
    let Some((coin, bytes)) = data.split_first() else {
        return Corpus::Reject;
    };
    let params = params(*coin);
    let path: PathBuf = DIR.path().join(FILE_NAME);
    for left in ["-journal", "-wal", "-shm"] {
        let left = DIR.path().join(format!("{FILE_NAME}{left}"));
        if left.exists() {
            std::fs::remove_file(&left).expect("the temporary directory can be written");
        }
    }
    std::fs::write(&path, bytes).expect("the temporary file can be written");
    let kind = file_kind(&path, params);
    let opened = Database::open(&path, params, OpenOptions::default());
    let database = match opened {
        Ok(database) => database,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            let known = matches!(error, DbError::Sqlite { .. } | DbError::UnknownSchema(_));
            assert!(kind != FileKind::Wallet || known, "{kind:?}: {error}");
            let left = std::fs::read(&path).expect("the temporary file can be read");
            assert!(known || left == bytes, "a file that is refused was changed");
            return Corpus::Keep;
        }
    };
    assert_eq!(kind, FileKind::Wallet);
    let sound = database.verify().is_ok();
    let mut found = Records::new();
    let read = database.for_each(|key, value| found.push((key.to_vec(), value.to_vec())));
    if read.is_err() || is_long(&found) {
        return Corpus::Keep;
    }
    match fuzzing::load_file(database, params) {
        Ok(wallet) => {
            let _shown = show(&wallet);
            let closed = wallet.close();
            assert!(closed.is_ok() || !sound, "{closed:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    Corpus::Keep
}

/// The text of a dump.
pub(crate) fn dump(data: &[u8]) -> Corpus {
    let Some((coin, bytes)) = data.split_first() else {
        return Corpus::Reject;
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Corpus::Reject;
    };
    let params = params(*coin);
    match fuzzing::read_dump(text, params) {
        Ok(records) => {
            let written = fuzzing::write_dump(&records, params).expect("memory takes all");
            assert_eq!(fuzzing::read_dump(&written, params).as_ref(), Ok(&records));
        }
        Err(error) => assert!(!error.is_empty()),
    }
    Corpus::Keep
}

/// A mutator of records.
pub(crate) fn mutate_records(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random::new(seed);
    let Some(mut input) = Input::decode(&data[..size]) else {
        return fuzzer_mutate(data, size, max_size);
    };
    for _ in 0..=random.below(3) {
        change::change(&mut input, &mut random);
    }
    if random.below(8) > 0 {
        change::repair(&mut input);
    }
    put(data, size, max_size, &input.encode())
}

/// A mutator of dumps, which mends their checksum.
pub(crate) fn mutate_dump(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random::new(seed);
    let Some((coin, text)) = data[..size].split_first() else {
        return fuzzer_mutate(data, size, max_size);
    };
    let coin = if random.below(8) == 0 {
        random.byte()
    } else {
        *coin
    };
    let mut lines: Vec<Vec<u8>> = text
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| !line.starts_with(b"checksum"))
        .map(<[u8]>::to_vec)
        .collect();
    let place = random.below(lines.len() + 1);
    match random.below(6) {
        0 if place < lines.len() => drop(lines.remove(place)),
        1 if place < lines.len() => lines.push(lines[place].clone()),
        2 if place < lines.len() => lines.swap(0, place),
        3 => lines.insert(place, b"00,ff\n".to_vec()),
        _ if place < lines.len() => blind(&mut lines[place]),
        _ => {}
    }
    let mut text = lines.concat();
    let sum = primitives::hash::to_hex(&sha256d(&text));
    text.extend(format!("checksum,{sum}\n").bytes());
    put(data, size, max_size, &[&[coin][..], &text].concat())
}
