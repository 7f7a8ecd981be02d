use super::*;
use crate::calendar::Wall;
use crate::calendar::layout::{LAYOUTS, write};

fn parts(layout: &str, text: &str) -> Option<(i64, u32)> {
    read(layout, text).ok()?.parts.carry()
}

fn seconds(text: &str) -> i64 {
    let known: jiff::Timestamp = text.parse().unwrap();
    known.as_second()
}

#[test]
fn each_element_is_read_as_in_go() {
    for (layout, text, expected) in [
        ("2006-01-02", "2024-02-29", "2024-02-29T00:00:00Z"),
        ("06 1 2", "68 3 4", "2068-03-04T00:00:00Z"),
        ("06 1 2", "69 3 4", "1969-03-04T00:00:00Z"),
        ("Jan _2 2006", "feb  3 2010", "2010-02-03T00:00:00Z"),
        ("January 2, 2006", "MARCH 13, 2010", "2010-03-13T00:00:00Z"),
        ("2006 002", "2024 060", "2024-02-29T00:00:00Z"),
        ("2006 __2", "2023  60", "2023-03-01T00:00:00Z"),
        ("2006 15:04:05", "2024 4:05:06", "2024-01-01T04:05:06Z"),
        ("2006 3:04PM", "2024 12:05AM", "2024-01-01T00:05:00Z"),
        ("2006 3:04pm", "2024 1:05pm", "2024-01-01T13:05:00Z"),
        ("Monday 2006", "Friday 2024", "2024-01-01T00:00:00Z"),
        ("2006   01", "2024 07", "2024-07-01T00:00:00Z"),
    ] {
        assert_eq!(
            parts(layout, text),
            Some((seconds(expected), 0)),
            "{layout}: {text}"
        );
    }
}

#[test]
fn fractions_are_read_if_asked_for_or_not() {
    for (layout, text, expected) in [
        ("2006 05", "2024 07.25", 250_000_000),
        ("2006 05", "2024 07,123456789123", 123_456_789),
        ("2006 05.000", "2024 07.250", 250_000_000),
        ("2006 05.999", "2024 07.25", 250_000_000),
        ("2006 05.999", "2024 07", 0),
    ] {
        let read = parts(layout, text).map(|(_, nanosecond)| nanosecond);
        assert_eq!(read, Some(expected), "{layout}: {text}");
    }
    assert_eq!(parts("2006 05.000", "2024 07.25"), None);
}

#[test]
fn zones_are_read() {
    for (layout, text, expected) in [
        ("-0700", "+0530", Zone::Offset(19_800, "")),
        ("-07:00", "-03:30", Zone::Offset(-12_600, "")),
        ("-07", "+02", Zone::Offset(7_200, "")),
        ("-070000", "+000123", Zone::Offset(83, "")),
        ("Z07:00:00", "-00:01:02", Zone::Offset(-62, "")),
        ("Z07:00", "Z", Zone::Utc),
        ("Z07:00", "+01:00", Zone::Offset(3_600, "")),
        ("MST", "UTC", Zone::Utc),
        ("MST", "CEST", Zone::Name("CEST")),
        ("MST", "GMT-8", Zone::Name("GMT-8")),
        ("MST", "+03", Zone::Name("+03")),
        ("-0700 (MST)", "+0100 (CET)", Zone::Offset(3_600, "CET")),
        ("2006", "2024", Zone::Unsaid),
    ] {
        let zone = read(layout, text).map(|reading| reading.zone);
        assert_eq!(zone, Ok(expected), "{layout}: {text}");
    }
}

#[test]
fn anything_else_is_refused() {
    for (layout, text) in [
        ("2006-01-02", "2023-02-29"),
        ("2006-01-02", "2023-13-01"),
        ("2006-01-02", "2023-1-01"),
        ("2006-01-02", "2023-01-01 "),
        ("2006-01-02", "2023-01"),
        ("2006-01-02", "+023-01-01"),
        ("2006-01-02", ""),
        ("15:04", "24:00"),
        ("15:04", "23:60"),
        ("05", "60"),
        ("3PM", "13PM"),
        ("3PM", "1pm"),
        ("Jan", "Foo"),
        ("Jan", "ä"),
        ("2006 002", "2023 366"),
        ("2006 002", "2023 000"),
        ("2006-01-02 002", "2023-02-01 031"),
        ("-07:00", "+0700"),
        ("-07:00", "Z"),
        ("-07:00", "+25:00"),
        ("MST", "Mst"),
        ("2006x", "2023y"),
    ] {
        assert_eq!(parts(layout, text), None, "{layout}: {text}");
    }
    assert_eq!(read("2006", "20245"), Err(Mismatch::Longer));
    assert_eq!(read("01", "13"), Err(Mismatch::OutOfRange("month")));
}

#[test]
fn each_named_layout_reads_what_it_writes() {
    for at in (-60_000_000_000..250_000_000_000_i64).step_by(1_234_567_891) {
        let nanosecond = (at.unsigned_abs() % 1_000_000_000) as u32;
        let wall = Wall::new(at, nanosecond);
        for (name, layout) in LAYOUTS {
            let layout = layout.to_str().unwrap();
            let text = write(layout, &wall, 19_800, "IST");
            let reading = read(layout, &text).expect(&text);
            let (read, fraction) = reading.parts.carry().unwrap();
            // The parts that a layout leaves out are lost, and nothing else.
            let again = write(layout, &Wall::new(read, fraction), 19_800, "IST");
            let name = name.to_str().unwrap();
            // A year of two digits may be another, and with it the weekday.
            if name == "RFC850" {
                continue;
            }
            assert_eq!(again, text, "{name}");
            if layout.contains("2006") && layout.contains("05") {
                assert_eq!(read, at, "{name}");
            }
        }
    }
}

#[test]
fn rfc_3339_times_are_read_as_jiff_reads_them() {
    let layout = "2006-01-02T15:04:05Z07:00";
    for at in (-62_000_000_000..250_000_000_000_i64).step_by(987_654_321) {
        let known = jiff::Timestamp::from_second(at).unwrap().to_string();
        assert_eq!(parts(layout, &known), Some((at, 0)), "{known}");
    }
}

#[test]
fn any_pieces_are_written_and_read_without_a_panic() {
    const PIECES: [&str; 40] = [
        "2006",
        "06",
        "January",
        "Jan",
        "01",
        "1",
        "02",
        "_2",
        "2",
        "002",
        "__2",
        "Monday",
        "Mon",
        "15",
        "03",
        "3",
        "04",
        "4",
        "05",
        "5",
        "PM",
        "pm",
        ".000",
        ",999",
        ".9",
        "MST",
        "-0700",
        "Z07:00",
        "-07",
        "Z070000",
        "-",
        "Z",
        ".",
        "GMT+",
        "ä",
        "\u{1f600}",
        " ",
        "  ",
        "9",
        "_",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        // xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut reads = 0;
    for _ in 0..20_000 {
        let mut text =
            |len: usize| -> String { (0..len).map(|_| PIECES[random(PIECES.len())]).collect() };
        let (layout, other) = (text(5), text(4));
        let at = random(1 << 38) as i64 - (1 << 35);
        let wall = Wall::new(at, random(1_000_000_000) as u32);
        let written = write(&layout, &wall, random(172_800) as i32 - 86_400, "CEST");
        for text in [&written, &other] {
            if let Ok(reading) = read(&layout, text) {
                assert!(reading.parts.carry().is_some(), "{layout}: {text}");
                reads += 1;
            }
        }
    }
    assert!(reads > 1_000, "{reads}");
}
