//! Keys of the records: a name, then what the record is about (Core's `DBKeys`).

use keys::descriptor::OutputType;
use primitives::encode::{Reader, Sink as _};
use primitives::{BlockHash, OutPoint, Txid};

/// Descriptor that gives new receiving addresses of one kind.
pub const ACTIVE_EXTERNAL: &str = "activeexternalspk";
/// Descriptor that gives change addresses of one kind.
pub const ACTIVE_INTERNAL: &str = "activeinternalspk";
/// Locator of the block the wallet is at, for old versions: always empty.
pub const BEST_BLOCK: &str = "bestblock";
/// Locator of the block the wallet is at.
pub const BEST_BLOCK_NOMERKLE: &str = "bestblock_nomerkle";
/// Facts about an address.
pub const DEST_DATA: &str = "destdata";
/// Flags of the wallet.
pub const FLAGS: &str = "flags";
/// A coin that the user froze.
pub const LOCKED_UTXO: &str = "lockedutxo";
/// An encrypted master key.
pub const MASTER_KEY: &str = "mkey";
/// Label of an address.
pub const NAME: &str = "name";
/// Number of the next transaction.
pub const ORDER_POS_NEXT: &str = "orderposnext";
/// What an address is for.
pub const PURPOSE: &str = "purpose";
/// A transaction.
pub const TX: &str = "tx";
/// A transaction with one of its witnesses.
pub const WTX_VARIANT: &str = "wtxvariant";
/// Version of the program that wrote the file last.
pub const VERSION: &str = "version";
/// A descriptor.
pub const DESCRIPTOR: &str = "walletdescriptor";
/// A key derived from a descriptor.
pub const DESCRIPTOR_CACHE: &str = "walletdescriptorcache";
/// The key behind a descriptor's last hardened step.
pub const DESCRIPTOR_LH_CACHE: &str = "walletdescriptorlhcache";
/// A descriptor's private key, encrypted.
pub const DESCRIPTOR_CKEY: &str = "walletdescriptorckey";
/// A descriptor's private key.
pub const DESCRIPTOR_KEY: &str = "walletdescriptorkey";
/// Height and time of a block that holds a transaction of the wallet. Ours alone: Core asks its chain.
pub const BLOCK_PLACE: &str = "bitq_block";
/// Hash and height of the block the wallet is at. Ours alone: Core's locator has no height.
pub const BEST_PLACE: &str = "bitq_best";
/// When the last backup was made and checked. Ours alone.
pub const BACKUP: &str = "bitq_backup";
/// When an address was made. Ours alone.
pub const CREATED: &str = "bitq_created";

/// Names of records that only wallets of the old kind hold.
pub const LEGACY: [&str; 10] = [
    "ckey",
    "cscript",
    "defaultkey",
    "hdchain",
    "keymeta",
    "key",
    "wkey",
    "pool",
    "watchmeta",
    "watchs",
];

/// A key that is its name alone, or begins with it.
pub fn named(name: &str) -> Vec<u8> {
    let mut key = Vec::new();
    key.put_var_bytes(name.as_bytes());
    key
}

fn with(name: &str, rest: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut key = named(name);
    rest(&mut key);
    key
}

/// A transaction.
pub fn tx(txid: &Txid) -> Vec<u8> {
    with(TX, |key| key.put(&txid.0))
}

/// All witnesses of a transaction.
pub fn wtx_variants(txid: &Txid) -> Vec<u8> {
    with(WTX_VARIANT, |key| key.put(&txid.0))
}

/// One witness of a transaction.
pub fn wtx_variant(txid: &Txid, wtxid: &primitives::Wtxid) -> Vec<u8> {
    with(WTX_VARIANT, |key| {
        key.put(&txid.0);
        key.put(&wtxid.0);
    })
}

/// A label, by address.
pub fn name(address: &str) -> Vec<u8> {
    with(NAME, |key| key.put_var_bytes(address.as_bytes()))
}

