//! The state that all requests share.

use std::sync::Arc;
use std::time::Duration;

use warren::Runtime;

use crate::tenants::Tenants;

/// The state that all requests share. Clones name the same state.
pub(crate) type State = Arc<Shared>;

/// The content of [`State`].
pub(crate) struct Shared {
    pub(crate) runtime: Runtime,
    /// The name of the program.
    pub(crate) app: String,
    pub(crate) tenants: Tenants,
    /// Held while a tenant is added or removed.
    pub(crate) changing: tokio::sync::Mutex<()>,
    /// Time for a request.
    pub(crate) deadline: Duration,
}
