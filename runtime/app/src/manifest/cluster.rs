//! The table `[cluster]` of a manifest.

use std::path::PathBuf;
use std::time::Duration;

use warren_kernel::NodeName;

use super::reader::{Reader, Section};

/// The table `[cluster]`: settings of the program as one of several nodes. The options of the
/// command take precedence.
///
/// ```
/// use warren_app::ClusterEntry;
///
/// let entry = ClusterEntry {
///     url: Some("nats://127.0.0.1:4222".to_owned()),
///     ..ClusterEntry::default()
/// };
/// assert_eq!(entry.node, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterEntry {
    /// The server of NATS.
    pub url: Option<String>,
    /// The name of the cluster.
    pub name: Option<NodeName>,
    /// The name of this node.
    pub node: Option<NodeName>,
    /// The file of the credentials for the server.
    pub credentials: Option<PathBuf>,
    /// Time without a sign of life after which a node is down.
    pub down_after: Option<Duration>,
    /// Time after which names of a silent node can be taken.
    pub lease: Option<Duration>,
}

/// The shortest `down_after`.
const DOWN_AFTER: Duration = Duration::from_secs(2);
/// The shortest `lease`.
const LEASE: Duration = Duration::from_secs(3);

impl ClusterEntry {
    pub(super) fn read(reader: &mut Reader, section: &Section<'_>) -> ClusterEntry {
        let known = ["url", "name", "node", "credentials", "down_after", "lease"];
        reader.known_keys(section, &known);
        let credentials = reader.string(section, "credentials");
        ClusterEntry {
            url: url(reader, section),
            name: node_name(reader, section, "name"),
            node: node_name(reader, section, "node"),
            credentials: credentials.map(|path| path.into_inner().into()),
            down_after: reader.duration(section, "down_after", DOWN_AFTER),
            lease: reader.duration(section, "lease", LEASE),
        }
    }
}

fn url(reader: &mut Reader, section: &Section<'_>) -> Option<String> {
    let url = reader.string(section, "url")?;
    let schemes = ["nats://", "tls://"];
    if schemes
        .iter()
        .any(|scheme| url.get_ref().starts_with(scheme))
    {
        return Some(url.into_inner());
    }
    reader.problem(
        url.span(),
        "`url` is no URL of a server of NATS".to_owned(),
        "expected a URL that begins with nats:// or tls://".to_owned(),
        None,
    );
    None
}

fn node_name(reader: &mut Reader, section: &Section<'_>, key: &str) -> Option<NodeName> {
    let name = reader.string(section, key)?;
    match name.get_ref().parse() {
        Ok(name) => Some(name),
        Err(_) => {
            reader.problem(
                name.span(),
                format!("`{key}` cannot be the name of a node or a cluster"),
                "expected 1 to 63 of `a` to `z`, `0` to `9` and `-`".to_owned(),
                None,
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    #[test]
    fn a_cluster_has_its_settings() {
        let text = "[cluster]\nurl = \"nats://10.0.0.1:4222\"\nname = \"shop\"\nnode = \"a-1\"\n\
                    credentials = \"node.creds\"\ndown_after = \"7s\"\nlease = \"20s\"\n";
        let (manifest, problems) = Manifest::parse(text);
        assert!(problems.is_empty(), "{problems:?}");
        let entry = manifest.cluster.unwrap();
        assert_eq!(entry.url.as_deref(), Some("nats://10.0.0.1:4222"));
        assert_eq!(entry.name.unwrap().as_str(), "shop");
        assert_eq!(entry.node.unwrap().as_str(), "a-1");
        assert_eq!(entry.credentials, Some("node.creds".into()));
        assert_eq!(entry.down_after, Some(Duration::from_secs(7)));
        assert_eq!(entry.lease, Some(Duration::from_secs(20)));
    }

    #[test]
    fn names_urls_and_times_that_cannot_be_are_problems() {
        for line in [
            "url = \"http://a\"",
            "node = \"A\"",
            "name = \"\"",
            "down_after = \"1s\"",
            "lease = \"1s\"",
            "port = 1",
        ] {
            let (_, problems) = Manifest::parse(&format!("[cluster]\n{line}\n"));
            assert_eq!(problems.len(), 1, "{line}: {problems:?}");
        }
    }
}
