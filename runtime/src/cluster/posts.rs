//! The posts of services that run once in the cluster: names that nodes hold for themselves.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _, ready};
use tokio::sync::watch;
use warren_cluster::{OF_NODES, Place};
use warren_engine::Gate;
use warren_engine::remote::Remote as _;
use warren_kernel::{Error, Kind, Pid, Process};

use super::Cluster;
use super::link::Link;
use crate::services::{Post, Posts};

/// Time between two attempts to give a process its name.
const AGAIN: Duration = Duration::from_secs(1);

/// Time between two looks at a name that is held: a node whose part in the cluster has failed
/// tells no loss.
const LOOK: Duration = Duration::from_millis(100);

/// A post, as its holder has it.
struct Holding {
    link: Arc<Link>,
    service: String,
    /// The name that the node holds.
    name: String,
    lost: watch::Receiver<bool>,
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.link.receiver.posts().end(&self.name);
    }
}

impl Posts for Cluster {
    fn take(&self, service: &str) -> BoxFuture<'static, Result<Box<dyn Post>, Error>> {
        let link = Arc::clone(&self.0);
        let name = format!("{OF_NODES}service/{service}");
        let lost = match link.receiver.posts().begin(&name) {
            Ok(lost) => lost,
            Err(error) => return ready(Err(error)).boxed(),
        };
        let holding = Holding {
            link: Arc::clone(&link),
            service: service.to_owned(),
            name,
            lost,
        };
        let Some(place) = nobody() else {
            return ready(Err(Error::internal("the largest PID is none"))).boxed();
        };
        let taken = link.cluster.register(&holding.name, &place);
        async move {
            taken.await?;
            Ok(Box::new(holding) as Box<dyn Post>)
        }
        .boxed()
    }
}

impl Post for Holding {
    fn gate(&self) -> Gate {
        let (cluster, name) = (self.link.cluster.clone(), self.name.clone());
        let lost = self.lost.clone();
        Gate::new(move || !*lost.borrow() && cluster.holds(&name).is_some())
    }

    fn is_lost(&self) -> bool {
        *self.lost.borrow() || self.link.cluster.holds(&self.name).is_none()
    }

    fn lost(&self) -> BoxFuture<'static, ()> {
        let mut lost = self.lost.clone();
        let (link, name) = (Arc::clone(&self.link), self.name.clone());
        async move {
            while link.cluster.holds(&name).is_some() {
                let told = lost.wait_for(|is_lost| *is_lost);
                // An error of `told` is the end of the post.
                if tokio::time::timeout(LOOK, told).await.is_ok() {
                    return;
                }
            }
            link.receiver.posts().lose(&name);
        }
        .boxed()
    }

    fn announce(&self, process: &Arc<Process>) -> BoxFuture<'static, ()> {
        let (link, service) = (Arc::clone(&self.link), self.service.clone());
        let process = Arc::clone(process);
        async move {
            let mut is_told = false;
            while let Err(error) = link.register(&service, &process).await {
                if error.kind == Kind::NotFound {
                    return;
                }
                if !is_told {
                    tracing::warn!(
                        service,
                        "the service has no name in the cluster yet: {}",
                        error.message
                    );
                    is_told = true;
                }
                tokio::time::sleep(AGAIN).await;
            }
        }
        .boxed()
    }

    fn give_back(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move {
            // A name that is lost may have another holder.
            if self.link.cluster.holds(&self.name).is_some()
                && let Err(error) = self.link.cluster.unregister(&self.name).await
            {
                tracing::debug!("a name is not freed yet: {}", error.message);
            }
        }
        .boxed()
    }
}

/// Returns a place where no process is: the node itself holds the name.
fn nobody() -> Option<Place> {
    Some(Place {
        host: "warren:services".into(),
        pid: Pid::from_number(u64::MAX)?,
    })
}
