//! From the Lua stack into MessagePack, without a tree in between.
//!
//! Only raw access is used: no metamethod runs, nothing is allocated in Lua,
//! so nothing here raises and no finalizer runs meanwhile.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;

use mlua_sys::*;
use warren_guest::msgpack::{Full, MAX_DEPTH, MAX_MESSAGE, Output};

use crate::errors::part;
use crate::interpreter::{Classes, interpreter};
use crate::lua::State;
use crate::marks;
use crate::object::with_state;
use crate::path;

/// The reason why values could not be encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A value may not leave its process; the text names its path and says why.
    Refused(String),
    /// The same, for a limit.
    Beyond(String, Limit),
    /// There would be more bytes than any message may have.
    TooLarge,
    /// There is no memory for the encoded bytes.
    OutOfMemory,
}

/// The most bytes of values that leave the process together, or the most levels of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) most: usize,
    pub(crate) name: &'static str,
}

/// Limit of a message.
pub(crate) const MESSAGE: Limit = Limit {
    most: MAX_MESSAGE,
    name: "max_message",
};

/// Limit of the request of an operation of the runtime.
pub(crate) const REQUEST: Limit = Limit {
    most: 16 << 20,
    name: "max_request",
};

/// Limit of the request that changes a metric, which is handled where guests run. The
/// runtime has closer limits of names and labels.
pub(crate) const LABELS: Limit = Limit {
    most: 16 << 10,
    name: "max_label_bytes",
};

/// Limit of the levels of a value.
pub(crate) const NESTING: Limit = Limit {
    most: MAX_DEPTH,
    name: "max_nesting",
};

impl Limit {
    /// Returns the refusal of a value that has more bytes.
    pub(crate) fn refusal(self, root: &str) -> Stop {
        let Limit { most, name } = self;
        let why = format!("{root}: more than {most} bytes ({name}) cannot leave the process");
        Stop::Beyond(why, self)
    }
}

/// Encodes the stack slots `first..=last`, absolute indices, as one array. The paths in refusals
/// begin with `root[1]`, `root[2]` and so on.
pub(crate) fn values(
    l: State,
    first: c_int,
    last: c_int,
    root: &str,
    output: &mut Output,
) -> Result<(), Stop> {
    named_values(l, first, last, |place| format!("{root}[{place}]"), output)
}

/// The same with names of their own: `name` has the beginning of the path to each value,
/// counted from 1.
pub(crate) fn named_values(
    l: State,
    first: c_int,
    last: c_int,
    name: impl Fn(c_int) -> String,
    output: &mut Output,
) -> Result<(), Stop> {
    output.array(u32::try_from(last - first + 1).unwrap_or(0))?;
    for index in first..=last {
        Encoder::new(l, output).run(index, || name(index - first + 1))?;
    }
    Ok(())
}

/// Encodes the value at `index`. The paths in refusals begin with `root`.
pub(crate) fn value(l: State, index: c_int, root: &str, output: &mut Output) -> Result<(), Stop> {
    Encoder::new(l, output).run(index, || root.to_owned())
}

/// Encodes the value at `index`, with the reason as text in the place of each part that may
/// not cross. So only the value itself is refused.
pub(crate) fn value_with_reasons(l: State, index: c_int, output: &mut Output) -> Result<(), Stop> {
    let mut encoder = Encoder::new(l, output);
    encoder.writes_reasons = true;
    encoder.run(index, String::new)
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
    /// The path to the refused value, from the inside out.
    path: Vec<String>,
    /// True where the reason takes the place of a refused part.
    writes_reasons: bool,
}

/// The kind of keys that a table has.
#[derive(Clone, Copy)]
enum Keys {
    /// 1, 2, 3 and so on, so many.
    Sequence(u32),
    /// Perhaps the same in another order.
    Unordered,
    /// Something else.
    Other,
}

/// The reason why one value may not cross.
enum Trouble {
    Refused(&'static str),
    TooDeep,
    TooLarge,
    OutOfMemory,
}

/// The reason why a value of too many levels may not cross.
const TOO_DEEP: &str = "nested deeper than 100 levels, which cannot leave its process";

impl From<Full> for Trouble {
    fn from(full: Full) -> Self {
        match full {
            Full::Memory => Trouble::OutOfMemory,
            Full::Limit => Trouble::TooLarge,
        }
    }
}

impl<'o> Encoder<'o> {
    fn new(l: State, output: &'o mut Output) -> Self {
        let classes = interpreter(l).classes.get();
        Self {
            l,
            output,
            classes,
            ancestors: [const { MaybeUninit::uninit() }; MAX_DEPTH],
            depth: 0,
            path: Vec::new(),
            writes_reasons: false,
        }
    }

