//! In which pieces transactions that hang together are mined: the best-paying piece first, each with all that it
//! stands on (Core's chunks), and whether one set of pieces pays better than another (the fee rate diagram).

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use primitives::Txid;

use super::{Mempool, MempoolEntry};

/// More transactions than this in one cluster, which only a reorganisation leaves behind, are one piece.
const MAX_EXACT: usize = 128;

/// A piece: what it pays and weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// Modified fees of its transactions, in the smallest unit.
    pub fee: i64,
    /// Weight of its transactions with signature operations counted in.
    pub weight: u64,
}

impl Chunk {
    fn of(entry: &MempoolEntry) -> Self {
        Self {
            fee: entry.modified_fee().sat(),
            weight: entry.adjusted_weight,
        }
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            fee: self.fee.saturating_add(other.fee),
            weight: self.weight.saturating_add(other.weight),
        }
    }

    /// Compares fee per weight without rounding.
    fn cmp_rate(self, other: Self) -> Ordering {
        let left = i128::from(self.fee) * i128::from(other.weight);
        let right = i128::from(other.fee) * i128::from(self.weight);
        left.cmp(&right)
    }
}

/// A transaction in a cluster, and the bits of those in it that it spends from.
#[derive(Clone, Copy, Debug)]
struct Node {
    own: Chunk,
    parents: u128,
}

const fn bit(index: usize) -> u128 {
    1 << index
}

fn members(set: u128) -> impl Iterator<Item = usize> {
    let count = usize::try_from(u128::BITS).expect("a small number");
    (0..count).filter(move |index| set & bit(*index) != 0)
}

fn sum(nodes: &[Node], set: u128) -> Chunk {
    members(set).fold(Chunk::default(), |sum, index| sum.plus(nodes[index].own))
}

/// `index` and all of `within` that it stands on.
fn with_ancestors(nodes: &[Node], index: usize, within: u128) -> u128 {
    let (mut found, mut open) = (0, bit(index));
    while open != 0 {
        let next = usize::try_from(open.trailing_zeros()).expect("a small number");
        found |= bit(next);
        open = (open | (nodes[next].parents & within)) & !found;
    }
    found
}

/// The best-paying part of `left` that stands on nothing else of it.
///
/// From any such part a better one is found as the closure of largest weight, where a transaction weighs how much
/// it pays above that part's rate (Dinkelbach's method); a part that none beats is the best.
fn best_part(nodes: &[Node], left: u128) -> u128 {
    let mut best = members(left)
        .map(|index| with_ancestors(nodes, index, left))
        .max_by(|a, b| sum(nodes, *a).cmp_rate(sum(nodes, *b)))
        .unwrap_or(left);
    loop {
        let rate = sum(nodes, best);
        let gain = |index: usize| {
            let own = nodes[index].own;
            i128::from(own.fee) * i128::from(rate.weight)
                - i128::from(rate.fee) * i128::from(own.weight)
        };
        let better = largest_closure(nodes, left, gain);
        if better == 0 || sum(nodes, better).cmp_rate(rate) != Ordering::Greater {
            break;
        }
        best = better;
    }
    // Of parts that pay the same, the smallest goes first.
    let rate = sum(nodes, best);
    members(best)
        .map(|index| with_ancestors(nodes, index, best))
        .filter(|part| sum(nodes, *part).cmp_rate(rate) == Ordering::Equal)
        .min_by_key(|part| part.count_ones())
        .unwrap_or(best)
}

/// The closed part of `left` with the largest gain, by augmenting paths from what gains to what costs: what is still
/// reached from a gain that is not used up belongs to it.
fn largest_closure(nodes: &[Node], left: u128, gain: impl Fn(usize) -> i128) -> u128 {
    let mut rest: Vec<i128> = (0..nodes.len()).map(gain).collect();
    // What a transaction pays for a parent, which may flow back.
    let mut flow: HashMap<(usize, usize), i128> = HashMap::new();
    loop {
        let sources = members(left).filter(|index| rest[*index] > 0);
        let mut from: BTreeMap<usize, Option<usize>> = sources.map(|index| (index, None)).collect();
        let mut open: VecDeque<usize> = from.keys().copied().collect();
        let mut sink = None;
        while let Some(at) = open.pop_front() {
            if rest[at] < 0 {
                sink = Some(at);
                break;
            }
            let back =
                members(left).filter(|child| flow.get(&(*child, at)).is_some_and(|f| *f > 0));
            let next: Vec<usize> = members(nodes[at].parents & left).chain(back).collect();
            for next in next {
                from.entry(next).or_insert_with(|| {
                    open.push_back(next);
                    Some(at)
                });
            }
        }
        let Some(sink) = sink else {
            return from.keys().fold(0, |set, index| set | bit(*index));
        };
        // The path back to its source, and the most that can flow along it.
        let (mut path, mut at) = (vec![sink], sink);
        while let Some(Some(before)) = from.get(&at) {
            path.push(*before);
            at = *before;
        }
        let is_forward = |child: usize, parent: usize| nodes[child].parents & bit(parent) != 0;
        let mut amount = rest[at].min(-rest[sink]);
        for pair in path.windows(2) {
            if !is_forward(pair[1], pair[0]) {
                amount = amount.min(flow[&(pair[0], pair[1])]);
            }
        }
        for pair in path.windows(2) {
            if is_forward(pair[1], pair[0]) {
                *flow.entry((pair[1], pair[0])).or_default() += amount;
            } else {
                *flow.entry((pair[0], pair[1])).or_default() -= amount;
            }
        }
        rest[at] -= amount;
        rest[sink] += amount;
    }
}

