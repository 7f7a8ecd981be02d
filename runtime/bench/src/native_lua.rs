//! Lua 5.4 as a library of this machine, built from the guest's own sources:
//! the baseline of Lua processes.

use std::ffi::CStr;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use mlua_sys as lua;

/// A state of the interpreter with the standard library, like that of `lua`.
pub(crate) struct NativeLua {
    state: *mut lua::lua_State,
}

impl NativeLua {
    /// Returns a new state.
    ///
    /// # Errors
    /// There is no memory for one.
    pub(crate) fn new() -> Result<NativeLua> {
        // SAFETY: the state is used by this thread alone and closed once; the
        // libraries may be opened in any new state.
        let state = unsafe { lua::luaL_newstate() };
        if state.is_null() {
            bail!("there is no memory for a Lua state");
        }
        // SAFETY: as above.
        unsafe { lua::luaL_openlibs(state) };
        Ok(NativeLua { state })
    }

    /// Runs a program written for warren: a chunk that returns a function,
    /// which is called with these numbers and returns one. Only the call is
    /// timed.
    ///
    /// # Errors
    /// Lua's own, if the program does not compile or fails; a result that is
    /// not an integer.
    pub(crate) fn run(&mut self, program: &str, arguments: &[i64]) -> Result<(Duration, i64)> {
        let state = self.state;
        // SAFETY: the chunk is `program.len()` bytes long and Lua copies what it
        // keeps; both calls are protected, and what they leave on the stack is
        // popped by `lua_settop`. The stack of a state has room for 20 values.
        unsafe {
            lua::lua_settop(state, 0);
            let text = program.as_ptr().cast();
            let name = c"=program".as_ptr();
            if lua::luaL_loadbuffer(state, text, program.len(), name) != lua::LUA_OK
                || lua::lua_pcall(state, 0, 1, 0) != lua::LUA_OK
            {
                bail!("native Lua: {}", self.message());
            }
            for argument in arguments.iter().take(8) {
                lua::lua_pushinteger(state, *argument);
            }
            let count = lua::lua_gettop(state) - 1;
            let began = Instant::now();
            let status = lua::lua_pcall(state, count, 1, 0);
            let elapsed = began.elapsed();
            if status != lua::LUA_OK {
                bail!("native Lua: {}", self.message());
            }
            if lua::lua_isinteger(state, -1) == 0 {
                bail!("native Lua: the program returned no integer");
            }
            let result = lua::lua_tointeger(state, -1);
            lua::lua_settop(state, 0);
            Ok((elapsed, result))
        }
    }

    /// Returns the error on top of the stack.
    fn message(&self) -> String {
        // SAFETY: the string lives while it is on the stack, and ends with a
        // zero; it is copied here.
        unsafe {
            let text = lua::lua_tostring(self.state, -1);
            if text.is_null() {
                return "an error that is no string".to_owned();
            }
            CStr::from_ptr(text).to_string_lossy().into_owned()
        }
    }
}

impl Drop for NativeLua {
    fn drop(&mut self) {
        // SAFETY: nothing uses the state after this.
        unsafe { lua::lua_close(self.state) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_called_with_its_arguments() {
        let mut lua = NativeLua::new().expect("there is memory");
        let program = "return function(a, b) return a * 10 + b end";
        let (_, result) = lua.run(program, &[4, 2]).expect("it runs");
        assert_eq!(result, 42);
    }

    #[test]
    fn errors_are_those_of_lua() {
        let mut lua = NativeLua::new().expect("there is memory");
        let error = lua.run("return function() error('no') end", &[]);
        let error = error.expect_err("it fails").to_string();
        assert!(error.ends_with("program:1: no"), "{error}");
        assert!(lua.run("return function() return 1.5 end", &[]).is_err());
        assert!(lua.run("x =", &[]).is_err());
        let (_, result) = lua
            .run("return function() return 1 end", &[])
            .expect("a failure leaves nothing behind");
        assert_eq!(result, 1);
    }
}
