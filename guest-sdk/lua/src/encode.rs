//! From the Lua stack into MessagePack, without a tree in between.
//!
//! Only raw access is used: no metamethod runs, nothing is allocated in Lua,
//! so nothing here raises and no finalizer runs meanwhile.

use std::ffi::{c_int, c_void};
use std::fmt::Write as _;
use std::mem::MaybeUninit;

use mlua_sys::*;
use warren_guest::msgpack::{Full, MAX_DEPTH, MAX_MESSAGE, Output};

use crate::errors::part;
use crate::json;
use crate::runtime::{Classes, runtime};
use crate::stack::{State, bytes_at};

/// Why values could not be encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A value may not leave its process; the text names its path and says why.
    Refused(String),
    /// There would be more bytes than any message may have.
    TooLarge,
    /// There is no memory for the encoded bytes.
    OutOfMemory,
}

impl Stop {
    /// What is wrong with a value that has too many bytes.
    pub(crate) fn too_large(root: &str) -> String {
        format!("{root}: more than {MAX_MESSAGE} bytes (max_message) cannot leave the process")
    }
}

/// Encodes the stack slots `first..=last` as one array. The paths in refusals
/// begin with `root[1]`, `root[2]` and so on.
///
/// # Safety
/// `l` is a live Lua thread; `first..=last` are absolute indices, or an empty
/// range.
pub(crate) unsafe fn values(
    l: State,
    first: c_int,
    last: c_int,
    root: &str,
    output: &mut Output,
) -> Result<(), Stop> {
    output.array(u32::try_from(last - first + 1).unwrap_or(0))?;
    for index in first..=last {
        // SAFETY: as promised by the caller.
        unsafe { Encoder::new(l, output).run(index, || format!("{root}[{}]", index - first + 1))? };
    }
    Ok(())
}

/// Encodes the value at `index`. The paths in refusals begin with `root`.
///
/// # Safety
/// `l` is a live Lua thread, `index` an absolute index.
pub(crate) unsafe fn value(
    l: State,
    index: c_int,
    root: &str,
    output: &mut Output,
) -> Result<(), Stop> {
    // SAFETY: as promised by the caller.
    unsafe { Encoder::new(l, output).run(index, || root.to_owned()) }
}

impl From<Full> for Stop {
    fn from(full: Full) -> Self {
        match full {
            Full::Memory => Stop::OutOfMemory,
            Full::Limit => Stop::TooLarge,
        }
    }
}

/// Stack slots that one level of nesting uses.
const SLOTS: c_int = 4;

struct Encoder<'o> {
    l: State,
    output: &'o mut Output,
    classes: Classes,
    /// The tables that the value being encoded lies in, outermost first; only
    /// the first `depth` are set.
    ancestors: [MaybeUninit<*const c_void>; MAX_DEPTH],
    depth: usize,
    /// Where the refused value is, from the inside out.
    path: Vec<String>,
}

/// What the keys of a table are.
#[derive(Clone, Copy)]
enum Keys {
    /// 1, 2, 3 and so on, so many.
    Sequence(u32),
    /// Perhaps the same in another order.
    Unordered,
    /// Something else.
    Other,
}

/// Why one value may not cross.
enum Trouble {
    Refused(&'static str),
    TooLarge,
    OutOfMemory,
}

impl From<Full> for Trouble {
    fn from(full: Full) -> Self {
        match full {
            Full::Memory => Trouble::OutOfMemory,
            Full::Limit => Trouble::TooLarge,
        }
    }
}

impl<'o> Encoder<'o> {
    /// # Safety
    /// `l` is a live Lua thread.
    unsafe fn new(l: State, output: &'o mut Output) -> Self {
        // SAFETY: as promised by the caller.
        let classes = unsafe { runtime(l).classes.get() };
        Self {
            l,
            output,
            classes,
            ancestors: [const { MaybeUninit::uninit() }; MAX_DEPTH],
            depth: 0,
            path: Vec::new(),
        }
    }

    /// # Safety
    /// `index` is an absolute index of the stack.
    unsafe fn run(mut self, index: c_int, root: impl FnOnce() -> String) -> Result<(), Stop> {
        // SAFETY: as promised by the caller.
        unsafe {
            let top = lua_gettop(self.l);
            let outcome = self.value(index);
            lua_settop(self.l, top);
            outcome.map_err(|trouble| match trouble {
                Trouble::OutOfMemory => Stop::OutOfMemory,
                Trouble::TooLarge => Stop::TooLarge,
                Trouble::Refused(why) => {
                    let mut text = root();
                    self.path.iter().rev().for_each(|step| text.push_str(step));
                    text.push_str(": ");
                    text.push_str(why);
                    Stop::Refused(text)
                }
            })
        }
    }

