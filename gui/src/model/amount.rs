//! Amounts as people read and write them: grouped by thin spaces, never localised.

use primitives::params::Unit;
use primitives::{Amount, ChainParams, FeeRate};

/// Which of the chain's units is in use.
pub type UnitIndex = usize;

/// Between groups of three digits.
const THIN: char = '\u{2009}';
/// The minus of running text.
const MINUS: char = '\u{2212}';
/// What stands for a masked amount: its width tells nothing.
pub const MASKED: &str = "•••••";

/// Formats amounts as the user wants them.
#[derive(Debug, Clone, Copy)]
pub struct Money<'a> {
    /// The chain, which has the units.
    pub params: &'a ChainParams,
    /// The unit chosen.
    pub unit: UnitIndex,
    /// Whether amounts are hidden.
    pub masked: bool,
}

/// Why a text is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Nothing was typed.
    #[error("Enter an amount.")]
    Empty,
    /// A character that does not belong into a number.
    #[error("This is not a number.")]
    NotANumber,
    /// A comma where a decimal point could be meant.
    #[error("Use a point for decimals.")]
    Comma,
    /// More decimals than a base unit has.
    #[error("Too many decimals for this unit.")]
    TooPrecise,
    /// Zero or less.
    #[error("The amount must be more than zero.")]
    NotPositive,
    /// More than will ever exist.
    #[error("There is not that much money.")]
    TooMuch,
}

impl Money<'_> {
    /// The unit in use.
    pub fn unit(&self) -> &'static Unit {
        let units = self.params.units;
        &units[self.unit.min(units.len() - 1)]
    }

    /// The number alone, or bars when masked.
    pub fn number(&self, amount: Amount) -> String {
        if self.masked {
            MASKED.to_owned()
        } else {
            number(amount, self.unit().decimals)
        }
    }

    /// The number with its unit.
    pub fn with_unit(&self, amount: Amount) -> String {
        format!("{}\u{00A0}{}", self.number(amount), self.unit().symbol)
    }

    /// The number with a sign in front, also a plus: for lists where money comes and goes.
    pub fn signed(&self, amount: Amount) -> String {
        if self.masked {
            return MASKED.to_owned();
        }
        let plus = if amount > Amount::ZERO { "+" } else { "" };
        format!("{plus}{}", number(amount, self.unit().decimals))
    }

    /// Reads what was typed in the unit in use.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(&self, text: &str) -> Result<Amount, AmountError> {
        let amount = parse(text, self.unit().decimals)?;
        if amount <= Amount::ZERO {
            Err(AmountError::NotPositive)
        } else if amount > self.params.max_money {
            Err(AmountError::TooMuch)
        } else {
            Ok(amount)
        }
    }

    /// Without grouping, as it stands in a field and can be edited.
    pub fn editable(&self, amount: Amount) -> String {
        plain(amount, self.unit().decimals, 0)
    }

    /// A fee rate, in base units per virtual byte with up to two decimals.
    pub fn rate(&self, rate: FeeRate) -> String {
        format!("{} {}/vB", rate_number(rate), self.params.atom)
    }

    /// A fee, always in base units: fees are small.
    pub fn fee(&self, fee: Amount) -> String {
        if self.masked {
            return MASKED.to_owned();
        }
        format!("{} {}", number(fee, 0), self.params.atom)
    }
}

