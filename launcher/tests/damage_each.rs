//! Damage to each kind of file that a node leaves behind, one file after another: either the node says which one it
//! is and what to do, and that helps, or it runs with the right coins and indexes. Never does it panic or hang.
//!
//! `BITQ_DAMAGES` sets how often each kind is damaged in each way; the usual run damages each kind once.

#![allow(clippy::print_stdout, reason = "a test tells its story in one piece")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

#[path = "common/answers.rs"]
mod answers;
#[path = "common/dice.rs"]
mod dice;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testkit::process::{Ended, Node, PATIENCE, RpcFailure, Setup, wait_for, wait_until};
use testkit::vectors_dir;

use answers::{INDEXES, Question, settle, tip};
use dice::Dice;

/// Height of the stored chain.
const TIP: u64 = 467;
/// Blocks that are taken back and given again, with their coins and undo data.
const DEPTH: u64 = 120;
/// Height of a snapshot's block, and of the tip above it.
const SNAPSHOT: (u64, u64) = (110, 130);
/// Files that tell nothing to the next start.
const UNREAD: [&str; 4] = ["debug.log", ".lock", ".cookie", "bitq-node.pid"];

/// What is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    Bit,
    Cut,
    Empty,
    Gone,
}

const WAYS: [Damage; 4] = [Damage::Bit, Damage::Cut, Damage::Empty, Damage::Gone];

impl Damage {
    /// Damages a file; says where.
    fn apply(self, path: &Path, dice: &mut Dice) -> usize {
        let mut bytes = fs::read(path).unwrap();
        // Space that is only reserved is of little interest.
        let used = bytes.iter().rposition(|byte| *byte != 0);
        let used = used.map_or(0, |last| last + 1);
        let at = usize::try_from(dice.below(used.max(1) as u64)).unwrap();
        match self {
            Self::Bit if used > 0 => bytes[at] ^= 1 << dice.below(8),
            Self::Cut => bytes.truncate(at),
            Self::Bit | Self::Empty => bytes.clear(),
            Self::Gone => {
                fs::remove_file(path).unwrap();
                return at;
            }
        }
        fs::write(path, bytes).unwrap();
        at
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// All files below a folder, by kind: names of one kind differ by numbers.
fn kinds(root: &Path, dir: &Path, found: &mut BTreeMap<String, Vec<PathBuf>>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            kinds(root, &path, found);
            continue;
        }
        let place = path.strip_prefix(root).unwrap().to_owned();
        let name = place.file_name().unwrap().to_str().unwrap();
        let kind: String = name.split(|c: char| c.is_ascii_digit()).collect();
        let folder = place.parent().unwrap().display();
        if !UNREAD.contains(&name) {
            let kind = format!("{folder}/{kind}");
            found.entry(kind).or_default().push(place);
        }
    }
    found.values_mut().for_each(|places| places.sort());
}

/// Questions about a whole directory, and what it answers.
type Answered = Vec<(Question, [Value; 4])>;

/// A directory with a chain, all indexes and a mempool, and what is true of it.
struct Scene {
    node: Node,
    args: Vec<&'static str>,
    /// Blocks that are taken back and given again.
    depth: u64,
    clean: PathBuf,
    coins: BTreeMap<u64, Value>,
    questions: Vec<(Question, [Value; 4])>,
    kinds: BTreeMap<String, Vec<PathBuf>>,
}

impl Scene {
    fn new(dice: &mut Dice) -> Option<Self> {
        let chain = vectors_dir()?.join("regtest/chain.dat");
        let load = format!("-loadblock={}", chain.display());
        let mut setup = Setup::new("bitcoin").arg("-dbcache=4").arg(load);
        setup = INDEXES.iter().fold(setup, Setup::arg);
        let mut node = setup.start();
        node.stop();
        let args: Vec<&'static str> = [&["-dbcache=4"][..], &INDEXES].concat();
        node.start_with(&args);
        settle(&node);
        assert_eq!(tip(&node).0, TIP);
        let at = |height| node.call("gettxoutsetinfo", json!(["muhash", height]));
        let coins = (0..=TIP).map(|height| (height, at(height)["muhash"].clone()));
        let coins = coins.collect();
        let heights = (0..6).map(|_| 1 + dice.below(TIP));
        let questions = heights.map(|height| {
            let question = Question::new(&node, height);
            let answers = question.ask(&node).map(Result::unwrap);
            (question, answers)
        });
        let questions = questions.collect();
        node.stop();
        Some(Self::of(node, args, (DEPTH, coins, questions)))
    }

