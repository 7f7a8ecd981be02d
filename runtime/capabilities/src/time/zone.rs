//! `time.zone(name, seconds)`: the offset of an IANA time zone at an instant.
//!
//! The answer is a map: `offset` in seconds east of UTC, `abbreviation`, and `first` and
//! `last`, the Unix seconds between which both hold, inclusive. `first` or `last` is absent
//! where the zone has no earlier or later change. A caller that keeps the answer asks again
//! only outside of these bounds.
//!
//! The zones are those of the bundled database, so that every machine gives the same
//! answer.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use warren_engine::capability::Answer;
use warren_kernel::{Error, text};

use crate::answer;
use crate::request::Arguments;

pub(super) fn answer(request: &[u8]) -> Answer {
    let mut arguments = Arguments::new(request)?;
    let zone = find(arguments.text("name")?)?;
    let seconds = arguments.integer("seconds")?;
    let at = Timestamp::from_second(seconds).map_err(|_| {
        Error::invalid(format!(
            "seconds: {seconds} is outside of the years -9999 to 9999"
        ))
    })?;
    let info = zone.to_offset_info(at);
    let first = change_until(&zone, at).map(Timestamp::as_second);
    let last = zone.following(at).next();
    let last = last.map(|change| change.timestamp().as_second() - 1);
    answer::write(|out| {
        out.map(2 + u32::from(first.is_some()) + u32::from(last.is_some()))?;
        out.string(b"offset")?;
        out.integer(info.offset().seconds().into())?;
        out.string(b"abbreviation")?;
        out.string(info.abbreviation().as_bytes())?;
        for (name, instant) in [("first", first), ("last", last)] {
            if let Some(instant) = instant {
                out.string(name.as_bytes())?;
                out.integer(instant)?;
            }
        }
        Ok(())
    })
}

/// Finds a zone by its exact name. The database itself ignores case, and a program that
/// relied on that would fail elsewhere.
fn find(name: &str) -> Result<TimeZone, Error> {
    if name.is_empty() {
        return Err(Error::invalid("name: the name of a time zone is empty"));
    }
    let shown = text::line(name);
    let missing = || Error::not_found(format!("time zone not found: {shown}")).retryable(false);
    let zone = TimeZoneDatabase::bundled()
        .get(name)
        .map_err(|_| missing())?;
    match zone.iana_name() {
        Some(exact) if exact == name => Ok(zone),
        Some(exact) => {
            let mut error = missing();
            error.message = format!("{}; did you mean {exact}?", error.message);
            Err(error)
        }
        None => Err(missing()),
    }
}

/// Returns the instant of the last change at `at` or before.
fn change_until(zone: &TimeZone, at: Timestamp) -> Option<Timestamp> {
    // `preceding` looks strictly before its instant.
    let after = at.checked_add(SignedDuration::from_secs(1)).unwrap_or(at);
    Some(zone.preceding(after).next()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use warren_kernel::Kind;
    use warren_values::msgpack::{Input, Output, Token};

    fn request(name: &str, seconds: i64) -> Vec<u8> {
        let mut out = Output::new();
        out.array(2).unwrap();
        out.string(name.as_bytes()).unwrap();
        out.integer(seconds).unwrap();
        out.as_slice().to_vec()
    }

    type Zone = (i64, String, Option<i64>, Option<i64>);

    fn zone(name: &str, seconds: i64) -> Zone {
        let bytes = answer(&request(name, seconds)).unwrap();
        let mut input = Input::new(&bytes);
        let Ok(Token::Map(len)) = input.token() else {
            panic!("no map")
        };
        let mut zone = Zone::default();
        for _ in 0..len {
            let key = input.token().unwrap();
            match (key, input.token().unwrap()) {
                (Token::String(b"offset"), Token::Integer(offset)) => zone.0 = offset,
                (Token::String(b"abbreviation"), Token::String(text)) => {
                    zone.1 = String::from_utf8(text.to_vec()).unwrap();
                }
                (Token::String(b"first"), Token::Integer(first)) => zone.2 = Some(first),
                (Token::String(b"last"), Token::Integer(last)) => zone.3 = Some(last),
                other => panic!("unexpected: {other:?}"),
            }
        }
        zone
    }

    #[test]
    fn an_offset_holds_from_its_first_instant_to_its_last() {
        // Summer time in New York: 2024-03-10T07:00:00Z to 2024-11-03T06:00:00Z.
        let summer = (
            -14_400,
            "EDT".to_owned(),
            Some(1_710_054_000),
            Some(1_730_613_599),
        );
        for seconds in [1_710_054_000, 1_720_000_000, 1_730_613_599] {
            assert_eq!(zone("America/New_York", seconds), summer);
        }
        let winter = zone("America/New_York", 1_730_613_600);
        assert_eq!((winter.0, &*winter.1), (-18_000, "EST"));
        assert_eq!(winter.2, Some(1_730_613_600));
        let before = zone("America/New_York", 1_710_053_999);
        assert_eq!((&*before.1, before.3), ("EST", Some(1_710_053_999)));
    }

    #[test]
    fn zones_without_changes_have_no_bounds() {
        assert_eq!(zone("UTC", 0), (0, "UTC".into(), None, None));
        let (offset, abbreviation, first, last) = zone("Asia/Kolkata", 1_720_000_000);
        assert_eq!((offset, &*abbreviation, last), (19_800, "IST", None));
        assert!(first.is_some());
        // Before the first change: local mean time.
        let ancient = zone("Europe/Berlin", -60_000_000_000);
        assert_eq!((&*ancient.1, ancient.2), ("LMT", None));
        for seconds in [-377_705_023_201, 253_402_207_200] {
            zone("Europe/Berlin", seconds);
        }
    }

    #[test]
    fn an_unknown_zone_is_not_found() {
        for name in [
            "Mars/Olympus",
            "../../etc/passwd",
            "America/New_York\0",
            " UTC",
        ] {
            let error = answer(&request(name, 0)).unwrap_err();
            assert_eq!((error.kind, error.retryable), (Kind::NotFound, Some(false)));
            assert!(error.message.starts_with("time zone not found: "));
        }
        let error = answer(&request("america/new_york", 0)).unwrap_err();
        assert_eq!(
            error.message,
            "time zone not found: america/new_york; did you mean America/New_York?"
        );
    }

    #[test]
    fn wrong_arguments_are_invalid() {
        for request in [
            request("", 0),
            request("UTC", i64::MAX),
            request("UTC", i64::MIN),
            b"\x90".to_vec(),
            b"\x92\xa3UTC\xc0".to_vec(),
        ] {
            assert_eq!(answer(&request).unwrap_err().kind, Kind::Invalid);
        }
    }
}
