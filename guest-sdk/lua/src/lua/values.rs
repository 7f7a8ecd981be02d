//! The types of values, and values as Rust has them.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::transmute;
use std::slice;

use mlua_sys::*;

use super::api::api;
use super::internals;
use super::{Function, State};

impl State {
    api! {
        /// Returns the type of a value, `LUA_TNONE` where there is none.
        fn type_of(index: c_int) -> c_int = |l| lua_type(l, index);
        /// Returns true for nil.
        fn is_nil(index: c_int) -> bool = |l| lua_isnil(l, index) != 0;
        /// Returns true for a number that is an integer.
        fn is_integer(index: c_int) -> bool = |l| lua_isinteger(l, index) != 0;
        /// Returns false for nil and false.
        fn to_boolean(index: c_int) -> bool = |l| lua_toboolean(l, index) != 0;
        /// Returns an integer; 0 for what is none.
        fn to_integer(index: c_int) -> lua_Integer = |l| lua_tointeger(l, index);
        /// Returns a number; 0 for what is none.
        fn to_number(index: c_int) -> lua_Number = |l| lua_tonumber(l, index);
        /// Returns the block of a userdata, or a light userdata itself; else null.
        fn to_userdata(index: c_int) -> *mut c_void = |l| lua_touserdata(l, index);
        /// Returns what tells an object from others; null for other values.
        fn address(index: c_int) -> *const c_void = |l| lua_topointer(l, index);
        /// Returns the length of a table or string, without metamethods.
        fn raw_len(index: c_int) -> usize = |l| lua_rawlen(l, index) as usize;
        /// Compares two values without metamethods.
        fn raw_equal(a: c_int, b: c_int) -> bool = |l| lua_rawequal(l, a, b) != 0;
        /// Compares two values by `<`. Raises where they have no order.
        fn less_than(a: c_int, b: c_int) -> bool = |l| lua_compare(l, a, b, LUA_OPLT) != 0;
    }

    /// Returns the string at `index`; `None` for another type, numbers too.
    ///
    /// # Safety
    /// The string is reachable for Lua (on the stack, or in a table) as long as the
    /// bytes are used.
    #[inline]
    pub(crate) unsafe fn bytes<'a>(self, index: c_int) -> Option<&'a [u8]> {
        let mut len = 0;
        // SAFETY: by the contract of `State`; a string's bytes do not move, and the
        // caller keeps it alive.
        unsafe {
            let text = internals::warren_string(self.as_ptr(), index, &mut len);
            (!text.is_null()).then(|| slice::from_raw_parts(text.cast(), len))
        }
    }

    /// Returns true for a string with these bytes.
    pub(crate) fn is_string(self, index: c_int, expected: &[u8]) -> bool {
        // SAFETY: the string is on the stack for the comparison.
        unsafe { self.bytes(index) == Some(expected) }
    }

    /// Returns an integer, also of a float or string that is one.
    pub(crate) fn whole(self, index: c_int) -> Option<lua_Integer> {
        let mut is_whole = 0;
        // SAFETY: by the contract of `State`.
        let number = unsafe { lua_tointegerx(self.as_ptr(), index, &mut is_whole) };
        (is_whole != 0).then_some(number)
    }

    /// Returns the function of C at `index`.
    pub(crate) fn to_function(self, index: c_int) -> Option<Function> {
        // SAFETY: by the contract of `State`. `State` is an address for the ABI, and a
        // function of C that Lua holds may be called with any live thread.
        unsafe {
            lua_tocfunction(self.as_ptr(), index)
                .map(|function| transmute::<lua_CFunction, Function>(function))
        }
    }

    /// Returns the thread at `index`.
    pub(crate) fn to_thread(self, index: c_int) -> Option<State> {
        // SAFETY: by the contract of `State`; a thread on the stack is alive.
        unsafe { State::from_raw(lua_tothread(self.as_ptr(), index)) }
    }

    /// Returns the name of the type of a value.
    pub(crate) fn type_name(self, index: c_int) -> &'static str {
        self.name_of_type(self.type_of(index))
    }

    /// Returns the name of a type.
    pub(crate) fn name_of_type(self, kind: c_int) -> &'static str {
        // SAFETY: by the contract of `State`; the names of types are constants.
        let name = unsafe { CStr::from_ptr(lua_typename(self.as_ptr(), kind)) };
        name.to_str().unwrap_or("value")
    }

    /// Pushes a value that keeps the returned name alive: the type of the value at
    /// `index`, as Lua's messages name it.
    pub(crate) fn push_typename(self, index: c_int) -> *const c_char {
        if self.metafield(index, c"__name") == LUA_TSTRING {
            // SAFETY: by the contract of `State`.
            return unsafe { lua_tostring(self.as_ptr(), -1) };
        }
        let name = match self.type_of(index) {
            LUA_TLIGHTUSERDATA => c"light userdata".as_ptr(),
            // SAFETY: by the contract of `State`.
            _ => unsafe { luaL_typename(self.as_ptr(), index) },
        };
        self.push_nil();
        name
    }
}
