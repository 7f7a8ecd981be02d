//! The functions that choose between Lua's own function and that of the prelude, by
//! name.

use std::ffi::c_int;

use crate::callbacks::{gsub, sort};
use crate::lua::{Function, Functions, State};
use crate::metamethods::{concat, insert, ipairs, move_, remove, time, unpack};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"choose", choose)];

const CHOOSING: [(&[u8], Function); 9] = [
    (b"concat", concat),
    (b"unpack", unpack),
    (b"insert", insert),
    (b"remove", remove),
    (b"move", move_),
    (b"ipairs", ipairs),
    (b"time", time),
    (b"gsub", gsub),
    (b"sort", sort),
];

/// `choose(name, own, prelude)`: a function that chooses between Lua's own function of
/// a name and that of the prelude.
extern "C-unwind" fn choose(l: State) -> c_int {
    let Some((_, function)) = CHOOSING.iter().find(|(name, _)| l.is_string(1, name)) else {
        l.raise("no function chooses for this name");
    };
    l.set_top(3);
    l.push_closure(*function, 2);
    1
}
