//! The elements of a layout.

/// A part of a time, in one of its forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    /// `2006`, `06`.
    Year,
    ShortYear,
    /// `January`, `Jan`, `01`, `1`.
    MonthName,
    ShortMonthName,
    Month(Fill),
    /// `Monday`, `Mon`.
    Weekday,
    ShortWeekday,
    /// `02`, `_2`, `2`.
    Day(Fill),
    /// `002`, `__2`.
    YearDay(Fill),
    /// `15`.
    Hour,
    /// `03`, `3`.
    Hour12(Fill),
    Minute(Fill),
    Second(Fill),
    /// `PM`, `pm`.
    HalfDay {
        upper: bool,
    },
    /// The point or comma and so many digits, in zeros: all are kept.
    Fraction {
        digits: usize,
        separator: u8,
    },
    /// The same in nines: zeros at the end, and the point before nothing, are left out.
    ShortFraction {
        digits: usize,
        separator: u8,
    },
    /// `MST`.
    ZoneName,
    /// `-0700` and its kin.
    Offset(Offset),
}

/// The character in the place of a first digit that a number lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    Zero,
    Space,
    None,
}

/// The form of an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    /// `Z` instead of an offset of zero.
    pub(super) zulu: bool,
    pub(super) minutes: bool,
    pub(super) seconds: bool,
    pub(super) colons: bool,
}

/// Splits a layout at its first element: the text before it, the element, the rest.
pub(super) fn next(layout: &str) -> Option<(&str, Element, &str)> {
    (0..layout.len())
        .filter(|at| layout.is_char_boundary(*at))
        .find_map(|at| {
            let rest = &layout[at..];
            let (element, len) = at_start(rest)?;
            Some((&layout[..at], element, &rest[len..]))
        })
}

/// Elements that are only their text, the longest first of those that begin alike.
const PLAIN: [(&str, Element); 21] = [
    ("January", Element::MonthName),
    ("Monday", Element::Weekday),
    ("MST", Element::ZoneName),
    ("2006", Element::Year),
    ("002", Element::YearDay(Fill::Zero)),
    ("__2", Element::YearDay(Fill::Space)),
    ("01", Element::Month(Fill::Zero)),
    ("02", Element::Day(Fill::Zero)),
    ("03", Element::Hour12(Fill::Zero)),
    ("04", Element::Minute(Fill::Zero)),
    ("05", Element::Second(Fill::Zero)),
    ("06", Element::ShortYear),
    ("15", Element::Hour),
    ("_2", Element::Day(Fill::Space)),
    ("PM", Element::HalfDay { upper: true }),
    ("pm", Element::HalfDay { upper: false }),
    ("1", Element::Month(Fill::None)),
    ("2", Element::Day(Fill::None)),
    ("3", Element::Hour12(Fill::None)),
    ("4", Element::Minute(Fill::None)),
    ("5", Element::Second(Fill::None)),
];

/// Returns the element that a text begins with, and its length.
fn at_start(text: &str) -> Option<(Element, usize)> {
    // An underscore before a year stands for itself.
    if text.starts_with("_2006") {
        return None;
    }
    for (short, element) in [
        ("Jan", Element::ShortMonthName),
        ("Mon", Element::ShortWeekday),
    ] {
        let long = text.starts_with("January") || text.starts_with("Monday");
        // "Month" is no weekday.
        if !long
            && let Some(rest) = text.strip_prefix(short)
            && !rest.starts_with(|c: char| c.is_ascii_lowercase())
        {
            return Some((element, short.len()));
        }
    }
    match text.as_bytes().first()? {
        b'-' | b'Z' => offset(text),
        b'.' | b',' => fraction(text),
        _ => PLAIN
            .iter()
            .find(|(plain, _)| text.starts_with(plain))
            .map(|(plain, element)| (*element, plain.len())),
    }
}

fn offset(text: &str) -> Option<(Element, usize)> {
    const FORMS: [(&str, bool, bool, bool); 5] = [
        // Minutes, seconds, colons.
        ("070000", true, true, false),
        ("07:00:00", true, true, true),
        ("0700", true, false, false),
        ("07:00", true, false, true),
        ("07", false, false, false),
    ];
    let (form, minutes, seconds, colons) = FORMS
        .into_iter()
        .find(|(form, ..)| text[1..].starts_with(form))?;
    let offset = Offset {
        zulu: text.starts_with('Z'),
        minutes,
        seconds,
        colons,
    };
    Some((Element::Offset(offset), 1 + form.len()))
}

/// A run of zeros or of nines that no other digit follows.
fn fraction(text: &str) -> Option<(Element, usize)> {
    let bytes = text.as_bytes();
    let (separator, digit) = (bytes[0], *bytes.get(1)?);
    let digits = bytes[1..].iter().take_while(|byte| **byte == digit).count();
    let after = bytes.get(1 + digits);
    if after.is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let element = match digit {
        b'0' => Element::Fraction { digits, separator },
        b'9' => Element::ShortFraction { digits, separator },
        _ => return None,
    };
    Some((element, 1 + digits))
}