/// Splits a cluster into pieces, the best-paying first; each with the places of its transactions.
fn split(nodes: &[Node]) -> Vec<(Chunk, Vec<usize>)> {
    if nodes.len() > MAX_EXACT {
        let all = nodes
            .iter()
            .fold(Chunk::default(), |sum, n| sum.plus(n.own));
        return vec![(all, (0..nodes.len()).collect())];
    }
    let mut left = (0..nodes.len()).fold(0, |set, index| set | bit(index));
    let mut pieces = Vec::new();
    while left != 0 {
        let part = best_part(nodes, left);
        pieces.push((sum(nodes, part), members(part).collect()));
        left &= !part;
    }
    pieces
}

impl Mempool {
    /// The pieces of all clusters that `ids` belong to, by transaction.
    pub fn chunks(&self, ids: &HashSet<Txid>) -> HashMap<Txid, Chunk> {
        let mut found = HashMap::new();
        for start in ids {
            if found.contains_key(start) {
                continue;
            }
            let cluster = self.cluster(BTreeSet::from([*start]));
            let entries: Vec<&MempoolEntry> =
                cluster.iter().filter_map(|id| self.get(id)).collect();
            for (chunk, places) in split(&nodes(&entries)) {
                let ids = places.into_iter().map(|place| entries[place].tx.txid());
                found.extend(ids.map(|id| (id, chunk)));
            }
        }
        found
    }

    /// Whether the mempool pays miners strictly better with `entry` in the place of `replaced` (Core's
    /// `ImprovesFeerateDiagram`).
    pub(super) fn improves(&self, entry: &MempoolEntry, replaced: &HashSet<Txid>) -> bool {
        let parents = self.parents(&entry.tx);
        let affected = self.cluster(parents.iter().chain(replaced).copied().collect());
        let before = self.components(&affected);
        let stays = affected.difference(replaced).copied().collect();
        let (mut joined, mut after) = (Vec::new(), Vec::new());
        for component in self.components(&stays) {
            if component.iter().any(|e| parents.contains(&e.tx.txid())) {
                joined.extend(component);
            } else {
                after.push(component);
            }
        }
        joined.push(entry);
        after.push(joined);
        let pieces = |clusters: &[Vec<&MempoolEntry>]| -> Vec<Chunk> {
            let pieces = clusters.iter().flat_map(|entries| split(&nodes(entries)));
            pieces.map(|(chunk, _)| chunk).collect()
        };
        compare_diagrams(pieces(&after), pieces(&before)) == Some(Ordering::Greater)
    }

    /// What hangs together when nothing but `ids` is there.
    fn components(&self, ids: &HashSet<Txid>) -> Vec<Vec<&MempoolEntry>> {
        let (mut seen, mut found) = (HashSet::new(), Vec::new());
        for start in ids {
            let (mut open, mut component) = (vec![*start], Vec::new());
            while let Some(id) = open.pop() {
                if !ids.contains(&id) || !seen.insert(id) {
                    continue;
                }
                if let Some(entry) = self.get(&id) {
                    component.push(entry);
                    open.extend(self.parents(&entry.tx));
                    open.extend(self.children(&id));
                }
            }
            if !component.is_empty() {
                found.push(component);
            }
        }
        found
    }
}

fn nodes(entries: &[&MempoolEntry]) -> Vec<Node> {
    let places = entries.iter().enumerate().take(MAX_EXACT);
    let places: HashMap<Txid, usize> = places.map(|(n, e)| (e.tx.txid(), n)).collect();
    let node = |entry: &&MempoolEntry| {
        let spends = entry.tx.inputs.iter().map(|input| input.prevout.txid);
        let parents = spends.filter_map(|txid| places.get(&txid));
        Node {
            own: Chunk::of(entry),
            parents: parents.fold(0, |set, place| set | bit(*place)),
        }
    };
    entries.iter().map(node).collect()
}

