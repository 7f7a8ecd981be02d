//! Times as programs have them.

use super::Moment;

/// A moment, and the location in which it is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) moment: Moment,
    pub(crate) location: Location,
}

/// The location of a Time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    Utc,
    /// The program's own, which is looked up when it is needed.
    Local,
    /// The user value of the Time.
    Own,
}
