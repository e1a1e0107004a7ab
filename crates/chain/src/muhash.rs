//! A hash of a set that can be changed by adding and removing members, in any order (MuHash, Core's
//! `MuHash3072`): numbers modulo 2^3072 - 1103717 are multiplied.

use num_bigint::BigUint;
use primitives::hash_scheme::sha256;

use crate::chacha20::keystream;

/// Bytes of a number.
const BYTES: usize = 384;
/// 64-bit limbs of a number.
const LIMBS: usize = BYTES / 8;
/// 2^3072 less this is the modulus, a safe prime.
const DISTANCE: u64 = 1_103_717;

/// A number modulo 2^3072 - 1103717. May stand above the modulus by less than [`DISTANCE`].
#[derive(Clone, Copy, PartialEq, Eq)]
struct Num3072([u64; LIMBS]);

impl Num3072 {
    const ONE: Self = {
        let mut limbs = [0; LIMBS];
        limbs[0] = 1;
        Self(limbs)
    };

    fn from_bytes(bytes: &[u8; BYTES]) -> Self {
        let (chunks, _) = bytes.as_chunks::<8>();
        Self(std::array::from_fn(|i| u64::from_le_bytes(chunks[i])))
    }

    fn to_bytes(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let (chunks, _) = bytes.as_chunks_mut::<8>();
        chunks
            .iter_mut()
            .zip(self.0)
            .for_each(|(chunk, limb)| *chunk = limb.to_le_bytes());
        bytes
    }

    /// Subtracts the modulus where the number is not below it.
    fn reduced(mut self) -> Self {
        let above = self.0[0] >= 0u64.wrapping_sub(DISTANCE)
            && self.0[1..].iter().all(|limb| *limb == u64::MAX);
        if above {
            // Taking the modulus away is adding the distance and dropping the carry.
            self.0[0] = self.0[0].wrapping_add(DISTANCE);
            self.0[1..].fill(0);
        }
        self
    }

    fn multiply(&self, other: &Self) -> Self {
        let mut product = [0u64; 2 * LIMBS];
        for (i, a) in self.0.iter().enumerate() {
            let mut carry = 0;
            for (limb, b) in product[i..i + LIMBS].iter_mut().zip(&other.0) {
                (*limb, carry) = multiply_add(*a, *b, *limb, carry);
            }
            product[i + LIMBS] = carry;
        }
        // 2^3072 is as much as the distance: the upper half counts that many times.
        let (low, high) = product.split_at(LIMBS);
        let mut result = [0; LIMBS];
        let mut carry = 0;
        for ((limb, low), high) in result.iter_mut().zip(low).zip(high) {
            (*limb, carry) = multiply_add(*high, DISTANCE, *low, carry);
        }
        // What is left over is small; adding it may carry once more.
        while carry > 0 {
            let mut add = u128::from(carry) * u128::from(DISTANCE);
            carry = 0;
            for limb in &mut result {
                let sum = u128::from(*limb) + (add & u128::from(u64::MAX));
                *limb = low_half(sum);
                add = (add >> 64) + (sum >> 64);
                if add == 0 {
                    break;
                }
            }
            carry += low_half(add);
        }
        Self(result)
    }

    fn inverse(self) -> Self {
        let modulus = (BigUint::from(1u32) << (8 * BYTES)) - BigUint::from(DISTANCE);
        let number = BigUint::from_bytes_le(&self.reduced().to_bytes());
        // Only zero has no inverse, and no product of hashes is ever zero.
        let inverse = number.modinv(&modulus).unwrap_or_default();
        let mut bytes = [0; BYTES];
        let digits = inverse.to_bytes_le();
        bytes[..digits.len()].copy_from_slice(&digits);
        Self::from_bytes(&bytes)
    }
}

/// `a * b + c + carry`, low and high half: it never needs more than 128 bits.
const fn multiply_add(a: u64, b: u64, c: u64, carry: u64) -> (u64, u64) {
    let sum = a as u128 * b as u128 + c as u128 + carry as u128;
    (low_half(sum), low_half(sum >> 64))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the upper half is taken elsewhere"
)]
const fn low_half(value: u128) -> u64 {
    value as u64
}

/// A hash of a set of byte strings, which can grow and shrink.
#[derive(Clone)]
pub struct MuHash {
    numerator: Num3072,
    denominator: Num3072,
}

impl Default for MuHash {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for MuHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MuHash").finish_non_exhaustive()
    }
}

impl MuHash {
    /// The empty set.
    pub const fn new() -> Self {
        Self {
            numerator: Num3072::ONE,
            denominator: Num3072::ONE,
        }
    }

