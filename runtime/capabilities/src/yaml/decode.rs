//! `yaml.decode(text)`: the first document of a text.
//!
//! The events of the text become the encoded value at once, without a tree in between. An
//! alias copies the bytes of its anchor, up to ten times the bytes of the text in all.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};
use warren_engine::capability::{Answer, Progress, Step};
use warren_kernel::{Error, text};
use warren_values::msgpack::{Full, Input, MAX_DEPTH, Output, Token};

use super::MAX_BYTES;
use super::input::Text;
use super::scalar::{self, Scalar};
use crate::limit::beyond;
use crate::request::Arguments;

/// Bytes that aliases may add, for each byte of the text.
const MAX_ALIASES: usize = 10;

/// The most bytes of a `%TAG` directive: its prefix is copied at each tag.
const MAX_DIRECTIVE: usize = 1 << 10;

/// Events between two checks.
const BETWEEN_CHECKS: usize = 256;

pub(super) fn decode(request: &[u8]) -> Result<Step, Error> {
    let text = Arguments::new(request)?.text("text")?;
    if text.is_empty() {
        return Err(Error::invalid("text is empty"));
    }
    if text.len() > MAX_BYTES {
        let bytes = text.len();
        let message = format!("text: {bytes} bytes are more than {MAX_BYTES}");
        return Err(beyond("max_yaml", MAX_BYTES, message));
    }
    let long = |line: &&str| line.len() > MAX_DIRECTIVE && line.starts_with("%TAG");
    if text.split(['\n', '\r']).any(|line| long(&line)) {
        let message = format!("text: a directive has more than {MAX_DIRECTIVE} bytes");
        return Err(beyond("max_directive", MAX_DIRECTIVE, message));
    }
    let text = text.to_owned();
    Ok(Step::compute(memory(&text), move |progress| {
        Decoder::new(&text).document(progress)
    }))
}

/// Returns the most bytes that reading a text takes. The parser keeps the tokens of lists
/// and maps in brackets until the outermost bracket closes.
fn memory(text: &str) -> usize {
    /// Bytes of a token of the parser.
    const TOKEN: usize = 160;
    let mut tokens = 0;
    if text.contains(['[', '{']) {
        for byte in text.bytes() {
            tokens += match byte {
                b':' => 5,
                b',' | b'[' | b']' | b'{' | b'}' | b'?' | b'&' | b'*' | b'!' | b'"' | b'\'' => 2,
                _ => 0,
            };
        }
    }
    // The value with what aliases add, in a buffer that doubles; anchors and keys.
    4096 + 3 * (MAX_ALIASES + 5) * text.len() + TOKEN * tokens
}

struct Decoder<'t> {
    text: &'t str,
    /// The encoded value so far.
    out: Vec<u8>,
    /// One scalar, encoded.
    one: Output,
    /// The lists and maps that are not complete, outermost first.
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    /// Bytes that aliases have added.
    copied: usize,
}

/// A list or map that is not complete.
struct Open {
    anchor: usize,
    /// The place of its header in the output.
    start: usize,
    len: u32,
    /// The levels of lists and maps within.
    height: usize,
    map: Option<OpenMap>,
}

#[derive(Default)]
struct OpenMap {
    keys: Vec<KeyAt>,
    /// A key was read, and its value was not.
    wants_value: bool,
    /// A value is not null, or an anchor lies within.
    has_content: bool,
}

/// A key in the output, and its place in the text.
#[derive(Clone, Copy)]
struct KeyAt {
    start: usize,
    end: usize,
    line: u32,
    column: u32,
}

/// The value of an anchor in the output.
#[derive(Clone, Copy)]
struct Anchored {
    start: usize,
    end: usize,
    height: usize,
}

const NIL: u8 = 0xc0;
const ARRAY: u8 = 0xdd;
const MAP: u8 = 0xdf;
/// Bytes of the header of a list or map: its length has 32 bits, so that headers do not
/// grow.
const HEADER: usize = 5;

impl<'t> Decoder<'t> {
    fn new(text: &'t str) -> Decoder<'t> {
        let mut one = Output::new();
        one.lift_limit();
        Decoder {
            text,
            out: Vec::new(),
            one,
            open: Vec::new(),
            anchors: HashMap::new(),
            copied: 0,
        }
    }

    /// Reads the first document. A text without one is nil.
    fn document(mut self, progress: &Progress<'_>) -> Answer {
        let mut parser = Parser::new(Text::new(self.text));
        for count in 1_usize.. {
            if count.is_multiple_of(BETWEEN_CHECKS) {
                progress.check()?;
            }
            let (event, span) = match parser.next_event() {
                Some(event) => event.map_err(|error| bad_syntax(&error))?,
                None => break,
            };
            if matches!(event, Event::DocumentEnd) {
                break;
            }
            self.event(event, span)?;
        }
        if self.out.is_empty() {
            self.out.push(NIL);
        }
        Ok(self.out)
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Error> {
        let at = span.start;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = resolve(&text, style, tag.as_deref());
                let scalar = scalar.map_err(|why| refused(why, at))?;
                self.scalar(scalar, anchor, at)
            }
            Event::SequenceStart(anchor, tag) => self.begin(anchor, tag.as_deref(), false, at),
            Event::MappingStart(anchor, tag) => self.begin(anchor, tag.as_deref(), true, at),
            Event::SequenceEnd | Event::MappingEnd => self.end(at),
            Event::Alias(anchor) => self.alias(anchor, at),
            _ => Ok(()),
        }
    }

