//! 256-bit numbers as proof of work needs them, and the compact form of targets ("bits").

use std::fmt;
use std::ops::{Add, BitAnd, Div, Mul, Not, Shl, Shr, Sub};

use crate::hash::{BlockHash, to_hex};

/// An unsigned 256-bit number. Arithmetic wraps modulo 2^256, as Core's `arith_uint256` does.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct U256([u64; 4]);

impl U256 {
    /// Zero.
    pub const ZERO: Self = Self([0; 4]);
    /// One.
    pub const ONE: Self = Self([1, 0, 0, 0]);
    /// 2^256 - 1.
    pub const MAX: Self = Self([u64::MAX; 4]);

    /// Makes a number from its little-endian 64-bit limbs.
    pub const fn from_limbs(limbs: [u64; 4]) -> Self {
        Self(limbs)
    }

    /// Reads 32 little-endian bytes, the order in which a hash stands.
    pub fn from_le_bytes(bytes: [u8; 32]) -> Self {
        let mut limbs = [0; 4];
        for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
            *limb = u64::from_le_bytes(chunk.try_into().expect("chunks of eight"));
        }
        Self(limbs)
    }

    /// Writes 32 little-endian bytes.
    pub fn to_le_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, limb) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&limb.to_le_bytes());
        }
        bytes
    }

    /// Reads 64 hexadecimal digits, most significant first.
    pub fn from_hex(text: &str) -> Option<Self> {
        text.parse::<BlockHash>()
            .ok()
            .map(|hash| Self::from_le_bytes(hash.0))
    }

    /// How many bits the number needs: 0 for zero.
    pub fn bits(self) -> u32 {
        for (i, limb) in (0u32..4).zip(self.0).rev() {
            if limb != 0 {
                return i * 64 + 64 - limb.leading_zeros();
            }
        }
        0
    }

    /// The lowest 64 bits.
    pub const fn low_u64(self) -> u64 {
        self.0[0]
    }

    /// Whether it is zero.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// The number as a float, for difficulty and progress figures.
    pub fn to_f64(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a float is asked for")]
        self.0.iter().rev().fold(0.0, |sum, limb| {
            sum * 18_446_744_073_709_551_616.0 + *limb as f64
        })
    }

    /// Widens a 128-bit number.
    pub fn from_u128(value: u128) -> Self {
        let low = u64::try_from(value & u128::from(u64::MAX)).expect("masked to 64 bits");
        let high = u64::try_from(value >> 64).expect("the upper 64 bits");
        Self([low, high, 0, 0])
    }

    /// Quotient and remainder; `None` for a zero divisor.
    pub fn checked_div_rem(self, divisor: Self) -> Option<(Self, Self)> {
        if divisor.is_zero() {
            return None;
        }
        let (mut quotient, mut rest) = (Self::ZERO, self);
        let (have, want) = (self.bits(), divisor.bits());
        if want > have {
            return Some((quotient, rest));
        }
        let mut shift = have - want;
        let mut scaled = divisor << shift;
        loop {
            if rest >= scaled {
                rest = rest - scaled;
                quotient.0[(shift / 64) as usize] |= 1 << (shift % 64);
            }
            if shift == 0 {
                return Some((quotient, rest));
            }
            shift -= 1;
            scaled = scaled >> 1;
        }
    }

    /// Expected number of hashes to find one not above this target (Core's `GetBlockProof`).
    pub fn work_of_target(self) -> Self {
        if self.is_zero() {
            return Self::ZERO;
        }
        // 2^256 / (t + 1) does not fit; (2^256 - t - 1) / (t + 1) + 1 is the same number.
        (!self)
            .checked_div_rem(self + Self::ONE)
            .map_or(Self::ZERO, |(q, _)| q + Self::ONE)
    }
}

impl PartialOrd for U256 {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for U256 {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

impl From<u64> for U256 {
    fn from(value: u64) -> Self {
        Self([value, 0, 0, 0])
    }
}

impl Add for U256 {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let mut out = [0; 4];
        let mut carry = false;
        for (i, limb) in out.iter_mut().enumerate() {
            let (sum, c1) = self.0[i].overflowing_add(other.0[i]);
            let (sum, c2) = sum.overflowing_add(u64::from(carry));
            *limb = sum;
            carry = c1 || c2;
        }
        Self(out)
    }
}

impl Not for U256 {
    type Output = Self;
    fn not(self) -> Self {
        Self(self.0.map(|limb| !limb))
    }
}

impl Sub for U256 {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + !other + Self::ONE
    }
}

impl Mul for U256 {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let mut out = [0u64; 4];
        for i in 0..4 {
            let mut carry = 0u128;
            for j in 0..4 - i {
                let sum =
                    u128::from(self.0[i]) * u128::from(other.0[j]) + u128::from(out[i + j]) + carry;
                out[i + j] = u64::try_from(sum & u128::from(u64::MAX)).expect("masked to 64 bits");
                carry = sum >> 64;
            }
        }
        Self(out)
    }
}

