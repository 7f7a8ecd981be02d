//! From JSON (RFC 8259) onto the Lua stack, without a tree in between.

use std::ffi::c_int;
use std::mem::MaybeUninit;

use mlua_sys::*;
use warren_values::kind;

use super::{MAX_DEPTH, NESTING};
use crate::argument::{REFUSED, is_given};
use crate::bytes;
use crate::errors;
use crate::exchange::note_limit;
use crate::lua::State;
use crate::marks::mark_object;

/// `json.decode(s, {null = v}?)`.
pub(super) extern "C-unwind" fn decode(l: State) -> c_int {
    // The text stays on the stack, and the parser owns nothing.
    if !is_given(l, 1, LUA_TSTRING, "text") {
        return REFUSED;
    }
    if l.type_of(2) > LUA_TNIL && !is_given(l, 2, LUA_TTABLE, "options") {
        return REFUSED;
    }
    l.set_top(2);
    if l.type_of(2) == LUA_TTABLE {
        l.push_string(c"null");
        l.raw_get(2);
        l.replace(2);
    }
    // SAFETY: the text is an argument, which stays on the stack.
    let text = unsafe { l.bytes(1) }.unwrap_or_default();
    if text.is_empty() {
        return errors::refuse(l, kind::INVALID, format_args!("text is empty"));
    }
    let mut parser = Parser { l, text, at: 0 };
    let fault = match parser.document() {
        Ok(()) => return 1,
        Err(fault) => fault,
    };
    let what = match fault {
        Fault::Syntax(what) => what,
        Fault::TooDeep => "nested deeper than 128 levels",
    };
    let before = &text[..parser.at.min(text.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before
        .iter()
        .rev()
        .take_while(|byte| **byte != b'\n')
        .count()
        + 1;
    l.set_top(1);
    let results = errors::refuse(
        l,
        kind::INTERNAL,
        format_args!("{what} at line {line}, column {column}"),
    );
    if fault == Fault::TooDeep {
        note_limit(l, NESTING, MAX_DEPTH);
    }
    results
}

/// The stack slot of the value that stands for null; mostly nil.
const NULL: c_int = 2;

struct Parser<'t> {
    l: State,
    text: &'t [u8],
    at: usize,
}

/// The reason why a text is not decoded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Syntax(&'static str),
    TooDeep,
}

impl From<&'static str> for Fault {
    fn from(what: &'static str) -> Self {
        Fault::Syntax(what)
    }
}

type Parsed = Result<(), Fault>;

