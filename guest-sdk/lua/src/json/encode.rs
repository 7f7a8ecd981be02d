//! From the Lua stack to JSON. Only raw access: nothing here raises, but for want of
//! memory for the text of an error.

use std::ffi::{c_int, c_void};
use std::io::Write as _;
use std::mem::MaybeUninit;

use mlua_sys::*;
use warren_guest::msgpack::{Full, Output};
use warren_values::kind;

use super::{MAX_DEPTH, NESTING};
use crate::argument::{REFUSED, is_given};
use crate::bytes;
use crate::errors;
use crate::exchange::note_limit;
use crate::interpreter::{interpreter, push_text};
use crate::lua::State;
use crate::marks::{is_array, is_null, is_object};
use crate::object::with_state;
use crate::path;

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
    let encoder = Encoder {
        l,
        output: &mut output,
        pretty,
        ancestors: [const { MaybeUninit::uninit() }; MAX_DEPTH],
        depth: 0,
        path: Vec::new(),
    };
    let encoded = encoder.run();
    interpreter.output.set(output);
    l.set_top(1);
    match encoded {
        Ok(()) => {
            interpreter.push_output(l);
            1
        }
        Err(Stop::Refused(kind, why)) => {
            l.push_nil();
            push_text(l, why);
            errors::wrap_message(l, kind);
            REFUSED
        }
        Err(Stop::TooDeep(why)) => {
            l.push_nil();
            push_text(l, why);
            errors::wrap_message(l, kind::INTERNAL);
            note_limit(l, NESTING, MAX_DEPTH);
            REFUSED
        }
        Err(Stop::OutOfMemory) => l.out_of_memory(),
    }
}

/// The reason why a value could not be encoded.
enum Stop {
    /// It, or a value within it, is nothing that JSON has; the text names its path.
    Refused(&'static str, String),
    TooDeep(String),
    OutOfMemory,
}

/// The same of one value.
enum Trouble {
    Refused(&'static str, &'static str),
    TooDeep,
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
    /// The path to the refused value, from the inside out.
    path: Vec<String>,
}

impl Encoder<'_> {
    /// Encodes the value at 1.
    fn run(mut self) -> Result<(), Stop> {
        let encoded = self.value(1);
        let at_path = |why| {
            let path: String = self.path.iter().rev().map(String::as_str).collect();
            format!("value{path}: {why}")
        };
        encoded.map_err(|trouble| match trouble {
            Trouble::OutOfMemory => Stop::OutOfMemory,
            Trouble::Refused(kind, why) => Stop::Refused(kind, at_path(why)),
            Trouble::TooDeep => Stop::TooDeep(at_path("nested deeper than 128 levels")),
        })
    }