/// Compares what two sets of pieces have paid after each weight, best pieces first; `None` where neither is always at
/// least as good.
fn compare_diagrams(mut left: Vec<Chunk>, mut right: Vec<Chunk>) -> Option<Ordering> {
    let points = |chunks: &mut Vec<Chunk>| {
        chunks.sort_by(|a, b| b.cmp_rate(*a));
        let mut sum = Chunk::default();
        let mut points = vec![sum];
        points.extend(chunks.iter().map(|chunk| {
            sum = sum.plus(*chunk);
            sum
        }));
        points
    };
    let (left, right) = (points(&mut left), points(&mut right));
    // Between two points the line is straight, so the corners of both tell all.
    let of_left = left.iter().map(|point| above(*point, &right));
    let of_right = right.iter().map(|point| above(*point, &left).reverse());
    let (mut better, mut worse) = (false, false);
    for found in of_left.chain(of_right) {
        better |= found == Ordering::Greater;
        worse |= found == Ordering::Less;
    }
    match (better, worse) {
        (true, true) => None,
        (true, false) => Some(Ordering::Greater),
        (false, true) => Some(Ordering::Less),
        (false, false) => Some(Ordering::Equal),
    }
}

/// Whether a point lies above a line, which goes on level behind its end.
fn above(point: Chunk, line: &[Chunk]) -> Ordering {
    let next = line.iter().position(|end| end.weight >= point.weight);
    let Some(next) = next else {
        let end = line.last().copied().unwrap_or_default();
        return point.fee.cmp(&end.fee);
    };
    let end = line[next];
    if end.weight == point.weight {
        return point.fee.cmp(&end.fee);
    }
    // The first point weighs nothing, so one lies before.
    let start = line[next.saturating_sub(1)];
    let rise = |a: Chunk, b: Chunk| i128::from(b.fee) - i128::from(a.fee);
    let run = |a: Chunk, b: Chunk| i128::from(b.weight) - i128::from(a.weight);
    (rise(start, point) * run(start, end)).cmp(&(rise(start, end) * run(start, point)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(fee: i64, weight: u64, parents: &[usize]) -> Node {
        Node {
            own: Chunk { fee, weight },
            parents: parents.iter().fold(0, |set, place| set | bit(*place)),
        }
    }

    fn pieces(nodes: &[Node]) -> Vec<(i64, u64)> {
        let pieces = split(nodes);
        pieces.iter().map(|(c, _)| (c.fee, c.weight)).collect()
    }

    #[test]
    fn children_pay_for_parents_together() {
        // One child that pays for its parent, one that does not.
        let nodes = [node(10, 100, &[]), node(500, 100, &[0]), node(5, 100, &[0])];
        assert_eq!(pieces(&nodes), [(510, 200), (5, 100)]);
        // Neither child alone makes the heavy parent worth more than the loner; both together do.
        let nodes = [
            node(0, 1000, &[]),
            node(900, 100, &[0]),
            node(900, 100, &[0]),
            node(100, 100, &[1]),
        ];
        assert_eq!(pieces(&nodes), [(1800, 1200), (100, 100)]);
        // A parent that pays as well as its child goes first, alone.
        let nodes = [node(100, 100, &[]), node(100, 100, &[0])];
        assert_eq!(pieces(&nodes), [(100, 100), (100, 100)]);
    }

    #[test]
    fn the_best_part_is_found_in_all_small_clusters() {
        // All closed parts of pseudo-random clusters, by trying every set.
        let mut seed = 1_u64;
        let mut draw = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for _ in 0..300 {
            let size = usize::try_from(2 + draw(7)).unwrap();
            let nodes: Vec<Node> = (0..size)
                .map(|n| {
                    let parents = (0..n).filter(|_| draw(3) == 0).collect::<Vec<_>>();
                    node(i64::try_from(draw(50)).unwrap(), 1 + draw(9), &parents)
                })
                .collect();
            let all = bit(size) - 1;
            let closed = (1..=all).filter(|set| {
                members(*set).all(|index| with_ancestors(&nodes, index, all) & !set == 0)
            });
            let best = closed
                .map(|set| sum(&nodes, set))
                .max_by(|a, b| a.cmp_rate(*b))
                .unwrap();
            let found = sum(&nodes, best_part(&nodes, all));
            assert_eq!(found.cmp_rate(best), Ordering::Equal, "{nodes:?}");
        }
    }

    #[test]
    fn diagrams_are_compared_everywhere() {
        let chunk = |fee, weight| Chunk { fee, weight };
        let compare = |a: &[Chunk], b: &[Chunk]| compare_diagrams(a.to_vec(), b.to_vec());
        let (small, large) = ([chunk(100, 100)], [chunk(150, 300)]);
        assert_eq!(compare(&small, &small), Some(Ordering::Equal));
        // More in total, but less at first.
        assert_eq!(compare(&large, &small), None);
        assert_eq!(compare(&[chunk(301, 300)], &small), Some(Ordering::Greater));
        assert_eq!(compare(&small, &[chunk(99, 50)]), None);
        assert_eq!(compare(&small, &[chunk(100, 50)]), Some(Ordering::Less));
        let two = [chunk(100, 100), chunk(10, 100)];
        assert_eq!(compare(&two, &small), Some(Ordering::Greater));
    }
}
