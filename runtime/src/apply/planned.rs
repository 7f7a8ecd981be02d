//! A change that was planned, and may be applied.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use warren_engine::Node;

use super::applied::Applied;
use super::change::Change;
use super::error::ApplyError;
use super::plan::Plan;
use super::versions::Versions;
use super::work::Work;

/// A change that was checked and whose code is compiled, before it is applied; see
/// [`Runtime::plan`](crate::Runtime::plan). Dropped, it has changed nothing.
///
/// ```
/// use warren::{Action, ApplyError, Change, Runtime};
///
/// async fn apply_unless_it_removes(runtime: &Runtime, change: Change) -> Result<(), ApplyError> {
///     let planned = runtime.plan(change).await?;
///     println!("{}", planned.plan());
///     if planned.plan().count(Action::Remove) == 0 {
///         planned.apply().await?;
///     }
///     Ok(())
/// }
/// ```
#[must_use = "nothing changes before it is applied"]
pub struct Planned {
    versions: Arc<Versions>,
    work: Work,
}

impl Planned {
    /// Plans a change.
    pub(crate) async fn of(
        versions: &Arc<Versions>,
        node: &Arc<Node>,
        change: Change,
    ) -> Result<Planned, ApplyError> {
        Ok(Planned {
            work: versions.plan(node, change).await?,
            versions: Arc::clone(versions),
        })
    }

    /// Plans a return to the version before.
    pub(crate) async fn of_rollback(
        versions: &Arc<Versions>,
        node: &Arc<Node>,
        grace: Duration,
    ) -> Result<Planned, ApplyError> {
        Ok(Planned {
            work: versions.plan_rollback(node, grace).await?,
            versions: Arc::clone(versions),
        })
    }

    /// Returns what would change.
    pub fn plan(&self) -> &Plan {
        &self.work.plan
    }

    /// Puts the change in place, whole.
    ///
    /// # Errors
    ///
    /// [`ApplyError::Conflict`] and [`ApplyError::PoliciesChanged`] if something else was
    /// changed since this was planned.
    pub async fn apply(self) -> Result<Applied, ApplyError> {
        let _running = self.versions.lock().await;
        self.versions.publish(self.work)
    }
}

impl fmt::Debug for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Planned").field(self.plan()).finish()
    }
}
