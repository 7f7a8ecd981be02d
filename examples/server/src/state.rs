//! What all requests share.

use std::sync::Arc;
use std::time::Duration;

use warren::Runtime;

use crate::tenants::Tenants;

/// What all requests share. Clones mean the same.
pub(crate) type State = Arc<Shared>;

/// Behind [`State`].
pub(crate) struct Shared {
    pub(crate) runtime: Runtime,
    pub(crate) tenants: Tenants,
    /// How long a request may take.
    pub(crate) deadline: Duration,
}
