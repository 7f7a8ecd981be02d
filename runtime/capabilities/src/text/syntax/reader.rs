//! The pieces of a pattern of RE2, as they are read.

use std::collections::HashSet;
use std::iter::Peekable;
use std::str::Chars;

use warren_kernel::text;

use super::dialect::Dialect;
use super::flags::{FLAGS, Flags};
use super::malformed::{Checked, MAX_REPEAT, too_often};
use super::unicode;

/// Digits, letters and space, as items of a class.
const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = r"\t\n\f\r\x20";

/// Names of classes in `[: :]`.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

const TRAILING: &str = "incomplete escape sequence, reached end of pattern prematurely";
const UNCLOSED_CLASS: &str = "unclosed character class";
const HEX: &str = "invalid hexadecimal character";

/// The head of a group.
pub(super) enum Head {
    /// The head of a group that captures, with its name.
    Captured(Option<String>),
    /// The head of a group that does not capture, with flags of its own.
    Plain(Flags),
    /// Flags for the rest of the group around, and no group.
    Flags(Flags),
}

/// An item of a class.
pub(super) enum Item {
    /// The items of a class with a name or an escape, in the syntax of `regex`.
    Class(String),
    /// A character.
    Char(char),
    /// The characters from the first to the second.
    Range(char, char),
}

/// A pattern, and how far it is read.
pub(super) struct Reader<'p> {
    dialect: Dialect,
    rest: Peekable<Chars<'p>>,
    /// The names of groups so far.
    known: HashSet<String>,
    /// True once `:]` is known not to follow.
    has_no_name: bool,
}

impl<'p> Reader<'p> {
    pub(super) fn new(pattern: &'p str, dialect: Dialect) -> Reader<'p> {
        Reader {
            dialect,
            rest: pattern.chars().peekable(),
            known: HashSet::new(),
            has_no_name: false,
        }
    }

    pub(super) fn next_char(&mut self) -> Option<char> {
        self.rest.next()
    }

    pub(super) fn peek(&mut self) -> Option<char> {
        self.rest.peek().copied()
    }

    /// Reads the next character if it is this one. Returns true if it was.
    pub(super) fn next_is(&mut self, char: char) -> bool {
        self.rest.next_if_eq(&char).is_some()
    }

    /// Reads the escape of a class, `\d` or `\pL` for example, as items of a class; `None`
    /// if another one follows.
    pub(super) fn class_of_escape(&mut self) -> Checked<Option<String>> {
        let Some(&char) = self.rest.peek() else {
            return Ok(None);
        };
        let items = match char {
            'd' | 'D' => DIGIT,
            'w' | 'W' => WORD,
            's' | 'S' => SPACE,
            'p' | 'P' => {
                self.rest.next();
                return self.unicode_class(char == 'P').map(Some);
            }
            _ => return Ok(None),
        };
        self.rest.next();
        Ok(Some(match char.is_ascii_uppercase() {
            true => format!("[^{items}]"),
            false => items.to_owned(),
        }))
    }

    /// Reads the name of a class of Unicode.
    fn unicode_class(&mut self, is_negated: bool) -> Checked<String> {
        let mut name = String::new();
        match self.rest.next() {
            Some('{') => loop {
                match self.rest.next() {
                    Some('}') => break,
                    Some(char) => name.push(char),
                    None => return Err("unclosed name of a class of Unicode".into()),
                }
            },
            Some(char) => name.push(char),
            None => return Err(TRAILING.into()),
        }
        let (name, is_negated) = match name.strip_prefix('^') {
            Some(name) => (name, !is_negated),
            None => (&*name, is_negated),
        };
        if let Some(items) = unicode::items(name, is_negated) {
            return Ok(items);
        }
        let letter = if is_negated { 'P' } else { 'p' };
        let is_word = |char: char| char.is_ascii_alphanumeric() || "_=: -".contains(char);
        if self.dialect == Dialect::Schema && !name.is_empty() && name.chars().all(is_word) {
            // The crate knows whether there is one.
            return Ok(format!(r"\{letter}{{{name}}}"));
        }
        let shown = text::clipped(name, 60);
        Err(format!("unknown class of Unicode: {shown}").into())
    }

    /// Reads the escape of a character.
    pub(super) fn char_of_escape(&mut self) -> Checked<char> {
        let Some(char) = self.rest.next() else {
            return Err(TRAILING.into());
        };
        let is_octal = |char: &char| matches!(char, '0'..='7');
        Ok(match char {
            'a' => '\x07',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            'x' => match self.rest.next_if_eq(&'{') {
                Some(_) => {
                    let mut digits = String::new();
                    while let Some(digit) = self.rest.next_if(char::is_ascii_hexdigit) {
                        digits.push(digit);
                    }
                    if self.rest.next() != Some('}') {
                        return Err(HEX.into());
                    }
                    number(&digits)?
                }
                None => self.hex_digits(2)?,
            },
            'u' if self.dialect == Dialect::Schema => self.hex_digits(4)?,
            // A digit alone would be a reference to a group.
            '1'..='7' if !self.rest.peek().is_some_and(is_octal) => {
                return Err(format!(r"unrecognized escape sequence: \{char}").into());
            }
            '0'..='7' => {
                let mut value = char.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = self.rest.next_if(is_octal) else {
                        break;
                    };
                    value = value * 8 + digit.to_digit(8).unwrap_or(0);
                }
                char::from_u32(value).unwrap_or_default()
            }
            _ if char.is_ascii() && !char.is_ascii_alphanumeric() => char,
            _ => {
                let shown = text::clipped(char.encode_utf8(&mut [0; 4]), 60);
                return Err(format!(r"unrecognized escape sequence: \{shown}").into());
            }
        })
    }