    fn scalar(&mut self, scalar: Scalar<'_>, anchor: usize, at: Marker) -> Result<(), Error> {
        let start = self.out.len();
        if self.wants_key() {
            self.key(scalar, at)?;
            self.note(anchor, start, 0);
            return Ok(());
        }
        self.write(|one| match scalar {
            Scalar::Null => one.nil(),
            Scalar::Boolean(value) => one.boolean(value),
            Scalar::Integer(number) => one.integer(number),
            Scalar::Float(number) => one.float(number),
            Scalar::Text(text) => one.string(text.as_bytes()),
        })?;
        self.note(anchor, start, 0);
        self.added(start, 0);
        Ok(())
    }

    /// Writes a key as Lua has it: a whole float is an integer.
    fn key(&mut self, key: Scalar<'_>, at: Marker) -> Result<(), Error> {
        let start = self.out.len();
        match key {
            Scalar::Null => return Err(refused("a key that is null", at)),
            Scalar::Float(number) if number.is_nan() => {
                return Err(refused("a key that is not a number", at));
            }
            Scalar::Float(number) => match whole(number) {
                Some(number) => self.write(|one| one.integer(number))?,
                None => self.write(|one| one.float(number))?,
            },
            Scalar::Boolean(value) => self.write(|one| one.boolean(value))?,
            Scalar::Integer(number) => self.write(|one| one.integer(number))?,
            Scalar::Text(text) => self.write(|one| one.string(text.as_bytes()))?,
        }
        let end = self.out.len();
        if let Some(map) = self.map() {
            let (line, column) = position(at);
            map.keys.push(KeyAt {
                start,
                end,
                line: line as u32,
                column: column as u32,
            });
            map.wants_value = true;
        }
        Ok(())
    }

    fn begin(
        &mut self,
        anchor: usize,
        tag: Option<&Tag>,
        is_map: bool,
        at: Marker,
    ) -> Result<(), Error> {
        if self.wants_key() {
            return Err(refused("a key must be a scalar", at));
        }
        let expected = if is_map { "map" } else { "seq" };
        if tag.is_some_and(|tag| !is_plain(tag) && core(tag).as_deref() != Some(expected)) {
            return Err(refused("an unknown tag", at));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(too_deep(at));
        }
        self.open.push(Open {
            anchor,
            start: self.out.len(),
            len: 0,
            height: 1,
            map: is_map.then(OpenMap::default),
        });
        self.out
            .extend([if is_map { MAP } else { ARRAY }, 0, 0, 0, 0]);
        Ok(())
    }

    fn end(&mut self, at: Marker) -> Result<(), Error> {
        let Some(mut open) = self.open.pop() else {
            return Err(refused("unexpected end of a collection", at));
        };
        let body = open.start + HEADER;
        if let Some(map) = &mut open.map {
            self.check_keys(&mut map.keys)?;
            if !map.has_content && open.anchor == 0 {
                // Fields without a value are absent: the map is empty.
                self.out.truncate(body);
                open.len = 0;
            }
        }
        self.out[open.start + 1..body].copy_from_slice(&open.len.to_be_bytes());
        self.note(open.anchor, open.start, open.height);
        self.added(open.start, open.height);
        Ok(())
    }

    /// Refuses keys that are there twice.
    fn check_keys(&self, keys: &mut [KeyAt]) -> Result<(), Error> {
        let bytes = |key: &KeyAt| &self.out[key.start..key.end];
        keys.sort_by(|a, b| bytes(a).cmp(bytes(b)));
        let twice = keys.windows(2).find(|two| bytes(&two[0]) == bytes(&two[1]));
        match twice {
            None => Ok(()),
            Some(two) => Err(at_place(
                "duplicate key",
                two[1].line as usize,
                two[1].column as usize,
            )),
        }
    }

