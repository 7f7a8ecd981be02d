//! From the Lua stack to JSON. Only raw access: nothing here raises.

use std::ffi::{c_int, c_void};
use std::io::Write as _;
use std::mem::MaybeUninit;

use mlua_sys::*;
use warren_guest::msgpack::{Full, Output};
use warren_values::kind;

use super::{MAX_DEPTH, is_given, is_null, is_object};
use crate::argument::REFUSED;
use crate::errors;
use crate::interpreter::interpreter;
use crate::lua::State;

/// `json.encode(v, {pretty = bool}?)`.
pub(super) extern "C-unwind" fn encode(l: State) -> c_int {
    // The output is put back before anything can raise.
    if l.top() == 0 {
        return errors::refuse(l, kind::INVALID, format_args!("value is missing"));
    }
    let mut pretty = false;
    if l.type_of(2) > LUA_TNIL {
        if !is_given(l, 2, LUA_TTABLE, "options") {
            return REFUSED;
        }
        l.field(2, c"pretty");
        pretty = l.to_boolean(-1);
    }
    l.set_top(1);
    let interpreter = interpreter(l);
    let mut output = interpreter.output.take();
    output.clear();
    // The text stays in the process.
    output.lift_limit();
    let mut encoder = Encoder {
        l,
        output: &mut output,
        pretty,
        ancestors: [const { MaybeUninit::uninit() }; MAX_DEPTH],
        depth: 0,
    };
    let encoded = encoder.value(1);
    interpreter.output.set(output);
    match encoded {
        Ok(()) => {
            l.set_top(1);
            interpreter.push_output(l);
            1
        }
        Err(Trouble::Refused(why)) => {
            l.set_top(1);
            errors::refuse(l, kind::INVALID, format_args!("{why}"))
        }
        Err(Trouble::OutOfMemory) => l.out_of_memory(),
    }
}

enum Trouble {
    Refused(&'static str),
    OutOfMemory,
}

impl From<Full> for Trouble {
    fn from(_: Full) -> Self {
        // The text has no other limit.
        Trouble::OutOfMemory
    }
}

struct Encoder<'o> {
    l: State,
    output: &'o mut Output,
    pretty: bool,
    /// The tables that the value being encoded lies in, outermost first; only
    /// the first `depth` are set.
    ancestors: [MaybeUninit<*const c_void>; MAX_DEPTH],
    depth: usize,
}

