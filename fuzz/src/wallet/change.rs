//! Changes to records that keep them a wallet's: what names something else follows it.

use keys::Descriptor;
use keys::descriptor::checksum;
use primitives::Tx;
use primitives::encode::{Reader, Sink as _};
use primitives::hash_scheme::sha256d;
use wallet::db::key;
use wallet::db::record::{self, DescriptorRecord};

use super::{Input, seeds};
use crate::mutate::Random;
use crate::settings::blind;

/// Names of all records that are read.
const NAMES: [&str; 23] = [
    key::ACTIVE_EXTERNAL,
    key::ACTIVE_INTERNAL,
    key::BEST_BLOCK,
    key::BEST_BLOCK_NOMERKLE,
    key::DEST_DATA,
    key::FLAGS,
    key::LOCKED_UTXO,
    key::MASTER_KEY,
    key::NAME,
    key::ORDER_POS_NEXT,
    key::PURPOSE,
    key::TX,
    key::WTX_VARIANT,
    key::VERSION,
    key::DESCRIPTOR,
    key::DESCRIPTOR_CACHE,
    key::DESCRIPTOR_LH_CACHE,
    key::DESCRIPTOR_CKEY,
    key::DESCRIPTOR_KEY,
    key::BLOCK_PLACE,
    key::BEST_PLACE,
    key::BACKUP,
    key::CREATED,
];
/// Numbers at a border of some rule.
const NUMBERS: [i64; 14] = [
    0,
    1,
    2,
    -1,
    0x7f,
    0xff,
    0x100,
    0x7fff_ffff,
    -0x8000_0000,
    0xffff_ffff,
    1 << 34,
    i64::MAX,
    i64::MIN,
    2_100_000_000_000_000,
];

/// Makes one change.
pub(super) fn change(input: &mut Input, random: &mut Random) {
    if input.records.is_empty() {
        input.records = some_seed(random);
        return;
    }
    let place = random.below(input.records.len());
    match random.below(16) {
        0 => drop(input.records.remove(place)),
        1 => {
            let copy = input.records[place].clone();
            input.records.push(copy);
        }
        2 => input.coin = random.byte(),
        3 | 4 => {
            let other = some_seed(random);
            let taken = random.below(other.len());
            input
                .records
                .extend(other.into_iter().skip(taken).take(1 + random.below(3)));
        }
        5 => {
            let other = random.below(input.records.len());
            let value = input.records[other].1.clone();
            input.records[place].1 = value;
        }
        6 => {
            let rest = key::split(&input.records[place].0).map(|(_, rest)| rest.to_vec());
            let named = key::named(random.pick(&NAMES));
            input.records[place].0 = [named, rest.unwrap_or_default()].concat();
        }
        7 | 8 => blind(&mut input.records[place].0),
        9..13 => set_number(&mut input.records[place].1, random),
        13 => set_number(&mut input.records[place].0, random),
        _ => blind(&mut input.records[place].1),
    }
}

fn some_seed(random: &mut Random) -> super::Records {
    let all = seeds::kept();
    all.get(random.below(all.len()))
        .map(|input| input.records.clone())
        .unwrap_or_default()
}

/// Writes a number over some bytes.
fn set_number(bytes: &mut [u8], random: &mut Random) {
    let width = random.pick(&[1, 4, 8]);
    let number = random.pick(&NUMBERS).to_le_bytes();
    let places = (bytes.len() + 1).saturating_sub(width);
    // Numbers stand at the ends of records, behind what is long.
    let place = match random.below(3) {
        0 => random.below(places),
        1 => places.saturating_sub(1 + 4 * random.below(4)),
        _ => places.saturating_sub(1),
    };
    if let Some(bytes) = bytes.get_mut(place..place + width) {
        bytes.copy_from_slice(&number[..width]);
    }
}

/// Mends the names of descriptors and transactions, and the sums over descriptors and keys.
pub(super) fn repair(input: &mut Input) {
    let params = input.params();
    let mut renamed = Vec::new();
    for (key, value) in &mut input.records {
        let Some((name, rest)) = key::split(key) else {
            continue;
        };
        match name {
            key::DESCRIPTOR => {
                let Ok(mut record) = DescriptorRecord::decode(value) else {
                    continue;
                };
                let text = record.text.split('#').next().unwrap_or_default().to_owned();
                let Some(sum) = checksum(&text) else { continue };
                record.text = format!("{text}#{sum}");
                *value = record.encode();
                let id: Option<[u8; 32]> = rest.try_into().ok();
                let parsed = Descriptor::parse(&record.text, params, true);
                if let (Some(id), Ok([descriptor])) = (id, parsed.as_deref()) {
                    renamed.push((id, descriptor.id(params)));
                }
            }
            key::TX => {
                let read = Tx::decode(&mut Reader::new(value), params.hashes);
                if let Ok(tx) = read {
                    *key = key::tx(&tx.txid());
                }
            }
            key::WTX_VARIANT => {
                if let Ok(tx) = Tx::from_bytes(value, params.hashes) {
                    *key = key::wtx_variant(&tx.txid(), &tx.wtxid());
                }
            }
            key::DESCRIPTOR_KEY => {
                if let Some(mended) = mended_key(rest, value) {
                    *value = mended;
                }
            }
            _ => {}
        }
    }
    for (old, new) in renamed {
        if old != new {
            input
                .records
                .iter_mut()
                .for_each(|record| rename(record, old, new));
        }
    }
}

/// The record of a private key with a right sum.
fn mended_key(rest: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(rest);
    reader.take(32).ok()?;
    let (public, _) = record::read_public_key(&mut reader).ok()?;
    let der = Reader::new(value).var_bytes().ok()?;
    let mut mended = Vec::new();
    mended.put_var_bytes(der);
    mended.put(&sha256d(&[&public, der].concat()));
    Some(mended)
}

/// Puts the new name of a descriptor where the old one stands.
fn rename((key, value): &mut (Vec<u8>, Vec<u8>), old: [u8; 32], new: [u8; 32]) {
    for bytes in [key, value] {
        let place = bytes.windows(32).position(|window| window == old);
        if let Some(place) = place {
            bytes[place..place + 32].copy_from_slice(&new);
        }
    }
}
