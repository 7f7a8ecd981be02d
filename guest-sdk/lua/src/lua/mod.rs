//! A typed handle of Lua's C API: threads ([`State`]), the functions that Lua
//! calls ([`Function`]), and classes of userdata ([`Class`]).

mod api;
mod arguments;
mod calls;
mod class;
mod collector;
mod failures;
mod frames;
pub(crate) mod internals;
mod lazy;
mod library;
mod overflow;
mod stack;
mod state;
mod strings;
mod tables;
mod threads;
mod userdata;
mod values;

use std::ffi::{CStr, c_int};

use mlua_sys::lua_KContext;

pub(crate) use class::Class;
pub(crate) use frames::{Barrier, Frame};
pub(crate) use lazy::{Members, Named, push_functions_key, push_next, set_members};
pub(crate) use library::{class, class_of, push_class, push_library, set_functions};
pub(crate) use overflow::Overflow;
pub(crate) use state::State;

/// A function that Lua calls, with the thread that runs it. Returns the number of
/// its results, which are on top of the stack.
pub(crate) type Function = extern "C-unwind" fn(State) -> c_int;

/// A function that Lua calls in the place of one that has yielded, with what that
/// one has kept for it.
pub(crate) type Continuation = extern "C-unwind" fn(State, c_int, lua_KContext) -> c_int;

/// The names and functions of a library.
pub(crate) type Functions = [(&'static CStr, Function)];
