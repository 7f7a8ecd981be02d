//! `yaml.encode(value, {field_order, sort_unordered})`: a value as text in block style.
//!
//! A text is written so that readers of YAML 1.1 and 1.2 read it back as text: what one of
//! them would take for another type is in quotes.

use std::collections::HashMap;

use warren_engine::capability::{MAX_REQUEST, Progress, Step};
use warren_kernel::{Error, text};
use warren_values::msgpack::{self, Input, Malformed, Token};

use super::MAX_BYTES;
use super::scalar::{self, Scalar};
use crate::answer;
use crate::forms;
use crate::limit::beyond;
use crate::request::Arguments;

/// Bytes of text for each byte of the encoded value, most of them indentation.
const MAX_GROWTH: usize = 64;

/// Bytes of text that any value may have.
const LEAST: usize = 64 << 10;

/// Values between two checks.
const BETWEEN_CHECKS: usize = 1_000;

/// The longest key before a colon; a longer one follows a question mark.
const MAX_SIMPLE_KEY: usize = 128;

pub(super) fn encode(request: &[u8]) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let value = arguments.value()?;
    if value.len() > MAX_BYTES {
        let bytes = value.len();
        let message = format!("value: {bytes} bytes are more than {MAX_BYTES}");
        return Err(beyond("max_yaml", MAX_BYTES, message));
    }
    let mut options = arguments.fields("options")?;
    let order = options.texts("field_order")?;
    let is_sorted = options.boolean_or("sort_unordered", false)?;
    options.end()?;
    let value = value.to_vec();
    let most = MAX_REQUEST.min(LEAST + MAX_GROWTH * value.len());
    // A buffer that doubles, and the pairs of the maps that are put in order.
    let memory = 2 * most + 64 * value.len();
    Ok(Step::compute(memory, move |progress| {
        let ranks = order.iter().enumerate().map(|(rank, name)| (&**name, rank));
        let mut encoder = Encoder {
            out: String::new(),
            most,
            ranks: ranks.rev().collect(),
            is_sorted,
            values: 0,
            progress,
            path: Vec::new(),
        };
        match encoder.value(&mut Input::new(&value), 0, After::Nothing) {
            Ok(()) => answer::write(|out| out.string(encoder.out.as_bytes())),
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::Refused(why)) => {
                let path: String = encoder.path.iter().rev().map(String::as_str).collect();
                Err(Error::invalid(format!("value{path}: {why}")))
            }
        }
    }))
}

/// The reason for which a value is not written.
enum Stop {
    /// A value within has no form in YAML.
    Refused(&'static str),
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Error(error)
    }
}

impl From<Malformed> for Stop {
    fn from(why: Malformed) -> Self {
        Stop::Error(Error::invalid(format!("value: {why}")))
    }
}

/// The text that leads to a value on its line.
#[derive(Clone, Copy, PartialEq)]
enum After {
    Nothing,
    /// `key:`
    Key,
    /// `- `
    Dash,
}

struct Encoder<'v> {
    out: String,
    /// The most bytes of the text.
    most: usize,
    /// The places of the fields that come first.
    ranks: HashMap<&'v str, usize>,
    is_sorted: bool,
    values: usize,
    progress: &'v Progress<'v>,
    /// The steps to the refused value, from the inside out.
    path: Vec<String>,
}

impl<'v> Encoder<'v> {
    /// Writes a value and the end of its line. The lines of a list or map within begin
    /// with `indent` spaces.
    fn value(&mut self, input: &mut Input<'_>, indent: usize, after: After) -> Result<(), Stop> {
        self.values += 1;
        if self.values.is_multiple_of(BETWEEN_CHECKS) {
            self.progress.check()?;
        }
        match input.token()? {
            Token::Array(len @ 1..) => self.list(input, len, indent, after),
            Token::Map(len @ 1..) => self.map(input, len, indent, after),
            Token::Array(_) => self.line("[]", after),
            Token::Map(_) => self.line("{}", after),
            Token::String(bytes) => match msgpack::text(bytes) {
                Some(text) => self.text(text, indent, after),
                None => Err(Stop::Refused("a string that is not UTF-8 cannot be YAML")),
            },
            Token::Error(parts) => {
                let message = forms::message(parts)?;
                self.text(&message, indent, after)
            }
            scalar => self.line(&plain(&scalar), after),
        }
    }

