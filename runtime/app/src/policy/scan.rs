//! A scan of a Cedar text before Cedar reads it: the ends of its statements,
//! and the depth of its nesting.
//!
//! Cedar hashes the whole text of a set for each error in it, so a set of one
//! statement keeps that linear. Cedar's conversion, printing and dropping of
//! expressions recurse without a limit: a file of opening brackets would
//! exhaust the stack and abort the runtime. The scan's count is an upper bound
//! for the depth of every tree that Cedar can make of a text.

use std::ops::Range;

/// The deepest nesting that is accepted, in the units of [`deepest`].
pub(super) const MAX_NESTING: usize = 1_000;

/// Cost of a level of brackets: Cedar visits each rule of its grammar once for
/// it.
const BRACKET: usize = 5;

/// Cost of an operator: each operand of a chain such as `a && b && c` is one
/// level deeper.
const OPERATOR: usize = 1;

/// Words that nest as operators do.
const WORDS: [&str; 9] = [
    "else", "has", "if", "in", "is", "like", "then", "unless", "when",
];

/// Returns the deepest nesting of a text, and the byte where it is reached. A
/// bracket counts 5. An operator counts 1, and so does what follows a bracket.
pub(super) fn deepest(text: &str) -> (usize, usize) {
    // For each open bracket, the operators since it, or since the last comma.
    let mut open: Vec<usize> = Vec::new();
    let (mut here, mut below) = (0_usize, 0_usize);
    let mut deepest = (0, 0);
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let mut next = at + 1;
        match byte {
            b'"' | b'/' => next = after_text(bytes, at),
            b'(' | b'[' | b'{' => {
                open.push(here);
                below += here + BRACKET;
                here = 0;
            }
            b')' | b']' | b'}' => {
                if let Some(before) = open.pop() {
                    // It may have been an index: `a["b"]["c"]` nests like `a.b.c`.
                    here = before + OPERATOR;
                    below -= before + BRACKET;
                }
            }
            b',' | b';' => here = 0,
            b'&' | b'|' | b'=' => {
                here += OPERATOR;
                // A doubled character is one operator.
                next += usize::from(bytes.get(next) == Some(byte));
            }
            b'!' | b'<' | b'>' | b'+' | b'-' | b'*' | b'.' | b'?' => here += OPERATOR,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
                let length = bytes[at..].iter().position(|byte| !belongs(byte));
                next = length.map_or(bytes.len(), |length| at + length);
                here += usize::from(WORDS.contains(&&text[at..next])) * OPERATOR;
            }
            _ => {}
        }
        if below + here > deepest.0 {
            deepest = (below + here, at);
        }
        at = next;
    }
    deepest
}

/// Returns the statements of a text, each with the text before it. The rest
/// after the last statement is added if it is more than space and comments.
pub(super) fn statements(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut statements = Vec::new();
    let (mut start, mut at) = (0, 0);
    let mut is_empty = true;
    while let Some(byte) = bytes.get(at) {
        let next = match byte {
            b'"' | b'/' => after_text(bytes, at),
            _ => at + 1,
        };
        let is_comment = *byte == b'/' && next > at + 1;
        is_empty &= is_comment || byte.is_ascii_whitespace();
        at = next;
        if *byte == b';' {
            statements.push(start..at);
            start = at;
            is_empty = true;
        }
    }
    if !is_empty {
        statements.push(start..bytes.len());
    }
    statements
}

/// Returns the first byte of a text that is neither space nor comment; the
/// length if there is none.
pub(super) fn first_token(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at = match byte {
            b'/' if after_text(bytes, at) > at + 1 => after_text(bytes, at),
            byte if byte.is_ascii_whitespace() => at + 1,
            _ => return at,
        };
    }
    bytes.len()
}

/// Returns the byte after the string or comment that begins here; after a lone
/// slash, the next byte.
fn after_text(bytes: &[u8], at: usize) -> usize {
    let mut next = at + 1;
    if bytes[at] == b'"' {
        while let Some(byte) = bytes.get(next) {
            match byte {
                b'\\' => next += 2,
                b'"' => return next + 1,
                _ => next += 1,
            }
        }
        return bytes.len();
    }
    if bytes.get(next) == Some(&b'/') {
        let rest = bytes[next..].iter().position(|byte| *byte == b'\n');
        next = rest.map_or(bytes.len(), |length| next + length);
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_operators_nest() {
        for (text, depth) in [
            ("", 0),
            ("a", 0),
            ("(a)", 5),
            ("((a))", 10),
            ("[a, b, [c]]", 10),
            ("a && b || c", 2),
            ("a + (b + c) + d", 7),
            ("f(a + b, c + d)", 6),
            ("a; b; c", 0),
            ("when { a } when { b } unless { c }", 10),
            (r#"a["b"]["c"]["d"]"#, 7),
            ("if a then b else c", 3),
            ("sift", 0),
            (r#""((((\"((" + a"#, 1),
            ("// ((((\n(a)", 5),
            ("))))(", 5),
            ("\"never closed ((((", 0),
            ("ä(ö)", 5),
        ] {
            assert_eq!(deepest(text).0, depth, "{text}");
        }
    }

    #[test]
    fn statements_end_where_cedar_ends_them() {
        for (text, ends) in [
            ("", &[][..]),
            (" // a;\n", &[]),
            ("a;", &["a;"]),
            ("a; b;\n// c;\n", &["a;", " b;"]),
            ("a \";\\\";\" // ;\n;b", &["a \";\\\";\" // ;\n;", "b"]),
            ("\"open;", &["\"open;"]),
            ("/;", &["/;"]),
            ("ä;ö;", &["ä;", "ö;"]),
        ] {
            let found: Vec<_> = statements(text).into_iter().map(|at| &text[at]).collect();
            assert_eq!(found, ends, "{text:?}");
        }
        assert_eq!(first_token(" // a\n\t b"), 8);
        assert_eq!(first_token(" // a"), 5);
        assert_eq!(first_token("/ a"), 0);
    }

    #[test]
    fn the_place_is_where_it_is_deepest() {
        assert_eq!(deepest("(a) ((b)) (c)"), (11, 5));
    }

    #[test]
    fn long_lists_are_not_deep() {
        let list = format!(
            "permit(principal, action, resource) when {{ [{}].contains(x) }};",
            "1, ".repeat(100_000)
        );
        assert!(deepest(&list.repeat(10)).0 < 20);
    }
}