impl Div for U256 {
    type Output = Self;
    /// Zero divisors give zero; use [`U256::checked_div_rem`] where that can happen.
    fn div(self, divisor: Self) -> Self {
        self.checked_div_rem(divisor)
            .map_or(Self::ZERO, |(quotient, _)| quotient)
    }
}

impl BitAnd for U256 {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] & other.0[i]))
    }
}

impl Shl<u32> for U256 {
    type Output = Self;
    fn shl(self, bits: u32) -> Self {
        let (limbs, rest) = ((bits / 64) as usize, bits % 64);
        Self(std::array::from_fn(|i| {
            let at = |k: usize| i.checked_sub(limbs + k).map_or(0, |j| self.0[j]);
            if rest == 0 {
                at(0)
            } else {
                at(0) << rest | at(1) >> (64 - rest)
            }
        }))
    }
}

impl Shr<u32> for U256 {
    type Output = Self;
    fn shr(self, bits: u32) -> Self {
        let (limbs, rest) = ((bits / 64) as usize, bits % 64);
        Self(std::array::from_fn(|i| {
            let at = |k: usize| self.0.get(i + limbs + k).copied().unwrap_or(0);
            if rest == 0 {
                at(0)
            } else {
                at(0) >> rest | at(1) << (64 - rest)
            }
        }))
    }
}

impl fmt::Display for U256 {
    /// 64 hexadecimal digits, most significant first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.to_le_bytes();
        bytes.reverse();
        f.write_str(&to_hex(&bytes))
    }
}

impl fmt::Debug for U256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A target in the compact form that stands in a header ("bits").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CompactTarget(pub u32);

/// What a compact target expands to (Core's `arith_uint256::SetCompact`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpandedTarget {
    /// The number, of use only where neither flag is set.
    pub target: U256,
    /// The sign bit was set on a number that is not zero.
    pub negative: bool,
    /// The number needs more than 256 bits.
    pub overflow: bool,
}

impl CompactTarget {
    /// Expands it, with the two flags that make a target invalid.
    pub fn expand(self) -> ExpandedTarget {
        let size = self.0 >> 24;
        let word = self.0 & 0x007f_ffff;
        let target = if size <= 3 {
            U256::from(u64::from(word >> (8 * (3 - size))))
        } else {
            U256::from(u64::from(word)) << (8 * (size - 3)).min(256)
        };
        let word = if size <= 3 {
            word >> (8 * (3 - size))
        } else {
            word
        };
        ExpandedTarget {
            target,
            negative: word != 0 && self.0 & 0x0080_0000 != 0,
            overflow: word != 0
                && (size > 34 || (word > 0xff && size > 33) || (word > 0xffff && size > 32)),
        }
    }

    /// The target, or `None` where it is negative, zero or too large.
    pub fn target(self) -> Option<U256> {
        let expanded = self.expand();
        (!expanded.negative && !expanded.overflow && !expanded.target.is_zero())
            .then_some(expanded.target)
    }

    /// The compact form of `target`, cut to its 23 highest bits (Core's `GetCompact`).
    pub fn from_target(target: U256) -> Self {
        let mut size = target.bits().div_ceil(8);
        let shifted = if size <= 3 {
            target.low_u64() << (8 * (3 - size))
        } else {
            (target >> (8 * (size - 3))).low_u64()
        };
        let mut word = u32::try_from(shifted & 0x00ff_ffff).expect("masked to 24 bits");
        if word & 0x0080_0000 != 0 {
            word >>= 8;
            size += 1;
        }
        Self(word | size << 24)
    }
}

impl fmt::Display for CompactTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_forms_follow_core() {
        let check = |bits: u32, hex: &str, negative: bool, overflow: bool| {
            let e = CompactTarget(bits).expand();
            assert_eq!((e.negative, e.overflow), (negative, overflow), "{bits:08x}");
            if !overflow {
                assert_eq!(
                    e.target,
                    U256::from_hex(&format!("{hex:0>64}")).unwrap(),
                    "{bits:08x}"
                );
            }
        };
        check(0, "0", false, false);
        check(0x0112_3456, "12", false, false);
        check(0x0180_0000, "0", false, false);
        check(0x01fe_dcba, "7e", true, false);
        check(0x0492_3456, "12345600", true, false);
        check(
            0x2012_3456,
            &format!("123456{}", "0".repeat(58)),
            false,
            false,
        );
        check(0xff12_3456, "0", false, true);
        assert_eq!(
            CompactTarget::from_target(U256::from(0x80)),
            CompactTarget(0x0200_8000)
        );
    }

    #[test]
    fn division_inverts_multiplication() {
        let a = U256::from_hex(&"0123456789abcdef".repeat(4)).unwrap();
        let b = U256::from(0xdead_beef_1234_5678);
        let (q, r) = a.checked_div_rem(b).unwrap();
        assert_eq!(q * b + r, a);
        assert!(r < b);
        assert_eq!(a.checked_div_rem(U256::ZERO), None);
        assert_eq!((U256::MAX >> 1).work_of_target(), U256::from(2));
        let genesis = CompactTarget(0x1d00_ffff).target().unwrap();
        assert_eq!(genesis.work_of_target(), U256::from(0x1_0001_0001));
    }
}
