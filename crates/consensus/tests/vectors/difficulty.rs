//! Difficulty, subsidy and merkle roots of the coin family.

use consensus::merkle::{merkle_path, merkle_root};
use consensus::pow::{next_work_required, permitted_difficulty_transition};
use consensus::{HeaderChain, HeaderInfo, block_subsidy};
use primitives::hash_scheme::merkle_node;
use primitives::params::{ChainParams, Coin, Network};
use primitives::{BlockHash, CompactTarget};
use serde_json::Value;
use testkit::{chain_vectors, from_hex, to_hex};

/// A run of headers of which the first stands at `first`; below that there is nothing to read.
struct Headers {
    first: u32,
    headers: Vec<HeaderInfo>,
}

impl HeaderChain for Headers {
    fn height(&self) -> u32 {
        self.first + u32::try_from(self.headers.len()).unwrap() - 1
    }

    fn header(&self, height: u32) -> HeaderInfo {
        self.headers[(height - self.first) as usize]
    }

    fn hash(&self, _height: u32) -> BlockHash {
        unreachable!("difficulty does not look at ids")
    }
}

fn params(vector: &Value) -> &'static ChainParams {
    let coin: Coin = vector["coin"].as_str().unwrap().parse().unwrap();
    let network: Network = vector["network"]
        .as_str()
        .unwrap_or("main")
        .parse()
        .unwrap();
    ChainParams::get(coin, network)
}

fn bits(value: &Value) -> CompactTarget {
    CompactTarget(u32::from_str_radix(value.as_str().unwrap(), 16).unwrap())
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

#[test]
fn retargets() {
    let Some(vectors) = chain_vectors() else {
        return;
    };
    for vector in vectors.of_kind("retarget") {
        let (input, params) = (&vector["input"], params(vector));
        let interval = params.difficulty_adjustment_interval;
        let last = number(&input["last_height"]);
        assert_eq!((last + 1) % interval, 0, "{vector}");
        let bits_of_first = input
            .get("first_bits")
            .map_or(bits(&input["last_bits"]), bits);
        let header = |time: &Value, bits| HeaderInfo {
            version: 1,
            time: number(time),
            bits,
        };
        let mut headers = vec![header(&input["first_time"], bits_of_first); interval as usize];
        *headers.last_mut().unwrap() = header(&input["last_time"], bits(&input["last_bits"]));
        let chain = Headers {
            first: last + 1 - interval,
            headers,
        };
        let next = next_work_required(&chain, number(&input["last_time"]) + 1, params);
        assert_eq!(next.to_string(), vector["output"], "{vector}");
        // BIP94 may start from other bits than the last, and wrapping leaves the range.
        if !params.bip94 && params.network == Network::Main {
            let old = bits(&input["last_bits"]);
            assert!(
                permitted_difficulty_transition(last + 1, old, next, params),
                "{vector}"
            );
        }
    }
}

#[test]
fn next_bits() {
    let Some(vectors) = chain_vectors() else {
        return;
    };
    for vector in vectors.of_kind("next_bits") {
        let input = &vector["input"];
        let list = |name: &str| input[name].as_array().unwrap().clone();
        let headers = list("times")
            .iter()
            .zip(list("bits"))
            .map(|(time, b)| HeaderInfo {
                version: 1,
                time: number(time),
                bits: bits(&b),
            })
            .collect();
        let mut chain = Headers {
            first: number(&input["first_height"]),
            headers,
        };
        if chain.headers.len() < 120 && (1..99_000).contains(&chain.first) {
            // The old rule of Dark Gravity Wave read to the start of the list, which for ours is
            // just above genesis.
            chain.first = 1;
        }
        let next = next_work_required(&chain, number(&input["new_block_time"]), params(vector));
        assert_eq!(
            next.to_string(),
            vector["output"],
            "{} {}",
            vector["id"],
            vector["desc"]
        );
    }
}

#[test]
fn compact_targets() {
    let Some(vectors) = chain_vectors() else {
        return;
    };
    for vector in vectors.of_kind("compact") {
        let expanded = bits(&vector["input"]).expand();
        let expected = &vector["output"];
        assert_eq!(expanded.negative, expected[1], "{vector}");
        assert_eq!(expanded.overflow, expected[2], "{vector}");
        assert_eq!(expanded.target.to_string(), expected[0], "{vector}");
    }
}

#[test]
fn subsidies() {
    let Some(vectors) = chain_vectors() else {
        return;
    };
    for vector in vectors.of_kind("subsidy") {
        let heights = vector["input"].as_array().unwrap();
        for (height, amount) in heights.iter().zip(vector["output"].as_array().unwrap()) {
            let subsidy = block_subsidy(number(height), params(vector));
            assert_eq!(subsidy.sat(), amount.as_i64().unwrap(), "height {height}");
        }
    }
    let bitcoin = ChainParams::get(Coin::Bitcoin, Network::Main);
    let sum: i64 = (0..34)
        .map(|era| block_subsidy(era * 210_000, bitcoin).sat() * 210_000)
        .sum();
    assert_eq!(sum, 2_099_999_997_690_000);
    assert_eq!(block_subsidy(u32::MAX, bitcoin).sat(), 0);
}

#[test]
fn merkle_roots() {
    let Some(vectors) = chain_vectors() else {
        return;
    };
    for vector in vectors.of_kind("merkle") {
        let leaves: Vec<[u8; 32]> = vector["input"]
            .as_array()
            .unwrap()
            .iter()
            .map(|leaf| from_hex(leaf).try_into().unwrap())
            .collect();
        let (root, mutated) = merkle_root(leaves.clone());
        assert_eq!(to_hex(&root.0), vector["output"], "{}", vector["id"]);
        assert!(!mutated);
        for (position, leaf) in leaves.iter().enumerate() {
            let path = merkle_path(leaves.clone(), position);
            let climbed = path
                .iter()
                .enumerate()
                .fold(*leaf, |hash, (level, sibling)| {
                    if position >> level & 1 == 0 {
                        merkle_node(&hash, sibling)
                    } else {
                        merkle_node(sibling, &hash)
                    }
                });
            assert_eq!(climbed, root.0, "{} leaf {position}", vector["id"]);
        }
    }
}

/// CVE-2012-2459: the last leaves once more give the same root.
#[test]
fn repeated_leaves_are_noticed() {
    let leaves: Vec<[u8; 32]> = (1..=6).map(|i| [i; 32]).collect();
    let repeated = [&leaves[..], &leaves[4..]].concat();
    let (root, mutated) = merkle_root(leaves);
    assert!(!mutated);
    assert_eq!(merkle_root(repeated), (root, true));
}
