//! The numbers of the messages of a queue.

/// See [the module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lengths {
    /// Those that are worked on included.
    pub(super) messages: usize,
    /// Those that a consumer may take now.
    pub(super) ready: usize,
}
