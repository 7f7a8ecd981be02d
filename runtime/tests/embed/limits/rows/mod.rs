//! The rows of docs/limits.md, each with the source of its bound.

mod capabilities;
mod code;
mod command;
mod files;
mod inner;
mod processes;
mod values;

use super::Bound;

pub(super) use inner::INNER;

const NESTING: &str = "guest-sdk/rust/values/src/msgpack/mod.rs";
const CLASS: &str = "runtime/engine/src/code/class.rs";

/// The start of a row, and the sources of the numbers in it.
pub(super) type Row = (&'static str, &'static [Bound]);

/// Returns all rows.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    let topics = [
        processes::ROWS,
        code::ROWS,
        values::ROWS,
        files::ROWS,
        capabilities::ROWS,
        command::ROWS,
    ];
    topics.into_iter().flatten()
}
