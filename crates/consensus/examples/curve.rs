//! The curve operations of a chain alone, on all cores, as a floor for the time of reading it:
//! `curve [<ecdsa> <of them failing> <schnorr> <tweaks>]`. The counts are by default those of the
//! shared regtest chain. Keys are parsed as well, since a script holds bytes; making the signatures
//! is not counted. Prints one line: the seconds of three runs and the processor seconds of each.

use std::hint::black_box;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use secp256k1::{
    Keypair, Message, Parity, PublicKey, Scalar, SecretKey, XOnlyPublicKey, ecdsa, schnorr,
};

/// ECDSA signatures of the chain, of which some belong to another key, Schnorr signatures, and
/// output keys that must commit to a leaf.
const COUNTS: [usize; 4] = [48_104, 8_008, 15_866, 8_044];
/// Operations that a thread takes at once.
const STRIDE: usize = 32;
const RUNS: usize = 3;

/// One operation, as bytes that came with a block.
enum Operation {
    Ecdsa(Box<([u8; 32], [u8; 33], Vec<u8>)>),
    Schnorr(Box<([u8; 32], [u8; 32], [u8; 64])>),
    Tweak(Box<Commitment>),
}

/// An output key, and what it must have been made from.
struct Commitment {
    inner: [u8; 32],
    output: [u8; 32],
    parity: Parity,
    tweak: [u8; 32],
}

impl Operation {
    fn holds(&self) -> bool {
        match self {
            Self::Ecdsa(parts) => {
                let (digest, key, der) = &**parts;
                let key = PublicKey::from_slice(key).expect("a key that was made");
                let mut signature = ecdsa::Signature::from_der_lax(der).expect("made as well");
                signature.normalize_s();
                ecdsa::verify(&signature, Message::from_digest(*digest), &key).is_ok()
            }
            Self::Schnorr(parts) => {
                let (digest, key, signature) = &**parts;
                let key = XOnlyPublicKey::from_byte_array(*key).expect("a key that was made");
                let signature = schnorr::Signature::from_byte_array(*signature);
                schnorr::verify(&signature, digest, &key).is_ok()
            }
            Self::Tweak(one) => {
                let key = |bytes| XOnlyPublicKey::from_byte_array(bytes).expect("made as well");
                let tweak = Scalar::from_be_bytes(one.tweak).expect("below the order");
                key(one.inner).tweak_add_check(&key(one.output), one.parity, tweak)
            }
        }
    }
}

fn main() {
    let given: Vec<usize> = arguments();
    let counts: [usize; 4] = given.try_into().unwrap_or(COUNTS);
    let operations = operations(counts);
    let expected = counts[0] + counts[2] + counts[3] - counts[1];
    let mut figures = Vec::new();
    for _ in 0..RUNS {
        figures.push(run(&operations, expected));
    }
    let line: Vec<String> = figures
        .iter()
        .map(|(wall, processor)| format!("{wall:.3} {processor:.2}"))
        .collect();
    // A closed terminal ends nothing.
    drop(writeln!(std::io::stdout(), "{}", line.join(" ")));
}

#[expect(clippy::disallowed_methods, reason = "a program, not the crate")]
fn arguments() -> Vec<usize> {
    let numbers = std::env::args().skip(1);
    numbers.filter_map(|text| text.parse().ok()).collect()
}

/// Seconds by the clock and of the processors that all operations take.
#[expect(
    clippy::disallowed_methods,
    reason = "this program measures, the crate does not"
)]
fn run(operations: &[Operation], expected: usize) -> (f64, f64) {
    let (next, good) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        loop {
            let from = next.fetch_add(STRIDE, Ordering::Relaxed);
            let Some(rest) = operations.get(from..) else {
                return;
            };
            let mine = rest.iter().take(STRIDE);
            let held = mine.filter(|one| black_box(one).holds()).count();
            good.fetch_add(held, Ordering::Relaxed);
        }
    };
    let before = processor_seconds();
    let begun = std::time::Instant::now();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    let wall = begun.elapsed().as_secs_f64();
    assert_eq!(good.into_inner(), expected, "signatures that hold");
    (wall, processor_seconds() - before)
}

/// What this process has used so far, from `/proc`; 0 where there is none.
#[expect(clippy::disallowed_methods, reason = "a program, not the crate")]
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2);
    let ticks: f64 = ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// The operations of a chain in a mixed order, each with keys of its own.
fn operations([ecdsa, failing, schnorr, tweaks]: [usize; 4]) -> Vec<Operation> {
    let mut kinds: Vec<(usize, usize)> = (0..ecdsa)
        .map(|number| (0, number))
        .chain((0..schnorr).map(|number| (1, number)))
        .chain((0..tweaks).map(|number| (2, number)))
        .collect();
    // Any fixed order that mixes the kinds, so that no thread ends with the dear ones.
    kinds.sort_by_key(|(kind, number)| (number * 7919 + kind) % 10_007);
    let make = |(serial, (kind, number)): (usize, (usize, usize))| match kind {
        0 => sign_ecdsa(serial, number < failing),
        1 => sign_schnorr(serial),
        _ => commit(serial),
    };
    kinds.into_iter().enumerate().map(make).collect()
}

/// 32 bytes that differ for each number; below the curve's order.
fn bytes(serial: usize, salt: u8) -> [u8; 32] {
    let mut bytes = [salt; 32];
    bytes[8..16].copy_from_slice(&(serial as u64 + 1).to_be_bytes());
    bytes
}

fn sign_ecdsa(serial: usize, fails: bool) -> Operation {
    let digest = bytes(serial, 3);
    let secret = SecretKey::from_secret_bytes(bytes(serial, 1)).expect("below the order");
    let signature = ecdsa::sign(Message::from_digest(digest), &secret).serialize_der();
    // What a multisig tries first: a good signature of the next key.
    let other = bytes(serial, if fails { 2 } else { 1 });
    let shown = SecretKey::from_secret_bytes(other).expect("below the order");
    let key = PublicKey::from_secret_key(&shown).serialize();
    Operation::Ecdsa(Box::new((digest, key, signature.to_vec())))
}

fn sign_schnorr(serial: usize) -> Operation {
    let digest = bytes(serial, 3);
    let pair = Keypair::from_secret_bytes(bytes(serial, 1)).expect("below the order");
    let signature = schnorr::sign_no_aux_rand(&digest, &pair).to_byte_array();
    let key = pair.x_only_public_key().0.to_byte_array();
    Operation::Schnorr(Box::new((digest, key, signature)))
}

fn commit(serial: usize) -> Operation {
    let pair = Keypair::from_secret_bytes(bytes(serial, 1)).expect("below the order");
    let inner = pair.x_only_public_key().0;
    let tweak = bytes(serial, 4);
    let scalar = Scalar::from_be_bytes(tweak).expect("below the order");
    let (output, parity) = inner.add_tweak(&scalar).expect("not the negative key");
    Operation::Tweak(Box::new(Commitment {
        inner: inner.to_byte_array(),
        output: output.to_byte_array(),
        parity,
        tweak,
    }))
}
