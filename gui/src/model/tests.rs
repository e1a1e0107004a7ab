//! Files of the window that are changed at random: what they hold is read or refused, and what was read comes back.

use primitives::{ChainParams, Coin, Network};
use serde_json::json;

use super::clock::Zone;
use super::export::read_labels;
use super::first_run::Progress;
use super::prefs::{Prefs, SCALE, Shared, Store, WIDTHS};

/// How often each text is changed.
const ROUNDS: u32 = 3000;
/// How often each file of the window is, which is written for it.
const FILE_ROUNDS: u32 = 400;
/// Pieces at a border of some rule.
const PIECES: [&[u8]; 12] = [
    b"0",
    b"-1",
    b"65535",
    b"1e400",
    b"18446744073709551616",
    b"null",
    b"{}",
    b"[]",
    b"\"\"",
    b"\xff",
    b",",
    b"\\ud800",
];

/// Numbers that look random and are the same at each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let limit = u64::try_from(limit.max(1)).expect("small");
        usize::try_from(self.0 % limit).expect("below a small number")
    }

    /// The bytes with a few changes.
    fn change(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(3) {
            let place = self.below(bytes.len());
            let end = (place + self.below(24)).min(bytes.len());
            match self.below(6) {
                0 if place < bytes.len() => bytes[place] ^= 1 << self.below(8),
                1 => bytes.truncate(place),
                2 => drop(bytes.drain(place..end)),
                3 => {
                    let copy = bytes[place..end].to_vec();
                    bytes.splice(place..place, copy);
                }
                4 => {
                    // A whole value of JSON, which lies between a colon and a comma.
                    let colon = bytes.iter().skip(place).position(|byte| *byte == b':');
                    let start = colon.map_or(place, |colon| place + colon + 1);
                    let comma = bytes.iter().skip(start).position(|byte| *byte == b',');
                    let end = comma.map_or(bytes.len(), |comma| start + comma);
                    let piece = PIECES[self.below(PIECES.len())].to_vec();
                    bytes.splice(start..end, piece);
                }
                _ => {
                    let piece = PIECES[self.below(PIECES.len())].to_vec();
                    bytes.splice(place..end, piece);
                }
            }
        }
        bytes
    }
}

fn params() -> &'static ChainParams {
    ChainParams::get(Coin::Bitcoin, Network::Regtest)
}

/// A folder with both files, and the names of those.
fn written() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::new(folder.path().to_owned());
    let shared = Shared {
        chain: Some((Coin::Bitcoin, Network::Regtest)),
        first_run: Some(Progress {
            wallet: Some("savings".to_owned()),
            datadir: Some("/mnt/disk".into()),
            ..Progress::default()
        }),
        set_up: true,
        sandbox: Some(Coin::Groestlcoin),
    };
    let prefs = Prefs {
        datadir: Some("/mnt/disk".into()),
        wallet: "savings".to_owned(),
        drafts: [("savings".to_owned(), json!({"payees": [{"amount": "1"}]}))]
            .into_iter()
            .collect(),
        leave_node_running: Some(false),
        console_history: vec!["getblockcount".to_owned(), "help".to_owned()],
        widths: [("activity.date".to_owned(), 90)].into(),
        ..Prefs::default()
    };
    store.write_shared(&shared).expect("writable");
    store.write_prefs(params(), &prefs).expect("writable");
    (folder, store)
}

#[test]
fn what_the_window_remembers() {
    let (folder, store) = written();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut refused = 0;
    for name in ["window.json", "window-bitcoin-regtest.json"] {
        let path = folder.path().join(name);
        let sound = std::fs::read(&path).expect("written just now");
        for _ in 0..FILE_ROUNDS {
            let damaged = chance.change(&sound);
            std::fs::write(&path, &damaged).expect("writable");
            let (shared, broken_shared) = store.read_shared();
            let (prefs, broken_prefs) = store.read_prefs(params());
            let broken = broken_shared.or(broken_prefs);
            if let Some(broken) = &broken {
                refused += 1;
                let kept = std::fs::read(&broken.kept).expect("kept aside");
                assert_eq!(kept, damaged);
                assert!(!broken.reason.is_empty());
                // What is written next must not go over it.
                assert_ne!(broken.kept, path);
            }
            assert!(
                (SCALE.0..=SCALE.1).contains(&prefs.scale),
                "{}",
                prefs.scale
            );
            assert!(
                prefs
                    .widths
                    .values()
                    .all(|width| (WIDTHS.0..=WIDTHS.1).contains(width))
            );
            store.write_shared(&shared).expect("writable");
            store.write_prefs(params(), &prefs).expect("writable");
            assert_eq!(store.read_shared(), (shared, None));
            assert_eq!(store.read_prefs(params()), (prefs, None));
        }
    }
    // Both ways out were taken.
    let few = FILE_ROUNDS / 10;
    assert!((few..FILE_ROUNDS * 2 - few).contains(&refused), "{refused}");
}

#[test]
fn zones_of_the_system() {
    // One change in either block, and two kinds of time.
    let block = |wide: bool| {
        let mut bytes = b"TZif2".to_vec();
        bytes.resize(20, 0);
        for count in [0u32, 0, 0, 1, 2, 8] {
            bytes.extend(count.to_be_bytes());
        }
        match wide {
            true => bytes.extend(1_700_000_000_i64.to_be_bytes()),
            false => bytes.extend(1_700_000_000_i32.to_be_bytes()),
        }
        bytes.push(1);
        for offset in [0_i32, 7200] {
            bytes.extend(offset.to_be_bytes());
            bytes.extend([0, 0]);
        }
        bytes.extend(b"UTC\0EET\0");
        bytes
    };
    let sound = [block(false), block(true)].concat();
    let zone = Zone::parse(&sound).expect("a zone");
    assert_eq!(zone.iso(1_700_000_000), "2023-11-15T00:13:20");
    let mut chance = Chance(7);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..ROUNDS * 10 {
        match Zone::parse(&chance.change(&sound)) {
            Some(zone) => {
                read += 1;
                for time in [i64::MIN, -1, 0, 1_700_000_000, 4_102_444_800, i64::MAX] {
                    let _shown = (zone.full(time), zone.iso(time), zone.short(time, 0));
                }
                let _first = zone.midnight(2026, 8, 30);
            }
            None => refused += 1,
        }
    }
    assert!(read > ROUNDS && refused > ROUNDS, "{read} {refused}");
}

#[test]
fn labels_from_a_file() {
    let sound = "{\"type\":\"addr\",\"ref\":\"bcrt1q\",\"label\":\"rent\"}\n\
                 {\"type\":\"tx\",\"ref\":\"00\",\"label\":\"x\"}\n";
    let mut chance = Chance(11);
    let mut found = 0;
    for _ in 0..ROUNDS {
        let damaged = chance.change(sound.as_bytes());
        let text = String::from_utf8_lossy(&damaged);
        let read = read_labels(&text);
        found += read.labels.len();
        assert!(read.labels.len() + read.skipped.len() <= text.lines().count());
    }
    assert!(found > 500, "{found}");
}
