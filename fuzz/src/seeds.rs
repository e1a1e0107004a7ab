//! The inputs that fuzzing starts from, made of the stored vectors.

use std::path::Path;

use primitives::encode::Sink;
use testkit::{core_vectors, from_hex, vectors_dir};

use crate::case::{Case, FLAG_SETS};
use crate::cases::{script_cases, tx_cases};
use crate::chains::{records, single_blocks, stored};
use crate::targets::Target;

/// Inputs longer than this are no seeds: mutating them finds little.
const LONGEST: usize = 8 << 10;

/// No input is longer, whatever it is.
const LONGEST_FILE: usize = 16 << 10;

/// Writes the seeds of a target into a folder, one a file.
///
/// # Errors
/// What keeps a file from being written.
pub(crate) fn write(target: &Target, folder: &str) -> Result<(), String> {
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut written = 0;
    for (number, seed) in (target.seeds)().into_iter().enumerate() {
        if seed.len() <= LONGEST_FILE {
            let path = folder.join(format!("seed-{number:05}"));
            std::fs::write(&path, seed).map_err(|error| format!("{}: {error}", path.display()))?;
            written += 1;
        }
    }
    println!("{}: {written} seeds", target.name);
    Ok(())
}

/// Spends of every kind: those of the vectors, and some of each stored chain.
pub(crate) fn spends() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for case in script_cases() {
        seeds.push(Case::new(case.spend, vec![case.spent], 0).encode());
    }
    for case in [tx_cases("tx_valid.json"), tx_cases("tx_invalid.json")]
        .into_iter()
        .flatten()
    {
        let find = |input: &primitives::TxIn| case.prevouts.get(&input.prevout).cloned();
        let spent: Option<Vec<_>> = case.tx.inputs.iter().map(find).collect();
        if let Some(spent) = spent {
            seeds.push(Case::new(case.tx.into_data(), spent, 0).encode());
        }
    }
    let chains = vectors_dir()
        .and_then(|dir| stored(&dir).ok())
        .unwrap_or_default();
    for chain in chains {
        let mut count = 0;
        let taken = chain.spends(|tx, spent, _| {
            count += 1;
            if count % 211 == 7 {
                let input = count % tx.inputs.len();
                let mut case = Case::new(tx.data().clone(), spent, input);
                case.flags = u8::try_from(count % usize::from(FLAG_SETS)).unwrap_or(0) | 0x61;
                seeds.push(case.encode());
            }
            Ok(())
        });
        if let Err(error) = taken {
            eprintln!("{}: {error}", chain.file);
        }
    }
    seeds
}

/// Small blocks, among them ones with witnesses and commitments, each after the number of a chain.
pub(crate) fn blocks() -> Vec<Vec<u8>> {
    let Some(dir) = vectors_dir() else {
        return Vec::new();
    };
    let mut seeds = Vec::new();
    for (chain, file) in [(9, "regtest/chain.dat"), (5, "blocks/mainnet-0-to-438.dat")] {
        let bytes = crate::chains::read(&dir.join(file)).unwrap_or_default();
        let small = records(&bytes)
            .filter(|block| block.len() < LONGEST)
            .step_by(13);
        seeds.extend(small.map(|block| [&[chain][..], block].concat()));
    }
    for name in single_blocks(&dir).unwrap_or_default() {
        let bytes = crate::chains::read(&dir.join("blocks").join(name)).unwrap_or_default();
        // A block of the first transactions, whose root is wrong.
        let mut cut = vec![5];
        cut.extend(bytes.get(..2000).unwrap_or_default());
        seeds.push(cut);
    }
    for case in core_vectors("blockfilters.json")
        .iter()
        .flat_map(|file| file.as_array())
        .flatten()
    {
        if case[2].is_string() {
            seeds.push([&[6][..], &from_hex(&case[2])].concat());
        }
    }
    seeds
}

/// Runs of headers, each after the number of a chain and a choice of what lies below.
pub(crate) fn headers() -> Vec<Vec<u8>> {
    let chains = vectors_dir()
        .and_then(|dir| stored(&dir).ok())
        .unwrap_or_default();
    let mut seeds = Vec::new();
    for chain in &chains {
        for (number, run) in chain.blocks().chunks(40).enumerate() {
            let below = u8::try_from(number % 64).unwrap_or(0);
            for nonce in 0..4 {
                let mut seed = vec![u8::try_from(number % 20).unwrap_or(0), below];
                for block in run {
                    let mut header = block.header;
                    header.nonce = header.nonce & !3 | nonce;
                    seed.put(&header.to_bytes());
                }
                seeds.push(seed);
            }
        }
    }
    seeds
}

/// Encoded block filters.
pub(crate) fn filters() -> Vec<Vec<u8>> {
    let file = core_vectors("blockfilters.json");
    let cases = file.iter().flat_map(|file| file.as_array()).flatten();
    cases
        .filter(|case| case[5].is_string())
        .map(|case| from_hex(&case[5]))
        .collect()
}

/// Addresses, keys and descriptors.
pub(crate) fn texts() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = [
        "pkh(02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5)",
        "wsh(sortedmulti(1,xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8/<0;1>/*))",
        "tr(a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd,{pk(a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd),pk(a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)})",
        "m/84h/0'/2147483647/*",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    for name in [
        "key_io_valid.json",
        "key_io_invalid.json",
        "base58_encode_decode.json",
    ] {
        for case in core_vectors(name)
            .iter()
            .flat_map(|file| file.as_array())
            .flatten()
        {
            let texts = case.as_array().into_iter().flatten();
            seeds.extend(texts.filter_map(|text| Some(text.as_str()?.as_bytes().to_vec())));
        }
    }
    seeds
}