    fn hex_digits(&mut self, count: usize) -> Checked<char> {
        let digits: String = self.rest.by_ref().take(count).collect();
        match digits.len() == count && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => number(&digits),
            false => Err(HEX.into()),
        }
    }

    /// Reads an item of a class; `None` at the end of the class. The first item may be `]`.
    pub(super) fn class_item(&mut self, is_first: bool) -> Checked<Option<Item>> {
        match self.peek() {
            None => return Err(UNCLOSED_CLASS.into()),
            Some(']') if !is_first => {
                self.rest.next();
                return Ok(None);
            }
            Some('[') => {
                if let Some(class) = self.named_class()? {
                    return Ok(Some(Item::Class(class)));
                }
            }
            Some('\\') => {
                let before = self.rest.clone();
                self.rest.next();
                if let Some(items) = self.class_of_escape()? {
                    return Ok(Some(Item::Class(items)));
                }
                self.rest = before;
            }
            Some(_) => {}
        }
        let low = self.class_char()?;
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') || matches!(ahead.next(), None | Some(']')) {
            return Ok(Some(Item::Char(low)));
        }
        self.rest.next();
        let high = self.class_char()?;
        if high < low {
            let mut shown = String::new();
            shown.extend([low, '-', high]);
            let shown = text::clipped(&shown, 60);
            return Err(format!(
                "invalid character class range, the start must be <= the end: {shown}"
            )
            .into());
        }
        Ok(Some(Item::Range(low, high)))
    }

    /// Reads a character of a class.
    fn class_char(&mut self) -> Checked<char> {
        match self.rest.next() {
            Some('\\') => self.char_of_escape(),
            Some(char) => Ok(char),
            None => Err(UNCLOSED_CLASS.into()),
        }
    }

    /// Reads `[:name:]`, if it follows in a class.
    fn named_class(&mut self) -> Checked<Option<String>> {
        /// The longest name that is read.
        const LONGEST: usize = 16;
        let mut ahead = self.rest.clone();
        if (ahead.next(), ahead.next()) != (Some('['), Some(':')) {
            return Ok(None);
        }
        let mut name = String::new();
        loop {
            match ahead.next() {
                Some(':') if ahead.peek() == Some(&']') => break,
                Some(char) if name.len() < LONGEST => name.push(char),
                // Without an end the bracket is a character.
                Some(_) if !self.is_name_closed(ahead.clone()) => return Ok(None),
                Some(_) => break,
                None => return Ok(None),
            }
        }
        ahead.next();
        if !POSIX.contains(&name.strip_prefix('^').unwrap_or(&name)) {
            let shown = text::clipped(&name, 60);
            return Err(format!("unknown class [:{shown}:]").into());
        }
        self.rest = ahead;
        Ok(Some(format!("[:{name}:]")))
    }

    /// Tells whether `:]` follows somewhere. Looks through the pattern once: a name that is
    /// closed so far away is unknown, and ends the translation.
    fn is_name_closed(&mut self, ahead: Peekable<Chars<'_>>) -> bool {
        let mut last = ' ';
        let is_closed = !self.has_no_name
            && ahead
                .into_iter()
                .any(|char| std::mem::replace(&mut last, char) == ':' && char == ']');
        self.has_no_name = !is_closed;
        is_closed
    }

    /// Reads the head of a group whose parenthesis was read.
    pub(super) fn head(&mut self) -> Checked<Head> {
        if !self.next_is('?') {
            return Ok(Head::Captured(None));
        }
        let mut ahead = self.rest.clone();
        let is_name = match ahead.next() {
            Some('P') => ahead.next() == Some('<'),
            char => char == Some('<'),
        };
        if is_name {
            self.rest = ahead;
            return Ok(Head::Captured(Some(self.name()?)));
        }
        let mut flags = Flags::default();
        // The value that the flags get, and whether one was given for it.
        let (mut value, mut any) = (true, false);
        loop {
            let char = self.rest.next();
            let flag = FLAGS.iter().position(|flag| char == Some(*flag));
            match (flag, char) {
                (Some(flag), _) => {
                    flags.0[flag] = Some(value);
                    any = true;
                }
                (None, Some('-')) if value => (value, any) = (false, false),
                (None, Some(':')) if value || any => return Ok(Head::Plain(flags)),
                (None, Some(')')) if value || any => return Ok(Head::Flags(flags)),
                (None, Some(char)) => {
                    let shown = text::clipped(char.encode_utf8(&mut [0; 4]), 60);
                    return Err(format!("unrecognized flag or group (?{shown}").into());
                }
                (None, None) => return Err("unclosed group".into()),
            }
        }
    }

    /// Reads the name of a group, up to the bracket behind it.
    fn name(&mut self) -> Checked<String> {
        let mut name = String::new();
        loop {
            match self.rest.next() {
                Some('>') => break,
                Some(char) if char == '_' || char.is_alphanumeric() => name.push(char),
                Some(char) => {
                    let shown = text::clipped(char.encode_utf8(&mut [0; 4]), 60);
                    return Err(format!("invalid capture group character {shown}").into());
                }
                None => return Err("unclosed capture group name".into()),
            }
        }
        if name.is_empty() {
            return Err("empty capture group name".into());
        }
        if !self.known.insert(name.clone()) {
            let shown = text::clipped(&name, 60);
            return Err(format!("duplicate capture group name {shown}").into());
        }
        Ok(name)
    }

    /// Reads the count of a repetition whose brace was read, and returns its text and the
    /// greatest of its numbers; `None` if the brace is a character.
    pub(super) fn count(&mut self) -> Checked<Option<(String, u32)>> {
        let mut ahead = self.rest.clone();
        let Some(least) = digits(&mut ahead) else {
            return Ok(None);
        };
        let most = match ahead.next_if_eq(&',') {
            None => Some(least.clone()),
            Some(_) if ahead.peek() == Some(&'}') => None,
            Some(_) => match digits(&mut ahead) {
                None => return Ok(None),
                most => most,
            },
        };
        if ahead.next() != Some('}') {
            return Ok(None);
        }
        self.rest = ahead;
        let number = |digits: &str| digits.parse::<u32>().unwrap_or(u32::MAX);
        let shown = match &most {
            None => format!("{{{least},}}"),
            Some(most) if *most == least => format!("{{{least}}}"),
            Some(most) => format!("{{{least},{most}}}"),
        };
        let (least, most) = (number(&least), most.as_deref().map(number));
        if most.is_some_and(|most| most < least) {
            return Err(format!(
                "invalid repetition count range {shown}: the start must be <= the end"
            )
            .into());
        }
        let most = most.unwrap_or(least);
        if most > MAX_REPEAT && self.dialect == Dialect::Re2 {
            let shown = text::clipped(&shown, 60);
            return Err(too_often(format_args!("repetitions: {shown}")));
        }
        Ok(Some((shown, most)))
    }
}

/// Returns the character of a hexadecimal number.
fn number(digits: &str) -> Checked<char> {
    let value = u32::from_str_radix(digits, 16).ok();
    value.and_then(char::from_u32).ok_or_else(|| HEX.into())
}

/// Reads digits, of which the first is no zero before another one.
fn digits(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut digits = String::new();
    while let Some(digit) = rest.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    let is_number = !digits.is_empty() && (digits.len() == 1 || !digits.starts_with('0'));
    is_number.then_some(digits)
}
