//! A change that was checked and compiled, for the versions to carry out.

use std::sync::Arc;

use warren_capabilities::server;
use warren_engine::{Node, Prepared};

use super::plan::Plan;
use super::target::Target;
use crate::app::Rules;

/// A change that is ready to be applied.
pub(super) struct Work {
    pub(super) node: Arc<Node>,
    pub(super) plan: Plan,
    pub(super) target: Target,
    pub(super) gone: Vec<Arc<str>>,
    /// Absent if there is nothing to do.
    pub(super) prepared: Option<Prepared>,
    /// The listeners, if they change and are open.
    pub(super) web: Option<server::Prepared>,
    /// The policies when this was planned.
    pub(super) present_rules: Option<Rules>,
    /// True if the version before stays the one to go back to.
    pub(super) keeps_before: bool,
}