    fn list(
        &mut self,
        input: &mut Input<'_>,
        len: u32,
        indent: usize,
        after: After,
    ) -> Result<(), Stop> {
        if after == After::Key {
            self.push("\n")?;
        }
        for place in 1..=len {
            if place > 1 || after != After::Dash {
                self.indent(indent)?;
            }
            self.push("- ")?;
            let written = self.value(input, indent + 2, After::Dash);
            self.within(written, || format!("[{place}]"))?;
        }
        Ok(())
    }

    fn map(
        &mut self,
        input: &mut Input<'_>,
        len: u32,
        indent: usize,
        after: After,
    ) -> Result<(), Stop> {
        if after == After::Key {
            self.push("\n")?;
        }
        if !self.is_sorted && self.ranks.is_empty() {
            for place in 0..len {
                let key = input.token()?;
                self.pair(key, input, indent, place == 0 && after == After::Dash)?;
            }
            return Ok(());
        }
        let mut pairs = Vec::with_capacity(len as usize);
        for _ in 0..len {
            pairs.push((input.token()?, input.value()?));
        }
        self.progress.check()?;
        self.put_in_order(&mut pairs);
        for (place, (key, value)) in pairs.into_iter().enumerate() {
            let is_first = place == 0 && after == After::Dash;
            self.pair(key, &mut Input::new(value), indent, is_first)?;
        }
        Ok(())
    }