    /// Adds a member.
    pub fn insert(&mut self, member: &[u8]) {
        self.numerator = self.numerator.multiply(&number_of(member));
    }

    /// Removes a member, which may be added later only.
    pub fn remove(&mut self, member: &[u8]) {
        self.denominator = self.denominator.multiply(&number_of(member));
    }

    /// Adds all members of another set.
    pub fn union(&mut self, other: &Self) {
        self.numerator = self.numerator.multiply(&other.numerator);
        self.denominator = self.denominator.multiply(&other.denominator);
    }

    /// Removes all members of another set, and adds what that had removed.
    pub fn difference(&mut self, other: &Self) {
        self.numerator = self.numerator.multiply(&other.denominator);
        self.denominator = self.denominator.multiply(&other.numerator);
    }

    /// The hash of the set.
    pub fn finalize(&self) -> [u8; 32] {
        let quotient = self.numerator.multiply(&self.denominator.inverse());
        sha256(&quotient.reduced().to_bytes())
    }

    /// The state, to go on from later: numerator, then denominator.
    pub fn to_bytes(&self) -> Vec<u8> {
        [
            self.numerator.reduced().to_bytes(),
            self.denominator.reduced().to_bytes(),
        ]
        .concat()
    }

    /// Takes up a state; `None` where the length is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numerator, denominator) = bytes.split_first_chunk::<BYTES>()?;
        let denominator: &[u8; BYTES] = denominator.try_into().ok()?;
        Some(Self {
            numerator: Num3072::from_bytes(numerator),
            denominator: Num3072::from_bytes(denominator),
        })
    }
}

/// The number of a member: the key stream of its hash.
fn number_of(member: &[u8]) -> Num3072 {
    let mut bytes = [0; BYTES];
    keystream(&sha256(member), &mut bytes);
    Num3072::from_bytes(&bytes)
}

#[cfg(test)]
mod tests {
    use primitives::hash::to_hex;

    use super::*;

    fn int(n: u8) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[0] = n;
        bytes
    }

    #[test]
    fn follows_core() {
        // From Core's `crypto_tests.cpp`, where people read the hash reversed.
        let mut set = MuHash::new();
        set.insert(&int(0));
        set.insert(&int(1));
        set.remove(&int(2));
        let mut hash = set.finalize();
        hash.reverse();
        assert_eq!(
            to_hex(&hash),
            "10d312b100cbd32ada024a6646e40d3482fcff103668d2625f10002a607d5863"
        );
    }

    #[test]
    fn order_does_not_matter() {
        let (mut a, mut b) = (MuHash::new(), MuHash::new());
        (0..50).for_each(|n| a.insert(&int(n)));
        (0..50).rev().for_each(|n| b.insert(&int(n)));
        b.remove(&int(77));
        b.insert(&int(77));
        assert_eq!(a.finalize(), b.finalize());
        let mut whole = MuHash::new();
        whole.union(&a);
        assert_eq!(whole.finalize(), a.finalize());
        (0..50).for_each(|n| a.remove(&int(n)));
        assert_eq!(a.finalize(), MuHash::new().finalize());
        let mut change = MuHash::new();
        change.insert(&int(60));
        change.remove(&int(7));
        let mut changed = b.clone();
        changed.union(&change);
        assert_ne!(changed.finalize(), b.finalize());
        changed.difference(&change);
        assert_eq!(changed.finalize(), b.finalize());
        let stored = MuHash::from_bytes(&b.to_bytes()).unwrap();
        assert_eq!(stored.finalize(), b.finalize());
        assert!(MuHash::from_bytes(&[0; 767]).is_none());
    }

    #[test]
    fn multiplication_agrees_with_big_integers() {
        let modulus = (BigUint::from(1u32) << 3072) - BigUint::from(DISTANCE);
        let edge = |n: u64| {
            let mut limbs = [u64::MAX; LIMBS];
            limbs[0] = n;
            Num3072(limbs)
        };
        let numbers = [
            Num3072::ONE,
            edge(u64::MAX),
            edge(0u64.wrapping_sub(DISTANCE)),
            edge(0u64.wrapping_sub(DISTANCE) - 1),
            number_of(b"a"),
            number_of(b"b"),
        ];
        for a in numbers {
            for b in numbers {
                let product = a.multiply(&b).reduced();
                let big = |n: Num3072| BigUint::from_bytes_le(&n.to_bytes());
                assert_eq!(big(product), big(a) * big(b) % &modulus);
            }
        }
    }
}
