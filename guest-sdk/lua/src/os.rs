//! The functions that `prelude/os.lua` needs.

use std::ffi::c_int;

use warren_guest::clock;

use crate::ending;
use crate::lua::{Functions, State};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"clock", seconds), (c"exit", ending::exit)];

/// `os.clock()`: seconds on a clock that never goes back. A process does not
/// learn how much of them it was running.
extern "C-unwind" fn seconds(l: State) -> c_int {
    l.push_number(clock::monotonic() as f64 / 1e9);
    1
}
