//! A Lua thread and the operations on its stack.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::transmute;
use std::ptr::NonNull;
use std::slice;

use mlua_sys::*;

use super::internals;
use super::{Continuation, Function};

/// A Lua thread. `Function`s receive one from Lua.
///
/// # Contract
/// A `State` is made by [`from_raw`](Self::from_raw), which is unsafe, or comes from
/// Lua. Its methods are safe under these rules:
///
/// - **The thread is alive.** A `State` that outlives the call it was made for (a
///   task's, an [`Anchored`](crate::runtime::Anchored) one) is kept by the registry
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
///   [`Runtime`](crate::runtime::Runtime) first where a call between may raise.
///
/// Methods whose result lives on Lua's heap stay unsafe ([`bytes`](Self::bytes)) or
/// return a plain address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct State(NonNull<lua_State>);

/// Defines methods that call Lua's API with the thread.
macro_rules! api {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) $(-> $result:ty)? = |$l:ident| $call:expr;)*) => {
        $(
            $(#[$doc])*
            #[inline]
            pub(crate) fn $name(self, $($arg: $type),*) $(-> $result)? {
                let $l = self.as_ptr();
                // SAFETY: the thread is alive, indices are acceptable and pushes have
                // room, by the contract of `State`. Pointers among the arguments come
                // from references, which outlive the call.
                unsafe { $call }
            }
        )*
    };
}