    fn put_in_order(&self, pairs: &mut [(Token<'_>, &[u8])]) {
        let rank = |key: &Token<'_>| match key {
            Token::String(bytes) => msgpack::text(bytes).and_then(|text| self.ranks.get(text)),
            _ => None,
        };
        let rank = |key: &Token<'_>| rank(key).copied().unwrap_or(usize::MAX);
        pairs.sort_by(|(a, _), (b, _)| {
            let ranks = rank(a).cmp(&rank(b));
            if ranks.is_eq() && self.is_sorted {
                return compare(a, b);
            }
            ranks
        });
    }

    /// Writes a key and its value. `is_first`: the line has begun.
    fn pair(
        &mut self,
        key: Token<'_>,
        value: &mut Input<'_>,
        indent: usize,
        is_first: bool,
    ) -> Result<(), Stop> {
        if !is_first {
            self.indent(indent)?;
        }
        let shown = match key {
            Token::String(bytes) => match msgpack::text(bytes) {
                Some(text) if is_plain(text) => text.to_owned(),
                Some(text) => quoted(text),
                None => return Err(Stop::Refused("a key that is not UTF-8 cannot be YAML")),
            },
            _ => plain(&key),
        };
        if shown.len() > MAX_SIMPLE_KEY {
            self.push("? ")?;
            self.push(&shown)?;
            self.push("\n")?;
            self.indent(indent)?;
        } else {
            self.push(&shown)?;
        }
        self.push(":")?;
        let written = self.value(value, indent + 2, After::Key);
        self.within(written, || step(&key))
    }

    /// Writes text in its simplest form that reads back the same.
    fn text(&mut self, text: &str, indent: usize, after: After) -> Result<(), Stop> {
        if is_plain(text) {
            return self.line(text, after);
        }
        if after == After::Nothing || !is_block(text) {
            return self.line(&quoted(text), after);
        }
        let body = text.trim_end_matches('\n');
        self.line(
            match text.len() - body.len() {
                0 => "|-",
                1 => "|",
                _ => "|+",
            },
            after,
        )?;
        let lines = text.strip_suffix('\n').unwrap_or(text);
        for line in lines.split('\n') {
            if !line.is_empty() {
                self.indent(indent)?;
                self.push(line)?;
            }
            self.push("\n")?;
        }
        Ok(())
    }

    /// Writes a text that ends the line.
    fn line(&mut self, text: &str, after: After) -> Result<(), Stop> {
        if after == After::Key {
            self.push(" ")?;
        }
        self.push(text)?;
        self.push("\n")
    }

    fn indent(&mut self, spaces: usize) -> Result<(), Stop> {
        const SPACES: &str = "                                ";
        let mut left = spaces;
        while left > 0 {
            let now = left.min(SPACES.len());
            self.push(&SPACES[..now])?;
            left -= now;
        }
        Ok(())
    }

    fn push(&mut self, text: &str) -> Result<(), Stop> {
        if self.out.len() + text.len() > self.most {
            let most = self.most;
            let message = format!("value: its text has more than {most} bytes");
            let error = beyond("max_answer", most, message);
            return Err(Stop::Error(error));
        }
        self.out.push_str(text);
        Ok(())
    }

    /// Notes the step to a refused value.
    fn within(
        &mut self,
        written: Result<(), Stop>,
        step: impl FnOnce() -> String,
    ) -> Result<(), Stop> {
        if let Err(Stop::Refused(_)) = written {
            self.path.push(step());
        }
        written
    }
}

/// Returns the text of a scalar that is no text.
fn plain(scalar: &Token<'_>) -> String {
    match scalar {
        Token::Boolean(value) => value.to_string(),
        Token::Integer(number) => number.to_string(),
        Token::Float(number) if number.is_nan() => ".nan".into(),
        Token::Float(number) if number.is_infinite() => match number.is_sign_negative() {
            true => "-.inf".into(),
            false => ".inf".into(),
        },
        // The shortest text that reads back the same, with a point.
        Token::Float(number) => format!("{number:?}"),
        _ => "null".into(),
    }
}

/// Returns the step of a path to the value of a key.
fn step(key: &Token<'_>) -> String {
    match key {
        Token::String(bytes) => format!(".{}", text::clipped(bytes, 60)),
        other => format!("[{}]", plain(other)),
    }
}

/// Compares keys: booleans, numbers, text.
fn compare(a: &Token<'_>, b: &Token<'_>) -> std::cmp::Ordering {
    let class = |key: &Token<'_>| match key {
        Token::Boolean(_) => 0,
        Token::Integer(_) | Token::Float(_) => 1,
        _ => 2,
    };
    match (a, b) {
        (Token::Boolean(a), Token::Boolean(b)) => a.cmp(b),
        (Token::Integer(a), Token::Integer(b)) => a.cmp(b),
        (Token::String(a), Token::String(b)) => a.cmp(b),
        (Token::Float(a), Token::Float(b)) => a.total_cmp(b),
        (Token::Integer(a), Token::Float(b)) => (*a as f64).total_cmp(b),
        (Token::Float(a), Token::Integer(b)) => a.total_cmp(&(*b as f64)),
        _ => class(a).cmp(&class(b)),
    }
}

/// Tells whether a text without quotes is read as this text.
fn is_plain(text: &str) -> bool {
    let (Some(first), Some(last)) = (text.chars().next(), text.chars().next_back()) else {
        return false;
    };
    let is_indicator = |char| "-?:,[]{}#&*!|>'\"%@`=<~ ".contains(char);
    !is_indicator(first)
        && !matches!(last, ':' | ' ')
        && !text.starts_with("...")
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.chars().any(is_special)
        && matches!(scalar::resolve(text), Ok(Scalar::Text(_)))
        && !is_of_another_version(text, first)
}

/// Tells whether YAML 1.1 reads a text as a boolean, a number or a time.
fn is_of_another_version(text: &str, first: char) -> bool {
    const WORDS: [&str; 6] = ["y", "n", "yes", "no", "on", "off"];
    let is_number = |char: char| char.is_ascii_hexdigit() || "_:.,+-xobXOBTtZz ".contains(char);
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
        || (first.is_ascii_digit() || matches!(first, '+' | '.')) && text.chars().all(is_number)
}

/// Tells whether a text reads back the same as the lines of a block.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && !text.chars().any(|char| char != '\n' && is_special(char))
}

/// Returns true for characters that only quotes can hold.
fn is_special(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// Returns a text in double quotes.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            char if is_special(char) => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            char => out.push(char),
        }
    }
    out.push('"');
    out
}
