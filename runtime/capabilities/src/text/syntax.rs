//! RE2's syntax, written in that of the crate `regex`.
//!
//! [`translated`] reads the whole syntax of RE2 and refuses everything else, so that the
//! additions of the crate stay out of reach: `\<`, `\u`, `(?x)`, operators in classes. Of
//! its output the crate refuses nothing but sizes and nesting.

#[cfg(test)]
mod tests;
mod unicode;

use std::collections::HashSet;
use std::iter::Peekable;
use std::str::Chars;

use warren_kernel::text;

/// The most times that a part is repeated, by its own count and those around it.
const MAX_REPEAT: u32 = 1_000;

/// The most repetitions that stand behind another one, with flags between them.
const WRAPPED: usize = 100;

/// The most groups within each other. The crate takes no more.
const DEEPEST: usize = 250;

/// Digits, letters and space, as items of a class.
const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = r"\t\n\f\r\x20";

/// Names of classes in `[: :]`.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// The source of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Exactly the syntax of RE2.
    Re2,
    /// A JSON Schema, whose patterns are ECMAScript's: RE2's syntax with `\uXXXX`, with
    /// counts over 1,000, and with all names of classes of Unicode.
    Schema,
}

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

/// The reason for which a text is no pattern.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) why: String,
    /// The limit that the pattern is beyond, if it is one.
    pub(crate) limit: Option<(&'static str, usize)>,
}

impl From<String> for Malformed {
    fn from(why: String) -> Malformed {
        Malformed { why, limit: None }
    }
}

impl From<&str> for Malformed {
    fn from(why: &str) -> Malformed {
        why.to_owned().into()
    }
}

/// Translates a pattern.
///
/// # Errors
///
/// The reason for which the text is no pattern.
pub(crate) fn translated(pattern: &str, dialect: Dialect) -> Result<Translated, Malformed> {
    let mut translator = Translator {
        dialect,
        rest: pattern.chars().peekable(),
        out: String::with_capacity(pattern.len() + pattern.len() / 2),
        open: vec![Group::default()],
        pending: Flags::default(),
        names: vec![None],
        known: HashSet::new(),
        wrapped: 0,
        has_no_boundary: false,
        has_no_name: false,
    };
    translator.run()?;
    Ok(Translated {
        pattern: translator.out,
        names: translator.names,
        has_no_boundary: translator.has_no_boundary,
    })
}

struct Translator<'p> {
    dialect: Dialect,
    rest: Peekable<Chars<'p>>,
    out: String,
    /// The pattern and the groups that are open in it.
    open: Vec<Group>,
    /// Flags that are set from the next part on. A repetition between belongs to the part
    /// before.
    pending: Flags,
    names: Vec<Option<String>>,
    known: HashSet<String>,
    /// Repetitions of repetitions so far.
    wrapped: usize,
    has_no_boundary: bool,
    /// True once `:]` is known not to follow.
    has_no_name: bool,
}

/// A group that is open.
#[derive(Default)]
struct Group {
    /// The place of its parenthesis in the output.
    start: usize,
    /// The part that a repetition would repeat.
    last: Option<Part>,
    /// The greatest product of counts within.
    repeated: u32,
}

/// A part of a pattern that can be repeated.
#[derive(Clone, Copy)]
struct Part {
    /// The place of its beginning in the output.
    start: usize,
    /// The greatest product of counts within.
    repeated: u32,
    /// True if the part ends in a repetition.
    is_repeated: bool,
}

/// Flags that are set, unset or left as they are: `i`, `m`, `s` and `U`.
#[derive(Clone, Copy, Default, PartialEq)]
struct Flags([Option<bool>; 4]);

const FLAGS: [char; 4] = ['i', 'm', 's', 'U'];

impl Flags {
    fn add(&mut self, later: Flags) {
        for (flag, later) in self.0.iter_mut().zip(later.0) {
            *flag = later.or(*flag);
        }
    }
}

impl std::fmt::Display for Flags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = |wanted| {
            let flags = FLAGS.iter().zip(self.0);
            flags.filter(move |(_, is_set)| *is_set == Some(wanted))
        };
        of(true).try_for_each(|(flag, _)| write!(f, "{flag}"))?;
        if of(false).next().is_some() {
            f.write_str("-")?;
        }
        of(false).try_for_each(|(flag, _)| write!(f, "{flag}"))
    }
}

type Checked<T = ()> = Result<T, Malformed>;