impl State {
    api! {
        /// Returns the index of the value on top.
        fn top() -> c_int = |l| lua_gettop(l);
        /// Makes `index` the top: drops values, or pushes nils.
        fn set_top(index: c_int) = |l| lua_settop(l, index);
        /// Drops `count` values.
        fn pop(count: c_int) = |l| lua_pop(l, count);
        /// Moves the value on top to `index`, and those from there on up.
        fn insert(index: c_int) = |l| lua_insert(l, index);
        /// Drops the value at `index`, and moves those above it down.
        fn remove(index: c_int) = |l| lua_remove(l, index);
        /// Moves the value on top to `index`, in the place of the one there.
        fn replace(index: c_int) = |l| lua_replace(l, index);
        /// Moves `count` values from the top to another thread's.
        fn move_to(to: State, count: c_int) = |l| lua_xmove(l, to.as_ptr(), count);
        /// Returns the same index counted from the bottom.
        fn absolute(index: c_int) -> c_int = |l| lua_absindex(l, index);
        /// Makes room for `count` values more. False where there is none.
        fn has_room(count: c_int) -> bool = |l| lua_checkstack(l, count) != 0;
        /// Makes room for `count` values more; raises "stack overflow" with `what`.
        fn need_room(count: c_int, what: &CStr) = |l| luaL_checkstack(l, count, what.as_ptr());

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

        /// Pushes nil.
        fn push_nil() = |l| lua_pushnil(l);
        /// Pushes a boolean.
        fn push_boolean(value: bool) = |l| lua_pushboolean(l, value.into());
        /// Pushes an integer.
        fn push_integer(value: lua_Integer) = |l| lua_pushinteger(l, value);
        /// Pushes a float.
        fn push_number(value: lua_Number) = |l| lua_pushnumber(l, value);
        /// Pushes a string. Raises without memory.
        fn push_bytes(bytes: &[u8]) = |l| { lua_pushlstring(l, bytes.as_ptr().cast(), bytes.len()); };
        /// Pushes a string. Raises without memory.
        fn push_string(text: &CStr) = |l| { lua_pushstring(l, text.as_ptr()); };
        /// Pushes a copy of the value at `index`.
        fn push_value(index: c_int) = |l| lua_pushvalue(l, index);
        /// Pushes a light userdata.
        fn push_address(address: *const c_void) = |l| lua_pushlightuserdata(l, address.cast_mut());
        /// Pushes the thread itself. True for the main thread.
        fn push_thread() -> bool = |l| lua_pushthread(l) != 0;
        /// Pushes the position of the function at a level of the calls.
        fn push_where(level: c_int) = |l| luaL_where(l, level);
        /// Pushes the traceback of a thread. Raises without memory.
        fn push_traceback(of: State, level: c_int) = |l| luaL_traceback(l, of.as_ptr(), std::ptr::null(), level);
        /// Pushes a value as `tostring` writes it. Runs a metamethod.
        fn push_as_text(index: c_int) = |l| { luaL_tolstring(l, index, std::ptr::null_mut()); };
        /// Makes a string of a number.
        fn make_string(index: c_int) = |l| { lua_tolstring(l, index, std::ptr::null_mut()); };
        /// Joins values, the last of which is on top, into a string.
        fn concat(count: c_int) = |l| lua_concat(l, count);

        /// Pushes a new table with room for so many elements and other pairs.
        fn new_table(elements: c_int, pairs: c_int) = |l| lua_createtable(l, elements, pairs);
        /// Pushes a field, which may run a metamethod; returns its type.
        fn field(table: c_int, name: &CStr) -> c_int = |l| lua_getfield(l, table, name.as_ptr());
        /// Sets a field to the value on top. May run a metamethod.
        fn set_field(table: c_int, name: &CStr) = |l| lua_setfield(l, table, name.as_ptr());
        /// Replaces the key on top by its value, which may run a metamethod; returns
        /// its type.
        fn get(table: c_int) -> c_int = |l| lua_gettable(l, table);
        /// Replaces the key on top by its value; returns its type.
        fn raw_get(table: c_int) -> c_int = |l| lua_rawget(l, table);
        /// Sets the key below the top to the value on top.
        fn raw_set(table: c_int) = |l| lua_rawset(l, table);
        /// Pushes an element; returns its type.
        fn element(table: c_int, place: lua_Integer) -> c_int = |l| lua_rawgeti(l, table, place);
        /// Sets an element to the value on top.
        fn set_element(table: c_int, place: lua_Integer) = |l| lua_rawseti(l, table, place);
        /// Replaces the key on top by the next one and its value. False, with neither,
        /// at the end.
        fn next(table: c_int) -> bool = |l| lua_next(l, table) != 0;
        /// Pushes a global; returns its type.
        fn global(name: &CStr) -> c_int = |l| lua_getglobal(l, name.as_ptr());
        /// Sets a global to the value on top.
        fn set_global(name: &CStr) = |l| lua_setglobal(l, name.as_ptr());
        /// Pushes what the registry has under an address; returns its type.
        fn registered(key: *const c_void) -> c_int = |l| lua_rawgetp(l, LUA_REGISTRYINDEX, key);
        /// Puts the value on top into the registry, under an address.
        fn register(key: *const c_void) = |l| lua_rawsetp(l, LUA_REGISTRYINDEX, key);
        /// Moves the value on top to a free place of a table, which is returned.
        fn keep(table: c_int) -> c_int = |l| luaL_ref(l, table);
        /// Frees a place that [`keep`](Self::keep) has returned.
        fn release(table: c_int, place: c_int) = |l| luaL_unref(l, table, place);

        /// Pushes a user value of a userdata; returns its type.
        fn user_value(index: c_int, number: c_int) -> c_int = |l| lua_getiuservalue(l, index, number);
        /// Sets a user value of a userdata to the value on top.
        fn set_user_value(index: c_int, number: c_int) = |l| { lua_setiuservalue(l, index, number); };
        /// Pushes a new userdata without a block. Raises without memory.
        fn new_object(user_values: c_int) = |l| { lua_newuserdatauv(l, 0, user_values); };
        /// Pushes a new userdata and returns its block, which is not initialized and
        /// aligned for integers and floats. Raises without memory.
        fn new_block(size: usize, user_values: c_int) -> *mut c_void = |l| lua_newuserdatauv(l, size, user_values);
        /// Pushes the metatable of a value. False, with nothing pushed, without one.
        fn metatable(index: c_int) -> bool = |l| lua_getmetatable(l, index) != 0;
        /// Makes the table on top the metatable of a value.
        fn set_metatable(index: c_int) = |l| { lua_setmetatable(l, index); };
        /// Makes a registered class the metatable of the value on top.
        fn set_named_class(name: &CStr) = |l| luaL_setmetatable(l, name.as_ptr());
        /// Raises unless an argument is a userdata of a registered class.
        fn check_named_class(arg: c_int, name: &CStr) = |l| { luaL_checkudata(l, arg, name.as_ptr()); };
        /// Pushes a field of a value's metatable; returns its type, `LUA_TNIL` with
        /// nothing pushed without one.
        fn metafield(index: c_int, name: &CStr) -> c_int = |l| luaL_getmetafield(l, index, name.as_ptr());

        /// Raises unless an argument is of a type.
        fn check_type(arg: c_int, expected: c_int) = |l| luaL_checktype(l, arg, expected);
        /// Returns an argument that is an integer, or raises.
        fn check_integer(arg: c_int) -> lua_Integer = |l| luaL_checkinteger(l, arg);
        /// Returns an argument that is a number, or raises.
        fn check_number(arg: c_int) -> lua_Number = |l| luaL_checknumber(l, arg);
        /// Raises unless an argument is a string or number; makes a string of it.
        fn check_string(arg: c_int) = |l| { luaL_checklstring(l, arg, std::ptr::null_mut()); };
        /// Raises unless an argument is a string, a number or missing; makes a string of a
        /// number, and of what is missing the empty one.
        fn optional_string(arg: c_int) = |l| { luaL_optlstring(l, arg, c"".as_ptr(), std::ptr::null_mut()); };
        /// Returns an argument that is an integer or missing, or raises.
        fn optional_integer(arg: c_int, default: lua_Integer) -> lua_Integer = |l| luaL_optinteger(l, arg, default);
        /// Raises "bad argument" unless a condition holds.
        fn check_argument(holds: bool, arg: c_int, why: &CStr) = |l| luaL_argcheck(l, holds.into(), arg, why.as_ptr());
        /// Compares two values by `<`. Raises where they have no order.
        fn less_than(a: c_int, b: c_int) -> bool = |l| lua_compare(l, a, b, LUA_OPLT) != 0;

        /// Calls the function below its arguments. Raises what it raises.
        fn call(arguments: c_int, results: c_int) = |l| lua_call(l, arguments, results);
        /// Calls the function below its arguments. Returns `LUA_OK`, or another
        /// status with the error on top.
        fn pcall(arguments: c_int, results: c_int) -> c_int = |l| lua_pcall(l, arguments, results, 0);
        /// Calls as [`call`](Self::call). Where the function yields, `then` runs in the
        /// place of what follows.
        fn call_then(arguments: c_int, results: c_int, kept: lua_KContext, then: Continuation) = |l|
            lua_callk(l, arguments, results, kept, Some(transmute::<Continuation, lua_KFunction>(then)));
        /// Yields without results; `then` runs when the thread is resumed.
        fn yield_then(kept: lua_KContext, then: Continuation) -> c_int = |l|
            lua_yieldk(l, 0, kept, Some(transmute::<Continuation, lua_KFunction>(then)));
        /// Yields `results` values.
        fn yield_values(results: c_int) -> c_int = |l| lua_yield(l, results);
        /// Returns true where a yield would reach the one who has resumed the thread.
        fn is_yieldable() -> bool = |l| lua_isyieldable(l) != 0;
        /// Returns `LUA_OK`, `LUA_YIELD`, or the status the thread has failed with.
        fn status() -> c_int = |l| lua_status(l);
        /// Returns true where the thread runs a function.
        fn has_calls() -> bool = |l| {
            let mut record = std::mem::MaybeUninit::<lua_Debug>::uninit();
            lua_getstack(l, 0, record.as_mut_ptr()) != 0
        };
        /// Closes the thread's variables and makes it dead; an error is left on its
        /// stack.
        fn close(from: State) -> c_int = |l| internals::lua_closethread(l, from.as_ptr());
        /// Returns true where the thread has variables to be closed.
        fn has_unclosed() -> bool = |l| internals::warren_has_unclosed(l) != 0;
        /// Pushes `__close` and the value of the next variable of a thread that is not
        /// resumed any more. False where there is none.
        fn push_unclosed(of: State) -> bool = |l| internals::warren_unclosed(l, of.as_ptr()) != 0;

        /// Returns true where any object has a finalizer.
        fn has_finalizers() -> bool = |l| internals::warren_has_finalizers(l) != 0;
        /// Calls all finalizers. Nothing is collected afterwards.
        fn finalize() = |l| internals::warren_finalize(l);

        /// Opens a standard library as a global and for `require`; pushes it.
        fn open_standard(name: &CStr, open: lua_CFunction) = |l| luaL_requiref(l, name.as_ptr(), open, 1);
        /// Pushes an upvalue of a function. False, with nothing pushed, without one.
        fn upvalue(function: c_int, number: c_int) -> bool = |l| !lua_getupvalue(l, function, number).is_null();
        /// Pushes the function that a text compiles to, or an error; returns the status.
        fn load(text: &[u8], name: &CStr) -> c_int = |l|
            luaL_loadbufferx(l, text.as_ptr().cast(), text.len(), name.as_ptr(), c"t".as_ptr());

        /// Keeps garbage until [`restart_gc`](Self::restart_gc).
        fn stop_gc() = |l| { lua_gc(l, LUA_GCSTOP); };
        /// Collects garbage again.
        fn restart_gc() = |l| { lua_gc(l, LUA_GCRESTART); };
        /// Collects all garbage.
        fn collect() = |l| { lua_gc(l, LUA_GCCOLLECT); };
        /// Turns to the generational collector.
        fn collect_by_generation() = |l| { lua_gc(l, LUA_GCGEN, 0 as c_int, 0 as c_int); };
    }

