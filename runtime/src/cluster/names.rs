//! The names that are held in the cluster.

use serde::{Deserialize, Serialize};
use warren_kernel::Error;

use super::Cluster;

/// A name of the cluster, and its holder.
///
/// ```no_run
/// # async fn show(cluster: &warren::cluster::Cluster) -> Result<(), warren::Error> {
/// let mut after = String::new();
/// loop {
///     let page = cluster.names(&after, 100).await?;
///     for name in page.names {
///         println!("{} is {} on {}, token {}", name.name, name.pid, name.node, name.token);
///     }
///     match page.next {
///         Some(next) => after = next,
///         None => return Ok(()),
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClusterName {
    /// The name.
    pub name: String,
    /// The PID of the holder.
    pub pid: String,
    /// The node of the holder.
    pub node: String,
    /// The fencing token: larger for each later holder of the name.
    pub token: u64,
}

/// Some of the names of the cluster.
///
/// ```no_run
/// # async fn count(cluster: &warren::cluster::Cluster) -> Result<usize, warren::Error> {
/// let page = cluster.names("", 1_000).await?;
/// if page.next.is_some() {
///     println!("there may be more");
/// }
/// # Ok(page.names.len()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NamePage {
    /// The names, in the order in which the server keeps them.
    pub names: Vec<ClusterName>,
    /// The name to go on after; `None` once there are no more names.
    pub next: Option<String>,
}

impl Cluster {
    /// Reads some of the names that are held in the cluster, at most `most` and at most 1,000,
    /// from the one after `after` on; all names come after the empty one. A page may have fewer
    /// names, and be empty, although more follow: [`NamePage::next`] tells.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the server does not answer.
    pub async fn names(&self, after: &str, most: usize) -> Result<NamePage, Error> {
        let page = self.0.cluster.names(after, most).await?;
        let names = page.names.into_iter().map(|(name, holder)| ClusterName {
            name,
            pid: holder.address.to_string(),
            node: holder.address.node.name.as_str().to_owned(),
            token: holder.token.0,
        });
        Ok(NamePage {
            names: names.collect(),
            next: page.next,
        })
    }
}
