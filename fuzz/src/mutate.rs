//! Changes to a spend that keep it one: pieces of scripts come, go and move, and what commits to a
//! script or signs for it follows.

mod repair;
mod sign;
mod template;

use libfuzzer_sys::fuzzer_mutate;
use primitives::script::instructions;
use primitives::script::opcodes::{OP_0, OP_1NEGATE, OP_CHECKSIG, OP_CODESEPARATOR};
use primitives::{Amount, Script};

use crate::case::{Case, FLAG_SETS};

/// Elements that lie at a border of some rule.
const BORDERS: &[&[u8]] = &[
    &[],
    &[0],
    &[1],
    &[0x80],
    &[0x81],
    &[2],
    &[20],
    &[21],
    &[0xff, 0xff, 0xff, 0x7f],
    &[0xff, 0xff, 0xff, 0xff],
    &[0, 0, 0, 0x80, 0],
    &[0xff, 0xff, 0xff, 0xff, 0x7f],
    &[0, 0x65, 0xcd, 0x1d],
    &[0, 0],
    &[0x50],
];
/// Lengths of elements at a border of some rule.
const LENGTHS: &[usize] = &[32, 33, 64, 65, 75, 76, 255, 256, 520, 521, 1000, 10_001];

/// Chance from a seed: the same seed makes the same changes.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u32) -> Self {
        Self(u64::from(seed) << 1 | 1)
    }

    fn next(&mut self) -> u32 {
        // The steps of xorshift64*.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        u32::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32).unwrap_or_default()
    }

    /// A number below `limit`; zero where there is none.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let number = usize::try_from(self.next()).unwrap_or_default();
        number.checked_rem(limit).unwrap_or_default()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap_or_default()
    }

    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// A mutator of [`Case`]s.
pub(crate) fn script(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random::new(seed);
    let Some(mut case) = Case::decode(&data[..size]) else {
        return fuzzer_mutate(data, size, max_size);
    };
    // None at times: a signature of another kind is a change as well.
    for _ in 0..random.below(4) {
        change(&mut case, &mut random);
    }
    if random.below(4) > 0 {
        repair::commitments(&mut case);
    }
    if random.below(3) > 0 {
        sign::signatures(&mut case, &mut random);
    }
    let encoded = case.encode();
    let (Some(place), true) = (data.get_mut(..encoded.len()), encoded.len() <= max_size) else {
        return size;
    };
    place.copy_from_slice(&encoded);
    encoded.len()
}

/// Makes one change.
fn change(case: &mut Case, random: &mut Random) {
    match random.below(16) {
        0 => case.flags = random.byte() % FLAG_SETS,
        1 => change_transaction(case, random),
        2 => case.spent[case.input].value = Amount::from_sat(i64::from(random.byte()) - 1),
        3 => change_witness(case, random),
        4 => repair::wrap(case, random.pick(&repair::WRAPPERS)),
        5 => repair::change_control(case, element(random), random.below(4)),
        6 | 7 => template::spend(case, random),
        _ => {
            let places = repair::places(case);
            let place = random.pick(&places);
            let mut script = repair::get(case, place);
            change_script(&mut script, random);
            repair::set(case, place, script);
        }
    }
}

fn change_transaction(case: &mut Case, random: &mut Random) {
    let number = random.pick(&[
        0,
        1,
        2,
        0x11,
        499_999_999,
        500_000_000,
        1 << 22,
        1 << 31,
        u32::MAX,
    ]);
    match random.below(4) {
        0 => case.tx.version = number,
        1 => case.tx.lock_time = number,
        2 => case.tx.inputs[case.input].sequence = number,
        _ => {
            // An input without an output at its place.
            case.tx.outputs.truncate(random.below(2));
        }
    }
}

fn change_witness(case: &mut Case, random: &mut Random) {
    let element = element(random);
    let witness = &mut case.tx.inputs[case.input].witness;
    let place = random.below(witness.len());
    match random.below(5) {
        0 => witness.insert(place, element),
        1 if !witness.is_empty() => {
            witness.remove(place);
        }
        2 if !witness.is_empty() => witness[place] = element,
        3 if !witness.is_empty() => witness.swap(0, place),
        _ => witness.push(vec![0x50; random.below(3)]),
    }
}

/// An element as a push or a witness may hold it.
fn element(random: &mut Random) -> Vec<u8> {
    match random.below(8) {
        0 => vec![random.byte(); random.pick(LENGTHS)],
        1 => sign::key(random.below(4)),
        // Room for a signature.
        2 => sign::BLANK.to_vec(),
        3 => sign::BLANK_SCHNORR.to_vec(),
        4 => vec![random.byte()],
        _ => random.pick(BORDERS).to_vec(),
    }
}

/// Changes a script by pieces, or one of its bytes.
fn change_script(script: &mut Vec<u8>, random: &mut Random) {
    let mut pieces = split(script);
    let place = random.below(pieces.len() + 1);
    let last = pieces.len().saturating_sub(1);
    match random.below(12) {
        0..=3 => pieces.insert(place, vec![opcode(random)]),
        4 | 5 => pieces.insert(place, Script::new().push(&element(random)).into_bytes()),
        6 if place <= last && !pieces.is_empty() => {
            pieces.remove(place);
        }
        7 if place <= last && !pieces.is_empty() => {
            let piece = pieces[place].clone();
            pieces.insert(random.below(pieces.len()), piece);
        }
        8 if !pieces.is_empty() => pieces.swap(place.min(last), 0),
        9 => {
            let key = Script::new().push(&sign::key(random.below(4)));
            pieces.insert(place, key.op(OP_CHECKSIG).into_bytes());
        }
        10 => pieces.insert(place, vec![OP_CODESEPARATOR]),
        _ => {
            if let Some(byte) = pieces.get_mut(place).and_then(|piece| piece.first_mut()) {
                *byte = random.byte();
            }
        }
    }
    *script = pieces.concat();
}

/// An opcode that does something, or that may get a meaning.
fn opcode(random: &mut Random) -> u8 {
    match u8::try_from(0x4f + random.below(0xb1)) {
        Ok(OP_1NEGATE) | Err(_) => OP_0,
        Ok(opcode) => opcode,
    }
}

/// The pieces of a script with their bytes; what is no piece is the last one.
fn split(script: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let mut walk = instructions(script);
    let mut start = 0;
    while let Some(Ok(_)) = walk.next() {
        pieces.push(script[start..walk.position()].to_vec());
        start = walk.position();
    }
    if start < script.len() {
        pieces.push(script[start..].to_vec());
    }
    pieces
}
