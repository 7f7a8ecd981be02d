//! The posts of services that run once in the cluster: names that nodes hold for themselves.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _, ready};
use parking_lot::Mutex;
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

/// Time for services to end before the node leaves.
const LEAVING: Duration = Duration::from_secs(10);

/// The posts that this node holds or is about to take.
pub(super) struct Held {
    posts: Mutex<Names>,
    /// Notified when a post is gone.
    gone: watch::Sender<()>,
}

#[derive(Default)]
struct Names {
    /// True at the loss of each post.
    lost: HashMap<String, watch::Sender<bool>>,
    is_leaving: bool,
}

impl Held {
    pub(super) fn new() -> Held {
        Held {
            posts: Mutex::default(),
            gone: watch::Sender::new(()),
        }
    }

    /// Notes a post that is about to be taken: a loss may be told before the success.
    fn begin(&self, name: &str) -> Result<watch::Receiver<bool>, Error> {
        let mut posts = self.posts.lock();
        if posts.is_leaving {
            let message = "this node leaves the cluster";
            return Err(Error::new(Kind::Unavailable, message));
        }
        if posts.lost.contains_key(name) {
            let message = format!("this node has {name} already");
            return Err(Error::new(Kind::AlreadyExists, message));
        }
        let (sender, lost) = watch::channel(false);
        posts.lost.insert(name.to_owned(), sender);
        Ok(lost)
    }

    /// Tells the holder of the loss of a name. Returns false for a name that is no post.
    pub(super) fn lose(&self, name: &str) -> bool {
        let posts = self.posts.lock();
        if let Some(lost) = posts.lost.get(name) {
            lost.send_replace(true);
        }
        name.starts_with(OF_NODES)
    }

    fn end(&self, name: &str) {
        self.posts.lock().lost.remove(name);
        self.gone.send_replace(());
    }

    /// Lets the services of all posts end, and waits until the posts were given back.
    pub(super) async fn leave(&self) {
        let mut gone = self.gone.subscribe();
        {
            let mut posts = self.posts.lock();
            posts.is_leaving = true;
            for lost in posts.lost.values() {
                lost.send_replace(true);
            }
        }
        let all = async {
            while !self.posts.lock().lost.is_empty() {
                // Fails only if the sender is gone, which `self` holds.
                let _ = gone.changed().await;
            }
        };
        if tokio::time::timeout(LEAVING, all).await.is_err() {
            tracing::error!("services of the cluster have not ended in {LEAVING:?}");
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_begun_once_and_its_loss_is_told() {
        let held = Held::new();
        let lost = held.begin("@service/a:b").unwrap();
        let error = held.begin("@service/a:b").unwrap_err();
        assert_eq!(error.kind, Kind::AlreadyExists);
        assert!(!held.lose("room"), "a name of a process");
        assert!(!*lost.borrow());
        assert!(held.lose("@service/a:b"));
        assert!(*lost.borrow());
        held.end("@service/a:b");
        assert!(held.lose("@service/a:b"), "it is no process's name either");
        held.begin("@service/a:b").unwrap();
    }

    #[tokio::test]
    async fn a_node_leaves_once_its_posts_were_given_back() {
        let held = Arc::new(Held::new());
        let mut lost = held.begin("@service/a:b").unwrap();
        let leaving = Arc::clone(&held);
        let leaving = tokio::spawn(async move { leaving.leave().await });
        lost.wait_for(|is_lost| *is_lost).await.unwrap();
        assert!(!leaving.is_finished());
        let refused = held.begin("@service/c:d").unwrap_err();
        assert_eq!(refused.kind, Kind::Unavailable);
        held.end("@service/a:b");
        leaving.await.unwrap();
    }
}
