//! `math.random`, seeded by the runtime when it is first used: a process that
//! does without does not change the generator's page of the image.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::random;

use crate::interpreter::interpreter;
use crate::lua::{Function, State};

/// The upvalues of both functions: the generator, where Lua's own functions
/// look for it, Lua's own function, and `math.randomseed` of Lua.
const GENERATOR: c_int = 1;
const OWN: c_int = 2;
const SEED: c_int = 3;

/// Puts functions that see to the seed in the place of Lua's own.
pub(crate) fn replace_random(l: State) {
    l.global(c"math");
    let math = l.top();
    l.field(math, c"randomseed");
    let seed = l.top();
    let functions: [(_, Function); 2] = [(c"random", random), (c"randomseed", randomseed)];
    for (name, function) in functions {
        l.field(math, name);
        l.upvalue(-1, GENERATOR);
        l.insert(-2);
        l.push_value(seed);
        l.push_closure(function, SEED);
        l.set_field(math, name);
    }
    l.set_top(math - 1);
}

/// `math.random(...)`.
extern "C-unwind" fn random(l: State) -> c_int {
    let interpreter = interpreter(l);
    if !interpreter.random_is_seeded.replace(true) {
        seed(l);
    }
    own(l)
}

/// `math.randomseed(...)`; without an argument it takes a new random seed.
extern "C-unwind" fn randomseed(l: State) -> c_int {
    interpreter(l).random_is_seeded.set(true);
    if l.top() == 0 {
        let (low, high) = random_seed();
        l.push_integer(low);
        l.push_integer(high);
    }
    own(l)
}

/// Runs Lua's own function in the place of this one, with the same upvalue.
fn own(l: State) -> c_int {
    match l.to_function(lua_upvalueindex(OWN)) {
        Some(function) => function(l),
        None => 0,
    }
}

fn seed(l: State) {
    let (low, high) = random_seed();
    l.need_room(LUA_MINSTACK, c"too many arguments");
    l.push_value(lua_upvalueindex(SEED));
    l.push_integer(low);
    l.push_integer(high);
    l.call(2, 0);
}

fn random_seed() -> (i64, i64) {
    let mut seed = [0; 16];
    random::fill(&mut seed);
    let seed = u128::from_le_bytes(seed);
    (seed as i64, (seed >> 64) as i64)
}