fn plain(amount: Amount, decimals: u8, least_decimals: usize) -> String {
    let scale = 10_u64.pow(u32::from(decimals));
    let sat = amount.sat().unsigned_abs();
    let (whole, fraction) = (sat / scale, sat % scale);
    let sign = if amount < Amount::ZERO { "-" } else { "" };
    if decimals == 0 {
        return format!("{sign}{whole}");
    }
    let fraction = format!("{fraction:0width$}", width = usize::from(decimals));
    let kept = fraction.trim_end_matches('0').len().max(least_decimals);
    let fraction = &fraction[..kept];
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

/// All decimals of the unit, digits in groups of three on both sides of the point.
fn number(amount: Amount, decimals: u8) -> String {
    let text = plain(amount, decimals, usize::from(decimals));
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (Some(MINUS), rest),
        None => (None, text.as_str()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut out = String::new();
    out.extend(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(THIN);
        }
        out.push(digit);
    }
    for (index, digit) in fraction.chars().enumerate() {
        match index {
            0 => out.push('.'),
            _ if index % 3 == 0 => out.push(THIN),
            _ => {}
        }
        out.push(digit);
    }
    out
}

/// Groups the digits of a whole number.
pub fn count(number: u64) -> String {
    let sat = i64::try_from(number).unwrap_or(i64::MAX);
    self::number(Amount::from_sat(sat), 0)
}

/// A fee rate without its unit.
pub fn rate_number(rate: FeeRate) -> String {
    let hundredths = (rate.sat_per_kvb().saturating_add(5)) / 10;
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match rest {
        0 => whole.to_string(),
        _ if rest % 10 == 0 => format!("{whole}.{}", rest / 10),
        _ => format!("{whole}.{rest:02}"),
    }
}

/// Reads a fee rate in base units per virtual byte.
///
/// # Errors
/// As for amounts.
pub fn parse_rate(text: &str) -> Result<FeeRate, AmountError> {
    let rate = parse(text, 3)?;
    if rate < Amount::ZERO {
        return Err(AmountError::NotPositive);
    }
    if rate > Amount::from_coins(1) {
        return Err(AmountError::TooMuch);
    }
    Ok(FeeRate::from_sat_per_kvb(rate.sat()))
}

/// Reads a decimal number of `10^decimals` base units.
fn parse(text: &str, decimals: u8) -> Result<Amount, AmountError> {
    let is_gap = |c: char| c.is_whitespace() || matches!(c, '_' | '\'' | THIN);
    let cleaned: String = text.trim().chars().filter(|c| !is_gap(*c)).collect();
    let cleaned = remove_grouping_commas(&cleaned)?;
    let (negative, digits) = match cleaned.strip_prefix(['-', MINUS]) {
        Some(rest) => (true, rest),
        None => (false, cleaned.strip_prefix('+').unwrap_or(&cleaned)),
    };
    if digits.is_empty() {
        return Err(AmountError::Empty);
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return Err(AmountError::NotANumber);
    }
    let fraction = fraction.trim_end_matches('0');
    let width = usize::from(decimals);
    if fraction.len() > width {
        return Err(AmountError::TooPrecise);
    }
    let all = format!("{whole}{fraction:0<width$}");
    let sat: i64 = all.parse().map_err(|_| AmountError::TooMuch)?;
    Ok(Amount::from_sat(if negative { -sat } else { sat }))
}

/// Takes commas out where they can only group thousands.
fn remove_grouping_commas(text: &str) -> Result<String, AmountError> {
    if !text.contains(',') {
        return Ok(text.to_owned());
    }
    let whole = text.split('.').next().unwrap_or_default();
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let groups: Vec<&str> = groups.collect();
    let grouped = !first.is_empty() && groups.iter().all(|group| group.len() == 3);
    // One comma alone may be a decimal comma.
    let clear = grouped && (groups.len() > 1 || text.contains('.'));
    if clear {
        Ok(text.replace(',', ""))
    } else {
        Err(AmountError::Comma)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{Coin, Network};

    fn money(unit: UnitIndex) -> Money<'static> {
        Money {
            params: ChainParams::get(Coin::Bitcoin, Network::Main),
            unit,
            masked: false,
        }
    }

    #[test]
    fn amounts_are_grouped_on_both_sides_of_the_point() {
        let check = |sat: i64, unit: UnitIndex, text: &str| {
            assert_eq!(
                money(unit).number(Amount::from_sat(sat)).replace(THIN, " "),
                text
            );
        };
        check(48_120_355, 0, "0.481 203 55");
        check(-1_200_000, 0, "−0.012 000 00");
        check(2_099_999_997_690_000, 0, "20 999 999.976 900 00");
        check(48_120_355, 3, "48 120 355");
        check(0, 0, "0.000 000 00");
        check(123_456, 1, "1.234 56");
    }

    #[test]
    fn typed_amounts_are_read_to_the_base_unit() {
        let check = |text: &str, want: Result<i64, AmountError>| {
            assert_eq!(money(0).parse(text).map(Amount::sat), want, "{text}");
        };
        check("0.012 000 00", Ok(1_200_000));
        check(" 1\u{2009}234.5 ", Ok(123_450_000_000));
        check("1,234.5", Ok(123_450_000_000));
        check(".5", Ok(50_000_000));
        check("0,5", Err(AmountError::Comma));
        check("1,234", Err(AmountError::Comma));
        check("0.000000001", Err(AmountError::TooPrecise));
        check("0", Err(AmountError::NotPositive));
        check("-1", Err(AmountError::NotPositive));
        check("21000001", Err(AmountError::TooMuch));
        check("99999999999999999999", Err(AmountError::TooMuch));
        check("1e3", Err(AmountError::NotANumber));
        check("", Err(AmountError::Empty));
        check(".", Err(AmountError::NotANumber));
    }

    #[test]
    fn what_is_edited_reads_back_the_same() {
        for sat in [1, 10, 12_345_678, 100_000_000, 2_100_000_000_000_000] {
            for unit in 0..4 {
                let amount = Amount::from_sat(sat);
                assert_eq!(money(unit).parse(&money(unit).editable(amount)), Ok(amount));
            }
        }
    }

    #[test]
    fn rates_have_two_decimals_at_most() {
        let rate = |sat| rate_number(FeeRate::from_sat_per_kvb(sat));
        assert_eq!(
            (rate(8250), rate(1000), rate(100)),
            ("8.25".into(), "1".into(), "0.1".into())
        );
        assert_eq!(parse_rate("8.25"), Ok(FeeRate::from_sat_per_kvb(8250)));
    }

    #[test]
    fn a_masked_amount_tells_nothing() {
        let money = Money {
            masked: true,
            ..money(0)
        };
        assert_eq!(
            money.number(Amount::from_sat(1)),
            money.number(Amount::from_coins(1000))
        );
    }
}
