//! The statements of a text.
//!
//! The server compiles one statement at a time. A wrong place between two of them is an error
//! of the server: nothing else runs than what it reads.

/// Returns the statements of a text, without those that have no word.
pub(super) fn statements(text: &str) -> impl Iterator<Item = &str> {
    Statements { rest: text }.filter(|statement| {
        let words = super::super::words::words(statement, true).next();
        words.is_some()
    })
}

/// The statements that are left.
struct Statements<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Statements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let end = end_of_first(self.rest);
        let statement = &self.rest[..end];
        self.rest = self.rest[end..].strip_prefix(';').unwrap_or_default();
        Some(statement)
    }
}

/// The state of a statement, as far as it says what a `;` is.
#[derive(Default)]
struct Reader {
    parentheses: usize,
    /// The beginnings of the first words, as far as they are those of a function's creation.
    first: Vec<char>,
    words: usize,
    /// Blocks of a function's body that are open.
    blocks: usize,
}

/// Returns the place of the `;` that ends the first statement, or the end of the text.
fn end_of_first(text: &str) -> usize {
    let mut reader = Reader::default();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        at += match first {
            ';' if reader.parentheses == 0 && reader.blocks == 0 => return at,
            '(' => {
                reader.parentheses += 1;
                1
            }
            ')' => {
                reader.parentheses = reader.parentheses.saturating_sub(1);
                1
            }
            '\'' => quoted(rest, 0, '\'', false),
            '"' => quoted(rest, 0, '"', false),
            'e' | 'E' if rest[1..].starts_with('\'') => quoted(rest, 1, '\'', true),
            '-' if rest.starts_with("--") => line(rest),
            '/' if rest.starts_with("/*") => comment(rest),
            '$' => dollars(rest),
            _ if begins_word(first) => {
                let word = &rest[..word(rest)];
                reader.word(word);
                word.len()
            }
            // The rest of a number is no word.
            _ if first.is_ascii_digit() => word(rest),
            _ => first.len_utf8(),
        };
    }
    text.len()
}

impl Reader {
    fn word(&mut self, word: &str) {
        let word = word.to_ascii_lowercase();
        let is_known = matches!(
            &*word,
            "create" | "function" | "procedure" | "or" | "replace"
        );
        if is_known && self.words < 4 {
            self.first.extend(word.chars().next());
        }
        self.words += 1;
        let makes_function = matches!(
            *self.first,
            ['c', 'f' | 'p', ..] | ['c', 'o', 'r', 'f' | 'p', ..]
        );
        if !makes_function || self.parentheses > 0 {
            return;
        }
        match &*word {
            "begin" => self.blocks += 1,
            "case" if self.blocks > 0 => self.blocks += 1,
            "end" => self.blocks = self.blocks.saturating_sub(1),
            _ => (),
        }
    }
}

/// Returns the length of a quoted text that begins behind `lead` bytes. A quote in it is
/// doubled, or, with `has_escapes`, behind a backslash.
fn quoted(text: &str, lead: usize, quote: char, has_escapes: bool) -> usize {
    let mut characters = text.char_indices().skip(lead + 1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && has_escapes {
            characters.next();
        } else if character == quote {
            match characters.peek() {
                Some((_, next)) if *next == quote => {
                    characters.next();
                }
                _ => return at + 1,
            }
        }
    }
    text.len()
}

/// Returns the length of a comment to the end of its line.
fn line(text: &str) -> usize {
    text.find(['\n', '\r']).unwrap_or(text.len())
}

/// Returns the length of a comment, which may hold others.
fn comment(text: &str) -> usize {
    let (mut at, mut depth) = (2, 1_usize);
    while depth > 0 {
        let Some(end) = text[at..].find("*/") else {
            return text.len();
        };
        match text[at..].find("/*").filter(|begin| *begin < end) {
            Some(begin) => {
                at += begin + 2;
                depth += 1;
            }
            None => {
                at += end + 2;
                depth -= 1;
            }
        }
    }
    at
}

/// Returns the length of a text between two tags such as `$$` or `$body$`; 1 for another `$`.
fn dollars(text: &str) -> usize {
    let name = &text[1..];
    let end = match name.chars().next() {
        Some(first) if begins_word(first) => name.find(|c| !(begins_word(c) || is_digit(c))),
        _ => Some(0),
    };
    let Some(end) = end.filter(|end| name[*end..].starts_with('$')) else {
        return 1;
    };
    let tag = &text[..end + 2];
    match text[tag.len()..].find(tag) {
        Some(at) => tag.len() + at + tag.len(),
        None => text.len(),
    }
}

/// Returns the length of the word that the text begins with. A `$` in it begins no text.
fn word(text: &str) -> usize {
    let is_of_word = |c: char| begins_word(c) || is_digit(c) || c == '$';
    text.find(|c| !is_of_word(c)).unwrap_or(text.len())
}

fn begins_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        statements(text).collect()
    }

    #[test]
    fn statements_end_at_semicolons_outside_of_texts() {
        for text in [
            "SELECT ';'",
            "SELECT 'a'';b'",
            "SELECT E'\\';'",
            "SELECT \";\"",
            "SELECT $$;$$",
            "SELECT $a$ ; $b$ ; $a$",
            "SELECT 1 -- ;",
            "SELECT /* ; /* ; */ ; */ 1",
            "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b)",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END",
            "create or replace procedure p() begin atomic delete from t; end",
            "SELECT 'no end; ",
            "SELECT $$ no end; ",
        ] {
            assert_eq!(split(text), [text]);
            let several = format!("DELETE FROM x; {text}");
            assert_eq!(split(&several).len(), 2, "{several}");
        }
    }

    #[test]
    fn statements_without_a_word_are_left_out() {
        assert_eq!(split("; SELECT 1;; -- end\n"), [" SELECT 1"]);
        assert_eq!(split(""), [""; 0]);
        assert_eq!(
            split("SELECT a$1;SELECT $1;2"),
            ["SELECT a$1", "SELECT $1", "2"]
        );
        assert_eq!(split("BEGIN; CASE; x"), ["BEGIN", " CASE", " x"]);
    }

    #[test]
    fn any_text_has_an_end() {
        for text in [
            "é;é", "e", "E'", "$", "$é$;", "'\\", "/*", "/**/;", "-", "$1$1",
        ] {
            let all: usize = Statements { rest: text }.map(str::len).sum();
            assert!(all <= text.len(), "{text}");
        }
    }
}
