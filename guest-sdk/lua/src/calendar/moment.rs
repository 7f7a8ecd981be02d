//! Points of time, in any place.

use super::layout::{self, Zone};
use super::wall::SECONDS;

/// A point of time in the years 0 to 9999 of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    /// After 1970-01-01T00:00:00Z.
    pub(crate) seconds: i64,
    /// After these seconds; less than a second.
    pub(crate) nanoseconds: u32,
}

impl Moment {
    /// 1 January of the year 1, 00:00:00 in UTC, from which
    /// [`round`](Self::round) counts.
    pub(crate) const ZERO: Moment = Moment {
        seconds: -62_135_596_800,
        nanoseconds: 0,
    };

    /// Returns the moment so many nanoseconds after 1970.
    pub(crate) fn from_nanoseconds(nanoseconds: i64) -> Self {
        Self {
            seconds: nanoseconds.div_euclid(SECOND),
            nanoseconds: nanoseconds.rem_euclid(SECOND) as u32,
        }
    }

    /// Returns the moment so many seconds and nanoseconds after 1970; `None` beyond the
    /// years 0 to 9999.
    pub(crate) fn new(seconds: i64, nanoseconds: i64) -> Option<Self> {
        let seconds = seconds.checked_add(nanoseconds.div_euclid(SECOND))?;
        SECONDS.contains(&seconds).then_some(Self {
            seconds,
            nanoseconds: nanoseconds.rem_euclid(SECOND) as u32,
        })
    }

    /// Reads RFC 3339.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // The layout lets pass an hour of one digit and a comma, too.
        if text.as_bytes().get(13) != Some(&b':') || text.contains(',') {
            return None;
        }
        let reading = layout::read(layout::RFC3339, text).ok()?;
        let (seconds, nanoseconds) = reading.parts.carry()?;
        let offset = match reading.zone {
            Zone::Offset(offset, _) if offset.abs() < 86_400 => offset,
            Zone::Offset(..) => return None,
            _ => 0,
        };
        Self::new(seconds - i64::from(offset), nanoseconds.into())
    }

    /// Returns the moment so many nanoseconds later.
    pub(crate) fn add(self, nanoseconds: i64) -> Option<Self> {
        let by = Self::from_nanoseconds(nanoseconds);
        Self::new(
            self.seconds.checked_add(by.seconds)?,
            i64::from(self.nanoseconds) + i64::from(by.nanoseconds),
        )
    }

    /// Returns the nanoseconds from another moment to this one.
    pub(crate) fn since(self, other: Self) -> i128 {
        self.nanoseconds() - other.nanoseconds()
    }

    /// Returns the last multiple of a duration since [`ZERO`](Self::ZERO).
    pub(crate) fn truncate(self, unit: i64) -> Option<Self> {
        match self.rest(unit) {
            Some(rest) => self.add(-rest),
            None => Some(self),
        }
    }

    /// Returns the nearest multiple of a duration since [`ZERO`](Self::ZERO), the later
    /// one of two that are as near.
    pub(crate) fn round(self, unit: i64) -> Option<Self> {
        match self.rest(unit) {
            Some(rest) if rest < unit - rest => self.add(-rest),
            Some(rest) => self.add(unit - rest),
            None => Some(self),
        }
    }

    /// Returns nanoseconds since 1970.
    pub(crate) fn nanoseconds(self) -> i128 {
        i128::from(self.seconds) * i128::from(SECOND) + i128::from(self.nanoseconds)
    }

    /// Returns the nanoseconds since the last multiple; `None` where the unit is not
    /// positive.
    fn rest(self, unit: i64) -> Option<i64> {
        if unit <= 0 {
            return None;
        }
        // Less than the unit.
        Some(self.since(Self::ZERO).rem_euclid(unit.into()) as i64)
    }
}

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::parse(text).expect(text)
    }

    #[test]
    fn rfc_3339_is_read_and_nothing_else() {
        assert_eq!(
            moment("1970-01-01T00:00:01.5Z"),
            Moment {
                seconds: 1,
                nanoseconds: 500_000_000
            }
        );
        assert_eq!(
            moment("2024-02-29T14:30:45+02:00"),
            moment("2024-02-29T12:30:45Z")
        );
        for text in [
            "",
            "yesterday",
            "2024-02-30T00:00:00Z",
            "2024-02-29",
            "2024-02-29T12:30:45",
            "2024-02-29T2:30:45Z",
            "2024-02-29T12:30:45,5Z",
            "2024-02-29T12:30:45+24:00",
            "2024-02-29T12:30:45Z ",
            "0000-01-01T00:00:00+01:00",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn multiples_are_counted_from_the_year_1() {
        let t = moment("2024-02-29T12:30:45.5Z");
        for (unit, truncated, rounded) in [
            (SECOND, "2024-02-29T12:30:45Z", "2024-02-29T12:30:46Z"),
            (60 * SECOND, "2024-02-29T12:30:00Z", "2024-02-29T12:31:00Z"),
            (
                3_600 * SECOND,
                "2024-02-29T12:00:00Z",
                "2024-02-29T13:00:00Z",
            ),
            (
                86_400 * SECOND,
                "2024-02-29T00:00:00Z",
                "2024-03-01T00:00:00Z",
            ),
            // 1 January of the year 1 was a Monday.
            (
                604_800 * SECOND,
                "2024-02-26T00:00:00Z",
                "2024-03-04T00:00:00Z",
            ),
            (0, "2024-02-29T12:30:45.5Z", "2024-02-29T12:30:45.5Z"),
            (-5, "2024-02-29T12:30:45.5Z", "2024-02-29T12:30:45.5Z"),
        ] {
            assert_eq!(t.truncate(unit), Some(moment(truncated)), "{unit}");
            assert_eq!(t.round(unit), Some(moment(rounded)), "{unit}");
        }
        assert_eq!(moment("9999-12-31T23:59:59.9Z").round(SECOND), None);
        assert_eq!(Moment::ZERO, moment("0001-01-01T00:00:00Z"));
    }

    #[test]
    fn sums_and_differences_keep_to_the_range() {
        let t = moment("9999-12-31T23:59:59.999999999Z");
        assert_eq!(t.add(1), None);
        assert_eq!(t.add(i64::MIN).and_then(|t| t.add(i64::MAX)), t.add(-1));
        assert_eq!(t.since(moment("9999-12-31T00:00:00Z")), 86_399_999_999_999);
        assert_eq!(Moment::new(i64::MAX, i64::MAX), None);
    }
}
