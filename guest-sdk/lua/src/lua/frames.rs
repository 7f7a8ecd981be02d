//! The functions that a thread is in the midst of.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::MaybeUninit;

use mlua_sys::*;

use super::State;
use super::internals::{self, Passes};

/// A function that a thread is in the midst of. A frame is used while its function runs
/// or waits for others, and no longer: the record leads to it.
pub(crate) struct Frame {
    thread: State,
    record: lua_Debug,
}

/// A place that keeps a thread from being left.
pub(crate) enum Barrier {
    /// A function of C.
    Function(Frame),
    /// A finalizer.
    Finalizer,
    /// The handler of an `xpcall`.
    Handler,
    /// A hook.
    Hook,
    /// Nothing on its stack: variables of a coroutine that is over are closed.
    Base,
}

impl State {
    /// Lends the function at a level of the calls to `read`, that of level 0 runs. `None`
    /// where there are fewer.
    pub(crate) fn with_frame<R>(
        self,
        level: c_int,
        read: impl FnOnce(&mut Frame) -> R,
    ) -> Option<R> {
        let mut frame = Frame::empty(self);
        // SAFETY: by the contract of `State`.
        let found = unsafe { lua_getstack(self.as_ptr(), level, &mut frame.record) } != 0;
        found.then(|| read(&mut frame))
    }

    /// Finds the function of Lua whose call led to the function of C that runs, through
    /// functions of the prelude at most, and the instruction of the call. `None` where
    /// there is none, or where it takes results and `discards` is set.
    pub(crate) fn frame_of_call(self, discards: bool) -> Option<(Frame, *const c_void)> {
        let mut frame = Frame::empty(self);
        // SAFETY: by the contract of `State`.
        let call =
            unsafe { internals::warren_call(self.as_ptr(), &mut frame.record, discards.into()) };
        (!call.is_null()).then_some((frame, call))
    }

    /// Returns the innermost place that keeps the thread from being left. `passes` tells
    /// the functions of C that can be left, beside those of Lua's own base library. The
    /// thread runs, or waits for a coroutine it has resumed.
    pub(crate) fn barrier(self, passes: Passes) -> Barrier {
        let mut frame = Frame::empty(self);
        // SAFETY: by the contract of `State`; `passes` is called with this thread.
        match unsafe { internals::warren_barrier(self.as_ptr(), &mut frame.record, passes) } {
            1 => Barrier::Function(frame),
            2 => Barrier::Finalizer,
            3 => Barrier::Handler,
            4 => Barrier::Hook,
            _ => Barrier::Base,
        }
    }
}

impl Frame {
    /// Returns a record of no function, to be filled.
    fn empty(thread: State) -> Frame {
        // SAFETY: a record of zeros is valid.
        let record = unsafe { MaybeUninit::zeroed().assume_init() };
        Frame { thread, record }
    }

    /// Asks for more of the function: its name and the kind of that by `n`, its source and
    /// what it is by `S`, the line that runs by `l`; all of these are empty before. Pushes
    /// the function by `f`.
    pub(crate) fn ask(&mut self, parts: &CStr) {
        // SAFETY: by the contract of `State`; the function of the record is still called.
        unsafe { lua_getinfo(self.thread.as_ptr(), parts.as_ptr(), &mut self.record) };
    }

    /// Pushes a local variable of the function. False, with nothing pushed, without one.
    #[cfg(target_family = "wasm")]
    pub(crate) fn push_local(&self, number: c_int) -> bool {
        // SAFETY: as in `ask`.
        unsafe { !lua_getlocal(self.thread.as_ptr(), &self.record, number).is_null() }
    }

    /// The name by which the function was called.
    pub(crate) fn name(&self) -> Option<&CStr> {
        self.text(self.record.name)
    }

    /// The kind of the name: `global`, `method` and so on; empty without a name.
    pub(crate) fn name_kind(&self) -> &CStr {
        self.text(self.record.namewhat).unwrap_or_default()
    }

    /// `Lua`, `main` or `C`.
    pub(crate) fn language(&self) -> &CStr {
        self.text(self.record.what).unwrap_or_default()
    }

    /// The name of the chunk.
    pub(crate) fn source(&self) -> &CStr {
        self.text(self.record.source).unwrap_or_default()
    }

    /// The name of the chunk as messages have it.
    pub(crate) fn short_source(&self) -> &CStr {
        self.text(self.record.short_src.as_ptr())
            .unwrap_or_default()
    }

    /// The line that runs; 0 or less where it is not known.
    pub(crate) fn line(&self) -> c_int {
        self.record.currentline
    }

    /// The number of the instruction that runs, from 0 in each function; -1 in a function
    /// of C.
    pub(crate) fn instruction(&self) -> c_int {
        // SAFETY: the function of the record is still called.
        unsafe { internals::warren_instruction(&self.record) }
    }

    /// The line where the function was defined.
    pub(crate) fn first_line(&self) -> c_int {
        self.record.linedefined
    }

    /// Returns a text of the record; `None` for null.
    fn text(&self, chars: *const c_char) -> Option<&CStr> {
        // SAFETY: the texts of a record are constants, or are kept by its function, which
        // is still called; the short source is part of the record.
        (!chars.is_null()).then(|| unsafe { CStr::from_ptr(chars) })
    }
}