/// A purpose, by address.
pub fn purpose(address: &str) -> Vec<u8> {
    with(PURPOSE, |key| key.put_var_bytes(address.as_bytes()))
}

/// A named fact about an address.
pub fn dest_data(address: &str, fact: &str) -> Vec<u8> {
    with(DEST_DATA, |key| {
        key.put_var_bytes(address.as_bytes());
        key.put_var_bytes(fact.as_bytes());
    })
}

/// When an address was made.
pub fn created(address: &str) -> Vec<u8> {
    with(CREATED, |key| key.put_var_bytes(address.as_bytes()))
}

/// A frozen coin.
pub fn locked_utxo(outpoint: &OutPoint) -> Vec<u8> {
    with(LOCKED_UTXO, |key| outpoint.encode(key))
}

/// A master key, by number.
pub fn master_key(id: u32) -> Vec<u8> {
    with(MASTER_KEY, |key| key.put_u32(id))
}

/// Height and time of a block.
pub fn block_place(hash: &BlockHash) -> Vec<u8> {
    with(BLOCK_PLACE, |key| key.put(&hash.0))
}

/// A descriptor, by id.
pub fn descriptor(id: &[u8; 32]) -> Vec<u8> {
    with(DESCRIPTOR, |key| key.put(id))
}

/// The key that a descriptor's key expression derives from.
pub fn parent_cache(id: &[u8; 32], position: u32) -> Vec<u8> {
    with(DESCRIPTOR_CACHE, |key| {
        key.put(id);
        key.put_u32(position);
    })
}

/// The key that a descriptor's key expression gives at an index.
pub fn derived_cache(id: &[u8; 32], position: u32, index: u32) -> Vec<u8> {
    with(DESCRIPTOR_CACHE, |key| {
        key.put(id);
        key.put_u32(position);
        key.put_u32(index);
    })
}

/// The key behind the last hardened step of a descriptor's key expression.
pub fn last_hardened_cache(id: &[u8; 32], position: u32) -> Vec<u8> {
    with(DESCRIPTOR_LH_CACHE, |key| {
        key.put(id);
        key.put_u32(position);
    })
}

/// A descriptor's private key, by public key.
pub fn descriptor_key(id: &[u8; 32], public: &[u8]) -> Vec<u8> {
    with(DESCRIPTOR_KEY, |key| {
        key.put(id);
        key.put_var_bytes(public);
    })
}

/// A descriptor's encrypted private key, by public key.
pub fn descriptor_ckey(id: &[u8; 32], public: &[u8]) -> Vec<u8> {
    with(DESCRIPTOR_CKEY, |key| {
        key.put(id);
        key.put_var_bytes(public);
    })
}

/// The active descriptor of a kind.
pub fn active(kind: OutputType, internal: bool) -> Vec<u8> {
    let name = if internal {
        ACTIVE_INTERNAL
    } else {
        ACTIVE_EXTERNAL
    };
    with(name, |key| key.put_u8(output_type_number(kind)))
}

/// The number of a kind of address in files (Core's `OutputType`).
pub const fn output_type_number(kind: OutputType) -> u8 {
    match kind {
        OutputType::Legacy => 0,
        OutputType::P2shSegwit => 1,
        OutputType::Bech32 => 2,
        OutputType::Bech32m => 3,
    }
}

/// The kind of address with this number.
pub fn output_type_of(number: u8) -> Option<OutputType> {
    OutputType::ALL
        .into_iter()
        .find(|kind| output_type_number(*kind) == number)
}

/// Splits a key into its name and the rest; `None` where it does not begin with a name.
pub fn split(key: &[u8]) -> Option<(&str, &[u8])> {
    let mut reader = Reader::new(key);
    let name = reader.var_bytes().ok()?;
    Some((std::str::from_utf8(name).ok()?, reader.rest()))
}
