//! RE2's syntax, written in that of the crate `regex`.
//!
//! [`translated`] reads the whole syntax of RE2 and refuses everything else, so that the
//! additions of the crate stay out of reach: `\<`, `\u`, `(?x)`, operators in classes. Of
//! its output the crate refuses nothing but sizes and nesting.
//! The [`reader`] reads RE2, the [`writer`] knows the parts that the crate repeats.

mod dialect;
mod flags;
mod malformed;
mod reader;
#[cfg(test)]
mod tests;
mod unicode;
mod writer;

pub(crate) use dialect::Dialect;
use malformed::Checked;
pub(crate) use malformed::Malformed;
use reader::{Head, Item, Reader};
use writer::Writer;

/// A pattern in the syntax of `regex`.
#[derive(Debug)]
pub(crate) struct Translated {
    pub(crate) pattern: String,
    /// The names of the groups in their order. The first stands for the whole match; it and
    /// groups without a name have none.
    pub(crate) names: Vec<Option<String>>,
    /// True if the pattern has a `\B`.
    pub(crate) has_no_boundary: bool,
}

/// Translates a pattern.
///
/// # Errors
///
/// The reason for which the text is no pattern.
pub(crate) fn translated(pattern: &str, dialect: Dialect) -> Result<Translated, Malformed> {
    let mut translator = Translator {
        source: Reader::new(pattern, dialect),
        out: Writer::new(dialect, pattern.len() + pattern.len() / 2),
        names: vec![None],
        has_no_boundary: false,
    };
    translator.run()?;
    Ok(Translated {
        pattern: translator.out.finish()?,
        names: translator.names,
        has_no_boundary: translator.has_no_boundary,
    })
}

struct Translator<'p> {
    source: Reader<'p>,
    out: Writer,
    names: Vec<Option<String>>,
    has_no_boundary: bool,
}

impl Translator<'_> {
    fn run(&mut self) -> Checked {
        // True directly behind a repetition.
        let mut was_repetition = false;
        while let Some(char) = self.source.next_char() {
            let mut is_repetition = false;
            match char {
                '\\' => self.escape()?,
                '[' => {
                    let start = self.out.part();
                    self.class()?;
                    self.out.end_part(start);
                }
                '(' => self.open()?,
                ')' => self.out.close_group()?,
                '|' => self.out.end_alternative(),
                '*' | '+' | '?' => {
                    is_repetition = true;
                    self.repeat(char.encode_utf8(&mut [0; 4]), None, was_repetition)?;
                }
                '{' => match self.source.count()? {
                    Some((shown, most)) => {
                        is_repetition = true;
                        self.repeat(&shown, Some(most), was_repetition)?;
                    }
                    None => self.out.literal('{'),
                },
                '^' | '$' | '.' => self.out.whole(char.encode_utf8(&mut [0; 4])),
                _ => self.out.literal(char),
            }
            was_repetition = is_repetition;
        }
        Ok(())
    }

    /// Translates the escape whose backslash was read.
    fn escape(&mut self) -> Checked {
        match self.source.peek() {
            Some('Q') => {
                self.source.next_char();
                self.quoted();
                return Ok(());
            }
            Some(char @ ('A' | 'z' | 'b' | 'B')) => {
                self.source.next_char();
                self.has_no_boundary |= char == 'B';
                self.out.whole(match char {
                    'A' => r"\A",
                    'z' => r"\z",
                    'b' => r"(?-u:\b)",
                    _ => r"(?-u:\B)",
                });
                return Ok(());
            }
            _ => {}
        }
        match self.source.class_of_escape()? {
            Some(items) => self.out.whole(&format!("[{items}]")),
            None => {
                let char = self.source.char_of_escape()?;
                self.out.literal(char);
            }
        }
        Ok(())
    }

    /// Translates the text between `\Q` and `\E`.
    fn quoted(&mut self) {
        while let Some(char) = self.source.next_char() {
            if char == '\\' && self.source.next_is('E') {
                return;
            }
            self.out.literal(char);
        }
    }

    /// Translates the class whose bracket was read.
    fn class(&mut self) -> Checked {
        self.out.push("[");
        if self.source.next_is('^') {
            self.out.push("^");
        }
        let mut is_first = true;
        while let Some(item) = self.source.class_item(is_first)? {
            is_first = false;
            match item {
                Item::Class(items) => self.out.push(&items),
                Item::Char(char) => self.out.push_literal(char),
                Item::Range(low, high) => {
                    self.out.push_literal(low);
                    self.out.push("-");
                    self.out.push_literal(high);
                }
            }
        }
        self.out.push("]");
        Ok(())
    }

    /// Translates the beginning of a group whose parenthesis was read, or flags.
    fn open(&mut self) -> Checked {
        match self.source.head()? {
            Head::Captured(name) => {
                self.out.open_group("(")?;
                self.names.push(name);
            }
            Head::Plain(flags) => self.out.open_group(&format!("(?{flags}:"))?,
            Head::Flags(flags) => self.out.set_flags(flags),
        }
        Ok(())
    }

    /// Repeats the last part. `most` is the count of a repetition that has one;
    /// `was_repetition` tells that another one ends here.
    fn repeat(&mut self, operator: &str, most: Option<u32>, was_repetition: bool) -> Checked {
        if was_repetition {
            return Err(format!(
                "repetition operator {operator} behind another repetition operator"
            )
            .into());
        }
        let is_lazy = self.source.next_is('?');
        self.out.repeat(operator, most, is_lazy)
    }
}