impl Translator<'_> {
    fn run(&mut self) -> Checked {
        // True directly behind a repetition.
        let mut was_repetition = false;
        while let Some(char) = self.rest.next() {
            let mut is_repetition = false;
            match char {
                '\\' => self.escape()?,
                '[' => {
                    let start = self.part();
                    self.class()?;
                    self.end_part(start);
                }
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    self.out.push('|');
                    self.group().last = None;
                }
                '*' | '+' | '?' => {
                    is_repetition = true;
                    self.repeat(char.encode_utf8(&mut [0; 4]), None, was_repetition)?;
                }
                '{' => match self.count()? {
                    Some((shown, most)) => {
                        is_repetition = true;
                        self.repeat(&shown, Some(most), was_repetition)?;
                    }
                    None => self.literal('{'),
                },
                '^' | '$' | '.' => {
                    let start = self.part();
                    self.out.push(char);
                    self.end_part(start);
                }
                _ => self.literal(char),
            }
            was_repetition = is_repetition;
        }
        match self.open.len() {
            1 => Ok(()),
            _ => Err("unclosed group".into()),
        }
    }

    fn group(&mut self) -> &mut Group {
        let last = self.open.len() - 1;
        // The pattern itself is never closed.
        &mut self.open[last]
    }

    /// Begins a part: the pending flags hold for it. Returns its place.
    fn part(&mut self) -> usize {
        if self.pending != Flags::default() {
            let flags = std::mem::take(&mut self.pending);
            self.out.push_str(&format!("(?{flags})"));
        }
        self.out.len()
    }

    /// Ends a part that began at this place and repeats nothing.
    fn end_part(&mut self, start: usize) {
        self.group().last = Some(Part {
            start,
            repeated: 1,
            is_repeated: false,
        });
    }

    fn literal(&mut self, char: char) {
        let start = self.part();
        push_literal(char, &mut self.out);
        self.end_part(start);
    }

    /// Translates the escape whose backslash was read.
    fn escape(&mut self) -> Checked {
        let Some(&char) = self.rest.peek() else {
            return Err(TRAILING.into());
        };
        match char {
            'Q' => {
                self.rest.next();
                self.quoted();
                return Ok(());
            }
            'A' | 'z' | 'b' | 'B' => {
                self.rest.next();
                let start = self.part();
                match char {
                    'A' => self.out.push_str(r"\A"),
                    'z' => self.out.push_str(r"\z"),
                    'b' => self.out.push_str(r"(?-u:\b)"),
                    _ => {
                        self.has_no_boundary = true;
                        self.out.push_str(r"(?-u:\B)");
                    }
                }
                self.end_part(start);
                return Ok(());
            }
            _ => {}
        }
        match self.class_of_escape()? {
            Some(items) => {
                let start = self.part();
                self.out.extend(["[", &items, "]"]);
                self.end_part(start);
            }
            None => {
                let char = self.char_of_escape()?;
                self.literal(char);
            }
        }
        Ok(())
    }

    /// Reads the escape of a class, `\d` or `\pL` for example, as items of a class; `None`
    /// if another one follows.
    fn class_of_escape(&mut self) -> Checked<Option<String>> {
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
    fn char_of_escape(&mut self) -> Checked<char> {
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

    /// Translates the text between `\Q` and `\E`.
    fn quoted(&mut self) {
        while let Some(char) = self.rest.next() {
            if char == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.literal(char);
        }
    }

    /// Translates the class whose bracket was read.
    fn class(&mut self) -> Checked {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            let Some(&char) = self.rest.peek() else {
                return Err(UNCLOSED_CLASS.into());
            };
            if char == ']' && !is_first {
                self.rest.next();
                self.out.push(']');
                return Ok(());
            }
            is_first = false;
            if char == '[' && self.named_class()? {
                continue;
            }
            if char == '\\' {
                let mut ahead = self.rest.clone();
                ahead.next();
                if matches!(
                    ahead.peek(),
                    Some('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'p' | 'P')
                ) {
                    self.rest.next();
                    if let Some(items) = self.class_of_escape()? {
                        self.out.push_str(&items);
                    }
                    continue;
                }
            }
            let low = self.class_char()?;
            push_literal(low, &mut self.out);
            let mut ahead = self.rest.clone();
            if ahead.next() == Some('-') && !matches!(ahead.next(), None | Some(']')) {
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
                self.out.push('-');
                push_literal(high, &mut self.out);
            }
        }
    }

    /// Reads a character of a class.
    fn class_char(&mut self) -> Checked<char> {
        match self.rest.next() {
            Some('\\') => self.char_of_escape(),
            Some(char) => Ok(char),
            None => Err(UNCLOSED_CLASS.into()),
        }
    }

    /// Translates `[:name:]`, if it follows in a class.
    fn named_class(&mut self) -> Checked<bool> {
        /// The longest name that is read.
        const LONGEST: usize = 16;
        let mut ahead = self.rest.clone();
        if (ahead.next(), ahead.next()) != (Some('['), Some(':')) {
            return Ok(false);
        }
        let mut name = String::new();
        loop {
            match ahead.next() {
                Some(':') if ahead.peek() == Some(&']') => break,
                Some(char) if name.len() < LONGEST => name.push(char),
                // Without an end the bracket is a character.
                Some(_) if !self.is_name_closed(ahead.clone()) => return Ok(false),
                Some(_) => break,
                None => return Ok(false),
            }
        }
        ahead.next();
        if !POSIX.contains(&name.strip_prefix('^').unwrap_or(&name)) {
            let shown = text::clipped(&name, 60);
            return Err(format!("unknown class [:{shown}:]").into());
        }
        self.rest = ahead;
        self.out.extend(["[:", &name, ":]"]);
        Ok(true)
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

    /// Translates the beginning of a group whose parenthesis was read, or flags.
    fn open(&mut self) -> Checked {
        if self.rest.next_if_eq(&'?').is_none() {
            return self.push_group("(", None, true);
        }
        let mut ahead = self.rest.clone();
        let is_name = match ahead.next() {
            Some('P') => ahead.next() == Some('<'),
            char => char == Some('<'),
        };
        if is_name {
            self.rest = ahead;
            let name = self.name()?;
            return self.push_group("(", Some(name), true);
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
                (None, Some(char @ (':' | ')'))) if value || any => {
                    if char == ')' {
                        self.pending.add(flags);
                        return Ok(());
                    }
                    return self.push_group(&format!("(?{flags}:"), None, false);
                }
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

    fn push_group(&mut self, begin: &str, name: Option<String>, is_captured: bool) -> Checked {
        if self.open.len() > DEEPEST {
            return Err(beyond("max_nesting", DEEPEST, "groups within each other"));
        }
        let start = self.part();
        self.out.push_str(begin);
        self.open.push(Group {
            start,
            ..Group::default()
        });
        if is_captured {
            self.names.push(name);
        }
        Ok(())
    }

    fn close(&mut self) -> Checked {
        if self.open.len() == 1 {
            return Err("unopened group".into());
        }
        let Some(group) = self.open.pop() else {
            return Err("unopened group".into());
        };
        // Flags end with their group.
        self.pending = Flags::default();
        self.out.push(')');
        self.group().repeated = self.group().repeated.max(group.repeated);
        self.group().last = Some(Part {
            start: group.start,
            repeated: group.repeated.max(1),
            is_repeated: false,
        });
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
        let Some(part) = self.group().last else {
            return Err("repetition operator missing expression".into());
        };
        if part.is_repeated {
            // `a*(?i)*` for example.
            self.wrapped += 1;
            if self.wrapped > WRAPPED {
                let of = "repetitions of repetitions";
                return Err(beyond("max_nesting", WRAPPED, of));
            }
            self.out.insert_str(part.start, "(?:");
            self.out.push(')');
        }
        let repeated = part.repeated.saturating_mul(most.unwrap_or(1).max(1));
        if repeated > MAX_REPEAT && self.dialect == Dialect::Re2 {
            return Err(too_often("repetitions"));
        }
        self.out.push_str(operator);
        if self.rest.next_if_eq(&'?').is_some() {
            self.out.push('?');
        }
        let group = self.group();
        group.repeated = group.repeated.max(repeated);
        group.last = Some(Part {
            repeated,
            is_repeated: true,
            ..part
        });
        Ok(())
    }

    /// Reads the count of a repetition whose brace was read, and returns its text and the
    /// greatest of its numbers; `None` if the brace is a character.
    fn count(&mut self) -> Checked<Option<(String, u32)>> {
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

/// Returns the refusal of a pattern with a part that may be repeated too often.
fn too_often(what: impl std::fmt::Display) -> Malformed {
    beyond("max_repeat", MAX_REPEAT as usize, what)
}

/// Returns the refusal of a pattern with more of something than there may be.
fn beyond(limit: &'static str, most: usize, of: impl std::fmt::Display) -> Malformed {
    Malformed {
        why: format!("more than {most} {of}"),
        limit: Some((limit, most)),
    }
}

const TRAILING: &str = "incomplete escape sequence, reached end of pattern prematurely";
const UNCLOSED_CLASS: &str = "unclosed character class";
const HEX: &str = "invalid hexadecimal character";

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

/// Writes a character that stands for itself, in a class or outside.
fn push_literal(char: char, out: &mut String) {
    if char.is_ascii_punctuation() && !matches!(char, '<' | '>') {
        out.push('\\');
    }
    out.push(char);
}