    /// Encodes the value at an absolute index.
    unsafe fn value(&mut self, index: c_int) -> Result<(), Trouble> {
        // SAFETY: the promise of `run`, which holds for every level.
        unsafe {
            match lua_type(self.l, index) {
                LUA_TNIL | LUA_TNONE => self.output.nil()?,
                LUA_TBOOLEAN => self.output.boolean(lua_toboolean(self.l, index) != 0)?,
                LUA_TNUMBER if lua_isinteger(self.l, index) != 0 => {
                    self.output.integer(lua_tointeger(self.l, index))?;
                }
                LUA_TNUMBER => self.output.float(lua_tonumber(self.l, index))?,
                LUA_TSTRING => self
                    .output
                    .string(bytes_at(self.l, index).unwrap_or_default())?,
                LUA_TTABLE => self.table(index)?,
                LUA_TUSERDATA if self.classes.error.test::<()>(self.l, index).is_some() => {
                    self.error(index)?
                }
                LUA_TLIGHTUSERDATA if json::is_null(self.l, index) => self.output.null()?,
                _ => return Err(Trouble::Refused(self.kind_of(index))),
            }
            Ok(())
        }
    }

    unsafe fn table(&mut self, index: c_int) -> Result<(), Trouble> {
        // SAFETY: the promise of `run`; the level makes room for its slots.
        unsafe {
            self.enter(index)?;
            let top = lua_gettop(self.l);
            let mark = self.output.open()?;
            let at = self.output.as_slice().len();
            let mut keys = self.sequence(index)?;
            if !matches!(keys, Keys::Sequence(_)) {
                lua_settop(self.l, top);
                self.output.truncate(at);
            }
            if matches!(keys, Keys::Unordered)
                && let Some(len) = self.length_of_unordered_sequence(index)
            {
                self.unordered_sequence(index, len)?;
                keys = Keys::Sequence(len);
            }
            match keys {
                Keys::Sequence(0) if json::is_object(self.l, index) => {
                    self.output.finish_map(mark, 0)?;
                }
                Keys::Sequence(len) => self.output.finish_array(mark, len)?,
                Keys::Unordered | Keys::Other => {
                    let len = self.pairs(index)?;
                    self.output.finish_map(mark, len)?;
                }
            }
            self.depth -= 1;
            Ok(())
        }
    }

    /// Encodes the elements of a table whose keys come as 1, 2, 3 and so on,
    /// the usual case for an array, in one pass. Where they do not, something
    /// may have been written, but no table within the table: before the first
    /// one is encoded, the rest of the keys is looked at.
    unsafe fn sequence(&mut self, index: c_int) -> Result<Keys, Trouble> {
        // SAFETY: as `table`.
        unsafe {
            let mut len = 0;
            let mut certain = false;
            lua_pushnil(self.l);
            while lua_next(self.l, index) != 0 {
                if !self.key_is(-2, len + 1) {
                    let integer = lua_isinteger(self.l, -2) != 0;
                    return Ok(if integer {
                        Keys::Unordered
                    } else {
                        Keys::Other
                    });
                }
                if !certain && lua_type(self.l, -1) >= LUA_TTABLE {
                    if !self.rest_is_sequence(index, len + 1) {
                        return Ok(Keys::Unordered);
                    }
                    certain = true;
                }
                len += 1;
                let element = lua_gettop(self.l);
                self.step(element, |_| format!("[{len}]"))?;
                lua_settop(self.l, element - 1);
            }
            Ok(Keys::Sequence(len))
        }
    }

    /// Whether the keys after the one at -2 come as `last` + 1 and so on.
    unsafe fn rest_is_sequence(&mut self, index: c_int, mut last: u32) -> bool {
        // SAFETY: as `table`.
        unsafe {
            let top = lua_gettop(self.l);
            lua_pushvalue(self.l, -2);
            while lua_next(self.l, index) != 0 {
                if !self.key_is(-2, last + 1) {
                    lua_settop(self.l, top);
                    return false;
                }
                last += 1;
                lua_pop(self.l, 1);
            }
            lua_settop(self.l, top);
            true
        }
    }

    unsafe fn key_is(&self, index: c_int, expected: u32) -> bool {
        // SAFETY: as `table`.
        unsafe {
            lua_isinteger(self.l, index) != 0
                && lua_tointeger(self.l, index) == lua_Integer::from(expected)
        }
    }

    /// The number of pairs, if the keys are 1..n in any order.
    unsafe fn length_of_unordered_sequence(&self, index: c_int) -> Option<u32> {
        // SAFETY: as `table`.
        unsafe {
            let top = lua_gettop(self.l);
            let (mut count, mut greatest) = (0, 0);
            lua_pushnil(self.l);
            while lua_next(self.l, index) != 0 {
                let key = lua_tointegerx(self.l, -2, std::ptr::null_mut());
                if lua_isinteger(self.l, -2) == 0 || key < 1 {
                    lua_settop(self.l, top);
                    return None;
                }
                greatest = greatest.max(key);
                count += 1;
                lua_pop(self.l, 1);
            }
            if count == greatest {
                u32::try_from(count).ok()
            } else {
                None
            }
        }
    }

