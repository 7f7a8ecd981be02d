//! Permissions that a call asks for after it has begun.

use std::fmt;
use std::sync::Arc;

use warren_kernel::Error;

/// The permissions of the process that has begun a call. Clones ask for the same process.
///
/// ```
/// use warren_engine::capability::Permits;
/// use warren_kernel::{Error, Kind};
///
/// let permits = Permits::new(|action, resource, _attributes| match resource {
///     "https://api.example.com" => Ok(()),
///     _ => {
///         let message = format!("{action} on {resource} is not permitted");
///         Err(Error::new(Kind::PermissionDenied, message))
///     }
/// });
/// let redirected = |origin| permits.permit("http.request", origin, &[("method", "GET")]);
/// assert_eq!(redirected("https://api.example.com"), Ok(()));
/// let error = redirected("https://other.example").unwrap_err();
/// assert_eq!(error.kind, Kind::PermissionDenied);
/// ```
#[derive(Clone)]
pub struct Permits(Arc<Permit>);

/// Decides on an action, a resource and attributes.
type Permit = dyn Fn(&str, &str, &[(&str, &str)]) -> Result<(), Error> + Send + Sync;

impl Permits {
    /// Makes the permissions of a call. `permit` is given action, resource and attributes.
    pub fn new(
        permit: impl Fn(&str, &str, &[(&str, &str)]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Permits {
        Permits(Arc::new(permit))
    }

    /// Refuses an action as [`Caller::permit`](super::Caller::permit) does. The decision is
    /// made on this thread.
    ///
    /// # Errors
    ///
    /// `PermissionDenied`, naming action and resource; `Invalid` for texts of more than
    /// 64 KiB.
    pub fn permit(
        &self,
        action: &str,
        resource: &str,
        attributes: &[(&str, &str)],
    ) -> Result<(), Error> {
        (self.0)(action, resource, attributes)
    }
}

impl fmt::Debug for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permits").finish_non_exhaustive()
    }
}