    fn run(mut self, index: c_int, root: impl FnOnce() -> String) -> Result<(), Stop> {
        let top = self.l.top();
        let outcome = self.value(index);
        self.l.set_top(top);
        let at_path = |why| {
            let mut text = root();
            self.path.iter().rev().for_each(|step| text.push_str(step));
            text.push_str(": ");
            text.push_str(why);
            text
        };
        outcome.map_err(|trouble| match trouble {
            Trouble::OutOfMemory => Stop::OutOfMemory,
            Trouble::TooLarge => Stop::TooLarge,
            Trouble::Refused(why) => Stop::Refused(at_path(why)),
            Trouble::TooDeep => Stop::Beyond(at_path(TOO_DEEP), NESTING),
        })
    }

    /// Encodes the value at an absolute index.
    fn value(&mut self, index: c_int) -> Result<(), Trouble> {
        match self.l.type_of(index) {
            LUA_TNIL | LUA_TNONE => self.output.nil()?,
            LUA_TBOOLEAN => self.output.boolean(self.l.to_boolean(index))?,
            LUA_TNUMBER if self.l.is_integer(index) => {
                self.output.integer(self.l.to_integer(index))?;
            }
            LUA_TNUMBER => self.output.float(self.l.to_number(index))?,
            LUA_TSTRING => {
                // SAFETY: the value is on the stack until it is written.
                let bytes = unsafe { self.l.bytes(index) };
                self.output.string(bytes.unwrap_or_default())?;
            }
            LUA_TTABLE => self.table(index)?,
            LUA_TUSERDATA if self.classes.error.is(self.l, index) => self.error(index)?,
            LUA_TUSERDATA if self.classes.is_plain(self.l, index) => {
                with_state(self.l, index, Trouble::OutOfMemory, |state| {
                    self.value(state)
                })?;
            }
            LUA_TLIGHTUSERDATA if marks::is_null(self.l, index) => self.output.null()?,
            _ => return Err(Trouble::Refused(self.kind_of(index))),
        }
        Ok(())
    }

