//! Processes that start with the program and are started again.

use std::sync::Arc;
use std::time::Duration;

use warren_engine::security::Identity;
use warren_guest::Value;

/// A table `[services."id"]`: a process that is started with the program under
/// the name `id`, and again when it ends as its [`Restart`] says.
#[derive(Clone, Debug)]
pub struct Service {
    /// The name it is registered under.
    pub name: Arc<str>,
    /// The definition it runs.
    pub definition: Arc<str>,
    /// The host it runs in.
    pub host: Arc<str>,
    /// Its arguments.
    pub arguments: Vec<Value>,
    /// The names of the services that are started before it, and asked to end
    /// after it.
    pub depends_on: Vec<Arc<str>>,
    /// Whether the program ends when it has failed for good.
    pub critical: bool,
    /// When it is started again.
    pub restart: Restart,
    /// What it acts as, before anything its definition and host are given.
    pub identity: Identity,
}

/// When a process that has ended is started again, and how long that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Restart {
    /// After which ends.
    pub policy: RestartPolicy,
    /// Starts in a row after which it is given up, the first included; see
    /// [`Restart::reset_after`].
    pub max_attempts: u32,
    /// Wait before the second start of a row.
    pub initial_delay: Duration,
    /// The longest wait.
    pub max_delay: Duration,
    /// What each wait of a row is of the one before; at least 1.
    pub backoff: f64,
    /// The part of a wait by which it may be longer or shorter, at random, so
    /// that what failed together does not start together: 0 to 1.
    pub jitter: f64,
    /// Time after which the next start of a process begins a new row.
    pub reset_after: Duration,
}

/// After which ends a process is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartPolicy {
    /// After each.
    Always,
    /// After an error, whoever caused it; not after a return.
    OnFailure,
    /// After none.
    Never,
}

impl RestartPolicy {
    /// Each with its text in a manifest.
    pub(crate) const ALL: [(&'static str, RestartPolicy); 3] = [
        ("always", RestartPolicy::Always),
        ("on-failure", RestartPolicy::OnFailure),
        ("never", RestartPolicy::Never),
    ];
}

impl Default for Restart {
    fn default() -> Self {
        Restart {
            policy: RestartPolicy::OnFailure,
            max_attempts: 10,
            initial_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(90),
            backoff: 2.0,
            jitter: 0.1,
            reset_after: Duration::from_secs(5),
        }
    }
}
