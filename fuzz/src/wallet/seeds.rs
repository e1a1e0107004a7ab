//! Wallets that are made without chance: the same at each run.

use std::sync::{Arc, LazyLock};

use keys::descriptor::OutputType;
use keys::{Descriptor, Xpriv};
use primitives::encode::Sink as _;
use primitives::params::ChainParams;
use primitives::script::Script;
use primitives::transaction::TxData;
use primitives::{Amount, BlockHash, OutPoint, Tx, TxIn, TxOut, Txid};
use wallet::Wallet;
use wallet::db::record::{self, MasterKeyRecord};
use wallet::db::{Batch, Database, FILE_NAME, OpenOptions, key};
use wallet::fuzzing::{self, Records};
use wallet::transaction::{TxState, WalletTx};
use wallet::wallet::{BlockData, BlockPlace, ImportDescriptor, NewWallet, Step};

use super::{Input, params};

const NOW: i64 = 1_700_000_000;
/// A fixed public key.
const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const OTHER: &str = "02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9";

static KEPT: LazyLock<Vec<Input>> = LazyLock::new(make);

/// The inputs that seeds are made of.
pub(super) fn kept() -> &'static [Input] {
    &KEPT
}

/// Records, as the target takes them.
pub(crate) fn record_seeds() -> Vec<Vec<u8>> {
    kept().iter().map(Input::encode).collect()
}

/// Dumps, each after the number of a coin.
pub(crate) fn dump_seeds() -> Vec<Vec<u8>> {
    let dumps = kept().iter().map(|input| {
        let text = fuzzing::write_dump(&input.records, input.params()).expect("memory takes all");
        [&[input.coin][..], text.as_bytes()].concat()
    });
    dumps.collect()
}

/// Files, each after the number of a coin.
pub(crate) fn file_seeds() -> Vec<Vec<u8>> {
    let files = kept().iter().map(|input| {
        let dir = tempfile::TempDir::new().expect("a temporary directory can be made");
        let path = dir.path().join(FILE_NAME);
        let options = OpenOptions {
            create: true,
            unsafe_sync: true,
            ..OpenOptions::default()
        };
        let mut database =
            Database::open(&path, input.params(), options).expect("a file can be made");
        let mut batch = Batch::default();
        // A page takes a few of them, and the file is to be short.
        let some = input.records.iter().filter(|(_, value)| value.len() < 300);
        for (key, value) in some.step_by(4).take(8) {
            batch.put(key.clone(), value.clone());
        }
        database.commit(&batch).expect("a file can be written");
        database.close().expect("a file can be closed");
        let bytes = std::fs::read(&path).expect("a file can be read");
        [&[input.coin][..], &bytes].concat()
    });
    files.collect()
}

fn make() -> Vec<Input> {
    let mut inputs = Vec::new();
    for coin in 0u8..4 {
        let params = params(coin);
        for kind in OutputType::ALL {
            let mut wallet = empty(params, false);
            own(&mut wallet, kind);
            inputs.push(Input {
                coin,
                records: all(&wallet),
            });
            live(&mut wallet, kind);
            inputs.push(Input {
                coin,
                records: all(&wallet),
            });
        }
        let mut watching = empty(params, true);
        for text in [
            format!("combo({KEY})"),
            format!("wsh(multi(1,{KEY},{OTHER}))"),
            format!("sh(wsh(sortedmulti(2,{OTHER},{KEY})))"),
            format!("tr({},pk({}))", &KEY[2..], &OTHER[2..]),
            "raw(51)".to_owned(),
        ] {
            import(&mut watching, &text, None);
        }
        let mut records = all(&watching);
        records.extend(old_records(params));
        inputs.push(Input { coin, records });
    }
    inputs
}

fn all(wallet: &Wallet) -> Records {
    fuzzing::records(wallet).expect("what is in memory can be read")
}

fn empty(params: &'static ChainParams, watching: bool) -> Wallet {
    let new = NewWallet {
        blank: true,
        disable_private_keys: watching,
        avoid_reuse: watching,
        tip: Some((params.genesis.hash, 0)),
        now: NOW,
        ..NewWallet::default()
    };
    fuzzing::create(&new, params).expect("memory takes a wallet")
}

fn import(wallet: &mut Wallet, text: &str, side: Option<bool>) {
    let params = wallet.params();
    let descriptor = Descriptor::parse_one(text, params).expect("a known descriptor");
    let import = ImportDescriptor {
        active: side.is_some(),
        internal: side.unwrap_or_default(),
        range: (0, 1),
        next_index: 0,
        created: NOW.unsigned_abs(),
        label: side.is_none().then(|| "watched".to_owned()),
        descriptor,
    };
    wallet
        .import_descriptor(&import)
        .expect("a descriptor that fits");
}

