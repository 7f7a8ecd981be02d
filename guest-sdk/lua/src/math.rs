//! `math.random`, seeded by the runtime when it is first used: a process that
//! does without does not change the generator's page of the image.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::random;

use crate::runtime::runtime;
use crate::stack::State;

/// The upvalues of both functions: the generator, where Lua's own functions
/// look for it, Lua's own function, and `math.randomseed` of Lua.
const GENERATOR: c_int = 1;
const OWN: c_int = 2;
const SEED: c_int = 3;

/// Puts functions that see to the seed in the place of Lua's own.
///
/// # Safety
/// `l` is a live Lua thread with free stack slots; `math` is open.
pub(crate) unsafe fn replace_random(l: State) {
    // SAFETY: as promised by the caller. Lua's own functions have the
    // generator as their first upvalue.
    unsafe {
        lua_getglobal(l, c"math".as_ptr());
        let math = lua_gettop(l);
        lua_getfield(l, math, c"randomseed".as_ptr());
        let seed = lua_gettop(l);
        let functions: [(_, lua_CFunction); 2] = [(c"random", random), (c"randomseed", randomseed)];
        for (name, function) in functions {
            lua_getfield(l, math, name.as_ptr());
            lua_getupvalue(l, -1, GENERATOR);
            lua_insert(l, -2);
            lua_pushvalue(l, seed);
            lua_pushcclosure(l, function, SEED);
            lua_setfield(l, math, name.as_ptr());
        }
        lua_settop(l, math - 1);
    }
}

/// `math.random(...)`.
unsafe extern "C-unwind" fn random(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let rt = runtime(l);
        if !rt.random_is_seeded.replace(true) {
            seed(l);
        }
        own(l)
    }
}

/// `math.randomseed(...)`; without an argument it takes a new random seed.
unsafe extern "C-unwind" fn randomseed(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        runtime(l).random_is_seeded.set(true);
        if lua_gettop(l) == 0 {
            let (low, high) = random_seed();
            lua_pushinteger(l, low);
            lua_pushinteger(l, high);
        }
        own(l)
    }
}

/// Runs Lua's own function in the place of this one, with the same upvalue.
unsafe fn own(l: State) -> c_int {
    // SAFETY: the callers are closures made by `replace_random`.
    unsafe {
        match lua_tocfunction(l, lua_upvalueindex(OWN)) {
            Some(function) => function(l),
            None => 0,
        }
    }
}

unsafe fn seed(l: State) {
    let (low, high) = random_seed();
    // SAFETY: `random` is a closure made by `replace_random`.
    unsafe {
        luaL_checkstack(l, LUA_MINSTACK, c"too many arguments".as_ptr());
        lua_pushvalue(l, lua_upvalueindex(SEED));
        lua_pushinteger(l, low);
        lua_pushinteger(l, high);
        lua_call(l, 2, 0);
    }
}

fn random_seed() -> (i64, i64) {
    let mut seed = [0; 16];
    random::fill(&mut seed);
    let seed = u128::from_le_bytes(seed);
    (seed as i64, (seed >> 64) as i64)
}
