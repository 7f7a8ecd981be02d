//! From a time to text.

use std::fmt::Write as _;

use super::element::{self, Element, Fill, Offset};
use crate::calendar::Wall;
use crate::calendar::date::{MONTHS, WEEKDAYS};

/// Writes a reading by a layout. `offset` are the seconds east of UTC, and `zone` the
/// abbreviation of the place, or nothing.
pub(crate) fn write(layout: &str, wall: &Wall, offset: i32, zone: &str) -> String {
    let mut out = String::with_capacity(layout.len() + 10);
    let mut rest = layout;
    while let Some((text, element, after)) = element::next(rest) {
        out.push_str(text);
        // Writing to a string does not fail.
        let _ = write_element(&mut out, element, wall, offset, zone);
        rest = after;
    }
    out.push_str(rest);
    out
}

fn write_element(
    out: &mut String,
    element: Element,
    wall: &Wall,
    offset: i32,
    zone: &str,
) -> std::fmt::Result {
    let date = wall.date;
    let month = MONTHS[usize::from(date.month - 1) % 12];
    let weekday = WEEKDAYS[usize::from(wall.weekday) % 7];
    match element {
        Element::Year if date.year < 0 => write!(out, "-{:04}", date.year.unsigned_abs()),
        Element::Year => write!(out, "{:04}", date.year),
        Element::ShortYear => write!(out, "{:02}", date.year.rem_euclid(100)),
        Element::MonthName => out.write_str(month),
        Element::ShortMonthName => out.write_str(&month[..3]),
        Element::Month(fill) => number(out, date.month.into(), fill, 2),
        Element::Weekday => out.write_str(weekday),
        Element::ShortWeekday => out.write_str(&weekday[..3]),
        Element::Day(fill) => number(out, date.day.into(), fill, 2),
        Element::YearDay(fill) => number(out, date.year_day(), fill, 3),
        Element::Hour => number(out, wall.hour.into(), Fill::Zero, 2),
        Element::Hour12(fill) => number(out, (u16::from(wall.hour) + 11) % 12 + 1, fill, 2),
        Element::Minute(fill) => number(out, wall.minute.into(), fill, 2),
        Element::Second(fill) => number(out, wall.second.into(), fill, 2),
        Element::HalfDay { upper } => out.write_str(match (upper, wall.hour >= 12) {
            (true, true) => "PM",
            (true, false) => "AM",
            (false, true) => "pm",
            (false, false) => "am",
        }),
        Element::Fraction { digits, separator } => {
            let shown = fraction(wall.nanosecond, digits);
            write!(out, "{}{shown}", char::from(separator))
        }
        Element::ShortFraction { digits, separator } => {
            let shown = fraction(wall.nanosecond, digits);
            match shown.trim_end_matches('0') {
                "" => Ok(()),
                shown => write!(out, "{}{shown}", char::from(separator)),
            }
        }
        Element::ZoneName if zone.is_empty() => {
            let form = Offset {
                zulu: false,
                minutes: true,
                seconds: false,
                colons: false,
            };
            write_offset(out, form, offset)
        }
        Element::ZoneName => out.write_str(zone),
        Element::Offset(form) => write_offset(out, form, offset),
    }
}

fn number(out: &mut String, value: u16, fill: Fill, width: usize) -> std::fmt::Result {
    match fill {
        Fill::Zero => write!(out, "{value:0width$}"),
        Fill::Space => write!(out, "{value:width$}"),
        Fill::None => write!(out, "{value}"),
    }
}

/// The first digits of a fraction of a second; digits below a nanosecond are zeros.
fn fraction(nanosecond: u32, digits: usize) -> String {
    let mut shown = format!("{nanosecond:09}");
    shown.truncate(digits);
    while shown.len() < digits {
        shown.push('0');
    }
    shown
}

fn write_offset(out: &mut String, form: Offset, offset: i32) -> std::fmt::Result {
    if form.zulu && offset == 0 {
        return out.write_str("Z");
    }
    // The sign is that of the whole minutes, as in Go.
    let minutes = offset / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let size = offset.unsigned_abs();
    let colon = if form.colons { ":" } else { "" };
    write!(out, "{sign}{:02}", size / 3600)?;
    if form.minutes {
        write!(out, "{colon}{:02}", size / 60 % 60)?;
    }
    if form.seconds {
        write!(out, "{colon}{:02}", size % 60)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::layout::LAYOUTS;

    /// 5 February 2009 05:00:57.0123456 at an offset of 8 hours less a second.
    fn written(layout: &str) -> String {
        let wall = Wall::new(1_233_810_057, 12_345_600);
        write(layout, &wall, 28_799, "XST")
    }

    #[test]
    fn each_element_is_written_as_in_go() {
        for (layout, expected) in [
            ("2006 06", "2009 09"),
            ("January Jan 01 1", "February Feb 02 2"),
            ("02 _2 2 002 __2", "05  5 5 036  36"),
            ("Monday Mon", "Thursday Thu"),
            ("15 03 3 04 4 05 5", "05 05 5 00 0 57 57"),
            ("PM pm", "AM am"),
            (
                "5.000 5.999 5,000000 5,999999999",
                "57.012 57.012 57,012345 57,0123456",
            ),
            (
                "MST -0700 -07:00 -07 -070000 -07:00:00",
                "XST +0759 +07:59 +07 +075959 +07:59:59",
            ),
            ("Z0700 Z07:00 Z07", "+0759 +07:59 +07"),
            // Text that is like an element, and is none.
            ("Month Janet Zulu _2006", "Month Janet Zulu _2009"),
            (".00x .001 .99", ".01x .002 .01"),
            ("år 2006", "år 2009"),
            ("20060102", "20090205"),
            ("", ""),
        ] {
            assert_eq!(written(layout), expected, "{layout}");
        }
    }

    #[test]
    fn offsets_of_zero_and_to_the_west_are_written() {
        let wall = Wall::new(0, 0);
        assert_eq!(
            write("Z07:00 Z0700 Z07 -07:00", &wall, 0, "UTC"),
            "Z Z Z +00:00"
        );
        assert_eq!(write("-07:00 MST", &wall, -12_600, ""), "-03:30 -0330");
        assert_eq!(write("5.999", &wall, 0, ""), "0");
    }

    #[test]
    fn each_named_layout_writes_the_time_of_reference_as_itself() {
        let wall = Wall::new(1_136_214_245, 0);
        for (name, layout) in LAYOUTS {
            let layout = layout.to_str().unwrap();
            let expected = match name.to_str().unwrap() {
                "RFC3339" | "RFC3339NANO" => "2006-01-02T15:04:05-07:00",
                _ => layout,
            };
            let expected = expected.replace("_2", " 2");
            assert_eq!(write(layout, &wall, -25_200, "MST"), expected, "{name:?}");
        }
    }
}