    unsafe fn unordered_sequence(&mut self, index: c_int, len: u32) -> Result<(), Trouble> {
        // SAFETY: as `table`.
        unsafe {
            for place in 1..=len {
                lua_rawgeti(self.l, index, place.into());
                let element = lua_gettop(self.l);
                self.step(element, |_| format!("[{place}]"))?;
                lua_settop(self.l, element - 1);
            }
        }
        Ok(())
    }

    unsafe fn pairs(&mut self, index: c_int) -> Result<u32, Trouble> {
        // SAFETY: as `table`.
        unsafe {
            let mut len = 0;
            lua_pushnil(self.l);
            while lua_next(self.l, index) != 0 {
                let element = lua_gettop(self.l);
                let key = element - 1;
                match lua_type(self.l, key) {
                    LUA_TSTRING | LUA_TNUMBER | LUA_TBOOLEAN => self.value(key)?,
                    LUA_TTABLE => {
                        return Err(Trouble::Refused(
                            "a key that is a table cannot leave its process",
                        ));
                    }
                    _ => {
                        return Err(Trouble::Refused(
                            "a key that is neither string, number nor boolean cannot leave its process",
                        ));
                    }
                }
                self.step(element, |l| path_step(l, key))?;
                lua_settop(self.l, key);
                len += 1;
            }
            Ok(len)
        }
    }

    /// A structured error: `[kind, message, retryable, details, stack]`.
    unsafe fn error(&mut self, index: c_int) -> Result<(), Trouble> {
        // SAFETY: as `table`.
        unsafe {
            self.enter(index)?;
            let mark = self.output.open()?;
            self.output.array(part::COUNT as u32)?;
            for part in 1..=part::COUNT {
                lua_getiuservalue(self.l, index, part);
                let value = lua_gettop(self.l);
                self.step(value, |_| ":details()".to_owned())?;
                lua_settop(self.l, value - 1);
            }
            self.output.finish_error(mark)?;
            self.depth -= 1;
            Ok(())
        }
    }

    /// Encodes a value inside another; where it is refused, notes the step
    /// that leads to it.
    unsafe fn step(
        &mut self,
        index: c_int,
        name: impl FnOnce(State) -> String,
    ) -> Result<(), Trouble> {
        // SAFETY: as `value`.
        let outcome = unsafe { self.value(index) };
        if let Err(Trouble::Refused(_)) = outcome {
            self.path.push(name(self.l));
        }
        outcome
    }

    /// Goes one level deeper, into the table or error at `index`.
    unsafe fn enter(&mut self, index: c_int) -> Result<(), Trouble> {
        // SAFETY: as `value`.
        unsafe {
            let address = lua_topointer(self.l, index);
            let ancestors = &self.ancestors[..self.depth];
            if ancestors
                .iter()
                .any(|ancestor| ancestor.assume_init() == address)
            {
                return Err(Trouble::Refused(
                    "a table that contains itself cannot leave its process",
                ));
            }
            let Some(place) = self.ancestors.get_mut(self.depth) else {
                return Err(Trouble::Refused(
                    "nested deeper than 100 levels, which cannot leave its process",
                ));
            };
            place.write(address);
            self.depth += 1;
            if lua_checkstack(self.l, SLOTS + 2) == 0 {
                return Err(Trouble::OutOfMemory);
            }
            Ok(())
        }
    }

    /// What to call a value that may not cross.
    unsafe fn kind_of(&self, index: c_int) -> &'static str {
        // SAFETY: as `value`.
        unsafe {
            match lua_type(self.l, index) {
                LUA_TFUNCTION => "a function cannot leave its process",
                LUA_TTHREAD => "a coroutine cannot leave its process",
                _ if self.classes.channel.test::<()>(self.l, index).is_some() => {
                    "a channel cannot leave its process"
                }
                _ if self.classes.message.test::<()>(self.l, index).is_some() => {
                    "a message cannot leave its process"
                }
                _ if self.classes.moment.test::<()>(self.l, index).is_some() => {
                    "a time cannot leave its process"
                }
                _ if self.classes.duration.test::<()>(self.l, index).is_some() => {
                    "a duration cannot leave its process"
                }
                _ => "a userdata cannot leave its process",
            }
        }
    }
}

/// `.key`, `["a key"]`, `[1]`: how Lua would write the access.
fn path_step(l: State, key: c_int) -> String {
    // SAFETY: `pairs` gives the index of a key that it has just pushed.
    unsafe {
        match lua_type(l, key) {
            LUA_TSTRING => {
                let text = String::from_utf8_lossy(bytes_at(l, key).unwrap_or_default());
                let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                if plain && !text.is_empty() && !text.as_bytes()[0].is_ascii_digit() {
                    format!(".{text}")
                } else {
                    format!("[{text:?}]")
                }
            }
            LUA_TNUMBER if lua_isinteger(l, key) != 0 => format!("[{}]", lua_tointeger(l, key)),
            LUA_TNUMBER => {
                let mut text = String::from("[");
                // Writing to a string does not fail.
                let _ = write!(text, "{:?}]", lua_tonumber(l, key));
                text
            }
            _ => format!("[{}]", lua_toboolean(l, key) != 0),
        }
    }
}
