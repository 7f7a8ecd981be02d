//! The decisions of an authorizer.

use std::sync::Arc;

/// The decision on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// True if the action is permitted.
    pub allowed: bool,
    /// The policy or rule that decided, for the operator.
    pub because: Arc<str>,
    /// The reason that the caller may read.
    pub reason: Option<Arc<str>>,
    /// The processes for which the decision holds.
    pub reuse: Reuse,
}

/// The processes for which a decision holds, until the generation changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// Every process of the subject.
    Subject,
    /// The process that asked, until it is upgraded.
    Caller,
}