    fn alias(&mut self, anchor: usize, at: Marker) -> Result<(), Error> {
        let Some(&Anchored { start, end, height }) = self.anchors.get(&anchor) else {
            return Err(refused("an alias refers to itself", at));
        };
        if self.open.len() + height > MAX_DEPTH {
            return Err(too_deep(at));
        }
        self.copied += end - start;
        let most = MAX_ALIASES * self.text.len();
        if self.copied > most {
            let why = "aliases of more than 10 times the text";
            return Err(beyond_at("max_aliases", most, why, at));
        }
        if self.wants_key() {
            let mut copy = Input::new(&self.out[start..end]);
            let key = match copy.token() {
                Ok(Token::Boolean(value)) => Scalar::Boolean(value),
                Ok(Token::Integer(number)) => Scalar::Integer(number),
                Ok(Token::Float(number)) => Scalar::Float(number),
                Ok(Token::String(bytes)) => {
                    let text = String::from_utf8_lossy(bytes).into_owned();
                    return self.key(Scalar::Text(&text), at);
                }
                _ => return Err(refused("a key that is null, a list or a map", at)),
            };
            return self.key(key, at);
        }
        let place = self.out.len();
        self.out.extend_from_within(start..end);
        self.added(place, height);
        Ok(())
    }

    /// Counts the value at `start`, which is complete, in the list or map around it.
    fn added(&mut self, start: usize, height: usize) {
        let is_null = self.out[start] == NIL;
        let Some(open) = self.open.last_mut() else {
            return;
        };
        open.len += 1;
        open.height = open.height.max(height + 1);
        if let Some(map) = &mut open.map {
            map.wants_value = false;
            map.has_content |= !is_null;
        }
    }

    /// Keeps the place of an anchor's value, which begins at `start`. The maps around it
    /// keep their bytes.
    fn note(&mut self, anchor: usize, start: usize, height: usize) {
        if anchor == 0 {
            return;
        }
        let end = self.out.len();
        self.anchors.insert(anchor, Anchored { start, end, height });
        for open in &mut self.open {
            if let Some(map) = &mut open.map {
                map.has_content = true;
            }
        }
    }

    fn wants_key(&mut self) -> bool {
        self.map().is_some_and(|map| !map.wants_value)
    }

    fn map(&mut self) -> Option<&mut OpenMap> {
        self.open.last_mut()?.map.as_mut()
    }

    fn write(&mut self, value: impl FnOnce(&mut Output) -> Result<(), Full>) -> Result<(), Error> {
        self.one.truncate(0);
        value(&mut self.one).map_err(|_| Error::internal("no memory for the value"))?;
        self.out.extend_from_slice(self.one.as_slice());
        Ok(())
    }
}

/// Returns the value of a scalar.
fn resolve<'t>(
    text: &'t str,
    style: ScalarStyle,
    tag: Option<&Tag>,
) -> Result<Scalar<'t>, &'static str> {
    match tag {
        None if style == ScalarStyle::Plain => scalar::resolve(text),
        None => Ok(Scalar::Text(text)),
        Some(tag) if is_plain(tag) => Ok(Scalar::Text(text)),
        Some(tag) => match core(tag) {
            Some(kind) => scalar::resolve_as(&kind, text),
            None => Err("an unknown tag"),
        },
    }
}

/// Returns true for the tag `!`, with which a scalar is text.
fn is_plain(tag: &Tag) -> bool {
    tag.handle.is_empty() && tag.suffix == "!"
}

/// Returns the name of a tag in the core schema.
fn core(tag: &Tag) -> Option<String> {
    let name = format!("{}{}", tag.handle, tag.suffix);
    name.strip_prefix("tag:yaml.org,2002:").map(str::to_owned)
}

/// Returns the integer of a whole float.
fn whole(number: f64) -> Option<i64> {
    let integer = number as i64;
    // 2^63 is no integer, and saturates to one that is equal as a float.
    (integer as f64 == number && integer != i64::MAX).then_some(integer)
}

/// Returns line and column of a place, both from 1.
fn position(at: Marker) -> (usize, usize) {
    (at.line().max(1), at.col() + 1)
}

fn too_deep(at: Marker) -> Error {
    beyond_at(
        "max_nesting",
        MAX_DEPTH,
        "nested deeper than 100 levels",
        at,
    )
}

/// Returns the error of a text that exceeds a limit. Its kind is that of all texts that are
/// not decoded.
fn beyond_at(limit: &'static str, value: usize, why: &str, at: Marker) -> Error {
    let error = refused(why, at);
    Error::at_limit(error.kind, limit, value as u64, error.message).retryable(false)
}

fn bad_syntax(error: &ScanError) -> Error {
    // The reason may quote the text.
    refused(&text::quoted(error.info()), *error.marker())
}

fn refused(why: &str, at: Marker) -> Error {
    let (line, column) = position(at);
    at_place(why, line, column)
}

fn at_place(why: &str, line: usize, column: usize) -> Error {
    Error::internal(format!("{why} at line {line}, column {column}")).retryable(false)
}
