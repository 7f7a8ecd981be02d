//! The nodes of a cluster, and names that are unique in all of it.

use super::Pid;
use super::call::call;
use crate::Error;

/// Returns the name of this node; `None` in a program without a cluster.
///
/// ```
/// # use warren_guest::mock;
/// # mock::with(|runtime| runtime.capability = Some(|_, _| Ok(vec![0xa1, b'a'])));
/// assert_eq!(warren_guest::cluster::node()?.as_deref(), Some("a"));
/// # Ok::<_, warren_guest::Error>(())
/// ```
///
/// # Errors
///
/// There is no memory for it.
pub fn node() -> Result<Option<String>, Error> {
    call("process.node", ())
}

/// Returns the names of all nodes that are up, this one among them, in order; none in a program
/// without a cluster.
///
/// # Errors
///
/// There is no memory for them.
pub fn nodes() -> Result<Vec<String>, Error> {
    call("process.nodes", ())
}

/// Sets whether the caller gets [`Event::NodeUp`](super::Event::NodeUp) and
/// [`Event::NodeDown`](super::Event::NodeDown).
///
/// # Errors
///
/// There is no memory for it.
pub fn monitor_nodes(on: bool) -> Result<(), Error> {
    call::<bool>("process.monitor_nodes", (on,)).map(drop)
}

/// Gives the caller a name that is unique in the whole cluster. Without a cluster it is a name as
/// [`names::register`](super::names::register) gives it.
///
/// # Errors
///
/// As for [`names::register`](super::names::register); `Unavailable`, retryable, while the node
/// cannot reach the server of the cluster.
pub fn register(name: &str) -> Result<(), Error> {
    call::<bool>("process.register", (name,)).map(drop)
}

/// Gives another process of this node a name that is unique in the whole cluster.
///
/// # Errors
///
/// As for [`register`].
pub fn register_for(name: &str, pid: &Pid) -> Result<(), Error> {
    call::<bool>("process.register", (name, pid.as_str())).map(drop)
}

/// Frees a name of the cluster, whoever holds it. Returns false if nobody held it.
///
/// # Errors
///
/// As for [`register`].
pub fn unregister(name: &str) -> Result<bool, Error> {
    call("process.unregister", (name,))
}