    fn table(&mut self, index: c_int) -> Result<(), Trouble> {
        self.enter(index)?;
        let top = self.l.top();
        let mark = self.output.open()?;
        let at = self.output.as_slice().len();
        let mut keys = self.sequence(index)?;
        if !matches!(keys, Keys::Sequence(_)) {
            self.l.set_top(top);
            self.output.truncate(at);
        }
        if matches!(keys, Keys::Unordered)
            && let Some(len) = self.length_of_unordered_sequence(index)?
        {
            self.unordered_sequence(index, len)?;
            keys = Keys::Sequence(len);
        }
        match keys {
            Keys::Sequence(0) if marks::is_object(self.l, index) => {
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

    /// Encodes the elements of a table whose keys come as 1, 2, 3 and so on,
    /// the usual case for an array, in one pass. Where they do not, something
    /// may have been written, but no table within the table: before the first
    /// one is encoded, the rest of the keys is looked at.
    fn sequence(&mut self, index: c_int) -> Result<Keys, Trouble> {
        let mut len = 0;
        let mut certain = false;
        self.l.push_nil();
        while self.l.next(index) {
            if !self.key_is(-2, len + 1) {
                let integer = self.l.is_integer(-2);
                return Ok(if integer {
                    Keys::Unordered
                } else {
                    Keys::Other
                });
            }
            if !certain && self.l.type_of(-1) >= LUA_TTABLE {
                if !self.rest_is_sequence(index, len + 1) {
                    return Ok(Keys::Unordered);
                }
                certain = true;
            }
            len += 1;
            let element = self.l.top();
            self.step(element, |_| format!("[{len}]"))?;
            self.l.set_top(element - 1);
        }
        Ok(Keys::Sequence(len))
    }

    /// Returns true where the keys after the one at -2 come as `last` + 1 and so on.
    fn rest_is_sequence(&mut self, index: c_int, mut last: u32) -> bool {
        let top = self.l.top();
        self.l.push_value(-2);
        while self.l.next(index) {
            if !self.key_is(-2, last + 1) {
                self.l.set_top(top);
                return false;
            }
            last += 1;
            self.l.pop(1);
        }
        self.l.set_top(top);
        true
    }

    fn key_is(&self, index: c_int, expected: u32) -> bool {
        self.l.is_integer(index) && self.l.to_integer(index) == lua_Integer::from(expected)
    }

    /// The greatest key, if the keys are 1..n in any order, or integers from 1 on in a table
    /// that is marked as an array, whose holes are nil.
    fn length_of_unordered_sequence(&self, index: c_int) -> Result<Option<u32>, Trouble> {
        let top = self.l.top();
        let (mut count, mut greatest) = (0, 0);
        self.l.push_nil();
        while self.l.next(index) {
            let key = self.l.to_integer(-2);
            if !self.l.is_integer(-2) || key < 1 {
                self.l.set_top(top);
                return Ok(None);
            }
            greatest = greatest.max(key);
            count += 1;
            self.l.pop(1);
        }
        if count != greatest && !marks::is_array(self.l, index) {
            return Ok(None);
        }
        match u32::try_from(greatest) {
            Ok(len) => Ok(Some(len)),
            Err(_) => Err(Trouble::TooLarge),
        }
    }

    fn unordered_sequence(&mut self, index: c_int, len: u32) -> Result<(), Trouble> {
        for place in 1..=len {
            self.l.element(index, place.into());
            let element = self.l.top();
            self.step(element, |_| format!("[{place}]"))?;
            self.l.set_top(element - 1);
        }
        Ok(())
    }

    fn pairs(&mut self, index: c_int) -> Result<u32, Trouble> {
        let mut len = 0;
        self.l.push_nil();
        while self.l.next(index) {
            let element = self.l.top();
            let key = element - 1;
            match self.l.type_of(key) {
                LUA_TSTRING | LUA_TNUMBER | LUA_TBOOLEAN => self.value(key)?,
                LUA_TTABLE => {
                    self.refuse_key("a key that is a table cannot leave its process")?;
                }
                _ => self.refuse_key(
                    "a key that is neither string, number nor boolean cannot leave its process",
                )?,
            }
            self.step(element, |l| path::step(l, key))?;
            self.l.set_top(key);
            len += 1;
        }
        Ok(len)
    }

    fn refuse_key(&mut self, why: &'static str) -> Result<(), Trouble> {
        if !self.writes_reasons {
            return Err(Trouble::Refused(why));
        }
        self.output.string(why.as_bytes())?;
        Ok(())
    }

    /// A structured error: `[kind, message, retryable, details, stack, contexts]`, the
    /// last one only where there are some.
    fn error(&mut self, index: c_int) -> Result<(), Trouble> {
        self.enter(index)?;
        let mark = self.output.open()?;
        let wrapped = self.l.user_value(index, part::CONTEXTS) == LUA_TTABLE;
        self.l.pop(1);
        let parts = if wrapped {
            part::ON_THE_WIRE
        } else {
            part::WITHOUT_CONTEXTS
        };
        self.output.array(parts as u32)?;
        for part in 1..=parts {
            self.l.user_value(index, part);
            let value = self.l.top();
            self.step(value, |_| ":details()".to_owned())?;
            self.l.set_top(value - 1);
        }
        self.output.finish_error(mark)?;
        self.depth -= 1;
        Ok(())
    }

    /// Encodes a value inside another; where it is refused, notes the step
    /// that leads to it, or writes the reason in its place.
    fn step(&mut self, index: c_int, name: impl FnOnce(State) -> String) -> Result<(), Trouble> {
        let outcome = self.value(index);
        let why = match outcome {
            Err(Trouble::Refused(why)) => why,
            Err(Trouble::TooDeep) => TOO_DEEP,
            _ => return outcome,
        };
        if self.writes_reasons {
            // The innermost refused value comes here first, and has written nothing.
            self.output.string(why.as_bytes())?;
            return Ok(());
        }
        self.path.push(name(self.l));
        outcome
    }

    /// Goes one level deeper, into the table or error at `index`.
    fn enter(&mut self, index: c_int) -> Result<(), Trouble> {
        let address = self.l.address(index);
        let ancestors = &self.ancestors[..self.depth];
        if ancestors.iter().any(
            // SAFETY: the first `depth` ancestors are set.
            |ancestor| unsafe { ancestor.assume_init() } == address,
        ) {
            return Err(Trouble::Refused(
                "a table that contains itself cannot leave its process",
            ));
        }
        let Some(place) = self.ancestors.get_mut(self.depth) else {
            return Err(Trouble::TooDeep);
        };
        place.write(address);
        self.depth += 1;
        if !self.l.has_room(SLOTS + 2) {
            return Err(Trouble::OutOfMemory);
        }
        Ok(())
    }

    /// Returns the refusal of a value that may not cross.
    fn kind_of(&self, index: c_int) -> &'static str {
        match self.l.type_of(index) {
            LUA_TFUNCTION => "a function cannot leave its process",
            LUA_TTHREAD => "a coroutine cannot leave its process",
            _ if self.classes.channel.is(self.l, index) => "a channel cannot leave its process",
            _ if self.classes.message.is(self.l, index) => "a message cannot leave its process",
            _ if self.classes.moment.is(self.l, index) => "a time cannot leave its process",
            _ if self.classes.location.is(self.l, index) => "a location cannot leave its process",
            _ if self.classes.duration.is(self.l, index) => "a duration cannot leave its process",
            _ => "a userdata cannot leave its process",
        }
    }
}
