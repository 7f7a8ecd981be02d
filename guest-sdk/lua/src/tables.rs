//! `table.create`.

use std::ffi::{CStr, c_int};

use crate::lua::{Functions, State};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"create", create)];

/// `table.create(elements = 0, others = 0)`: an empty table with room for so many.
extern "C-unwind" fn create(l: State) -> c_int {
    let elements = size(l, 1, c"size of the list out of range");
    let others = size(l, 2, c"number of other fields out of range");
    l.new_table(elements, others);
    1
}

fn size(l: State, arg: c_int, why: &CStr) -> c_int {
    let size = c_int::try_from(l.optional_integer(arg, 0)).unwrap_or(-1);
    l.check_argument(size >= 0, arg, why);
    size
}
