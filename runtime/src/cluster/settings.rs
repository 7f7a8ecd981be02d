//! Settings of a node of a cluster.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use warren_cluster::{Cluster, Config, Handler, Nats, NatsSettings};
use warren_kernel::{Error, NodeName};

/// The settings of a node. All nodes of a cluster have the same `name`, `down_after` and
/// `lease`.
///
/// ```
/// use std::time::Duration;
/// use warren::cluster::ClusterSettings;
///
/// let mut settings = ClusterSettings::new("nats://127.0.0.1:4222", "a".parse()?);
/// settings.name = "shop".parse()?;
/// settings.down_after = Duration::from_secs(10);
/// assert_eq!(settings.node.as_str(), "a");
/// # Ok::<_, warren::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterSettings {
    /// The server of NATS: a URL that begins with `nats://` or `tls://`. Several, separated by
    /// commas, are servers of one cluster of NATS.
    pub url: String,
    /// The cluster. Nodes of other clusters on the same server are not seen.
    pub name: NodeName,
    /// The name of the node.
    pub node: NodeName,
    /// The file of the credentials for the server.
    pub credentials: Option<PathBuf>,
    /// True if a server that is not on this machine is used without credentials.
    pub insecure: bool,
    /// Time without a sign of life after which a node is down.
    pub down_after: Duration,
    /// Time after which the names of a silent node can be taken.
    pub lease: Duration,
}

impl ClusterSettings {
    /// Returns the settings of a node with the defaults: the cluster is called `app`, a node is
    /// down after 5 s, and leases are of 10 s.
    pub fn new(url: impl Into<String>, node: NodeName) -> ClusterSettings {
        let defaults = Config::new(node.clone(), node);
        ClusterSettings {
            url: url.into(),
            name: default_name().unwrap_or_else(|| defaults.cluster.clone()),
            node: defaults.node,
            credentials: None,
            insecure: false,
            down_after: defaults.down_after,
            lease: defaults.lease,
        }
    }

    /// Joins the cluster.
    ///
    /// # Errors
    ///
    /// Those of [`Cluster::join`], and `Invalid` for a server elsewhere without credentials.
    pub(super) async fn join(self, handler: Arc<dyn Handler>) -> Result<Cluster, Error> {
        let mut config = Config::new(self.name, self.node);
        config.down_after = self.down_after;
        config.lease = self.lease;
        config.check()?;
        let transport = Nats::connect(NatsSettings {
            url: self.url,
            credentials: self.credentials,
            insecure: self.insecure,
        });
        Cluster::join(config, transport.await?, handler).await
    }
}

fn default_name() -> Option<NodeName> {
    "app".parse().ok()
}