    /// A node that stands above a snapshot, and knows none of the blocks below it.
    fn above_a_snapshot() -> Self {
        let whole = Setup::new("bitcoin").arg("-coinstatsindex").start();
        // The reference's own blocks, of which it knows the coins at a height.
        let output = "pk(0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798)";
        let mine = |height| {
            whole.call("setmocktime", json!([1_598_887_951_u64 + height]));
            whole.call("generatetodescriptor", json!([1, output]));
            whole.call("getblockhash", json!([height]))
        };
        let hashes: Vec<Value> = (1..=SNAPSHOT.0).map(mine).collect();
        let dump = whole.call("dumptxoutset", json!(["coins.dat", "latest"]));
        let mut node = Setup::new("bitcoin").start();
        for hash in hashes {
            let header = whole.call("getblockheader", json!([hash, false]));
            node.call("submitheader", json!([header]));
        }
        node.call("loadtxoutset", json!([dump["path"]]));
        for height in SNAPSHOT.0 + 1..=SNAPSHOT.1 {
            let raw = whole.call("getblock", json!([mine(height), 0]));
            assert_eq!(node.call("submitblock", json!([raw])), Value::Null);
        }
        wait_until("the index at the tip", PATIENCE, || {
            let info = whole.call("getindexinfo", json!([]));
            info["coinstatsindex"]["best_block_height"] == json!(SNAPSHOT.1)
        });
        let at = |height| whole.call("gettxoutsetinfo", json!(["muhash", height]));
        let coins = (0..=SNAPSHOT.1).map(|height| (height, at(height)["muhash"].clone()));
        let coins = coins.collect();
        assert_eq!(tip(&node).0, SNAPSHOT.1);
        node.restart();
        node.stop();
        Self::of(node, Vec::new(), (15, coins, Vec::new()))
    }

    fn of(
        node: Node,
        args: Vec<&'static str>,
        (depth, coins, questions): (u64, BTreeMap<u64, Value>, Answered),
    ) -> Self {
        let clean = node.setup().data().path().join("clean");
        let mut found = BTreeMap::new();
        copy(&node.network_dir(), &clean);
        kinds(&clean, &clean, &mut found);
        Self {
            node,
            args,
            depth,
            clean,
            coins,
            questions,
            kinds: found,
        }
    }

    fn restore(&self) {
        fs::remove_dir_all(self.node.network_dir()).unwrap();
        copy(&self.clean, &self.node.network_dir());
    }

    /// Starts the node; gives how it ended where it does not come up.
    fn start(&mut self, more: &[&str]) -> Result<(), Ended> {
        let args: Vec<&str> = [&self.args, more].concat();
        self.node.spawn_with(&args);
        let node = &mut self.node;
        let ready = wait_for("the node to serve or end", PATIENCE, || {
            let served = node.try_call("getnetworkinfo", json!([])).is_ok();
            (served || !node.is_running()).then_some(served)
        });
        match ready {
            true => Ok(()),
            false => Err(self.node.wait_for_end(PATIENCE)),
        }
    }

    /// Coins as they are now must be those of a node that was never damaged.
    fn check_coins(&self) -> Result<(), RpcFailure> {
        let wish = json!({"hash_type": "muhash", "use_index": false});
        let found = self.node.try_call("gettxoutsetinfo", wish)?;
        let height = found["height"].as_u64().unwrap();
        assert_eq!(found["muhash"], self.coins[&height], "height {height}");
        Ok(())
    }

    /// Waits for the indexes and asks them; what they refuse is told.
    fn check_indexes(&self) -> Result<(), RpcFailure> {
        wait_for("the indexes to be at the tip", PATIENCE, || {
            let info = match self.node.try_call("getindexinfo", json!([])) {
                Ok(info) => info,
                Err(failure) => return Some(Err(failure)),
            };
            let synced = |index: &Value| index["synced"] == json!(true);
            let all = info.as_object().unwrap().values().all(synced);
            all.then_some(Ok(()))
        })?;
        for (question, answers) in &self.questions {
            for (found, answer) in question.ask(&self.node).into_iter().zip(answers) {
                assert_eq!(found?, *answer, "height {}", question.height);
            }
        }
        Ok(())
    }

    /// Everything that reads files.
    fn use_all(&self) -> Result<(), RpcFailure> {
        self.check_coins()?;
        self.check_indexes()?;
        let call = |method, params| self.node.try_call(method, params);
        let height = call("getblockcount", json!([]))?.as_u64().unwrap();
        if height == 0 {
            // All blocks went with what was damaged.
            return self.check_indexes();
        }
        let from = height.saturating_sub(self.depth).max(1);
        let hash = call("getblockhash", json!([from]))?;
        call("invalidateblock", json!([hash]))?;
        self.check_coins()?;
        call("reconsiderblock", json!([hash]))?;
        self.check_coins()?;
        call("verifychain", json!([3, 30]))?;
        call("savemempool", json!([]))?;
        self.check_indexes()
    }

    /// Uses what came up; gives how it ended where it does, and what it refused.
    fn look(&mut self) -> (Option<Ended>, Option<String>) {
        let refused = self.use_all().err().map(|failure| failure.to_string());
        if self.node.is_running() {
            // Where it is about to end by itself, it does not hear that any more.
            let _asked = self.node.try_call("stop", json!([]));
        }
        let ended = self.node.wait_for_end(PATIENCE);
        (Some(ended).filter(|ended| ended.code != Some(0)), refused)
    }
}

