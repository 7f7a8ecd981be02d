//! A comparison of benchmarks, as the command line asks for it.

use std::ffi::OsString;

/// The plan of a comparison.
#[derive(Debug, PartialEq)]
pub(crate) struct Comparison {
    /// The revision, in any form that git understands.
    pub(crate) revision: String,
    /// The rows; all usual ones if there is none.
    pub(crate) rows: Vec<OsString>,
    /// Number of times that each build measures each row.
    pub(crate) turns: usize,
    /// Options for the benchmarks of both builds.
    pub(crate) options: Vec<OsString>,
    /// True to print JSON instead of the table.
    pub(crate) json: bool,
}

impl Comparison {
    /// Turns of each build, unless the command line says otherwise.
    pub(crate) const TURNS: usize = 3;
}
