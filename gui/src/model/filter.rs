//! What the Activity page shows: words, amounts, months, kinds.

use ipc_schema::{TxKind, TxRow};
use primitives::Amount;

/// Which direction of money is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// Everything.
    #[default]
    All,
    /// Received.
    In,
    /// Sent, also to oneself.
    Out,
    /// Mined.
    Mined,
}

/// When a row must have happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Period {
    /// At any time.
    #[default]
    All,
    /// Since midnight.
    Today,
    /// In the last seven days.
    Week,
    /// In this calendar month.
    Month,
    /// In the calendar month before.
    LastMonth,
    /// In this calendar year.
    Year,
    /// Between two dates.
    Range,
}

impl Period {
    /// All periods in the order shown.
    pub const ALL: [Self; 7] = [
        Self::All,
        Self::Today,
        Self::Week,
        Self::Month,
        Self::LastMonth,
        Self::Year,
        Self::Range,
    ];

    /// The words for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::All => "any time",
            Self::Today => "today",
            Self::Week => "last 7 days",
            Self::Month => "this month",
            Self::LastMonth => "last month",
            Self::Year => "this year",
            Self::Range => "from … to …",
        }
    }

    /// The first second that counts, and the first that counts no more. A range is what was typed as its ends.
    pub fn bounds(
        self,
        now: i64,
        zone: &super::clock::Zone,
        typed: (Option<i64>, Option<i64>),
    ) -> (Option<i64>, Option<i64>) {
        let local = zone.local(now);
        let month = i64::try_from(local.month).unwrap_or(1);
        let midnight = zone.midnight(local.year, month, local.day);
        let this_month = zone.midnight(local.year, month, 1);
        match self {
            Self::All => (None, None),
            Self::Today => (midnight, None),
            Self::Week => (midnight.map(|start| start - 6 * DAY), None),
            Self::Month => (this_month, None),
            Self::LastMonth => {
                let (year, before) = match month {
                    1 => (local.year - 1, 12),
                    later => (local.year, later - 1),
                };
                (zone.midnight(year, before, 1), this_month)
            }
            Self::Year => (zone.midnight(local.year, 1, 1), None),
            Self::Range => (typed.0, typed.1.map(|last| last + DAY)),
        }
    }
}

const DAY: i64 = 86_400;

/// Reads a date such as 2026-08-30; gives its first second.
pub fn date(text: &str, zone: &super::clock::Zone) -> Option<i64> {
    let mut parts = text.trim().splitn(3, '-');
    let mut number = || -> Option<i64> {
        let part = parts.next()?;
        let digits = part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse().ok())?
    };
    let (year, month, day) = (number()?, number()?, number()?);
    zone.midnight(year, month, day)
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.label())
    }
}

/// What a row must be to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    words: String,
    more_than: Option<Amount>,
    less_than: Option<Amount>,
    direction: Direction,
    since: Option<i64>,
    until: Option<i64>,
}

impl Filter {
    /// Reads what was typed: `>0.1` and `<0.1` are amounts in the unit with `decimals` decimals, all else is searched
    /// for in label, address, comment and id.
    pub fn parse(text: &str, decimals: u8) -> Self {
        let mut filter = Self {
            text: text.to_owned(),
            ..Self::default()
        };
        let mut words = Vec::new();
        for word in text.split_whitespace() {
            match (word.strip_prefix('>'), word.strip_prefix('<')) {
                (Some(number), _) if bound(number, decimals).is_some() => {
                    filter.more_than = bound(number, decimals);
                }
                (_, Some(number)) if bound(number, decimals).is_some() => {
                    filter.less_than = bound(number, decimals);
                }
                _ => words.push(word.to_lowercase()),
            }
        }
        filter.words = words.join(" ");
        filter
    }

    /// The same with another direction.
    pub fn with_direction(self, direction: Direction) -> Self {
        Self { direction, ..self }
    }

    /// The same from the first second on, and before the second.
    pub fn within(self, (since, until): (Option<i64>, Option<i64>)) -> Self {
        Self {
            since,
            until,
            ..self
        }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether everything passes.
    pub fn is_open(&self) -> bool {
        *self
            == Self {
                text: self.text.clone(),
                ..Self::default()
            }
    }

    /// Whether everything that passes this one also passes `other`.
    pub fn narrows(&self, other: &Self) -> bool {
        let rest = |filter: &Self| {
            (
                filter.more_than,
                filter.less_than,
                filter.direction,
                filter.since,
                filter.until,
            )
        };
        let same = rest(self) == rest(other);
        same && self.words.starts_with(&other.words)
    }

    /// Whether a row is shown.
    pub fn passes(&self, row: &TxRow) -> bool {
        let direction = match self.direction {
            Direction::All => true,
            Direction::In => row.kind == TxKind::Received,
            Direction::Out => matches!(row.kind, TxKind::Sent | TxKind::SelfTransfer),
            Direction::Mined => row.kind == TxKind::Mined,
        };
        let size = row.amount.abs();
        direction
            && self.since.is_none_or(|since| row.time >= since)
            && self.until.is_none_or(|until| row.time < until)
            && self.more_than.is_none_or(|least| size > least)
            && self.less_than.is_none_or(|most| size < most)
            && self.has_words(row)
    }

    fn has_words(&self, row: &TxRow) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let has = |text: &str| contains_ignoring_case(text, &self.words);
        has(&row.label)
            || has(&row.comment)
            || row
                .outputs
                .iter()
                .any(|output| has(&output.address) || has(&output.label))
            || (self.words.len() >= 4
                && self.words.bytes().all(|byte| byte.is_ascii_hexdigit())
                && row.txid.to_string().contains(&self.words))
    }
}

