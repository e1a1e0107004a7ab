//! Block files that another program or another chain wrote: they must not be taken for free space.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use primitives::ChainParams;

use super::DataDirError;
use super::foreign::{BLOCK_INDEX, MARKER, Rebuild, check_database};

/// The key that obfuscates all block files of a directory.
const KEY_FILE: &str = "xor.dat";
/// Bytes of magic, length and header at the start of a record.
const RECORD_START: usize = 4 + 4 + HEADER;
/// Bytes of a block's header.
const HEADER: usize = 80;
/// Bytes read at once while a file is searched for anything but zeros.
const PIECE: usize = 1 << 16;

/// Refuses a directory of block files that were written by another program or for another chain, and those that the
/// index of `network_dir` cannot know. Writes nothing.
///
/// # Errors
/// [`DataDirError::ForeignBlocks`], [`DataDirError::ForeignProgram`], [`DataDirError::OtherChain`], or
/// [`DataDirError::Access`] if it cannot be told.
pub fn check_block_files(
    network_dir: &Path,
    blocks_dir: &Path,
    params: &ChainParams,
    rebuild: Rebuild,
) -> Result<(), DataDirError> {
    let own_place = blocks_dir == network_dir.join("blocks");
    if !own_place {
        check_database(&blocks_dir.join("index"), params, rebuild.index)?;
    }
    if own_place && network_dir.join(BLOCK_INDEX).join(MARKER).exists() {
        // The index knows what lies there, damaged or not.
        return Ok(());
    }
    let foreign = |path: &Path, why| DataDirError::ForeignBlocks {
        path: path.to_owned(),
        why,
        chain: format!("{} ({})", params.coin, params.network),
    };
    let files = block_files(blocks_dir)?;
    let Some((first, _)) = files.split_first() else {
        return Ok(());
    };
    if first.file_name() != Some(OsStr::new("blk00000.dat")) {
        return Err(foreign(first, "is not the first block file"));
    }
    let key = read_key(blocks_dir)?;
    for (number, path) in files.iter().enumerate() {
        let access = |source| DataDirError::Access {
            path: path.clone(),
            source,
        };
        let mut file = File::open(path).map_err(access)?;
        let mut start = Vec::with_capacity(RECORD_START);
        let limit = RECORD_START as u64;
        (&mut file)
            .take(limit)
            .read_to_end(&mut start)
            .map_err(access)?;
        // What is reserved for blocks and never written holds zeros, without a key.
        if start.iter().all(|byte| *byte == 0) && is_zero(&mut file).map_err(access)? {
            continue;
        }
        let bytes = start.iter_mut().zip(key.iter().cycle());
        bytes.for_each(|(byte, key)| *byte ^= key);
        if start.get(..4) != Some(&params.magic[..]) {
            return Err(foreign(path, "does not start with a block"));
        }
        let header = start.last_chunk::<HEADER>();
        let is_genesis = header
            .is_some_and(|header| params.hashes.header(header) == params.genesis.hash)
            && start.len() == RECORD_START;
        if number == 0 && !is_genesis {
            return Err(foreign(path, "does not start with the first block"));
        }
    }
    Ok(())
}

/// The block files of a directory in order.
fn block_files(dir: &Path) -> Result<Vec<PathBuf>, DataDirError> {
    let access = |source| DataDirError::Access {
        path: dir.to_owned(),
        source,
    };
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(access(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let name = entry.map_err(access)?.file_name();
        let text = name.to_string_lossy();
        let number = text
            .strip_prefix("blk")
            .and_then(|rest| rest.strip_suffix(".dat"));
        if number.is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit())) {
            files.push(dir.join(name));
        }
    }
    files.sort();
    Ok(files)
}

fn read_key(dir: &Path) -> Result<[u8; 8], DataDirError> {
    let path = dir.join(KEY_FILE);
    match fs::read(&path) {
        // A key of another length is refused when the files are opened.
        Ok(bytes) => Ok(bytes.try_into().unwrap_or_default()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok([0; 8]),
        Err(source) => Err(DataDirError::Access { path, source }),
    }
}

fn is_zero(file: &mut File) -> io::Result<bool> {
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(true),
            read if piece[..read].iter().any(|byte| *byte != 0) => return Ok(false),
            _ => {}
        }
    }
}
