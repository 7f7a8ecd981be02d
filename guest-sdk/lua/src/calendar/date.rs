//! The Gregorian calendar, also for the years before it was in use.
//!
//! Days and dates are converted by `days_from_civil` and `civil_from_days` of Howard
//! Hinnant's "chrono-Compatible Low-Level Date Algorithms": a year begins in March, so
//! that the leap day is its last, and 400 years are 146,097 days.

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    /// From 1, January.
    pub(crate) month: u8,
    /// From 1.
    pub(crate) day: u8,
}

impl Date {
    /// Returns the date so many days after 1 January 1970.
    pub(crate) fn of_days(days: i64) -> Date {
        let days = days + DAYS_TO_1970;
        let era = days.div_euclid(DAYS_OF_ERA);
        let day_of_era = days.rem_euclid(DAYS_OF_ERA);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Date {
            year,
            month: month as u8,
            day: day as u8,
        }
    }

    /// Returns the day of the year, from 1.
    pub(crate) fn year_day(self) -> u16 {
        let days = days_of(self.year, self.month, self.day) - days_of(self.year, 1, 1);
        days as u16 + 1
    }
}

/// Returns the days from 1 January 1970 to a date.
pub(crate) fn days_of(year: i64, month: u8, day: u8) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_OF_ERA + day_of_era - DAYS_TO_1970
}

/// Returns the day of the week, from 0, Sunday.
pub(crate) fn weekday(days: i64) -> u8 {
    // 1 January 1970 was a Thursday.
    (days + 4).rem_euclid(7) as u8
}

/// Returns true for a year with 29 February.
pub(crate) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Returns the number of days of a month.
pub(crate) fn days_in(year: i64, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The months' names, from January.
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The weekdays' names, from Sunday.
pub(crate) const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// Days of 400 years, after which the calendar repeats.
const DAYS_OF_ERA: i64 = 146_097;
/// Days from 1 March of the year 0 to 1 January 1970.
const DAYS_TO_1970: i64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_follows_the_day_before() {
        let first = days_of(-1, 1, 1);
        let mut date = Date::of_days(first);
        assert_eq!(weekday(days_of(2024, 2, 29)), 4);
        for days in first..=days_of(10_000, 1, 1) {
            assert_eq!(Date::of_days(days), date);
            assert_eq!(days_of(date.year, date.month, date.day), days);
            if date.day < days_in(date.year, date.month) {
                date.day += 1;
            } else if date.month < 12 {
                date = Date {
                    month: date.month + 1,
                    day: 1,
                    ..date
                };
            } else {
                assert_eq!(date.year_day(), 365 + u16::from(is_leap(date.year)));
                date = Date {
                    year: date.year + 1,
                    month: 1,
                    day: 1,
                };
            }
        }
    }

    #[test]
    fn dates_are_those_of_jiff() {
        for days in (days_of(1, 1, 1)..days_of(10_000, 1, 1)).step_by(37) {
            let timestamp = jiff::Timestamp::from_second(days * 86_400).unwrap();
            let known = timestamp.to_zoned(jiff::tz::TimeZone::UTC);
            let date = Date::of_days(days);
            assert_eq!(
                (date.year, date.month, date.day, date.year_day()),
                (
                    i64::from(known.year()),
                    known.month() as u8,
                    known.day() as u8,
                    known.day_of_year() as u16
                )
            );
            assert_eq!(weekday(days), known.weekday().to_sunday_zero_offset() as u8);
        }
    }
}
