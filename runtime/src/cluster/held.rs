//! The names that this node holds for itself, or is about to take.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use warren_cluster::OF_NODES;
use warren_kernel::{Error, Kind};

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
    pub(super) fn begin(&self, name: &str) -> Result<watch::Receiver<bool>, Error> {
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

    pub(super) fn end(&self, name: &str) {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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
