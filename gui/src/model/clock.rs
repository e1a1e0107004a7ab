//! Times in words and in the local zone, from seconds since 1970.

use std::path::Path;

/// The local time zone: when its offset changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// First second and the offset that holds from then on, in order.
    changes: Vec<(i64, i64)>,
    first: i64,
}

impl Zone {
    /// Greenwich.
    pub fn utc() -> Self {
        Self {
            changes: Vec::new(),
            first: 0,
        }
    }

    /// Reads the system's zone; Greenwich where that cannot be read. Touches the disk.
    pub fn system() -> Self {
        let path = match std::env::var("TZ") {
            Ok(name) if name.is_empty() || name == "UTC" => return Self::utc(),
            Ok(name) => Path::new("/usr/share/zoneinfo").join(name.trim_start_matches(':')),
            Err(_) => Path::new("/etc/localtime").to_owned(),
        };
        std::fs::read(path)
            .ok()
            .and_then(|data| Self::parse(&data))
            .unwrap_or_else(Self::utc)
    }

    /// Reads the 64-bit block of a zone file (RFC 8536).
    pub(super) fn parse(data: &[u8]) -> Option<Self> {
        let counts = |header: &[u8]| -> Option<[usize; 6]> {
            let mut counts = [0; 6];
            for (index, count) in counts.iter_mut().enumerate() {
                let at = 20 + 4 * index;
                let bytes: [u8; 4] = header.get(at..at + 4)?.try_into().ok()?;
                *count = usize::try_from(u32::from_be_bytes(bytes)).ok()?;
            }
            Some(counts)
        };
        if data.get(..4)? != b"TZif" || *data.get(4)? < b'2' {
            return None;
        }
        let [utc, standard, leaps, times, types, chars] = counts(data)?;
        let skipped = 44 + times * 5 + types * 6 + chars + leaps * 8 + standard + utc;
        let block = data.get(skipped..)?;
        let [_, _, _, times, types, _] = counts(block)?;
        let body = block.get(44..)?;
        let (stamps, rest) = body.split_at_checked(times.checked_mul(8)?)?;
        let (indices, rest) = rest.split_at_checked(times)?;
        let kinds = rest.get(..types.checked_mul(6)?)?;
        let offset = |index: u8| -> Option<i64> {
            let at = usize::from(index) * 6;
            let bytes: [u8; 4] = kinds.get(at..at + 4)?.try_into().ok()?;
            Some(i64::from(i32::from_be_bytes(bytes)))
        };
        let changes = stamps
            .chunks_exact(8)
            .zip(indices)
            .map(|(stamp, index)| {
                let stamp: [u8; 8] = stamp.try_into().ok()?;
                Some((i64::from_be_bytes(stamp), offset(*index)?))
            })
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            changes,
            first: offset(0)?,
        })
    }

    fn offset_at(&self, time: i64) -> i64 {
        let after = self.changes.partition_point(|(from, _)| *from <= time);
        after
            .checked_sub(1)
            .map_or(self.first, |index| self.changes[index].1)
    }

    /// Splits a time into its local date and clock.
    pub fn local(&self, time: i64) -> Local {
        Local::from_seconds(time.saturating_add(self.offset_at(time)))
    }

    /// The first second of a date; `None` where there is no such date.
    pub fn midnight(&self, year: i64, month: i64, day: i64) -> Option<i64> {
        // Counted in years that begin in March, so that a leap day is the last of its year.
        let shifted = if month > 2 { year } else { year - 1 };
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let leaps = shifted.div_euclid(4) - shifted.div_euclid(100) + shifted.div_euclid(400);
        let days = shifted * 365 + leaps + day_of_year - 719_468;
        let utc = days * 86_400;
        let time = utc - self.offset_at(utc - self.offset_at(utc));
        let found = self.local(time);
        let same =
            (found.year, found.month, found.day) == (year, usize::try_from(month).ok()?, day);
        same.then_some(time)
    }

    /// "30 Aug 2026 14:02".
    pub fn full(&self, time: i64) -> String {
        let t = self.local(time);
        format!(
            "{} {} {} {:02}:{:02}",
            t.day,
            MONTHS[t.month - 1],
            t.year,
            t.hour,
            t.minute
        )
    }

    /// "2026-08-30T14:02:00", for files.
    pub fn iso(&self, time: i64) -> String {
        let t = self.local(time);
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            t.year, t.month, t.day, t.hour, t.minute, t.second
        )
    }

    /// "14:02:11".
    pub fn clock(&self, time: i64) -> String {
        let t = self.local(time);
        format!("{:02}:{:02}:{:02}", t.hour, t.minute, t.second)
    }

    /// As short as the distance to `now` allows: "today 14:02", "28 Aug 14:02", "28 Aug 2025".
    pub fn short(&self, time: i64, now: i64) -> String {
        let (t, n) = (self.local(time), self.local(now));
        let clock = format!("{:02}:{:02}", t.hour, t.minute);
        if t.days == n.days {
            format!("today {clock}")
        } else if t.days + 1 == n.days {
            format!("yesterday {clock}")
        } else if t.year == n.year {
            format!("{} {} {clock}", t.day, MONTHS[t.month - 1])
        } else {
            format!("{} {} {}", t.day, MONTHS[t.month - 1], t.year)
        }
    }
}

