//! Several nodes, one program: a runtime as a node of a cluster.
//!
//! The processes of the nodes reach each other by PID and by names of the cluster, over a
//! server of NATS. `docs/cluster.md` is the guide.

mod convert;
mod held;
mod link;
mod names;
mod posts;
mod receiver;
mod settings;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warren_engine::{Membership, Node};
use warren_kernel::{Address, Error};

pub use names::{ClusterName, NamePage};
pub use settings::ClusterSettings;
pub use warren_kernel::NodeName;

use link::Link;
use receiver::Receiver;

/// A node's place in a cluster, for [`Builder::cluster`](crate::Builder::cluster).
///
/// ```no_run
/// use warren::Runtime;
/// use warren::cluster::{Cluster, ClusterSettings};
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let settings = ClusterSettings::new("nats://127.0.0.1:4222", "a".parse()?);
/// let cluster = Cluster::join(settings).await?;
/// let runtime = Runtime::builder()
///     .cluster(&cluster)
///     .lua("app:node", "return function() return process.node() end")
///     .start()?;
/// assert_eq!(runtime.exec::<String>("app:node").await?, "a");
/// assert!(cluster.nodes().is_empty());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Cluster(Arc<Link>);

/// Groups that are read at a time.
const GROUPS: usize = 256;

/// Another node that is up.
///
/// ```no_run
/// # fn show(cluster: &warren::cluster::Cluster) {
/// for node in cluster.nodes() {
///     println!("{} since its start {}", node.name, node.incarnation);
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OtherNode {
    /// The name.
    pub name: String,
    /// The start of the node: a number that each start makes larger.
    pub incarnation: u64,
    /// Bytes sent to the node.
    pub bytes_sent: u64,
    /// Bytes received from the node.
    pub bytes_received: u64,
    /// Frames sent to the node.
    pub frames_sent: u64,
    /// Frames received from the node.
    pub frames_received: u64,
    /// Frames that were sent again.
    pub frames_resent: u64,
    /// Bytes that the node has not acknowledged.
    pub in_flight: u64,
    /// Nanoseconds of the last round trip that was measured.
    pub round_trip: Option<u64>,
}

#[cfg(test)]
impl OtherNode {
    pub(crate) fn of_test(name: &str) -> OtherNode {
        OtherNode {
            name: name.to_owned(),
            incarnation: 1,
            bytes_sent: 70,
            bytes_received: 80,
            frames_sent: 7,
            frames_received: 8,
            frames_resent: 1,
            in_flight: 0,
            round_trip: Some(5_000),
        }
    }
}

impl Cluster {
    /// Joins a cluster. Requests of other nodes are refused until a runtime starts with this
    /// value.
    ///
    /// # Errors
    ///
    /// `Invalid` for settings that cannot be; `Unavailable` if the server does not answer, or
    /// has no JetStream.
    pub async fn join(settings: ClusterSettings) -> Result<Cluster, Error> {
        let receiver = Arc::new(Receiver::new());
        let handler = Arc::clone(&receiver);
        let cluster = settings.join(handler).await?;
        Ok(Cluster(Arc::new(Link { cluster, receiver })))
    }

    /// Returns the name of this node.
    pub fn node(&self) -> &str {
        self.0.cluster.node().name.as_str()
    }

    /// Returns the other nodes that are up, by name.
    pub fn nodes(&self) -> Vec<OtherNode> {
        let nodes = self.0.cluster.nodes().into_iter();
        let other = |node: warren_cluster::NodeView| OtherNode {
            name: node.id.name.as_str().to_owned(),
            incarnation: node.id.incarnation.0,
            bytes_sent: node.figures.bytes_sent,
            bytes_received: node.figures.bytes_received,
            frames_sent: node.figures.frames_sent,
            frames_received: node.figures.frames_received,
            frames_resent: node.figures.frames_resent,
            in_flight: node.figures.in_flight,
            round_trip: node.figures.round_trip,
        };
        nodes.map(other).collect()
    }

    /// Returns the reason for which the node is no longer of the cluster: another node has
    /// taken its name.
    pub fn deposed(&self) -> Option<&str> {
        self.0.receiver.deposed()
    }

    /// Leaves the cluster: the other nodes learn at once that this one is down.
    /// [`Runtime::shutdown`](crate::Runtime::shutdown) does so at its end.
    ///
    /// Services that run once in the cluster end first, so that another node starts them.
    pub async fn leave(&self) {
        self.0.receiver.posts().leave().await;
        self.0.cluster.leave().await;
    }

    pub(crate) fn membership(&self) -> Membership {
        Membership {
            remote: Arc::clone(&self.0) as _,
            peers: Arc::clone(&self.0) as _,
        }
    }

    pub(crate) fn attach(&self, node: &Arc<Node>) {
        self.0.receiver.attach(node, || self.hand_over_groups(node));
    }

    /// Hands the engine the members of groups on other nodes.
    fn hand_over_groups(&self, node: &Node) {
        let mut after = String::new();
        loop {
            let groups = self.0.cluster.groups(&after, GROUPS);
            for group in &groups {
                let members = self.0.cluster.members(group);
                let members: Vec<_> = members.iter().map(Address::text).collect();
                node.far_group_changed(group, &members, true);
            }
            match groups.into_iter().next_back() {
                Some(last) => after = last,
                None => return,
            }
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cluster").field(&self.node()).finish()
    }
}
