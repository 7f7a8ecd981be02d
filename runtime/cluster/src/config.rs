//! Settings of a node in a cluster.

use std::time::Duration;

use warren_kernel::{Error, NodeName};

/// The settings of a node. All nodes of a cluster have the same `cluster`, `down_after` and
/// `lease`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The name of the cluster, in the form of a node's name.
    pub cluster: NodeName,
    /// The name of this node.
    pub node: NodeName,
    /// Time without a sign of life after which a node is down.
    pub down_after: Duration,
    /// Time after which the names of a node that does not renew its lease can be taken.
    pub lease: Duration,
    /// Bytes that a session sends ahead of the peer's acknowledgement.
    pub window: usize,
    /// Bytes that wait for a place in the window of one session. A request beyond is refused
    /// with RATE_LIMITED.
    pub backlog: usize,
    /// Bytes of the largest signal that this node accepts.
    pub max_signal: usize,
}

impl Config {
    /// Returns the settings of a node with the defaults: a node is down after 5 s, and leases
    /// are of 10 s.
    pub fn new(cluster: NodeName, node: NodeName) -> Config {
        Config {
            cluster,
            node,
            down_after: Duration::from_secs(5),
            lease: Duration::from_secs(10),
            window: 8 << 20,
            backlog: 64 << 20,
            max_signal: 64 << 20,
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// `Invalid`, naming the setting.
    pub fn check(&self) -> Result<(), Error> {
        let long = Duration::from_secs(3600);
        let between = |name: &str, value: Duration, least: Duration| {
            if (least..=long).contains(&value) {
                return Ok(());
            }
            let message = format!("`{name}` is {value:?}; it has to be {least:?} to {long:?}");
            Err(Error::invalid(message))
        };
        between("down_after", self.down_after, Duration::from_secs(2))?;
        between("lease", self.lease, Duration::from_secs(3))?;
        let least = 64 << 10;
        for (name, value) in [
            ("window", self.window),
            ("backlog", self.backlog),
            ("max_signal", self.max_signal),
        ] {
            if !(least..=1 << 30).contains(&value) {
                let message = format!("`{name}` is {value} bytes; it has to be 64 KiB to 1 GiB");
                return Err(Error::invalid(message));
            }
        }
        Ok(())
    }
}