/// Short names of the months.
pub const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A date and clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    /// Days since 1970.
    pub days: i64,
    /// Year.
    pub year: i64,
    /// Month, from 1.
    pub month: usize,
    /// Day of the month, from 1.
    pub day: i64,
    /// Hour.
    pub hour: i64,
    /// Minute.
    pub minute: i64,
    /// Second.
    pub second: i64,
}

impl Local {
    /// The civil date of seconds since 1970 (Gregorian calendar counted in eras of 400 years).
    fn from_seconds(time: i64) -> Self {
        let days = time.div_euclid(86_400);
        let second = time.rem_euclid(86_400);
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        Self {
            days,
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: usize::try_from(month).unwrap_or(1).clamp(1, 12),
            day: day_of_year - (153 * shifted + 2) / 5 + 1,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }
}

/// A duration in words, as coarse as it stays useful: "4 min", "3 h 10 min", "12 days".
pub fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let plural =
        |count: i64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..36_000 if minutes % 60 != 0 => format!("{hours} h {} min", minutes % 60),
        3600..172_800 => format!("{hours} h"),
        172_800..5_184_000 => plural(days, "day"),
        5_184_000..63_072_000 => plural(days / 30, "month"),
        _ => plural(days / 365, "year"),
    }
}

/// How long ago, in words: "just now", "4 min ago".
pub fn ago(then: i64, now: i64) -> String {
    let age = now - then;
    if age < 10 {
        "just now".to_owned()
    } else {
        format!("{} ago", duration(age))
    }
}

/// Bytes in the unit that needs no more than four digits.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut scale: u64 = 1;
    let mut unit = 0;
    while unit + 1 < UNITS.len() && count / scale >= 1000 {
        scale *= 1000;
        unit += 1;
    }
    let whole = count / scale;
    let tenth = count % scale * 10 / scale;
    if unit == 0 || whole >= 100 || tenth == 0 {
        format!("{whole} {}", UNITS[unit])
    } else {
        format!("{whole}.{tenth} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_dates_hold_across_leap_years() {
        let check = |time: i64, text: &str| assert_eq!(Zone::utc().full(time), text);
        check(0, "1 Jan 1970 00:00");
        check(1_231_006_505, "3 Jan 2009 18:15");
        check(951_782_400, "29 Feb 2000 00:00");
        check(1_788_098_520, "30 Aug 2026 14:02");
    }

    #[test]
    fn the_zone_of_a_real_file_knows_summer() {
        let Ok(data) = std::fs::read("/usr/share/zoneinfo/Europe/Berlin") else {
            return;
        };
        let zone = Zone::parse(&data).expect("a zone file of the system");
        assert_eq!(zone.full(1_788_098_520), "30 Aug 2026 16:02");
        assert_eq!(zone.full(1_768_478_520), "15 Jan 2026 13:02");
    }

    #[test]
    fn a_broken_zone_file_is_refused() {
        assert_eq!(Zone::parse(b"TZif2"), None);
        assert_eq!(Zone::parse(&[0; 200]), None);
        let mut data = b"TZif2".to_vec();
        data.resize(200, 0xFF);
        assert_eq!(Zone::parse(&data), None);
    }

    #[test]
    fn durations_and_sizes_in_words() {
        assert_eq!(duration(59), "59 s");
        assert_eq!(duration(11_400), "3 h 10 min");
        assert_eq!(duration(3 * 86_400), "3 days");
        assert_eq!(ago(100, 105), "just now");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(212_000_000_000), "212 GB");
        assert_eq!(bytes(9_800_000_000), "9.8 GB");
    }
}
