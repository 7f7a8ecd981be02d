//! The program as a node of a cluster.

use warren::app::App;
use warren::cluster::{Cluster, ClusterSettings};

use super::RunArgs;
use crate::exit::Exit;
use crate::report::failure::Failure;

/// Joins the cluster that the options or the manifest name, if either does.
pub(super) async fn join(app: &App, args: &RunArgs) -> Result<Option<Cluster>, Box<Failure>> {
    let entry = app.cluster().cloned().unwrap_or_default();
    let Some(url) = args.cluster.clone().or(entry.url) else {
        if args.node.is_none() {
            return Ok(None);
        }
        return Err(Box::new(Failure::new(
            Exit::Usage,
            "`--node` names a node of no cluster: add `--cluster URL`",
        )));
    };
    let node = args.node.clone().or(entry.node);
    let Some(node) = node else {
        return Err(Box::new(Failure::new(
            Exit::Usage,
            "a node of a cluster needs a name: add `--node NAME`",
        )));
    };
    let mut settings = ClusterSettings::new(url, node);
    if let Some(name) = entry.name.or_else(|| app.name().parse().ok()) {
        settings.name = name;
    }
    // As other paths of the manifest, that of the credentials is below the program's directory.
    let stated = entry.credentials.map(|path| app.root().join(path));
    settings.credentials = args.cluster_credentials.clone().or(stated);
    settings.insecure = args.cluster_insecure;
    if let Some(down_after) = entry.down_after {
        settings.down_after = down_after;
    }
    if let Some(lease) = entry.lease {
        settings.lease = lease;
    }
    match Cluster::join(settings).await {
        Ok(cluster) => Ok(Some(cluster)),
        Err(error) => Err(Box::new(Failure::new(
            Exit::Failed,
            format!("cannot join the cluster: {}", error.message),
        ))),
    }
}
