//! A change on its way: planned, and then applied.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, Either, select};
use warren_engine::{Node, Prepared};

use super::error::ApplyError;
use super::plan::Plan;
use super::steps::Steps;
use super::target::Target;
use super::versions::Versions;
use crate::app::Rules;
use crate::services::ServiceError;

/// A change that was checked and whose code is compiled, before it is applied; see
/// [`Runtime::plan`](crate::Runtime::plan). Dropped, it has changed nothing.
#[must_use = "nothing changes before it is applied"]
pub struct Planned {
    pub(super) versions: Arc<Versions>,
    pub(super) node: Arc<Node>,
    pub(super) plan: Plan,
    pub(super) work: Work,
}

/// What is to be done.
pub(super) struct Work {
    pub(super) target: Target,
    pub(super) gone: Vec<Arc<str>>,
    /// Absent if there is nothing to do.
    pub(super) prepared: Option<Prepared>,
    /// The policies when this was planned.
    pub(super) present_rules: Option<Rules>,
}

impl Work {
    pub(super) fn nothing(target: Target) -> Work {
        Work {
            target,
            gone: Vec::new(),
            prepared: None,
            present_rules: None,
        }
    }

    pub(super) fn new(
        target: Target,
        steps: Steps,
        prepared: Prepared,
        present_rules: Option<Rules>,
    ) -> Work {
        Work {
            target,
            gone: steps.gone,
            prepared: Some(prepared),
            present_rules,
        }
    }
}

impl Planned {
    /// Returns what would change.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Puts the change in place, whole.
    ///
    /// # Errors
    ///
    /// [`ApplyError::Conflict`] and [`ApplyError::PoliciesChanged`] if something else was
    /// changed since this was planned.
    pub async fn apply(self) -> Result<Applied, ApplyError> {
        let versions = Arc::clone(&self.versions);
        let _running = versions.lock().await;
        versions.publish(self)
    }
}

impl fmt::Debug for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Planned").field(&self.plan).finish()
    }
}

/// A change that is in place. Removed hosts and services end, and new services start, also
/// if this is dropped.
pub struct Applied {
    /// The version that is in place now: the one before, if there was nothing to change. A
    /// plan without steps may make a version that differs in what is hidden.
    pub version: u64,
    /// What has changed.
    pub plan: Plan,
    pub(super) node: Arc<Node>,
    pub(super) settled: BoxFuture<'static, Result<(), ServiceError>>,
}

impl Applied {
    /// Waits until the processes of removed hosts, and removed services, have ended, and
    /// new services have their names. It may be dropped at any time.
    ///
    /// # Errors
    ///
    /// The first service that could not be started at once. It is tried again, as after a
    /// failure.
    pub async fn settled(self) -> Result<(), ServiceError> {
        self.settled.await
    }

    /// Does the same for at most `longest`. Returns `None` if something is left to do.
    pub async fn settled_within(self, longest: Duration) -> Option<Result<(), ServiceError>> {
        let too_long = Box::pin(self.node.sleep(longest));
        match select(self.settled, too_long).await {
            Either::Left((settled, _)) => Some(settled),
            Either::Right(_) => None,
        }
    }
}

impl fmt::Debug for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Applied")
            .field("version", &self.version)
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}
