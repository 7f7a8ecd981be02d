//! What an authorizer answers.

use std::sync::Arc;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Yes or no.
    pub allowed: bool,
    /// What decided, for the operator.
    pub because: Arc<str>,
    /// What the caller may read of that.
    pub reason: Option<Arc<str>>,
    /// For whom it holds.
    pub reuse: Reuse,
}

/// For whom an answer holds, until something changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// For every process of the subject.
    Subject,
    /// For the process that asked, while it runs the same code.
    Caller,
}
