//! The letters of `os.date` that name the place, which `os.date` takes for UTC.

use std::fmt::Write as _;

/// Replaces `%z` and `%Z` by the offset and the abbreviation of the place. `None` where
/// there is neither.
pub(super) fn name_place(letters: &str, offset: i32, zone: &str) -> Option<String> {
    let mut out = String::new();
    let (mut rest, mut found) = (letters, false);
    while let Some(at) = rest.find('%') {
        let (before, letter) = rest.split_at(at);
        out.push_str(before);
        let len = 1 + letter[1..].chars().next().map_or(0, char::len_utf8);
        let (letter, after) = letter.split_at(len);
        rest = after;
        match letter {
            "%z" => {
                let sign = if offset < 0 { '-' } else { '+' };
                let minutes = offset.unsigned_abs() / 60;
                // Writing to a string does not fail.
                let _ = write!(out, "{sign}{:02}{:02}", minutes / 60, minutes % 60);
            }
            "%Z" => out.push_str(&zone.replace('%', "%%")),
            _ => {
                out.push_str(letter);
                continue;
            }
        }
        found = true;
    }
    out.push_str(rest);
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_letters_of_the_place_are_replaced() {
        let named = |letters| name_place(letters, -12_600, "50%");
        assert_eq!(
            named("%H:%M %z (%Z)"),
            Some("%H:%M -0330 (50%%)".to_owned())
        );
        assert_eq!(named("%%z %H %ä %"), None);
    }
}
