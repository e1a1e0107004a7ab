//! Operations on files fail: the error names the file and a way out, and nothing is lost once the
//! disk is well again.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "common/chain.rs"]
mod common;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use chain::{ChainConfig, FileAction, FileFault, Submission, SubmitError};
use common::world::World;
use common::{Net, TestChain, files_below};

/// What systems call a full disk.
const ENOSPC: i32 = 28;
/// What they call a disk that fails.
const EIO: i32 = 5;
/// What they call a file of somebody else.
const EACCES: i32 = 13;

static WORLD: LazyLock<World> = LazyLock::new(|| World::new(Net::Regtest.params()));

fn small(config: &mut ChainConfig) {
    // Coins are written often, and in many parts; block files are left after a few blocks.
    config.cache_bytes = 1 << 20;
    config.batch_bytes = 8_000;
    config.script_threads = 1;
    config.fast_prune = true;
    config.use_xor = false;
}

/// Makes the so-many-th operation of a kind fail, on paths below the directory that begin so.
#[derive(Clone, Copy, Debug)]
struct Plan {
    action: FileAction,
    path: &'static str,
    count: u32,
    fault: FileFault,
}

/// Sends all blocks, and takes a branch away and back; gives what the chain ended with.
fn use_all(chain: TestChain) -> Result<(), String> {
    let work = || {
        chain.handle.import(Vec::new()).wait()?;
        for (block, count) in WORLD.blocks.iter().zip(1..) {
            let call = chain
                .handle
                .submit_block(Arc::clone(block), Submission::LOCAL);
            match call.wait() {
                Err(SubmitError::Chain(error)) => return Err(error),
                result => assert!(result.is_ok(), "{result:?}"),
            }
            if count % 50 == 0 {
                chain.handle.flush().wait()?;
            }
        }
        Ok(())
    };
    let worked = work();
    match chain.try_stop() {
        Ok(()) => worked.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Starts on a disk that is well, and finds everything in order.
fn check_sound(dir: &Path, what: &str) {
    let chain = TestChain::open(Net::Regtest, dir, small);
    chain.import();
    let tip = chain.reader.tip().hash;
    assert_eq!(chain.muhash(), WORLD.hashes[&tip], "{what}");
    use_all(chain).unwrap();
    // With memory to compare all blocks with the coins.
    let chain = TestChain::open(Net::Regtest, dir, |_| ());
    assert_eq!(chain.reader.tip().hash, WORLD.best(), "{what}");
    assert_eq!(chain.muhash(), WORLD.hashes[&WORLD.best()], "{what}");
    assert!(chain.handle.verify_chain(4, 0).wait().unwrap(), "{what}");
    chain.stop();
}

fn check(plan: Plan, advice: &str) {
    let what = format!("{plan:?}");
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_owned();
    let seen = AtomicU32::new(0);
    let faults = move |action, path: &Path| {
        let name = path.strip_prefix(&root).unwrap().to_str()?;
        let hit = action == plan.action && name.starts_with(plan.path);
        (hit && seen.fetch_add(1, Ordering::Relaxed) + 1 == plan.count).then_some(plan.fault)
    };
    let opened = TestChain::try_open(Net::Regtest, dir.path(), |config| {
        small(config);
        config.faults = Some(Arc::new(faults));
    });
    let text = match opened {
        Ok(chain) => use_all(chain).expect_err(&what),
        Err(error) => {
            let full = plan.fault == FileFault::Error(ENOSPC);
            assert!(!(full && error.can_rebuild()), "no rebuild makes room");
            error.to_string()
        }
    };
    let path = dir.path().join(plan.path);
    assert!(text.contains(path.to_str().unwrap()), "{what}: {text}");
    assert!(text.contains(advice), "{what}: {text}");
    check_sound(dir.path(), &what);
}

#[test]
fn a_write_that_fails_is_named_and_costs_nothing() {
    let full = "Make room on the disk";
    let failing = "Check the disk";
    for (path, count) in [
        ("blocks/blk00000.dat", 1),
        ("blocks/blk", 20),
        ("blocks/rev", 30),
    ] {
        for (fault, advice) in [
            (FileFault::Error(ENOSPC), full),
            (FileFault::Short(3, ENOSPC), full),
            (FileFault::Short(100, ENOSPC), full),
            (FileFault::Error(EIO), failing),
        ] {
            let action = FileAction::Write;
            check(
                Plan {
                    action,
                    path,
                    count,
                    fault,
                },
                advice,
            );
        }
    }
    for (action, path, count, code, advice) in [
        (FileAction::Extend, "blocks/blk00001.dat", 1, ENOSPC, full),
        (FileAction::Extend, "blocks/rev00000.dat", 1, ENOSPC, full),
        (FileAction::Sync, "blocks/blk", 2, EIO, failing),
        (FileAction::Sync, "blocks/rev", 1, EIO, failing),
        (
            FileAction::Open,
            "blocks/blk00001.dat",
            1,
            EACCES,
            "Check who owns",
        ),
        (FileAction::Read, "blocks/blk", 1, EIO, failing),
        (FileAction::Read, "blocks/rev", 5, EIO, failing),
    ] {
        let fault = FileFault::Error(code);
        check(
            Plan {
                action,
                path,
                count,
                fault,
            },
            advice,
        );
    }
}

#[test]
fn a_store_that_takes_nothing_is_named_and_costs_nothing() {
    for (path, count) in [
        ("blocks/index", 1),
        ("blocks/index", 2),
        ("chainstate", 1),
        ("chainstate", 2),
        ("chainstate", 5),
    ] {
        let action = FileAction::Write;
        for (code, advice) in [(ENOSPC, "Make room on the disk"), (EIO, "Check the disk")] {
            let fault = FileFault::Error(code);
            check(
                Plan {
                    action,
                    path,
                    count,
                    fault,
                },
                advice,
            );
        }
    }
}

/// The end of the last record of a file without a key.
fn end_of_records(bytes: &[u8]) -> usize {
    let magic = Net::Regtest.params().magic;
    let mut end = 0;
    while bytes[end..].starts_with(&magic) {
        let size: [u8; 4] = bytes[end + 4..end + 8].try_into().unwrap();
        end += 8 + u32::from_le_bytes(size) as usize;
    }
    end
}

#[test]
fn a_torn_last_record_costs_nothing() {
    let clean = tempfile::tempdir().unwrap();
    let chain = TestChain::open(Net::Regtest, clean.path(), small);
    for block in &WORLD.blocks[..60] {
        let call = chain
            .handle
            .submit_block(Arc::clone(block), Submission::LOCAL);
        call.wait().unwrap();
    }
    chain.stop();
    let next = WORLD.blocks[60].to_bytes();
    let mut record = Net::Regtest.params().magic.to_vec();
    record.extend(u32::try_from(next.len()).unwrap().to_le_bytes());
    record.extend(&next);
    let mut other = record.clone();
    let last = other.len() - 1;
    other[last] ^= 1;
    for (kind, torn) in [
        ("blk", &record[..5]),
        ("blk", &record[..record.len() / 2]),
        ("blk", &record[..last]),
        ("blk", &other),
        ("blk", &record),
        ("rev", &record[..record.len() / 2]),
        ("rev", &[0xff; 60]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        common::copy_dir(clean.path(), dir.path());
        let mut files = files_below(&dir.path().join("blocks"));
        files.retain(|file| {
            file.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with(kind)
        });
        files.sort();
        let mut bytes = fs::read(files.last().unwrap()).unwrap();
        let end = match kind {
            "blk" => end_of_records(&bytes),
            // Behind the last checksum.
            _ => bytes
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |last| last + 40),
        };
        bytes.resize(bytes.len().max(end + torn.len()), 0);
        bytes[end..end + torn.len()].copy_from_slice(torn);
        fs::write(files.last().unwrap(), bytes).unwrap();
        check_sound(dir.path(), &format!("{kind}, {} bytes", torn.len()));
    }
}
