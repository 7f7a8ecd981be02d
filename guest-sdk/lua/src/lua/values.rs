//! The types of values, and values as Rust has them.

use std::ffi::{CStr, c_int, c_void};
use std::mem::transmute;

use mlua_sys::*;

use super::api::api;
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
        /// Returns an integer, also of a float or string that is one.
        fn whole(index: c_int) -> Option<lua_Integer> = |l| {
            let mut is_whole = 0;
            let number = lua_tointegerx(l, index, &mut is_whole);
            (is_whole != 0).then_some(number)
        };
        /// Returns the block of a userdata, or a light userdata itself; else null.
        fn to_userdata(index: c_int) -> *mut c_void = |l| lua_touserdata(l, index);
        /// Returns the function of C at `index`.
        fn to_function(index: c_int) -> Option<Function> = |l|
            lua_tocfunction(l, index).map(|function| transmute::<lua_CFunction, Function>(function));
        /// Returns the thread at `index`.
        fn to_thread(index: c_int) -> Option<State> = |l| State::from_raw(lua_tothread(l, index));
        /// Returns what tells an object from others; null for other values.
        fn address(index: c_int) -> *const c_void = |l| lua_topointer(l, index);
        /// Returns the length of a table or string, without metamethods.
        fn raw_len(index: c_int) -> usize = |l| lua_rawlen(l, index) as usize;
        /// Compares two values without metamethods.
        fn raw_equal(a: c_int, b: c_int) -> bool = |l| lua_rawequal(l, a, b) != 0;
        /// Compares two values by `<`. Raises where they have no order.
        fn less_than(a: c_int, b: c_int) -> bool = |l| lua_compare(l, a, b, LUA_OPLT) != 0;
        /// Returns the name of a type.
        fn name_of_type(kind: c_int) -> &'static str = |l|
            CStr::from_ptr(lua_typename(l, kind)).to_str().unwrap_or("value");
        /// Pushes the string at `index` up to its first zero, as C reads it.
        fn push_to_zero(index: c_int) = |l| { lua_pushstring(l, lua_tostring(l, index)); };
        /// Pushes the name of a type.
        fn push_name_of_type(kind: c_int) = |l| { lua_pushstring(l, lua_typename(l, kind)); };
    }

    /// Returns the name of the type of a value.
    pub(crate) fn type_name(self, index: c_int) -> &'static str {
        self.name_of_type(self.type_of(index))
    }

    /// Pushes the name of the type of the value at `index`, as Lua's messages have it;
    /// perhaps with a value below it.
    pub(crate) fn push_type_name(self, index: c_int) {
        match (self.metafield(index, c"__name"), self.type_of(index)) {
            (LUA_TSTRING, _) => self.push_to_zero(-1),
            (_, LUA_TLIGHTUSERDATA) => self.push_string(c"light userdata"),
            (_, kind) => self.push_name_of_type(kind),
        }
    }
}
