//! A change that is in place.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, Either, select};
use warren_engine::Node;

use super::plan::Plan;
use crate::services::{NewServices, ServiceError};

/// A change that is in place. Removed hosts and services end, and new services start, also
/// if this is dropped.
///
/// ```
/// use std::time::Duration;
/// use warren::{ApplyError, Change, Runtime};
///
/// async fn remove(runtime: &Runtime, tenant: &str) -> Result<(), ApplyError> {
///     let applied = runtime.apply(Change::new().remove_host(tenant)).await?;
///     println!("version {} is in place", applied.version);
///     if applied.settled_within(Duration::from_secs(10)).await.is_none() {
///         println!("some processes have not ended yet");
///     }
///     Ok(())
/// }
/// ```
pub struct Applied {
    /// The version that is in place now: the one before, if there was nothing to change. A
    /// plan without steps may make a version that differs in what is hidden.
    pub version: u64,
    /// The steps that were taken.
    pub plan: Plan,
    pub(super) node: Arc<Node>,
    pub(super) settled: BoxFuture<'static, Result<(), ServiceError>>,
    /// The services that are started, if there is a change of them.
    pub(super) new_services: Option<NewServices>,
}

impl Applied {
    /// Waits until the processes of removed hosts, and removed services, have ended, and
    /// new services are up. A service is up once its process has run for a second; one that
    /// has returned and is not to be restarted counts as well. It may be dropped at any time.
    ///
    /// # Errors
    ///
    /// The first service that has failed for good; or, 5 s after the last one was started,
    /// the first that is not up ([`ServiceError::NotUp`]). That one is tried again.
    pub async fn settled(self) -> Result<(), ServiceError> {
        self.settled.await
    }

    /// Does the same for at most `longest`. Returns `None` if something is left to do, and no
    /// service has failed so far.
    pub async fn settled_within(self, longest: Duration) -> Option<Result<(), ServiceError>> {
        let too_long = Box::pin(self.node.sleep(longest));
        match select(self.settled, too_long).await {
            Either::Left((settled, _)) => Some(settled),
            Either::Right(_) => self.new_services?.failed().map(Err),
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
