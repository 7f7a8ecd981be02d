//! The state that a listener shares with its connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;
use tokio::sync::{Notify, watch};

use super::budget::Budget;
use super::clients::{Clients, Counted};
use super::context::Context;
use super::counts::Connected;
use super::site::Site;

/// A connection, as its requests see it.
pub(super) struct Connection {
    /// The other end.
    pub(super) peer: SocketAddr,
    /// True if it is encrypted.
    pub(super) is_secure: bool,
    pub(super) open: Arc<Open>,
    pub(super) context: Arc<Context>,
    /// The end of the listener.
    pub(super) stop: watch::Receiver<Stop>,
    pub(super) _held: Held,
}

/// The end of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stop {
    No,
    /// Requests are still answered.
    Drain,
    Now,
}

/// Waits until a listener is ended at least so.
pub(super) async fn stopped(stop: &mut watch::Receiver<Stop>, least: Stop) {
    // Fails if the listener is gone, which is its end.
    let _ = stop.wait_for(|stop| *stop >= least).await;
}

/// The part of a listener that its connections see.
pub(super) struct Open {
    site: RwLock<Arc<Site>>,
    clients: Arc<Clients>,
    /// Open connections.
    count: AtomicUsize,
    /// Told when a further connection may have room.
    freed: Notify,
    /// Bytes of messages of WebSockets that have no end yet.
    pub(super) unfinished: Arc<Budget>,
}

impl Open {
    pub(super) fn new(site: Arc<Site>) -> Open {
        Open {
            site: RwLock::new(site),
            clients: Arc::default(),
            count: AtomicUsize::new(0),
            freed: Notify::new(),
            unfinished: Arc::default(),
        }
    }

    /// Returns what is served now.
    pub(super) fn site(&self) -> Arc<Site> {
        Arc::clone(&self.site.read())
    }

    /// Serves something else from the next request on.
    pub(super) fn put(&self, site: Arc<Site>) {
        let replaced = std::mem::replace(&mut *self.site.write(), site);
        // Freed without the lock.
        drop(replaced);
        // There may be more connections now.
        self.freed.notify_one();
    }

    /// Waits until there is room for a further connection.
    pub(super) async fn has_room(&self) {
        loop {
            let freed = self.freed.notified();
            if self.count.load(Ordering::Acquire) < self.site().settings.max_connections {
                return;
            }
            freed.await;
        }
    }

    /// Counts a connection; `None` if its client has too many.
    pub(super) fn enter(self: &Arc<Self>, peer: SocketAddr) -> Option<Held> {
        let site = self.site();
        let most = site.settings.max_client_connections;
        let Some(client) = self.clients.enter(peer.ip(), most) else {
            site.counts.refuse();
            return None;
        };
        self.count.fetch_add(1, Ordering::AcqRel);
        Some(Held {
            open: Arc::clone(self),
            _client: client,
            _connected: site.counts.connection(),
        })
    }
}

/// A connection that counts until the value is dropped.
pub(super) struct Held {
    open: Arc<Open>,
    _client: Counted,
    _connected: Connected,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.open.count.fetch_sub(1, Ordering::AcqRel);
        self.open.freed.notify_one();
    }
}