/// Looks for lower-case `words` in `text` without making a copy where both are ASCII.
fn contains_ignoring_case(text: &str, words: &str) -> bool {
    if text.is_ascii() && words.is_ascii() {
        let Some(first) = words.bytes().next() else {
            return true;
        };
        // Most places differ in the first letter, and every key looks at all rows.
        return text.as_bytes().windows(words.len()).any(|window| {
            window[0].to_ascii_lowercase() == first && window.eq_ignore_ascii_case(words.as_bytes())
        });
    }
    text.to_lowercase().contains(words)
}

fn bound(number: &str, decimals: u8) -> Option<Amount> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let width = usize::from(decimals);
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if number.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > width {
        return None;
    }
    format!("{whole}{fraction:0<width$}")
        .parse()
        .ok()
        .map(Amount::from_sat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::Zone;

    fn row(label: &str, sat: i64, kind: TxKind) -> TxRow {
        TxRow {
            label: label.to_owned(),
            amount: Amount::from_sat(sat),
            kind,
            ..TxRow::default()
        }
    }

    #[test]
    fn words_and_amounts_are_told_apart() {
        let filter = Filter::parse("rent >0.01 <0.5", 8);
        assert!(filter.passes(&row("Rent, landlord", -1_200_000, TxKind::Sent)));
        assert!(!filter.passes(&row("Rent, landlord", -1_000_000, TxKind::Sent)));
        assert!(!filter.passes(&row("Rent, landlord", -50_000_000, TxKind::Sent)));
        assert!(!filter.passes(&row("Salary", 2_000_000, TxKind::Received)));
        assert!(Filter::parse("größe", 8).passes(&row("GRÖSSE Größe", 1, TxKind::Sent)));
    }

    #[test]
    fn only_a_longer_word_narrows() {
        let filter = |text: &str| Filter::parse(text, 8);
        assert!(filter("rent").narrows(&filter("ren")));
        assert!(!filter("ren").narrows(&filter("rent")));
        assert!(
            !filter("rent")
                .with_direction(Direction::In)
                .narrows(&filter("ren"))
        );
        assert!(filter("").is_open() && !filter("x").is_open());
    }

    #[test]
    fn periods_begin_at_midnight() {
        let now = 1_788_098_520; // 30 Aug 2026 14:02 UTC
        let zone = Zone::utc();
        let bounds = |period: Period| {
            let (since, until) = period.bounds(now, &zone, (Some(now), Some(now)));
            let words = |time: Option<i64>| time.map(|time| zone.full(time)).unwrap_or_default();
            (words(since), words(until))
        };
        let from = |period: Period| bounds(period).0;
        assert_eq!(from(Period::All), "");
        assert_eq!(from(Period::Today), "30 Aug 2026 00:00");
        assert_eq!(from(Period::Week), "24 Aug 2026 00:00");
        assert_eq!(from(Period::Month), "1 Aug 2026 00:00");
        assert_eq!(from(Period::Year), "1 Jan 2026 00:00");
        let last = ("1 Jul 2026 00:00".to_owned(), "1 Aug 2026 00:00".to_owned());
        assert_eq!(bounds(Period::LastMonth), last);
    }

    #[test]
    fn a_range_is_typed_as_dates() {
        let zone = Zone::utc();
        let words = |text: &str| date(text, &zone).map(|time| zone.full(time));
        assert_eq!(words("2026-08-30").as_deref(), Some("30 Aug 2026 00:00"));
        assert_eq!(words(" 2024-2-29 ").as_deref(), Some("29 Feb 2024 00:00"));
        assert_eq!(words("1999-12-31").as_deref(), Some("31 Dec 1999 00:00"));
        for wrong in [
            "",
            "2025-02-29",
            "2026-13-01",
            "2026-08",
            "x",
            "2026-08-30-1",
            "99999-1-1",
        ] {
            assert_eq!(words(wrong), None, "{wrong}");
        }
        let typed = (date("2026-08-01", &zone), date("2026-08-02", &zone));
        let (since, until) = Period::Range.bounds(0, &zone, typed);
        let filter = Filter::default().within((since, until));
        let at = |text: &str, more: i64| TxRow {
            time: date(text, &zone).expect("a date") + more,
            ..TxRow::default()
        };
        assert!(
            filter.passes(&at("2026-08-02", 86_399)),
            "the last day counts whole"
        );
        assert!(!filter.passes(&at("2026-08-03", 0)) && !filter.passes(&at("2026-07-31", 0)));
    }
}
