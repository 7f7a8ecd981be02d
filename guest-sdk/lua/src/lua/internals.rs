//! The additions of `config/internals.c` to Lua's API, for the path of every message.
//! All indices must be acceptable for the thread.

use std::ffi::{c_char, c_int, c_uint, c_void};

use mlua_sys::{lua_Debug, lua_KContext, lua_KFunction, lua_State};

use super::{self as lua};

/// A Lua thread.
type State = *mut lua_State;

unsafe extern "C" {
    /// The block of the userdata at `index` if it has this metatable, else
    /// null. Does not raise.
    pub(crate) fn warren_userdata(l: State, index: c_int, metatable: *const c_void) -> *mut c_void;

    /// The string at `index`, with its length in `len`; null for any other
    /// type, numbers too. Does not raise.
    pub(crate) fn warren_string(l: State, index: c_int, len: *mut usize) -> *const c_char;

    /// Gives the userdata on top of the stack, which was just made, a metatable
    /// without `__gc`. Does not raise.
    pub(crate) fn warren_setclass(l: State, metatable: *const c_void);
}

unsafe extern "C" {
    /// Not 0 where a coroutine has variables that are to be closed. Does not raise.
    pub(crate) fn warren_has_unclosed(coroutine: State) -> c_int;

    /// The line of the last error of syntax. Does not raise.
    pub(super) fn warren_syntax_line() -> c_int;

    /// The number of the stack that was full, if the value at `index` is the last error of a
    /// full stack, with what the stack holds in `most`; else 0. Does not raise.
    pub(super) fn warren_overflowed(l: State, index: c_int, most: *mut c_int) -> c_int;

    /// Takes such a variable out of the list of those and pushes its `__close`
    /// and its value: the one that is to be closed first. 0 where there is none.
    /// The coroutine is suspended, or has failed, and does not run again. Does
    /// not raise.
    pub(crate) fn warren_unclosed(l: State, coroutine: State) -> c_int;

    /// Sets whether the table at `index` is read-only: assignments to it raise, those of
    /// this crate too. Does not raise.
    pub(super) fn warren_setreadonly(l: State, index: c_int, on: c_int);

    /// Not 0 where any object has a finalizer. Does not raise.
    pub(super) fn warren_has_finalizers(l: State) -> c_int;

    /// The level that Lua's API knows a level by which does not count the functions of
    /// the prelude. Does not raise.
    pub(super) fn warren_level(l: State, level: c_int) -> c_int;

    /// The number of a place that keeps a thread from being left, as
    /// [`barrier`](super::State::barrier) has them. Does not raise.
    pub(super) fn warren_barrier(l: State, record: *mut lua_Debug, passes: Passes) -> c_int;

    /// The instruction of a call, or null, as
    /// [`frame_of_call`](super::State::frame_of_call) has it. Does not raise.
    pub(super) fn warren_call(l: State, record: *mut lua_Debug, discards: c_int) -> *const c_void;

    /// The number of the instruction, from 0, that the function of a record is at; -1 for a
    /// function of C. The function is still called. Does not raise.
    pub(super) fn warren_instruction(record: *const lua_Debug) -> c_int;
}

/// A function that tells the functions of C that can be left and come back to. The
/// thread is the one that is asked about.
pub(crate) type Passes = extern "C" fn(lua::State, Option<lua::Function>) -> c_int;

unsafe extern "C-unwind" {
    /// Opens the module `lfs`; a C function of Lua.
    pub(crate) fn warren_open_lfs(l: State) -> c_int;

    /// Opens the module `lpeg`; a C function of Lua.
    pub(crate) fn luaopen_lpeg(l: State) -> c_int;

    /// The end of a function that raises the value on top of the stack: returns what the
    /// function has to return, or raises. Lua's state must not be used in between.
    pub(super) fn warren_raise(l: State) -> c_int;

    /// As `lua_callk`, for a function that returns what this returns, if not 0: then the
    /// results are not there, and `then` runs later.
    pub(super) fn warren_callk(
        l: State,
        arguments: c_int,
        results: c_int,
        kept: lua_KContext,
        then: Option<lua_KFunction>,
    ) -> c_int;

    /// Sorts the table at index 1, of `n` elements, by the function at index 2, as
    /// [`sort_by`](super::State::sort_by) says.
    pub(super) fn warren_sort_by(l: State, n: c_uint) -> c_int;

    /// `string.gsub(s, pattern, replacement, n?)`; the function in its second upvalue gets the
    /// fields of a table with a metatable.
    pub(crate) safe fn warren_gsub(l: lua::State) -> c_int;

    /// Opens the library `debug`; a C function of Lua.
    pub(crate) fn warren_open_debug(l: State) -> c_int;

    /// Notes the value on top as the error of a full stack, if the value at `index` is that
    /// error. Raises without memory.
    pub(super) fn warren_pass_overflow(l: State, index: c_int);

    /// Calls all finalizers. Nothing is collected afterwards. Does not raise.
    pub(super) fn warren_finalize(l: State);

    /// `lua_closethread` of Lua 5.4.6 and later, which the bindings leave out
    /// where Lua is built by somebody else.
    pub(crate) fn lua_closethread(thread: State, from: State) -> c_int;

    /// Collects young garbage where more than `young` bytes, and more than a
    /// fifth of what the process has, were allocated since the last time. May
    /// run finalizers.
    pub(super) fn warren_rest(l: State, young: usize, heap: *mut Heap);
}

/// Bytes that Lua has: of the interpreter as it is set up, and of everything
/// after the last collection. As in `config/internals.c`.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct Heap {
    pub(super) interpreter: usize,
    pub(super) collected: usize,
}