    /// Returns the handle of a thread.
    ///
    /// # Safety
    /// The thread is alive, belongs to a state with a runtime attached before any other
    /// use, and stays alive as long as the handle is used.
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

    /// Pushes the function of bytecode, or an error; returns the status.
    ///
    /// # Safety
    /// Lua has made the bytecode: it is not checked.
    pub(crate) unsafe fn load_bytecode(self, code: &[u8], name: &CStr) -> c_int {
        let (start, len) = (code.as_ptr().cast(), code.len());
        // SAFETY: as for the methods above, and as promised by the caller.
        unsafe { luaL_loadbufferx(self.as_ptr(), start, len, name.as_ptr(), c"b".as_ptr()) }
    }

    /// Returns the thread at `index`.
    pub(crate) fn to_thread(self, index: c_int) -> Option<State> {
        // SAFETY: as for the methods above; a thread on the stack is alive.
        unsafe { State::from_raw(lua_tothread(self.as_ptr(), index)) }
    }

    /// Returns the thread that is argument `arg`; raises for anything else.
    pub(crate) fn check_thread(self, arg: c_int) -> State {
        match self.to_thread(arg) {
            Some(thread) => thread,
            None => self.wrong_type(arg, c"thread"),
        }
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
        // SAFETY: as for the methods above; `lua_newthread` returns no null.
        unsafe { State(NonNull::new_unchecked(lua_newthread(self.as_ptr()))) }
    }