/// The message must name the file, or the directory of a database, and a way out.
fn check_text(ended: &Ended, place: &Path, network: &Path, what: &str) {
    let text = &ended.stderr;
    assert_eq!(ended.code, Some(1), "{what}: {ended:?}");
    assert!(!text.contains("panicked"), "{what}: {text}");
    assert!(!text.contains("internal error: "), "{what}: {text}");
    let mut folders = place.ancestors().filter(|at| at.components().count() > 0);
    let named = folders.any(|at| text.contains(network.join(at).to_str().unwrap()));
    // The reference's sentences, which name the database.
    let known = [
        "block database",
        "coins database",
        "replay blocks",
        "Corrupt block",
    ];
    let named = named || known.iter().any(|known| text.contains(known));
    assert!(named, "{what}: {text}");
    let ways = [
        "-reindex",
        "Delete ",
        "Restore it",
        "-datadir",
        "Check the disk",
        "removing the file",
    ];
    assert!(ways.iter().any(|way| text.contains(way)), "{what}: {text}");
}

/// Does what a message says.
fn follow(scene: &mut Scene, text: &str, damaged: &Path, what: &str) {
    let delete = text.split("Delete ").nth(1);
    let folder = delete.and_then(|rest| rest.split(" and restart").next());
    let way: &[&str] = match folder {
        Some(folder) => {
            fs::remove_dir_all(folder).unwrap();
            &[]
        }
        None if text.contains("removing the file") => {
            fs::remove_file(damaged).unwrap();
            &[]
        }
        None if text.contains("-reindex") => &["-reindex"],
        None => return,
    };
    if let Err(ended) = scene.start(way) {
        panic!("{what}: {text}\nand then: {ended:?}");
    }
    let found = scene.look();
    assert_eq!(found, (None, None), "{what}: {text}");
}

#[test]
fn damage_to_any_file_is_told_or_does_no_harm() {
    let wish = std::env::var("BITQ_DAMAGES").ok();
    let wish: Option<usize> = wish.map(|text| text.parse().unwrap());
    let mut dice = Dice::fixed(wish.is_none().then_some(20), "damage");
    let Some(scene) = Scene::new(&mut dice) else {
        return;
    };
    assert!(scene.kinds.len() > 40, "{:?}", scene.kinds.keys());
    damage_all(scene, &mut dice, wish);
}

#[test]
fn damage_to_a_loaded_snapshot_is_told_or_does_no_harm() {
    let wish = std::env::var("BITQ_DAMAGES").ok();
    let wish: Option<usize> = wish.map(|text| text.parse().unwrap());
    let mut dice = Dice::fixed(wish.is_none().then_some(21), "damage to a snapshot");
    let mut scene = Scene::above_a_snapshot();
    let all = scene.kinds.len();
    // The others are damaged elsewhere, unless many are wanted.
    scene
        .kinds
        .retain(|kind, _| wish.is_some() || kind.starts_with("chainstate_snapshot"));
    assert!(
        scene.kinds.len() > 8 && all > 20,
        "{:?}",
        scene.kinds.keys()
    );
    damage_all(scene, &mut dice, wish);
}

/// Damages one file after another, each kind as often as is wished or once.
fn damage_all(mut scene: Scene, dice: &mut Dice, wish: Option<usize>) {
    let network = scene.node.network_dir();
    let kinds = scene.kinds.clone();
    let (mut refused, mut ended, mut well, mut followed) = (0, 0, 0, 0);
    for (number, (kind, places)) in kinds.iter().enumerate() {
        let ways = match wish {
            Some(count) => WAYS.repeat(count),
            None => vec![WAYS[number % WAYS.len()]],
        };
        for damage in ways {
            scene.restore();
            let place = &places[usize::try_from(dice.below(places.len() as u64)).unwrap()];
            let at = damage.apply(&network.join(place), dice);
            let what = format!("{damage:?} at {at} of {} ({kind})", place.display());
            println!("{what}");
            let told = match scene.start(&[]) {
                Err(told) => {
                    refused += 1;
                    Some(told)
                }
                Ok(()) => match scene.look() {
                    (Some(told), _) => {
                        ended += 1;
                        Some(told)
                    }
                    (None, refusal) => {
                        println!("  well, refused: {refusal:?}");
                        well += 1;
                        None
                    }
                },
            };
            let Some(told) = told else { continue };
            println!("  {}", told.stderr.trim_end());
            check_text(&told, place, &network, &what);
            // Most ways out take long.
            if wish.is_some() || dice.below(8) == 0 {
                followed += 1;
                follow(&mut scene, &told.stderr, &network.join(place), &what);
            }
        }
    }
    println!(
        "{} kinds of files: {refused} starts refused, {ended} ended, {well} were well, {followed} ways out taken",
        kinds.len()
    );
}
