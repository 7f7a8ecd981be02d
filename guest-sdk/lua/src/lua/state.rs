//! A Lua thread, and the contract of its methods, which lie in a file for each concept.

use std::ptr::NonNull;

use mlua_sys::{lua_KContext, lua_State, lua_newthread};

/// A Lua thread. `Function`s receive one from Lua.
///
/// # Contract
/// A `State` is made by [`from_raw`](Self::from_raw), which is unsafe, or comes from
/// Lua. Its methods are safe under these rules:
///
/// - **The thread is alive.** A `State` that outlives the call it was made for (a
///   task's, an [`Anchored`](crate::interpreter::Anchored) one) is kept by the registry
///   or by another thread's stack. So is the thread of a continuation's context.
/// - **Indices are acceptable, and pushes have room.** A function has `LUA_MINSTACK`
///   free slots, and asks for more with [`need_room`](Self::need_room). Lua checks
///   indices, types and room in tests (`LUA_USE_APICHECK` in `build.rs`); in the module
///   the checks would cost 3 % of a message's instructions, so there they are this
///   crate's promise. No index is computed from what a program gives.
/// - **Raising skips frames.** Every method that allocates, calls, or is said to raise
///   may leave by an exception that runs no destructor up to the next
///   [`pcall`](Self::pcall). No value that needs `Drop` may be alive in a frame that
///   such a call leaves, nor a borrow of a `RefCell`. Rust cannot check this rule; a
///   value that breaks it is leaked. Values go to the
///   [`Interpreter`](crate::interpreter::Interpreter) first where a call between may raise.
///
/// - **What is lent stays.** A function that is lent a string
///   ([`with_bytes`](Self::with_bytes)) leaves it on the stack, or in the table that has
///   it, and so for a userdata ([`Class::with`](super::Class::with)). A
///   [`Frame`](super::Frame) is used while its function runs or waits.
///
/// Other methods whose result lives on Lua's heap are unsafe ([`bytes`](Self::bytes)) or
/// return a plain address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct State(NonNull<lua_State>);

impl State {
    /// Returns the handle of a thread.
    ///
    /// # Safety
    /// The thread is alive, belongs to a state with an `Interpreter` attached before any
    /// other use, and stays alive as long as the handle is used.
    pub(crate) unsafe fn from_raw(thread: *mut lua_State) -> Option<State> {
        NonNull::new(thread).map(State)
    }

    /// Returns a handle of no thread, to be compared and kept only.
    #[cfg(test)]
    pub(crate) fn dangling() -> State {
        State(NonNull::dangling())
    }

    /// Returns the thread, for the API itself.
    #[inline]
    pub(crate) fn as_ptr(self) -> *mut lua_State {
        self.0.as_ptr()
    }

    /// Returns the thread that a continuation's context names.
    ///
    /// # Safety
    /// The context is [`as_context`](Self::as_context) of a thread that is alive.
    pub(crate) unsafe fn from_context(context: lua_KContext) -> State {
        // SAFETY: as promised by the caller; the address of a thread is not null.
        State(unsafe { NonNull::new_unchecked(context as *mut lua_State) })
    }

    /// Returns the context that names the thread.
    pub(crate) fn as_context(self) -> lua_KContext {
        self.as_ptr() as lua_KContext
    }

    /// Pushes a new thread. Raises without memory.
    pub(crate) fn new_thread(self) -> State {
        // SAFETY: by the contract of `State`; `lua_newthread` returns no null.
        unsafe { State(NonNull::new_unchecked(lua_newthread(self.as_ptr()))) }
    }
}