    /// Resumes a thread with the arguments on its stack; returns the status and the
    /// number of results there.
    #[inline]
    pub(crate) fn resume(self, thread: State, arguments: c_int) -> (c_int, c_int) {
        let mut results = 0;
        // SAFETY: as for the methods above.
        let status = unsafe { lua_resume(thread.as_ptr(), self.as_ptr(), arguments, &mut results) };
        (status, results)
    }

    /// Returns the string at `index`; `None` for another type, numbers too.
    ///
    /// # Safety
    /// The string is reachable for Lua (on the stack, or in a table) as long as the
    /// bytes are used.
    #[inline]
    pub(crate) unsafe fn bytes<'a>(self, index: c_int) -> Option<&'a [u8]> {
        let mut len = 0;
        // SAFETY: as for the methods above; a string's bytes do not move, and the
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
        // SAFETY: as for the methods above.
        let number = unsafe { lua_tointegerx(self.as_ptr(), index, &mut is_whole) };
        (is_whole != 0).then_some(number)
    }

    /// Returns the function of C at `index`.
    pub(crate) fn to_function(self, index: c_int) -> Option<Function> {
        // SAFETY: as for the methods above. `State` is an address for the ABI, and a
        // function of C that Lua holds may be called with any live thread.
        unsafe {
            lua_tocfunction(self.as_ptr(), index)
                .map(|function| transmute::<lua_CFunction, Function>(function))
        }
    }

