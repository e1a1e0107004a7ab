//! Small files that say what a directory is: marks, keys, cookies.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use chain::fuzzing::{check_manifest, read_key, read_snapshot_base};
use common::datadir::{Rebuild, check_block_files, check_foreign};
use libfuzzer_sys::Corpus;
use primitives::params::{ChainParams, Coin, Network};
use tempfile::TempDir;

/// Where inputs are written: in the memory of the machine where that is possible.
static DIR: LazyLock<TempDir> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let made = match memory.is_dir() {
        true => TempDir::new_in(memory),
        false => TempDir::new(),
    };
    let dir = made.expect("a temporary directory can be made");
    for folder in ["chainstate", "blocks", "snapshot", "table"] {
        std::fs::create_dir(dir.path().join(folder)).expect("a directory can be made");
    }
    dir
});

fn write(place: &str, bytes: &[u8]) -> PathBuf {
    let path = DIR.path().join(place);
    std::fs::write(&path, bytes).expect("the temporary directory can be written");
    path
}

/// One of the files, behind its number and the number of a coin.
pub(crate) fn small_file(data: &[u8]) -> Corpus {
    let Some((&[kind, coin], bytes)) = data.split_first_chunk() else {
        return Corpus::Reject;
    };
    let coin = Coin::ALL[usize::from(coin) % Coin::ALL.len()];
    let params = ChainParams::get(coin, Network::Regtest);
    match kind % 6 {
        0 => marker(bytes, params),
        1 => block_files(bytes, params),
        2 => key(bytes),
        3 => base(bytes),
        4 => manifest(bytes),
        _ => cookie(bytes),
    }
    Corpus::Keep
}

/// The mark of a store, which says for which chain it was made.
fn marker(bytes: &[u8], params: &ChainParams) {
    write("chainstate/bitq-store", bytes);
    let allowed = check_foreign(DIR.path(), params, Rebuild::default());
    let names = |name: &str| {
        bytes
            .windows(name.len())
            .any(|window| window == name.as_bytes())
    };
    match &allowed {
        Ok(()) => assert!(
            names(&params.genesis.hash.to_string()),
            "a mark of another chain"
        ),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let rebuild = Rebuild {
        coins: true,
        index: false,
    };
    let otherwise = check_foreign(DIR.path(), params, rebuild);
    assert!(
        otherwise.is_ok() || allowed.is_err(),
        "what is made anew is refused for more"
    );
}

/// The start of the first block file, and the key of all: eight bytes of the input.
fn block_files(bytes: &[u8], params: &ChainParams) {
    let Some((key, block)) = bytes.split_first_chunk::<8>() else {
        return;
    };
    write("blocks/xor.dat", key);
    write("blocks/blk00000.dat", block);
    let blocks = DIR.path().join("blocks");
    match check_block_files(DIR.path(), &blocks, params, Rebuild::default()) {
        Ok(()) => {
            let plain = block
                .iter()
                .zip(key.iter().cycle())
                .map(|(byte, key)| byte ^ key);
            let zeros = block.iter().all(|byte| *byte == 0);
            assert!(
                zeros || plain.take(4).eq(params.magic),
                "a block of another chain"
            );
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn key(bytes: &[u8]) {
    write("blocks/xor.dat", bytes);
    match read_key(&DIR.path().join("blocks")) {
        Ok(key) => assert_eq!(key, bytes),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Which block a snapshot's coins stand at.
fn base(bytes: &[u8]) {
    write("snapshot/base_blockhash", bytes);
    let base = read_snapshot_base(&DIR.path().join("snapshot"));
    assert_eq!(base.map(|hash| hash.0.to_vec()).as_deref(), bytes.get(..32));
}

/// The file that names a table's manifest, and behind it the manifest.
fn manifest(bytes: &[u8]) {
    let (current, manifest) = bytes.split_at(bytes.len().min(25));
    write("table/current", current);
    write("table/v3", manifest);
    if let Err(error) = check_manifest(&DIR.path().join("table")) {
        assert!(!error.to_string().is_empty());
    }
}

fn cookie(bytes: &[u8]) {
    let path = write("cookie", bytes);
    match (rpc::auth::read_cookie(&path), std::str::from_utf8(bytes)) {
        (Ok(cookie), Ok(text)) => assert!(text.starts_with(&cookie) && !cookie.contains('\n')),
        (read, text) => assert!(read.is_err() && text.is_err()),
    }
}

/// One file of each kind as the programs write it.
pub(crate) fn small_file_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, coin) in (0u8..).zip(Coin::ALL) {
        let params = ChainParams::get(coin, Network::Regtest);
        let mark = format!(
            "bitq store\nformat=1\nchain={} {}\ngenesis={}\nkind=chainstate\nstate=ready\nversion=0.1.0\n",
            params.coin, params.network, params.genesis.hash
        );
        seeds.push([&[0, number][..], mark.as_bytes()].concat());
        let size = u32::try_from(params.genesis.block.len()).unwrap_or_default();
        let record = [&params.magic[..], &size.to_le_bytes(), params.genesis.block].concat();
        seeds.push([&[1, number][..], &[0; 8], &record].concat());
        let keyed = record.iter().zip([1, 2, 3, 4, 5, 6, 7, 8].iter().cycle());
        let keyed: Vec<u8> = keyed.map(|(byte, key)| byte ^ key).collect();
        seeds.push([&[1, number][..], &[1, 2, 3, 4, 5, 6, 7, 8], &keyed].concat());
    }
    seeds.push(vec![2, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    seeds.push([&[3, 0][..], &[8; 32]].concat());
    let body = b"a manifest";
    let sum = xxhash_rust::xxh3::xxh3_128(body).to_le_bytes();
    seeds.push([&[4, 0][..], &3u64.to_le_bytes(), &sum, &[0], body].concat());
    seeds.push([&[5, 0][..], b"__cookie__:0123456789abcdef\n"].concat());
    seeds
}
