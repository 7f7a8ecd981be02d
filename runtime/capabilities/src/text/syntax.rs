//! RE2's syntax, written in that of the crate `regex`.
//!
//! Both agree but for what [`translated`] rewrites: in RE2 `\d`, `\w`, `\s` and `\b` know
//! ASCII alone, a `{` that begins no repetition is a character, `\Q...\E` quotes, and a
//! class in brackets has no classes within and no operators.

use std::iter::Peekable;
use std::str::Chars;

/// Digits, letters and space, as items of a class.
const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = r"\t\n\f\r\x20";

/// Returns a pattern of RE2 in the syntax of `regex`. Of a malformed pattern, `regex`
/// makes the error.
pub(crate) fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + pattern.len() / 2);
    let mut rest = pattern.chars().peekable();
    while let Some(char) = rest.next() {
        match char {
            '\\' => escape(&mut rest, &mut out),
            '[' => class(&mut rest, &mut out),
            '{' if !is_repetition(rest.clone()) => out.push_str(r"\{"),
            _ => out.push(char),
        }
    }
    out
}

/// Translates the escape whose backslash was read.
fn escape(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    match rest.next() {
        Some('Q') => quoted(rest, out),
        Some(char @ ('b' | 'B')) => out.extend(["(?-u:\\", char.encode_utf8(&mut [0; 4]), ")"]),
        Some(char) => match perl_class(char) {
            Some((items, true)) => out.extend(["[^", items, "]"]),
            Some((items, false)) => out.extend(["[", items, "]"]),
            None => {
                out.extend(['\\', char]);
                if matches!(char, 'p' | 'P' | 'x') && rest.peek() == Some(&'{') {
                    copy_until('}', rest, out);
                }
            }
        },
        None => out.push('\\'),
    }
}

/// Returns the items of `\d` and the like, and true for the complement.
fn perl_class(char: char) -> Option<(&'static str, bool)> {
    let items = match char.to_ascii_lowercase() {
        'd' => DIGIT,
        'w' => WORD,
        's' => SPACE,
        _ => return None,
    };
    Some((items, char.is_ascii_uppercase()))
}

/// Translates the text between `\Q` and `\E`.
fn quoted(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    while let Some(char) = rest.next() {
        if char == '\\' && rest.peek() == Some(&'E') {
            rest.next();
            return;
        }
        out.push_str(&regex::escape(char.encode_utf8(&mut [0; 4])));
    }
}

/// Translates the class whose bracket was read.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    // A bracket or a dash in front is a character.
    if let Some(first) = rest.next_if(|char| matches!(char, ']' | '-')) {
        out.extend(['\\', first]);
    }
    let mut last = None;
    while let Some(char) = rest.next() {
        match char {
            ']' => {
                out.push(']');
                return;
            }
            '\\' => class_escape(rest, out),
            '[' if rest.peek() == Some(&':') => {
                out.push('[');
                copy_until(']', rest, out);
            }
            '[' | '&' | '~' => out.extend(['\\', char]),
            '-' if last == Some('-') => out.push_str(r"\-"),
            _ => out.push(char),
        }
        last = Some(char);
    }
}

/// Translates the escape in a class whose backslash was read.
fn class_escape(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let Some(char) = rest.next() else {
        out.push('\\');
        return;
    };
    match perl_class(char) {
        Some((items, true)) => out.extend(["[^", items, "]"]),
        Some((items, false)) => out.push_str(items),
        None => out.extend(['\\', char]),
    }
}

/// Copies up to this character, which is included.
fn copy_until(end: char, rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    for char in rest.by_ref() {
        out.push(char);
        if char == end {
            return;
        }
    }
}

/// Tells whether `n}`, `n,}` or `n,m}` follows.
fn is_repetition(mut rest: Peekable<Chars<'_>>) -> bool {
    let digits = |rest: &mut Peekable<Chars<'_>>| {
        let mut any = false;
        while rest.next_if(char::is_ascii_digit).is_some() {
            any = true;
        }
        any
    };
    if !digits(&mut rest) {
        return false;
    }
    if rest.next_if_eq(&',').is_some() {
        digits(&mut rest);
    }
    rest.next() == Some('}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::bytes::Regex;

    /// The first match of a pattern in a text.
    fn first<'a>(pattern: &str, text: &'a str) -> Option<&'a str> {
        let regex = Regex::new(&translated(pattern)).unwrap();
        let found = regex.find(text.as_bytes())?;
        Some(std::str::from_utf8(found.as_bytes()).unwrap())
    }

    #[test]
    fn classes_of_perl_know_ascii_alone() {
        assert_eq!(first(r"\d+", "٣4"), Some("4"));
        assert_eq!(first(r"\w+", "üab"), Some("ab"));
        assert_eq!(first(r"[\w-]+", "ü-a"), Some("-a"));
        assert_eq!(first(r"\W+", "aü b"), Some("ü "));
        assert_eq!(first(r"[^\D2]+", "a213"), Some("13"));
        assert_eq!(first(r"[\S]+", " ü\u{a0}x "), Some("ü\u{a0}x"));
        assert_eq!(first(r"\s", "\u{b}\u{a0}x"), None);
        assert_eq!(first(r"\bx", "üx"), Some("x"));
        assert_eq!(first(r"a\Bb", "ab"), Some("ab"));
        assert_eq!(first(r"\pL+\p{Nd}\x{41}", "éé1A"), Some("éé1A"));
        assert_eq!(first("(?i)É", "é"), Some("é"));
    }

    #[test]
    fn braces_that_repeat_nothing_are_characters() {
        assert_eq!(first(r"{(\w+)}", "a {b}"), Some("{b}"));
        assert_eq!(first("a{,2}", "aa{,2}"), Some("a{,2}"));
        assert_eq!(first("a{2}", "aaa"), Some("aa"));
        assert_eq!(first("a{2,}", "aaa"), Some("aaa"));
        assert_eq!(first("a{1,2}", "aaa"), Some("aa"));
    }

    #[test]
    fn classes_have_neither_classes_nor_operators() {
        for (pattern, text, found) in [
            ("[[a]+", "x[a", "[a"),
            ("[]a]+", "x]a", "]a"),
            ("[^]a]+", "]xa", "x"),
            ("[a&&b]+", "x&b", "&b"),
            ("[a~~b]+", "x~a", "~a"),
            ("[+--]+", "x,-+", ",-+"),
            ("[--/]+", "x-./", "-./"),
            ("[a-]+", "x-a", "-a"),
            ("[[:alpha:]_]+", "1a_", "a_"),
            ("[[:^digit:]]+", "1a", "a"),
            (r"[\]\\]+", r"a\]", r"\]"),
        ] {
            assert_eq!(first(pattern, text), Some(found), "{pattern}");
        }
    }

    #[test]
    fn quoted_text_stands_for_itself() {
        assert_eq!(first(r"\Qa.b[\E+", "a.b[["), Some("a.b[["));
        assert_eq!(first(r"\Q(a", "(a"), Some("(a"));
        assert_eq!(first(r"\Q\E", ""), Some(""));
    }

    #[test]
    fn patterns_that_are_none_stay_so() {
        for pattern in [
            "[", "[a", r"\", r"[\", r"\x{", "(", r"\C", r"(a)\1", r"[\b]",
        ] {
            assert!(Regex::new(&translated(pattern)).is_err(), "{pattern}");
        }
    }
}
