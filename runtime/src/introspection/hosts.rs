//! Ending all processes of a host.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use warren_engine::Node;
use warren_kernel::{Error, Moment};

use super::Inspector;

/// The processes of some hosts on their way to their ends; see
/// [`Inspector::terminate_hosts`]. Dropped, they end all the same.
///
/// ```
/// use std::time::Duration;
/// use warren::{Error, Runtime};
///
/// async fn empty(runtime: &Runtime) -> Result<bool, Error> {
///     let mut ending = runtime.inspector().terminate_hosts(&["tenant:acme"])?;
///     println!("{} processes", ending.processes());
///     Ok(ending.wait_for(Duration::from_secs(10)).await)
/// }
/// ```
#[must_use = "the processes may still be running"]
pub struct HostsEnding {
    node: Arc<Node>,
    processes: usize,
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl HostsEnding {
    /// Returns the number of processes that were in the hosts.
    pub fn processes(&self) -> usize {
        self.processes
    }

    /// Waits until the last process has ended and the hosts take processes again.
    pub async fn wait(self) {
        self.ended.await;
    }

    /// Does the same for at most `longest`. Returns false if a process is left.
    pub async fn wait_for(&mut self, longest: Duration) -> bool {
        let too_long = Box::pin(self.node.sleep(longest));
        matches!(select(&mut self.ended, too_long).await, Either::Left(_))
    }
}

impl fmt::Debug for HostsEnding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostsEnding")
            .field("processes", &self.processes)
            .finish_non_exhaustive()
    }
}

/// Stepping in: all processes of hosts.
impl Inspector {
    /// Ends all processes of these hosts at once. New ones are refused with
    /// `Unavailable` until the last has ended, so that a process that keeps starting
    /// its successor ends, too. Several hosts are closed before the first process is
    /// ended: for processes that start each other there.
    ///
    /// A host that was removed and has processes left is meant, too, also beside a new one of
    /// its name.
    ///
    /// Services among the processes are started again as after any other failure.
    ///
    /// # Errors
    ///
    /// `NotFound` for a host that is not there; nothing is ended then.
    pub fn terminate_hosts(&self, hosts: &[&str]) -> Result<HostsEnding, Error> {
        self.end_hosts(hosts, None)
    }

    /// Asks all processes of these hosts to end within a time, after which they are
    /// terminated. New ones are refused until the last has ended, as by
    /// [`Inspector::terminate_hosts`].
    ///
    /// # Errors
    ///
    /// `NotFound` for a host that is not there; nobody is asked then.
    pub fn cancel_hosts(&self, hosts: &[&str], within: Duration) -> Result<HostsEnding, Error> {
        self.end_hosts(hosts, Some(self.node.now().after(within)))
    }

    fn end_hosts(&self, hosts: &[&str], deadline: Option<Moment>) -> Result<HostsEnding, Error> {
        let kernel = self.node.kernel();
        let hosts = hosts.iter().map(|name| kernel.hosts_of(name));
        let hosts: Vec<Vec<_>> = hosts.collect::<Result<_, Error>>()?;
        let (processes, ended) = self.node.end_hosts(&hosts.concat(), deadline);
        Ok(HostsEnding {
            node: Arc::clone(&self.node),
            processes,
            ended: Box::pin(ended),
        })
    }
}