/// Gives it keys for one kind of address.
fn own(wallet: &mut Wallet, kind: OutputType) {
    let root = Xpriv::from_seed(&[7; 32]).expect("a seed of the right length");
    let root = root.to_text(wallet.params());
    for (branch, internal) in [(0, false), (1, true)] {
        let key = format!("{root}/84h/1h/0h/{branch}/*");
        let text = match kind {
            OutputType::Legacy => format!("pkh({key})"),
            OutputType::P2shSegwit => format!("sh(wpkh({key}))"),
            OutputType::Bech32 => format!("wpkh({key})"),
            OutputType::Bech32m => format!("tr({key})"),
        };
        import(wallet, &text, Some(internal));
    }
}

/// Receives, sends, labels and freezes.
fn live(wallet: &mut Wallet, kind: OutputType) {
    let hashes = wallet.params().hashes;
    let address = wallet
        .new_address(Some(kind), "rent", NOW)
        .expect("there are keys");
    let asked = wallet.request_payment(
        Some(kind),
        "shop",
        Some(Amount::from_sat(5000)),
        "thanks",
        NOW,
    );
    let change = wallet
        .new_change_address(Some(kind))
        .expect("there are keys");
    let tx = |from: OutPoint, scripts: &[Script], amount: i64| {
        let outputs = scripts.iter().map(|script| TxOut {
            value: Amount::from_sat(amount),
            script_pubkey: script.clone(),
        });
        let data = TxData {
            version: 2,
            inputs: vec![TxIn::unsigned(from, 0xffff_fffd)],
            outputs: outputs.collect(),
            lock_time: 0,
        };
        Arc::new(Tx::new(data, hashes))
    };
    let stranger = OutPoint::new(Txid([0xee; 32]), 1);
    let asked = asked.expect("there are keys").to_script();
    let gift = tx(stranger, &[address.to_script(), asked.clone()], 50_000);
    let spend = tx(OutPoint::new(gift.txid(), 0), &[change.to_script()], 49_000);
    let again = tx(OutPoint::new(gift.txid(), 0), &[asked], 48_000);
    let block = |number: u8, txs| {
        Step::Connect(BlockData {
            hash: BlockHash([number; 32]),
            place: BlockPlace {
                height: u32::from(number),
                time: NOW + i64::from(number),
            },
            txs,
        })
    };
    wallet.mempool_added(&again, NOW).expect("memory takes all");
    let frozen = OutPoint::new(gift.txid(), 1);
    wallet
        .apply_steps(&[block(1, vec![gift])], NOW)
        .expect("memory takes all");
    wallet
        .apply_steps(&[block(2, vec![spend])], NOW)
        .expect("memory takes all");
    wallet
        .set_frozen(&[frozen], true, true)
        .expect("memory takes all");
}

/// Records of encrypted wallets and of old versions.
fn old_records(params: &ChainParams) -> Records {
    let master = MasterKeyRecord {
        crypted: vec![9; 48],
        salt: vec![5; 8],
        method: 0,
        iterations: 25_000,
        other: Vec::new(),
    };
    let mut crypted = Vec::new();
    crypted.put_var_bytes(&[3; 48]);
    let public = primitives::hash::from_hex(KEY).expect("hex digits");
    let data = TxData {
        version: 1,
        inputs: vec![TxIn::unsigned(OutPoint::new(Txid([1; 32]), 0), 5)],
        outputs: vec![TxOut {
            value: Amount::from_sat(7),
            script_pubkey: Script::from(vec![0x51]),
        }],
        lock_time: 3,
    };
    let mut old = WalletTx::new(
        Arc::new(Tx::new(data, params.hashes)),
        TxState::Inactive { abandoned: true },
    );
    old.comment = Some("a note".to_owned());
    old.comment_to = Some("somebody".to_owned());
    old.replaces = Some(Txid([2; 32]));
    old.order_form = vec![("Message".to_owned(), "hello".to_owned())];
    let txid = old.tx.txid();
    vec![
        (key::master_key(1), master.encode()),
        (key::descriptor_ckey(&[4; 32], &public), crypted),
        (key::tx(&txid), old.encode()),
        (key::wtx_variant(&txid, &old.tx.wtxid()), old.tx.to_bytes()),
        (key::named(key::ORDER_POS_NEXT), 5i64.to_le_bytes().to_vec()),
        (key::block_place(&BlockHash([1; 32])), vec![1; 12]),
        (key::named(key::BACKUP), vec![1; 14]),
        (
            key::named(key::BEST_BLOCK_NOMERKLE),
            record::locator(&[BlockHash([1; 32]); 3]),
        ),
        (key::named("unknown"), vec![1, 2, 3]),
    ]
}
