//! The library `env`, whose functions are operations of the runtime.

use std::ffi::c_int;

use crate::capability::{self, operation};
use crate::lua::{self, Functions, Members, State};
use crate::mistakes::check_taken;

struct Env;

impl Members for Env {
    const FUNCTIONS: &'static Functions = &[(c"get", operation!("env.get")), (c"set", set)];
}

/// `env.set(name, value)`.
extern "C-unwind" fn set(l: State) -> c_int {
    let results = capability::call(l, "env.set", "");
    check_taken(l, results, "env.set")
}

/// Pushes the library; `prelude/env.lua` adds to it.
pub(crate) fn open(l: State) {
    l.new_table(0, 3);
    lua::set_members::<Env>(l);
}

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"variable", operation!("env.get")),
    (c"variable_names", operation!("env.names")),
];
