//! Time zones, whose data are the runtime's.

use std::sync::atomic::{AtomicUsize, Ordering};

use warren_guest::Error;
use warren_guest::mock;
use warren_guest::msgpack::{Full, Input, Output, Token};

use super::run_in;

/// Winter and summer of New York in 2024.
const SPANS: [(i64, i64, i64, &str); 3] = [
    (1_699_164_000, 1_710_053_999, -18_000, "EST"),
    (1_710_054_000, 1_730_613_599, -14_400, "EDT"),
    (1_730_613_600, 1_741_503_599, -18_000, "EST"),
];

static CALLS: AtomicUsize = AtomicUsize::new(0);

/// The operation `time.zone` for one zone.
fn zone(operation: &str, request: &[u8]) -> Result<Vec<u8>, Error> {
    assert_eq!(operation, "time.zone");
    let mut request = Input::new(request);
    let (Ok(Token::Array(2)), Ok(Token::String(name)), Ok(Token::Integer(at))) =
        (request.token(), request.token(), request.token())
    else {
        panic!("not a name and an instant");
    };
    if name != b"America/New_York" {
        return Err(Error::not_found("time zone not found"));
    }
    CALLS.fetch_add(1, Ordering::Relaxed);
    let (first, last, offset, abbreviation) = SPANS
        .into_iter()
        .find(|(first, last, ..)| (*first..=*last).contains(&at))
        .unwrap_or(SPANS[0]);
    let mut out = Output::new();
    let mut write = || -> Result<(), Full> {
        out.map(4)?;
        for (key, value) in [("offset", offset), ("first", first), ("last", last)] {
            out.string(key.as_bytes())?;
            out.integer(value)?;
        }
        out.string(b"abbreviation")?;
        out.string(abbreviation.as_bytes())
    };
    write().expect("there is room");
    Ok(out.as_slice().to_vec())
}

#[test]
fn a_zone_is_asked_for_once_in_each_part_of_the_year() {
    let mut runtime = mock::Runtime::default();
    runtime.capability = Some(zone);
    let run = run_in(
        runtime,
        r#"local zone = assert(time.load_location("America/New_York"))
         local t = time.unix(1720000000):in_location(zone)
         for n = 1, 1000 do
           assert(t:add(n):format("15:04 MST") == "05:46 EDT")
         end
         print(t, t:add_date(0, 6, 0):format("MST"), time.load_location("Mars/Olympus"))"#,
    );
    let expected = "2024-07-03T05:46:40-04:00\tEST\tnil\ttime zone not found\n";
    assert_eq!(run.output, expected);
    // At the present, in summer, in winter, and in summer again.
    assert_eq!(CALLS.load(Ordering::Relaxed), 4);
}