impl Encoder<'_> {
    /// Encodes the value at an absolute index.
    fn value(&mut self, index: c_int) -> Result<(), Trouble> {
        match self.l.type_of(index) {
            LUA_TNIL | LUA_TNONE => self.output.raw(b"null")?,
            LUA_TBOOLEAN if self.l.to_boolean(index) => self.output.raw(b"true")?,
            LUA_TBOOLEAN => self.output.raw(b"false")?,
            LUA_TNUMBER => self.number(index)?,
            // SAFETY: the value is on the stack until it is written.
            LUA_TSTRING => self.string(unsafe { self.l.bytes(index) }.unwrap_or_default())?,
            LUA_TTABLE => self.table(index)?,
            _ if is_null(self.l, index) => self.output.raw(b"null")?,
            _ => {
                return Err(Trouble::Refused(
                    "cannot encode as JSON anything but tables, strings, numbers, booleans and null",
                ));
            }
        }
        Ok(())
    }

    fn number(&mut self, index: c_int) -> Result<(), Trouble> {
        let written = if self.l.is_integer(index) {
            write!(self.output, "{}", self.l.to_integer(index))
        } else {
            let number = self.l.to_number(index);
            if !number.is_finite() {
                return Err(Trouble::Refused("cannot encode NaN or infinity as JSON"));
            }
            // The shortest text that reads back the same, with a point.
            write!(self.output, "{number:?}")
        };
        written.map_err(|_| Trouble::OutOfMemory)
    }

    fn string(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        if str::from_utf8(bytes).is_err() {
            return Err(Trouble::Refused(
                "cannot encode a string that is not UTF-8 as JSON",
            ));
        }
        self.output.raw(b"\"")?;
        let mut plain = 0;
        for (at, byte) in bytes.iter().enumerate() {
            let escaped: &[u8] = match byte {
                b'"' => b"\\\"",
                b'\\' => b"\\\\",
                b'\n' => b"\\n",
                b'\r' => b"\\r",
                b'\t' => b"\\t",
                0x08 => b"\\b",
                0x0c => b"\\f",
                0..0x20 => b"",
                _ => continue,
            };
            self.output.raw(&bytes[plain..at])?;
            plain = at + 1;
            if escaped.is_empty() {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let (high, low) = (
                    DIGITS[usize::from(byte >> 4)],
                    DIGITS[usize::from(byte & 15)],
                );
                self.output.raw(&[b'\\', b'u', b'0', b'0', high, low])?;
            } else {
                self.output.raw(escaped)?;
            }
        }
        self.output.raw(&bytes[plain..])?;
        Ok(self.output.raw(b"\"")?)
    }

    fn table(&mut self, index: c_int) -> Result<(), Trouble> {
        let address = self.l.address(index);
        let ancestors = &self.ancestors[..self.depth];
        if ancestors.iter().any(
            // SAFETY: the first `depth` ancestors are set.
            |ancestor| unsafe { ancestor.assume_init() } == address,
        ) {
            return Err(Trouble::Refused(
                "cannot encode a table that contains itself as JSON",
            ));
        }
        let Some(place) = self.ancestors.get_mut(self.depth) else {
            return Err(Trouble::Refused("nested deeper than 128 levels"));
        };
        place.write(address);
        if !self.l.has_room(6) {
            return Err(Trouble::OutOfMemory);
        }
        self.depth += 1;
        match self.array_length(index) {
            Some(0) if is_object(self.l, index) => self.output.raw(b"{}")?,
            Some(0) => self.output.raw(b"[]")?,
            Some(len) => self.array(index, len)?,
            None => self.object(index)?,
        }
        self.depth -= 1;
        Ok(())
    }

    /// The number of elements, if the keys are exactly 1..n.
    fn array_length(&self, index: c_int) -> Option<lua_Integer> {
        let top = self.l.top();
        let (mut count, mut greatest) = (0, 0);
        self.l.push_nil();
        while self.l.next(index) {
            if !self.l.is_integer(-2) || self.l.to_integer(-2) < 1 {
                self.l.set_top(top);
                return None;
            }
            greatest = greatest.max(self.l.to_integer(-2));
            count += 1;
            self.l.pop(1);
        }
        (count == greatest).then_some(count)
    }

    fn array(&mut self, index: c_int, len: lua_Integer) -> Result<(), Trouble> {
        self.output.raw(b"[")?;
        for place in 1..=len {
            self.separate(place > 1)?;
            self.l.element(index, place);
            self.value(self.l.top())?;
            self.l.pop(1);
        }
        self.end(b"]")
    }

    fn object(&mut self, index: c_int) -> Result<(), Trouble> {
        self.output.raw(b"{")?;
        let mut following = false;
        self.l.push_nil();
        while self.l.next(index) {
            // SAFETY: the key is on the stack until it is written.
            let Some(key) = (unsafe { self.l.bytes(-2) }) else {
                return Err(Trouble::Refused(
                    "cannot encode an object as JSON with a key that is not a string",
                ));
            };
            self.separate(following)?;
            following = true;
            self.string(key)?;
            self.output.raw(if self.pretty { b": " } else { b":" })?;
            self.value(self.l.top())?;
            self.l.pop(1);
        }
        self.end(b"}")
    }

    /// Writes the comma and the new line before an element.
    fn separate(&mut self, following: bool) -> Result<(), Trouble> {
        if following {
            self.output.raw(b",")?;
        }
        self.new_line(self.depth)
    }

    fn end(&mut self, bracket: &[u8]) -> Result<(), Trouble> {
        self.new_line(self.depth - 1)?;
        Ok(self.output.raw(bracket)?)
    }

    fn new_line(&mut self, depth: usize) -> Result<(), Trouble> {
        if self.pretty {
            self.output.raw(b"\n")?;
            for _ in 0..depth {
                self.output.raw(b"  ")?;
            }
        }
        Ok(())
    }
}
