//! The words of a statement, outside of strings, quoted names and comments.

/// Returns the words of a statement, in their order. `nested` is true for the comments of
/// PostgreSQL: they may hold comments, and those of a line end with a carriage return, too. Names in
/// brackets are SQLite's.
pub(super) fn words(text: &str, nested: bool) -> impl Iterator<Item = &str> {
    pieces(text, nested).filter_map(|piece| match piece {
        Piece::Word(word) => Some(word),
        Piece::Mark(_) => None,
    })
}

/// Returns the words of a text and the characters between them.
pub(super) fn pieces(text: &str, nested: bool) -> Pieces<'_> {
    Pieces { rest: text, nested }
}

/// A piece of a text outside of strings, quoted names and comments.
pub(super) enum Piece<'a> {
    Word(&'a str),
    /// A character of no word.
    Mark(char),
}

/// The pieces that are left.
pub(super) struct Pieces<'a> {
    rest: &'a str,
    nested: bool,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        loop {
            let first = self.rest.chars().next()?;
            if is_of_word(first) {
                let end = self.rest.find(|c| !is_of_word(c));
                let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
                self.rest = rest;
                return Some(Piece::Word(word));
            }
            self.rest = match first {
                '\'' | '"' | '`' => after(&self.rest[1..], first),
                '[' if !self.nested => after(&self.rest[1..], ']'),
                '-' if self.rest.starts_with("--") => self.after_line(),
                '/' if self.rest.starts_with("/*") => self.after_comment(),
                _ => {
                    self.rest = &self.rest[first.len_utf8()..];
                    return Some(Piece::Mark(first));
                }
            };
        }
    }
}

impl<'a> Pieces<'a> {
    /// Returns the text behind the line that the rest begins with.
    fn after_line(&self) -> &'a str {
        let is_end = |c: char| c == '\n' || (self.nested && c == '\r');
        match self.rest.find(is_end) {
            Some(at) => &self.rest[at + 1..],
            None => "",
        }
    }

    /// Returns the text behind the comment that the rest begins with.
    fn after_comment(&self) -> &'a str {
        let (mut rest, mut depth) = (&self.rest[2..], 1_usize);
        while depth > 0 {
            let Some(end) = rest.find("*/") else {
                return "";
            };
            match rest.find("/*").filter(|begin| self.nested && *begin < end) {
                Some(begin) => {
                    rest = &rest[begin + 2..];
                    depth += 1;
                }
                None => {
                    rest = &rest[end + 2..];
                    depth -= 1;
                }
            }
        }
        rest
    }
}

/// Returns the text behind the next `end`; nothing without one.
fn after(text: &str, end: char) -> &str {
    match text.find(end) {
        Some(at) => &text[at + end.len_utf8()..],
        None => "",
    }
}

/// Characters of words: those of names, and what makes a number or a placeholder of them.
fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn strings_names_and_comments_are_left_out() {
        let text =
            "(SELECT 'insert it''s' -- update\n, \"delete\" /* drop /* */ FROM `t` WHERE a=$1";
        let found: Vec<_> = words(text, false).collect();
        assert_eq!(found, ["SELECT", "FROM", "WHERE", "a", "$1"]);
    }

    #[test]
    fn comments_hold_comments_where_the_database_says_so() {
        let text = "/* /* */ COMMIT */ SELECT";
        assert_eq!(words(text, true).next(), Some("SELECT"));
        assert_eq!(words(text, false).next(), Some("COMMIT"));
    }

    #[test]
    fn a_line_ends_where_the_database_says_so() {
        let text = "-- \r COMMIT -- \n SELECT";
        assert_eq!(words(text, true).collect::<Vec<_>>(), ["COMMIT", "SELECT"]);
        assert_eq!(words(text, false).collect::<Vec<_>>(), ["SELECT"]);
    }

    #[test]
    fn a_text_may_end_anywhere() {
        for text in ["", "'", "/*", "/* /*", "--", "-", "/", ";", "\"a", "é"] {
            assert!(words(text, true).count() <= 1, "{text}");
        }
    }
}
