//! From the Lua stack to JSON. Only raw access: nothing here raises.

use std::ffi::{c_int, c_void};
use std::io::Write as _;
use std::mem::MaybeUninit;

use mlua_sys::*;
use warren_guest::msgpack::{Full, Output};

use super::{MAX_DEPTH, is_given, is_null, is_object};
use crate::argument::REFUSED;
use crate::errors::{self, Kind};
use crate::runtime::runtime;
use crate::stack::{State, bytes_at, out_of_memory, push_bytes};

/// `json.encode(v, {pretty = bool}?)`.
pub(super) unsafe extern "C-unwind" fn encode(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread; the output is put back before
    // anything can raise.
    unsafe {
        if lua_gettop(l) == 0 {
            return errors::refuse(l, Kind::Invalid, format_args!("value is missing"));
        }
        let mut pretty = false;
        if lua_type(l, 2) > LUA_TNIL {
            if !is_given(l, 2, LUA_TTABLE, "options") {
                return REFUSED;
            }
            lua_getfield(l, 2, c"pretty".as_ptr());
            pretty = lua_toboolean(l, -1) != 0;
        }
        lua_settop(l, 1);
        let rt = runtime(l);
        let mut output = rt.output.take();
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
        rt.output.set(output);
        match encoded {
            Ok(()) => {
                lua_settop(l, 1);
                // Nobody else writes the output while Lua copies it.
                push_bytes(l, (*rt.output.as_ptr()).as_slice());
                1
            }
            Err(Trouble::Refused(why)) => {
                lua_settop(l, 1);
                errors::refuse(l, Kind::Invalid, format_args!("{why}"))
            }
            Err(Trouble::OutOfMemory) => out_of_memory(l),
        }
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
    unsafe fn value(&mut self, index: c_int) -> Result<(), Trouble> {
        // SAFETY: `encode` begins with an index on the stack, and every level
        // makes room for its slots.
        unsafe {
            match lua_type(self.l, index) {
                LUA_TNIL | LUA_TNONE => self.output.raw(b"null")?,
                LUA_TBOOLEAN if lua_toboolean(self.l, index) != 0 => self.output.raw(b"true")?,
                LUA_TBOOLEAN => self.output.raw(b"false")?,
                LUA_TNUMBER => self.number(index)?,
                LUA_TSTRING => self.string(bytes_at(self.l, index).unwrap_or_default())?,
                LUA_TTABLE => self.table(index)?,
                _ if is_null(self.l, index) => self.output.raw(b"null")?,
                _ => {
                    return Err(Trouble::Refused(
                        "only tables, strings, numbers, booleans and null have JSON",
                    ));
                }
            }
            Ok(())
        }
    }

    unsafe fn number(&mut self, index: c_int) -> Result<(), Trouble> {
        // SAFETY: as `value`.
        unsafe {
            let written = if lua_isinteger(self.l, index) != 0 {
                write!(self.output, "{}", lua_tointeger(self.l, index))
            } else {
                let number = lua_tonumber(self.l, index);
                if !number.is_finite() {
                    return Err(Trouble::Refused("NaN and infinities have no JSON"));
                }
                // The shortest text that reads back the same, with a point.
                write!(self.output, "{number:?}")
            };
            written.map_err(|_| Trouble::OutOfMemory)
        }
    }

    fn string(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        if str::from_utf8(bytes).is_err() {
            return Err(Trouble::Refused("a string that is not UTF-8 has no JSON"));
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

    unsafe fn table(&mut self, index: c_int) -> Result<(), Trouble> {
        // SAFETY: as `value`.
        unsafe {
            let address = lua_topointer(self.l, index);
            let ancestors = &self.ancestors[..self.depth];
            if ancestors
                .iter()
                .any(|ancestor| ancestor.assume_init() == address)
            {
                return Err(Trouble::Refused("a table that contains itself has no JSON"));
            }
            let Some(place) = self.ancestors.get_mut(self.depth) else {
                return Err(Trouble::Refused("nested deeper than 128 levels"));
            };
            place.write(address);
            if lua_checkstack(self.l, 6) == 0 {
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
    }

    /// The number of elements, if the keys are exactly 1..n.
    unsafe fn array_length(&self, index: c_int) -> Option<lua_Integer> {
        // SAFETY: as `value`.
        unsafe {
            let top = lua_gettop(self.l);
            let (mut count, mut greatest) = (0, 0);
            lua_pushnil(self.l);
            while lua_next(self.l, index) != 0 {
                if lua_isinteger(self.l, -2) == 0 || lua_tointeger(self.l, -2) < 1 {
                    lua_settop(self.l, top);
                    return None;
                }
                greatest = greatest.max(lua_tointeger(self.l, -2));
                count += 1;
                lua_pop(self.l, 1);
            }
            (count == greatest).then_some(count)
        }
    }

    unsafe fn array(&mut self, index: c_int, len: lua_Integer) -> Result<(), Trouble> {
        // SAFETY: as `value`.
        unsafe {
            self.output.raw(b"[")?;
            for place in 1..=len {
                self.separate(place > 1)?;
                lua_rawgeti(self.l, index, place);
                self.value(lua_gettop(self.l))?;
                lua_pop(self.l, 1);
            }
            self.end(b"]")
        }
    }

    unsafe fn object(&mut self, index: c_int) -> Result<(), Trouble> {
        // SAFETY: as `value`.
        unsafe {
            self.output.raw(b"{")?;
            let mut following = false;
            lua_pushnil(self.l);
            while lua_next(self.l, index) != 0 {
                let Some(key) = bytes_at(self.l, -2) else {
                    return Err(Trouble::Refused("a key of an object is not a string"));
                };
                self.separate(following)?;
                following = true;
                self.string(key)?;
                self.output.raw(if self.pretty { b": " } else { b":" })?;
                self.value(lua_gettop(self.l))?;
                lua_pop(self.l, 1);
            }
            self.end(b"}")
        }
    }

    /// What stands before an element.
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
