//! Reading the elements of a layout one by one.

use super::pieces::{is_fraction, name, number, part, run, split, up_to_two, within, zone_len};
use super::{Mismatch, Reading, Zone};
use crate::calendar::Parts;
use crate::calendar::date::{self, Date, MONTHS, WEEKDAYS};
use crate::calendar::layout::element::{self, Element, Fill, Offset};

/// The parts of a time that were read so far.
#[derive(Debug, Default)]
pub(super) struct Reader<'t> {
    year: i64,
    month: Option<u8>,
    day: Option<u8>,
    year_day: Option<u16>,
    hour: u8,
    minute: u8,
    second: u8,
    nanosecond: u32,
    /// True for the afternoon.
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    abbreviation: &'t str,
}

impl<'t> Reader<'t> {
    /// Reads one element, and returns the text behind it. `after` is the rest of the
    /// layout.
    pub(super) fn element(
        &mut self,
        element: Element,
        after: &str,
        text: &'t str,
    ) -> Result<&'t str, Mismatch> {
        match element {
            Element::Year => {
                let (digits, rest) = split(text, 4)?;
                self.year = number(digits)?.into();
                Ok(rest)
            }
            Element::ShortYear => {
                let (digits, rest) = split(text, 2)?;
                let year = i64::from(number(digits)?);
                self.year = if year >= 69 { 1900 + year } else { 2000 + year };
                Ok(rest)
            }
            Element::MonthName => self.month_name(text, usize::MAX),
            Element::ShortMonthName => self.month_name(text, 3),
            Element::Weekday => name(text, &WEEKDAYS, usize::MAX).map(|(_, rest)| rest),
            Element::ShortWeekday => name(text, &WEEKDAYS, 3).map(|(_, rest)| rest),
            Element::Month(fill) => {
                let (month, rest) = part(text, fill, 1..=12, "month")?;
                self.month = Some(month);
                Ok(rest)
            }
            Element::Day(fill) => {
                let (day, rest) = up_to_two(text, fill)?;
                self.day = Some(day);
                Ok(rest)
            }
            Element::YearDay(fill) => self.year_day(text, fill),
            Element::Hour => {
                let (hour, rest) = part(text, Fill::None, 0..=23, "hour")?;
                self.hour = hour;
                Ok(rest)
            }
            Element::Hour12(fill) => {
                let (hour, rest) = part(text, fill, 0..=12, "hour")?;
                self.hour = hour;
                Ok(rest)
            }
            Element::Minute(fill) => {
                let (minute, rest) = part(text, fill, 0..=59, "minute")?;
                self.minute = minute;
                Ok(rest)
            }
            Element::Second(fill) => {
                let (second, rest) = part(text, fill, 0..=59, "second")?;
                self.second = second;
                self.unasked_fraction(after, rest)
            }
            Element::HalfDay { upper } => self.half_day(text, upper),
            Element::Fraction { digits, .. } => {
                if !is_fraction(text) || run(&text[1..]) < digits {
                    return Err(Mismatch::Different);
                }
                self.fraction(text, 1 + digits)
            }
            Element::ShortFraction { .. } => self.any_fraction(text),
            Element::ZoneName => self.zone_name(text),
            Element::Offset(form) => self.read_offset(text, form),
        }
    }

    fn year_day(&mut self, text: &'t str, fill: Fill) -> Result<&'t str, Mismatch> {
        let (text, least) = match fill {
            // Up to two spaces stand for digits.
            Fill::Space => {
                let spaces = text
                    .bytes()
                    .take(2)
                    .take_while(|byte| *byte == b' ')
                    .count();
                (&text[spaces..], 1)
            }
            _ => (text, 3),
        };
        let len = run(text).min(3);
        if len < least {
            return Err(Mismatch::Different);
        }
        let (digits, rest) = text.split_at(len);
        self.year_day = Some(number(digits)? as u16);
        Ok(rest)
    }

    fn month_name(&mut self, text: &'t str, len: usize) -> Result<&'t str, Mismatch> {
        let (place, rest) = name(text, &MONTHS, len)?;
        self.month = Some(place as u8 + 1);
        Ok(rest)
    }

    fn half_day(&mut self, text: &'t str, upper: bool) -> Result<&'t str, Mismatch> {
        let (am, pm) = if upper { ("AM", "PM") } else { ("am", "pm") };
        let (afternoon, rest) = match (text.strip_prefix(am), text.strip_prefix(pm)) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return Err(Mismatch::Different),
        };
        self.afternoon = Some(afternoon);
        Ok(rest)
    }

    /// Reads a fraction behind the seconds that the layout does not ask for.
    fn unasked_fraction(&mut self, after: &str, text: &'t str) -> Result<&'t str, Mismatch> {
        let asked = matches!(
            element::next(after),
            Some((
                "",
                Element::Fraction { .. } | Element::ShortFraction { .. },
                _
            ))
        );
        if asked {
            Ok(text)
        } else {
            self.any_fraction(text)
        }
    }

    /// Reads a fraction, where there is one.
    fn any_fraction(&mut self, text: &'t str) -> Result<&'t str, Mismatch> {
        if is_fraction(text) {
            self.fraction(text, 1 + run(&text[1..]))
        } else {
            Ok(text)
        }
    }

    /// Reads a fraction of `len` characters; digits below a nanosecond do not matter.
    fn fraction(&mut self, text: &'t str, len: usize) -> Result<&'t str, Mismatch> {
        let (fraction, rest) = text.split_at(len);
        let digits = &fraction[1..len.min(10)];
        let scale = 10_u32.pow(9 - digits.len() as u32);
        self.nanosecond = number(digits)? * scale;
        Ok(rest)
    }

    fn zone_name(&mut self, text: &'t str) -> Result<&'t str, Mismatch> {
        if let Some(rest) = text.strip_prefix("UTC") {
            self.utc = true;
            return Ok(rest);
        }
        let len = zone_len(text).ok_or(Mismatch::Different)?;
        let (abbreviation, rest) = text.split_at(len);
        self.abbreviation = abbreviation;
        Ok(rest)
    }

    fn read_offset(&mut self, text: &'t str, form: Offset) -> Result<&'t str, Mismatch> {
        if form.zulu
            && let Some(rest) = text.strip_prefix('Z')
        {
            self.utc = true;
            return Ok(rest);
        }
        let (east, mut rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(Mismatch::Different),
        };
        let mut parts = [0; 3];
        for (place, wanted) in [true, form.minutes, form.seconds].into_iter().enumerate() {
            if !wanted {
                break;
            }
            if place > 0 && form.colons {
                rest = rest.strip_prefix(':').ok_or(Mismatch::Different)?;
            }
            let (digits, after) = split(rest, 2)?;
            parts[place] = number(digits)?;
            rest = after;
        }
        let [hours, minutes, seconds] = parts;
        if hours > 24 || minutes > 60 || seconds > 60 {
            return Err(Mismatch::OutOfRange("offset"));
        }
        let offset = ((hours * 60 + minutes) * 60 + seconds) as i32;
        self.offset = Some(if east { offset } else { -offset });
        Ok(rest)
    }

    /// Puts the parts together.
    pub(super) fn finish(mut self) -> Result<Reading<'t>, Mismatch> {
        match self.afternoon {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        if let Some(year_day) = self.year_day {
            self.set_year_day(year_day)?;
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        within(day, 1..=date::days_in(self.year, month), "day")?;
        let zone = match (self.utc, self.offset) {
            (true, _) => Zone::Utc,
            (false, Some(offset)) => Zone::Offset(offset, self.abbreviation),
            (false, None) if !self.abbreviation.is_empty() => Zone::Name(self.abbreviation),
            (false, None) => Zone::Unsaid,
        };
        Ok(Reading {
            parts: Parts {
                year: self.year,
                month: month.into(),
                day: day.into(),
                hour: self.hour.into(),
                minute: self.minute.into(),
                second: self.second.into(),
                nanosecond: self.nanosecond.into(),
            },
            zone,
        })
    }

    /// Sets month and day, or compares them, by the day of the year.
    fn set_year_day(&mut self, year_day: u16) -> Result<(), Mismatch> {
        let last = 365 + u16::from(date::is_leap(self.year));
        if !(1..=last).contains(&year_day) {
            return Err(Mismatch::OutOfRange("day of year"));
        }
        let days = date::days_of(self.year, 1, 1) + i64::from(year_day) - 1;
        let Date { month, day, .. } = Date::of_days(days);
        if self.month.is_some_and(|other| other != month)
            || self.day.is_some_and(|other| other != day)
        {
            return Err(Mismatch::OutOfRange("day of year"));
        }
        (self.month, self.day) = (Some(month), Some(day));
        Ok(())
    }
}