    /// Pushes a function.
    #[inline]
    pub(crate) fn push_function(self, function: Function) {
        self.push_closure(function, 0);
    }

    /// Pushes a function with the `upvalues` values on top, in their place.
    #[inline]
    pub(crate) fn push_closure(self, function: Function, upvalues: c_int) {
        // SAFETY: as for the methods above; `State` is an address for the ABI.
        unsafe {
            lua_pushcclosure(
                self.as_ptr(),
                transmute::<Function, lua_CFunction>(function),
                upvalues,
            );
        }
    }

    /// Returns the name of the type of a value.
    pub(crate) fn type_name(self, index: c_int) -> &'static str {
        self.name_of_type(self.type_of(index))
    }

    /// Returns the name of a type.
    pub(crate) fn name_of_type(self, kind: c_int) -> &'static str {
        // SAFETY: as for the methods above; the names of types are constants.
        let name = unsafe { CStr::from_ptr(lua_typename(self.as_ptr(), kind)) };
        name.to_str().unwrap_or("value")
    }

    /// Raises the value on top.
    pub(crate) fn error(self) -> ! {
        // SAFETY: as for the methods above.
        unsafe { lua_error(self.as_ptr()) }
    }

    /// Raises a message behind the position of the calling Lua function.
    pub(crate) fn raise(self, message: &str) -> ! {
        self.push_where(1);
        self.push_bytes(message.as_bytes());
        self.concat(2);
        self.error()
    }

    /// Raises Lua's own error for want of memory.
    pub(crate) fn out_of_memory(self) -> ! {
        // No allocation of this size succeeds, nor is it beyond what Lua tries: so
        // this raises "not enough memory", which is a string made in advance.
        const IMPOSSIBLE: usize = if usize::BITS == 32 {
            usize::MAX - 0xffff
        } else {
            usize::MAX / 4
        };
        self.new_block(IMPOSSIBLE, 0);
        self.error()
    }

    /// Raises "bad argument #arg to 'function' (expected, got ...)".
    pub(crate) fn wrong_type(self, arg: c_int, expected: &CStr) -> ! {
        let got = self.push_typename(arg);
        // SAFETY: as for the methods above; the name is on the stack.
        unsafe {
            let l = self.as_ptr();
            let message =
                lua_pushfstring(l, c"%s expected, got %s".as_ptr(), expected.as_ptr(), got);
            luaL_argerror(l, arg, message);
        }
        self.error()
    }

    /// Pushes a value that keeps the returned name alive: the type of the value at
    /// `index`, as Lua's messages name it.
    pub(crate) fn push_typename(self, index: c_int) -> *const c_char {
        if self.metafield(index, c"__name") == LUA_TSTRING {
            // SAFETY: as for the methods above.
            return unsafe { lua_tostring(self.as_ptr(), -1) };
        }
        let name = match self.type_of(index) {
            LUA_TLIGHTUSERDATA => c"light userdata".as_ptr(),
            // SAFETY: as for the methods above.
            _ => unsafe { luaL_typename(self.as_ptr(), index) },
        };
        self.push_nil();
        name
    }
}