    /// Encodes a value inside another; where it is refused, notes the step that leads
    /// to it.
    fn step(&mut self, index: c_int, name: impl FnOnce(State) -> String) -> Result<(), Trouble> {
        let outcome = self.value(index);
        if let Err(Trouble::Refused(..) | Trouble::TooDeep) = outcome {
            self.path.push(name(self.l));
        }
        outcome
    }

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
            LUA_TLIGHTUSERDATA if is_null(self.l, index) => self.output.raw(b"null")?,
            LUA_TUSERDATA if errors::is_error(self.l, index) => self.error(index)?,
            LUA_TUSERDATA if interpreter(self.l).classes.get().is_plain(self.l, index) => {
                with_state(self.l, index, Trouble::OutOfMemory, |state| {
                    self.value(state)
                })?;
            }
            LUA_TFUNCTION => return invalid("a function cannot be JSON"),
            LUA_TTHREAD => return invalid("a coroutine cannot be JSON"),
            _ => return invalid("a userdata cannot be JSON"),
        }
        Ok(())
    }

    fn number(&mut self, index: c_int) -> Result<(), Trouble> {
        let written = if self.l.is_integer(index) {
            write!(self.output, "{}", self.l.to_integer(index))
        } else {
            let number = self.l.to_number(index);
            if !number.is_finite() {
                return Ok(self.output.raw(b"null")?);
            }
            // The shortest text that reads back the same, with a point.
            write!(self.output, "{number:?}")
        };
        written.map_err(|_| Trouble::OutOfMemory)
    }

    fn string(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        if !bytes::is_utf8(bytes) {
            return invalid("a string that is not UTF-8 cannot be JSON");
        }
        self.output.raw(b"\"")?;
        let mut rest = bytes;
        loop {
            let (plain, others) = rest.split_at(bytes::plain(rest));
            self.output.raw(plain)?;
            let Some((byte, others)) = others.split_first() else {
                break;
            };
            rest = others;
            let escaped: &[u8] = match byte {
                b'"' => b"\\\"",
                b'\\' => b"\\\\",
                b'\n' => b"\\n",
                b'\r' => b"\\r",
                b'\t' => b"\\t",
                0x08 => b"\\b",
                0x0c => b"\\f",
                _ => b"",
            };
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
        Ok(self.output.raw(b"\"")?)
    }

    fn table(&mut self, index: c_int) -> Result<(), Trouble> {
        let address = self.l.address(index);
        let ancestors = &self.ancestors[..self.depth];
        if ancestors.iter().any(
            // SAFETY: the first `depth` ancestors are set.
            |ancestor| unsafe { ancestor.assume_init() } == address,
        ) {
            return internal("a table that contains itself cannot be JSON");
        }
        let Some(place) = self.ancestors.get_mut(self.depth) else {
            return Err(Trouble::TooDeep);
        };
        place.write(address);
        if !self.l.has_room(6) {
            return Err(Trouble::OutOfMemory);
        }
        self.depth += 1;
        match self.array_length(index) {
            Some(Length::Whole(0)) if is_object(self.l, index) => self.output.raw(b"{}")?,
            Some(Length::Whole(0)) => self.output.raw(b"[]")?,
            Some(Length::Whole(len)) => self.array(index, len)?,
            Some(Length::WithHoles(len)) if is_array(self.l, index) => self.array(index, len)?,
            Some(Length::WithHoles(_)) => {
                return internal("a list with holes cannot be JSON; json.array makes them null");
            }
            None => self.object(index)?,
        }
        self.depth -= 1;
        Ok(())
    }

    /// The text of the structured error at `index`.
    fn error(&mut self, index: c_int) -> Result<(), Trouble> {
        let top = self.l.top();
        errors::push_message(self.l, index);
        // SAFETY: the text is on the stack until it is written.
        self.string(unsafe { self.l.bytes(-1) }.unwrap_or_default())?;
        self.l.set_top(top);
        Ok(())
    }

    /// The number of elements, if the keys are integers from 1 on.
    fn array_length(&self, index: c_int) -> Option<Length> {
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
        Some(if count == greatest {
            Length::Whole(count)
        } else {
            Length::WithHoles(greatest)
        })
    }

    fn array(&mut self, index: c_int, len: lua_Integer) -> Result<(), Trouble> {
        self.output.raw(b"[")?;
        for place in 1..=len {
            self.separate(place > 1)?;
            self.l.element(index, place);
            self.step(self.l.top(), |_| format!("[{place}]"))?;
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
                return internal(
                    "a table cannot be JSON whose keys are neither all strings nor all \
                     integers from 1 on",
                );
            };
            self.separate(following)?;
            following = true;
            self.string(key)?;
            self.output.raw(if self.pretty { b": " } else { b":" })?;
            let value = self.l.top();
            self.step(value, |l| path::step(l, value - 1))?;
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

/// The number of elements of a list.
enum Length {
    Whole(lua_Integer),
    /// The last of them, where some are missing.
    WithHoles(lua_Integer),
}

/// Refuses a value that is nothing for JSON.
fn invalid(why: &'static str) -> Result<(), Trouble> {
    Err(Trouble::Refused(kind::INVALID, why))
}

/// Refuses a table that has no form in JSON.
fn internal(why: &'static str) -> Result<(), Trouble> {
    Err(Trouble::Refused(kind::INTERNAL, why))
}
