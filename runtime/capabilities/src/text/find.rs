//! `text.regexp.match(pattern, text)` and `text.regexp.find(pattern, text, most, groups)`.

use regex::bytes::Match;
use warren_engine::capability::{Answer, MAX_REQUEST, Progress};
use warren_kernel::Error;
use warren_values::msgpack::{Full, Output};

use super::patterns::Pattern;
use super::walk::Walk;
use crate::answer;
use crate::limit::beyond;
use crate::request::Arguments;

/// Tells whether the text has a match.
pub(super) fn is_match(
    pattern: &Pattern,
    request: &[u8],
    progress: Option<&Progress<'_>>,
) -> Answer {
    let mut arguments = Arguments::new(request)?;
    arguments.text("pattern")?;
    let text = arguments.bytes("text")?;
    pattern.check_text(text)?;
    let regex = pattern.regex();
    let found = match pattern.may_split() {
        false => regex.is_match(text),
        true => {
            let mut walk = Walk::new(text, progress);
            walk.next(|text, place| regex.find_at(text, place))?
                .is_some()
        }
    };
    answer::write(|out| out.boolean(found))
}

/// Finds the first `most` matches, or all. Each is an array of the places of its first and
/// last byte, counted from 1; with `groups`, those of each group follow. The places of a
/// group that has no part in the match are 1 and 0, as those of an empty one at the
/// beginning.
pub(super) fn find(pattern: &Pattern, request: &[u8], progress: Option<&Progress<'_>>) -> Answer {
    let mut arguments = Arguments::new(request)?;
    arguments.text("pattern")?;
    let text = arguments.bytes("text")?;
    let most = arguments.integer_or("most", i64::MAX)?;
    let groups = arguments.boolean_or("groups", false)?;
    pattern.check_text(text)?;
    let most = u32::try_from(most).unwrap_or(if most < 0 { 0 } else { u32::MAX });
    let regex = pattern.regex();
    let mut walk = Walk::new(text, progress);
    let mut matches = Matches::default();
    while matches.count < most {
        if groups {
            match walk.next(|text, place| regex.captures_at(text, place))? {
                Some(found) => matches.add(found.iter())?,
                None => break,
            }
        } else {
            match walk.next(|text, place| regex.find_at(text, place))? {
                Some(found) => matches.add([Some(found)].into_iter())?,
                None => break,
            }
        }
    }
    answer::write(|out| {
        out.array(matches.count)?;
        out.raw(matches.encoded.as_slice())
    })
}

/// The matches so far, encoded.
#[derive(Default)]
struct Matches {
    count: u32,
    encoded: Output,
}

impl Matches {
    fn add<'t>(
        &mut self,
        groups: impl ExactSizeIterator<Item = Option<Match<'t>>>,
    ) -> Result<(), Error> {
        self.count += 1;
        self.encoded.lift_limit();
        let write = || {
            // A pattern has fewer groups than bytes.
            self.encoded.array(2 * groups.len() as u32)?;
            for group in groups {
                let (start, end) = group.map_or((0, 0), |group| (group.start(), group.end()));
                self.encoded.integer(place(start) + 1)?;
                self.encoded.integer(place(end))?;
            }
            Ok(())
        };
        write().map_err(|_: Full| Error::internal("no memory for the matches"))?;
        if self.encoded.as_slice().len() > MAX_REQUEST {
            let message =
                format!("text: the places of its matches take more than {MAX_REQUEST} bytes");
            return Err(beyond("max_answer", MAX_REQUEST, message));
        }
        Ok(())
    }
}

/// Converts a place in a text, which has at most [`MAX_REQUEST`] bytes.
fn place(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use crate::test::{called, called_within, of};
    use crate::text::Text;
    use warren_kernel::{Error, Kind};
    use warren_values::Value;

    fn found(pattern: &str, text: &str, most: Option<i64>, groups: bool) -> Vec<Vec<i64>> {
        let arguments = [
            of(pattern),
            of(text),
            Value::from(most),
            Value::Boolean(groups),
        ];
        called(&Text::default(), "regexp.find", &arguments)
            .unwrap()
            .to()
            .unwrap()
    }

    #[test]
    fn places_are_those_of_bytes_from_1() {
        assert_eq!(found("b+", "abbcb", None, false), [[2, 3], [5, 5]]);
        assert_eq!(found("b+", "abbcb", Some(1), false), [[2, 3]]);
        assert_eq!(found("x", "abc", None, false), [[0; 0]; 0]);
        assert_eq!(found("b*", "abc", None, false), [[1, 0], [2, 2], [4, 3]]);
        assert_eq!(found("(a)|(b)", "b", None, true), [[1, 1, 1, 0, 1, 1]]);
        assert_eq!(found("ü", "aü", None, false), [[2, 3]]);
        assert_eq!(found("", "né", None, true), [[1, 0], [2, 1], [4, 3]]);
        assert_eq!(found(r"x*\B", "éx", None, false), [[1, 0]]);
    }

    #[test]
    fn a_match_is_not_within_a_character() {
        for (text, holds) in [("aéa", false), ("éé", true), ("aaa", true), ("", true)] {
            let arguments = [of(r"\B"), of(text)];
            let answer = called(&Text::default(), "regexp.match", &arguments).unwrap();
            assert_eq!(answer, Value::Boolean(holds), "{text}");
        }
    }

    #[test]
    fn a_search_of_many_matches_can_be_stopped() {
        let arguments = [of("a"), of(&"a".repeat(10_000))];
        let stop = || Err(Error::new(Kind::Canceled, "stopped"));
        let stopped = called_within(&Text::default(), "regexp.find", &arguments, &stop);
        assert_eq!(stopped.unwrap_err().message, "stopped");
    }

    #[test]
    fn a_text_that_is_too_long_for_its_pattern_is_invalid() {
        let arguments = [of("(?:(?:abc){2}){500}"), of(&"a".repeat(1_000_000))];
        let error = called(&Text::default(), "regexp.match", &arguments).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
    }
}
