//! The part of the libraries that is written in Lua.
//!
//! Each file is a chunk that is given one table, the functions of this crate
//! that only the prelude sees, and sets fields of the libraries. The chunks run before the
//! image is taken, which has their sources for good: so they are packed.

use crate::compact::{self, Compact, compact};
use crate::lua::State;

/// Changes to the libraries of Lua itself.
pub(crate) const STANDARD: &[Compact] = &[
    compact!("prelude/strings.lua"),
    compact!("prelude/sort.lua"),
    compact!("prelude/tables.lua"),
    compact!("prelude/load.lua"),
    compact!("prelude/io.lua"),
    compact!("prelude/os.lua"),
];

/// Parts of warren's own libraries.
pub(crate) const WARREN: &[Compact] = &[
    compact!("prelude/require.lua"),
    compact!("prelude/logger.lua"),
    compact!("prelude/security.lua"),
    compact!("prelude/env.lua"),
    compact!("prelude/spawner.lua"),
    compact!("prelude/text.lua"),
];

/// Runs chunks with the table on top of the stack as their argument.
pub(crate) fn run(l: State, chunks: &[Compact]) {
    for chunk in chunks {
        compact::load(l, chunk);
        l.push_value(-2);
        l.call(1, 0);
        // At these points there are neither so many strings that their
        // table would have to grow, nor so few that it would shrink: it
        // stays where it is.
        l.collect();
    }
}
