//! Money and fee rates, in base units (1 coin = 100,000,000 on every chain).

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// Base units in one coin.
pub const COIN: i64 = 100_000_000;

/// An amount of money in base units. May be negative where a difference is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

/// A text that is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an amount with at most 8 decimals")]
pub struct ParseAmountError;

impl Amount {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// Makes an amount of `sat` base units.
    pub const fn from_sat(sat: i64) -> Self {
        Self(sat)
    }

    /// Makes an amount of whole coins; saturates far above any chain's limit.
    pub const fn from_coins(coins: i64) -> Self {
        Self(coins.saturating_mul(COIN))
    }

    /// The number of base units.
    pub const fn sat(self) -> i64 {
        self.0
    }

    /// Whether it lies between zero and `max_money` (Core's `MoneyRange`).
    pub const fn in_range(self, max_money: Self) -> bool {
        self.0 >= 0 && self.0 <= max_money.0
    }

    /// Adds, or `None` where 64 bits do not suffice.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Subtracts, or `None` where 64 bits do not suffice.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The amount without its sign.
    pub fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// Reads a decimal number of coins (`-0.5`, `1e-8` is refused), as Core's `ParseFixedPoint` with 8 decimals.
    ///
    /// # Errors
    /// [`ParseAmountError`] where the text is no such number.
    pub fn parse_coins(text: &str) -> Result<Self, ParseAmountError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) || fraction.len() > 8 {
            return Err(ParseAmountError);
        }
        let whole: i64 = whole.parse().map_err(|_| ParseAmountError)?;
        let padded: i64 = format!("{fraction:0<8}")
            .parse()
            .map_err(|_| ParseAmountError)?;
        let sat = whole
            .checked_mul(COIN)
            .and_then(|w| w.checked_add(padded))
            .ok_or(ParseAmountError)?;
        Ok(Self(if negative { -sat } else { sat }))
    }
}

impl fmt::Display for Amount {
    /// Coins with exactly 8 decimals, as in JSON-RPC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let unit = COIN.unsigned_abs();
        let sat = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:08}", sat / unit, sat % unit)
    }
}

impl Add for Amount {
    type Output = Self;
    /// Saturates; sums that must be exact use [`Amount::checked_add`].
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Amount {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Amount {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Neg for Amount {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

/// A fee rate in base units per 1,000 virtual bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeeRate(i64);

impl FeeRate {
    /// No fee.
    pub const ZERO: Self = Self(0);

    /// Makes a rate of `sat` base units per 1,000 virtual bytes.
    pub const fn from_sat_per_kvb(sat: i64) -> Self {
        Self(sat)
    }

    /// The rate of `fee` paid for `vsize` virtual bytes; zero where the size is zero.
    pub fn of(fee: Amount, vsize: u64) -> Self {
        let size = i128::from(vsize.max(1));
        let rate = if vsize == 0 {
            0
        } else {
            i128::from(fee.sat()) * 1000 / size
        };
        Self(i64::try_from(rate).unwrap_or(i64::MAX))
    }

    /// Base units per 1,000 virtual bytes.
    pub const fn sat_per_kvb(self) -> i64 {
        self.0
    }

    /// The fee for `vsize` virtual bytes, rounded up (Core's `CFeeRate::GetFee`).
    pub fn fee(self, vsize: u64) -> Amount {
        let exact = i128::from(self.0) * i128::from(vsize);
        let rounded = if exact > 0 {
            (exact + 999) / 1000
        } else {
            exact / 1000
        };
        Amount(i64::try_from(rounded).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coins_are_read_and_written() {
        let check = |text: &str, sat: i64| assert_eq!(Amount::parse_coins(text), Ok(Amount(sat)));
        check("0", 0);
        check("0.00000001", 1);
        check("-1.5", -150_000_000);
        check("21000000", 2_100_000_000_000_000);
        for bad in [
            "",
            ".",
            "1.",
            ".5",
            "1e8",
            "0.000000001",
            "9223372036854775807",
            "+1",
            " 1",
        ] {
            assert_eq!(Amount::parse_coins(bad), Err(ParseAmountError), "{bad}");
        }
        assert_eq!(Amount(-1).to_string(), "-0.00000001");
        assert_eq!(Amount::from_coins(50).to_string(), "50.00000000");
    }

    #[test]
    fn fees_round_up() {
        assert_eq!(FeeRate(1000).fee(141), Amount(141));
        assert_eq!(FeeRate(1).fee(1), Amount(1));
        assert_eq!(FeeRate(100).fee(11), Amount(2));
        assert_eq!(FeeRate::of(Amount(141), 141), FeeRate(1000));
        assert_eq!(FeeRate::of(Amount(141), 0), FeeRate(0));
    }
}
