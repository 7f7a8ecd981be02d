//! The additions of `config/internals.c` to Lua's API, for the path of every message.
//! All indices must be acceptable for the thread.

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};

use mlua_sys::{LUA_GCCOUNT, LUA_GCCOUNTB, lua_Debug, lua_State, lua_gc};

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

    /// Takes such a variable out of the list of those and pushes its `__close`
    /// and its value: the one that is to be closed first. 0 where there is none.
    /// The coroutine is suspended, or has failed, and does not run again. Does
    /// not raise.
    pub(crate) fn warren_unclosed(l: State, coroutine: State) -> c_int;

    /// Makes the table at `index` read-only: assignments to it raise from here on, those
    /// of this crate too. Does not raise.
    pub(super) fn warren_makereadonly(l: State, index: c_int);

    /// Not 0 where any object has a finalizer. Does not raise.
    pub(super) fn warren_has_finalizers(l: State) -> c_int;

    /// The level that Lua's API knows a level by which does not count the functions of
    /// the prelude. Does not raise.
    pub(crate) fn warren_level(l: State, level: c_int) -> c_int;

    /// Tells the place that keeps a thread from being left, as [`barrier`] says.
    fn warren_barrier(l: State, record: *mut lua_Debug, passes: Passes) -> c_int;
}

/// A function that tells the functions of C that can be left and come back to. The
/// thread is the one that is asked about.
pub(crate) type Passes = extern "C" fn(lua::State, Option<lua::Function>) -> c_int;

/// A place that keeps a thread from being left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Barrier {
    /// A function of C, known by the record.
    Function,
    /// A finalizer.
    Finalizer,
    /// The handler of an `xpcall`.
    Handler,
    /// A hook.
    Hook,
    /// Nothing on its stack: variables of a coroutine that is over are closed.
    Base,
}

/// The innermost place that keeps a thread from being left. `passes` tells the
/// functions of C that can be left, beside those of Lua's own base library.
///
/// # Safety
/// `l` is a live thread that runs, or waits for a coroutine it has resumed.
pub(crate) unsafe fn barrier(l: State, record: *mut lua_Debug, passes: Passes) -> Barrier {
    // SAFETY: as promised by the caller.
    match unsafe { warren_barrier(l, record, passes) } {
        1 => Barrier::Function,
        2 => Barrier::Finalizer,
        3 => Barrier::Handler,
        4 => Barrier::Hook,
        _ => Barrier::Base,
    }
}

unsafe extern "C-unwind" {
    /// Opens the module `lfs`; a C function of Lua.
    pub(crate) fn warren_open_lfs(l: State) -> c_int;

    /// Opens the library `debug`; a C function of Lua.
    pub(crate) fn warren_open_debug(l: State) -> c_int;

    /// The text of an argument that is a string, a number or a structured error, which
    /// it replaces; raises for anything else.
    pub(super) fn warren_checktext(l: State, arg: c_int, len: *mut usize) -> *const c_char;

    /// Calls all finalizers. Nothing is collected afterwards. Does not raise.
    pub(super) fn warren_finalize(l: State);

    /// `lua_closethread` of Lua 5.4.6 and later, which the bindings leave out
    /// where Lua is built by somebody else.
    pub(crate) fn lua_closethread(thread: State, from: State) -> c_int;

    /// Collects young garbage where more than `young` bytes, and more than a
    /// fifth of what the process has, were allocated since the last time. May
    /// run finalizers.
    fn warren_rest(l: State, young: usize, heap: *mut Heap);
}

/// Bytes that Lua has: of the interpreter as it is set up, and of everything
/// after the last collection. As in `config/internals.c`.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct Heap {
    interpreter: usize,
    collected: usize,
}

/// The bytes of young garbage a process may keep while it waits.
const YOUNG: usize = 8 * 1024;

/// To be called before a process waits: collects the garbage of the messages
/// before, where there is some. By itself Lua waits until there is a fifth of
/// the interpreter's own size, and all of it is memory that was never touched.
///
/// # Safety
/// `l` runs a C function; nothing that needs `Drop` is alive, as finalizers
/// may run.
pub(crate) unsafe fn rest(l: State, heap: &Cell<Heap>) {
    // SAFETY: as promised by the caller.
    unsafe { warren_rest(l, YOUNG, heap.as_ptr()) };
}

/// The bytes that Lua has once it is set up, after a full collection.
///
/// # Safety
/// `l` is a live Lua thread.
pub(crate) unsafe fn heap_of_interpreter(l: State) -> Heap {
    // SAFETY: as promised by the caller.
    let (kib, rest) = unsafe { (lua_gc(l, LUA_GCCOUNT), lua_gc(l, LUA_GCCOUNTB)) };
    let bytes = usize::try_from(kib).unwrap_or(0) * 1024 + usize::try_from(rest).unwrap_or(0);
    Heap {
        interpreter: bytes,
        collected: bytes,
    }
}