impl Parser<'_> {
    fn document(&mut self) -> Parsed {
        self.value(MAX_DEPTH)?;
        self.skip_space();
        if self.at == self.text.len() {
            Ok(())
        } else {
            Err(Fault::Syntax("unexpected text after the value"))
        }
    }

    /// Pushes one value.
    fn value(&mut self, depth: usize) -> Parsed {
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => {
                self.word(b"true")?;
                self.l.push_boolean(true);
                Ok(())
            }
            Some(b'f') => {
                self.word(b"false")?;
                self.l.push_boolean(false);
                Ok(())
            }
            Some(b'n') => {
                self.word(b"null")?;
                self.l.push_value(NULL);
                Ok(())
            }
            Some(_) => Err(Fault::Syntax("unexpected character")),
            None => Err(Fault::Syntax("unexpected end")),
        }
    }

    fn array(&mut self, depth: usize) -> Parsed {
        let depth = depth.checked_sub(1).ok_or(Fault::TooDeep)?;
        self.l.need_room(6, c"nested too deeply");
        self.l.new_table(0, 0);
        self.at += 1;
        self.skip_space();
        if self.eat(b']') {
            return Ok(());
        }
        for place in 1.. {
            self.value(depth)?;
            self.l.set_element(-2, place);
            self.skip_space();
            if self.eat(b']') {
                break;
            }
            if !self.eat(b',') {
                return Err(Fault::Syntax("',' or ']' expected"));
            }
        }
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Parsed {
        let depth = depth.checked_sub(1).ok_or(Fault::TooDeep)?;
        self.l.need_room(6, c"nested too deeply");
        self.l.new_table(0, 0);
        self.at += 1;
        self.skip_space();
        if self.eat(b'}') {
            mark_object(self.l);
            return Ok(());
        }
        let mut empty = true;
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(Fault::Syntax("a key in quotes expected"));
            }
            self.string()?;
            self.skip_space();
            if !self.eat(b':') {
                return Err(Fault::Syntax("':' expected"));
            }
            self.value(depth)?;
            empty &= self.l.is_nil(-1);
            self.l.raw_set(-3);
            self.skip_space();
            if self.eat(b'}') {
                if empty {
                    mark_object(self.l);
                }
                return Ok(());
            }
            if !self.eat(b',') {
                return Err(Fault::Syntax("',' or '}' expected"));
            }
        }
    }

    /// A number with a fraction or an exponent is a float, as is an integer
    /// that 64 bits do not hold. A number beyond all floats is refused.
    fn number(&mut self) -> Parsed {
        let from = self.at;
        self.eat(b'-');
        if !self.eat(b'0') && self.digits() == 0 {
            return Err(Fault::Syntax("a digit expected"));
        }
        let mut float = false;
        if self.eat(b'.') {
            float = true;
            if self.digits() == 0 {
                return Err(Fault::Syntax("a digit expected"));
            }
        }
        if self.eat(b'e') || self.eat(b'E') {
            float = true;
            let _ = self.eat(b'+') || self.eat(b'-');
            if self.digits() == 0 {
                return Err(Fault::Syntax("a digit expected"));
            }
        }
        let text = str::from_utf8(&self.text[from..self.at]).map_err(|_| "not a number")?;
        match text.parse::<i64>() {
            Ok(integer) if !float => self.l.push_integer(integer),
            _ => {
                let number: f64 = text.parse().map_err(|_| "not a number")?;
                if !number.is_finite() {
                    self.at = from;
                    return Err(Fault::Syntax("a number beyond the range of floats"));
                }
                self.l.push_number(number);
            }
        }
        Ok(())
    }

    fn string(&mut self) -> Parsed {
        self.at += 1;
        let from = self.at;
        let rest = &self.text[from..];
        let plain = bytes::plain(rest);
        self.at += plain;
        if self.peek() == Some(b'"') {
            let string = &rest[..plain];
            if !bytes::is_utf8(string) {
                self.at = from;
                return Err(Fault::Syntax("a string that is not UTF-8"));
            }
            self.at += 1;
            self.l.push_bytes(string);
            return Ok(());
        }
        let mut buffer = MaybeUninit::<luaL_Buffer>::uninit();
        let buffer = buffer.as_mut_ptr();
        // SAFETY: the thread is alive, and the buffer stays on this frame; what it owns
        // lies on the stack of Lua.
        unsafe {
            luaL_buffinit(self.l.as_ptr(), buffer);
            luaL_addlstring(buffer, rest.as_ptr().cast(), plain);
            loop {
                let from = self.at;
                self.at += bytes::plain(&self.text[from..]);
                luaL_addlstring(buffer, self.text[from..].as_ptr().cast(), self.at - from);
                match self.peek() {
                    Some(b'"') => break,
                    Some(b'\\') => {
                        self.at += 1;
                        let mut utf8 = [0; 4];
                        let text = self.escape()?.encode_utf8(&mut utf8);
                        luaL_addlstring(buffer, text.as_ptr().cast(), text.len());
                    }
                    Some(_) => return Err(Fault::Syntax("a control character in a string")),
                    None => return Err(Fault::Syntax("unexpected end in a string")),
                }
            }
            if !bytes::is_utf8(&self.text[from..self.at]) {
                self.at = from;
                return Err(Fault::Syntax("a string that is not UTF-8"));
            }
            self.at += 1;
            luaL_pushresult(buffer);
        }
        Ok(())
    }

    /// The character that an escape means. Half a surrogate pair is none.
    fn escape(&mut self) -> Result<char, &'static str> {
        let byte = self.peek().ok_or("unexpected end in a string")?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => byte.into(),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.four_digits()?;
                let mut units = [high, 0];
                let mut len = 1;
                if (0xd800..0xdc00).contains(&high) && self.text[self.at..].starts_with(b"\\u") {
                    let back = self.at;
                    self.at += 2;
                    units[1] = self.four_digits()?;
                    if (0xdc00..0xe000).contains(&units[1]) {
                        len = 2;
                    } else {
                        self.at = back;
                    }
                }
                let mut decoded = char::decode_utf16(units[..len].iter().copied());
                decoded
                    .next()
                    .and_then(Result::ok)
                    .ok_or("half a surrogate pair")?
            }
            _ => return Err("unknown escape"),
        })
    }

    fn four_digits(&mut self) -> Result<u16, &'static str> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .ok_or("unexpected end in a string")?;
        let mut unit = 0;
        for digit in digits {
            let value = char::from(*digit)
                .to_digit(16)
                .ok_or("four hexadecimal digits expected")?;
            unit = unit << 4 | value as u16;
        }
        self.at += 4;
        Ok(unit)
    }

    fn word(&mut self, word: &[u8]) -> Parsed {
        if !self.text[self.at..].starts_with(word) {
            return Err(Fault::Syntax("unexpected character"));
        }
        self.at += word.len();
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - from
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}
