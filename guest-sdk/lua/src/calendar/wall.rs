//! The reading of a calendar and a clock on the wall, in any place.

use super::date::{self, Date};

/// A date and a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wall {
    pub(crate) date: Date,
    /// From 0, Sunday.
    pub(crate) weekday: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    pub(crate) nanosecond: u32,
}

impl Wall {
    /// Returns the reading so many seconds after 1970, counted in the place itself:
    /// with its offset.
    pub(crate) fn new(seconds: i64, nanosecond: u32) -> Wall {
        let days = seconds.div_euclid(DAY);
        let second = seconds.rem_euclid(DAY);
        Wall {
            date: Date::of_days(days),
            weekday: date::weekday(days),
            hour: (second / 3600) as u8,
            minute: (second / 60 % 60) as u8,
            second: (second % 60) as u8,
            nanosecond,
        }
    }
}

/// The parts of a reading, any of which may be out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    pub(crate) nanosecond: i64,
}

impl Parts {
    /// Carries what is out of range over to the next larger part, and returns seconds
    /// and nanoseconds after 1970 in the place. `None` beyond the years 0 to 9999.
    pub(crate) fn carry(self) -> Option<(i64, u32)> {
        let wide = i128::from;
        let months = wide(self.month) - 1;
        let year = wide(self.year) + months.div_euclid(12);
        let month = months.rem_euclid(12) as u8 + 1;
        // The day alone may bring a year far away back into range.
        let year = i64::try_from(year).ok().filter(|year| year.abs() < FAR)?;
        let seconds = (wide(date::days_of(year, month, 1)) + wide(self.day) - 1) * wide(DAY)
            + wide(self.hour) * 3600
            + wide(self.minute) * 60
            + wide(self.second)
            + wide(self.nanosecond).div_euclid(1_000_000_000);
        let seconds = i64::try_from(seconds).ok()?;
        let nanosecond = self.nanosecond.rem_euclid(1_000_000_000) as u32;
        SECONDS.contains(&seconds).then_some((seconds, nanosecond))
    }
}

/// The seconds of the years 0 to 9999.
pub(crate) const SECONDS: std::ops::Range<i64> = -62_167_219_200..253_402_300_800;

const DAY: i64 = 86_400;
/// Years that no number of days within 64 bits leads back from.
const FAR: i64 = 1 << 56;

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(year: i64, month: i64, day: i64, hour: i64) -> Option<Date> {
        let parts = Parts {
            year,
            month,
            day,
            hour,
            minute: 0,
            second: 0,
            nanosecond: 0,
        };
        parts.carry().map(|(seconds, _)| Wall::new(seconds, 0).date)
    }

    #[test]
    fn parts_out_of_range_are_carried_over() {
        let date = |year, month, day| Some(Date { year, month, day });
        assert_eq!(carried(2024, 13, 1, 0), date(2025, 1, 1));
        assert_eq!(carried(2024, 0, 1, 0), date(2023, 12, 1));
        assert_eq!(carried(2023, 4, 31, 0), date(2023, 5, 1));
        assert_eq!(carried(2024, 3, 0, 0), date(2024, 2, 29));
        assert_eq!(carried(2024, 3, 1, -1), date(2024, 2, 29));
        assert_eq!(carried(2024, -11, 1, 0), date(2023, 1, 1));
        assert_eq!(carried(i64::MAX, i64::MAX, 1, 0), None);
        assert_eq!(carried(2024, 1, i64::MAX, i64::MIN), None);
        assert_eq!(carried(10_000, 1, 0, 0), date(9999, 12, 31));
        assert_eq!(carried(10_000, 1, 1, 0), None);
        assert_eq!(carried(0, 1, 0, 0), None);
    }

    #[test]
    fn the_range_is_that_of_the_years() {
        assert_eq!(SECONDS.start, date::days_of(0, 1, 1) * DAY);
        assert_eq!(SECONDS.end, date::days_of(10_000, 1, 1) * DAY);
    }
}
