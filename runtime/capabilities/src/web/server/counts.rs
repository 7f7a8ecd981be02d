//! The counts of a server, for the metrics of the runtime.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

/// The upper bounds of the buckets of durations, in seconds.
pub const DURATIONS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// The sorts of answers: those of a status below 300, 400, 500 and of others, and requests
/// that the client gave up.
pub const SORTS: [&str; 5] = ["2xx", "3xx", "4xx", "5xx", "gone"];

/// The counts of a server. A listener that is closed keeps its counts.
#[derive(Default)]
pub(super) struct Counts {
    listeners: Mutex<BTreeMap<Arc<str>, Arc<OfListener>>>,
    /// The routes of routers with the middleware `metrics`.
    routes: Mutex<BTreeMap<Arc<str>, Arc<Requests>>>,
}

/// The counts of one listener.
#[derive(Default)]
pub(super) struct OfListener {
    pub(super) requests: Requests,
    /// Connections that were ever opened, and those that are open.
    connections: AtomicU64,
    open: AtomicU64,
    /// Connections of clients that had too many.
    refused: AtomicU64,
    /// Requests that are being answered.
    active: AtomicU64,
}

/// Counts of requests, by their answers and durations.
#[derive(Default)]
pub(super) struct Requests {
    by_sort: [AtomicU64; SORTS.len()],
    /// Those of each bucket, and those beyond.
    by_duration: [AtomicU64; DURATIONS.len() + 1],
    microseconds: AtomicU64,
}

/// The counts of a listener at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListenerCounts {
    /// The id of the listener.
    pub listener: String,
    /// Its requests.
    pub requests: RequestCounts,
    /// Connections that were ever opened.
    pub connections: u64,
    /// Connections that are open.
    pub open_connections: u64,
    /// Connections of clients that had too many.
    pub refused_connections: u64,
    /// Requests that are being answered.
    pub active_requests: u64,
}

/// The counts of requests at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestCounts {
    /// The requests of each of [`SORTS`].
    pub by_sort: [u64; SORTS.len()],
    /// The requests of each bucket of [`DURATIONS`], and those beyond.
    pub by_duration: [u64; DURATIONS.len() + 1],
    /// The durations together, in seconds.
    pub seconds: f64,
}

/// The counts of a server at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WebCounts {
    /// Those of each listener.
    pub listeners: Vec<ListenerCounts>,
    /// Those of each route whose router has the middleware `metrics`, by method and pattern.
    pub routes: Vec<(String, RequestCounts)>,
}

impl Counts {
    /// Returns the counts of a listener.
    pub(super) fn listener(&self, id: &Arc<str>) -> Arc<OfListener> {
        let mut listeners = self.listeners.lock();
        Arc::clone(listeners.entry(Arc::clone(id)).or_default())
    }

    /// Returns the counts of a route. There are as many as there are routes.
    pub(super) fn route(&self, shown: &Arc<str>) -> Arc<Requests> {
        let mut routes = self.routes.lock();
        Arc::clone(routes.entry(Arc::clone(shown)).or_default())
    }

    /// Returns the counts as they are now.
    pub(super) fn now(&self) -> WebCounts {
        let listeners = self.listeners.lock().clone();
        let listeners = listeners.iter().map(|(id, counts)| ListenerCounts {
            listener: id.to_string(),
            requests: counts.requests.now(),
            connections: counts.connections.load(Ordering::Relaxed),
            open_connections: counts.open.load(Ordering::Relaxed),
            refused_connections: counts.refused.load(Ordering::Relaxed),
            active_requests: counts.active.load(Ordering::Relaxed),
        });
        let listeners = listeners.collect();
        let routes = self.routes.lock().clone();
        let routes = routes
            .iter()
            .map(|(shown, counts)| (shown.to_string(), counts.now()));
        WebCounts {
            listeners,
            routes: routes.collect(),
        }
    }
}

impl OfListener {
    /// Counts a connection until the value is dropped.
    pub(super) fn connection(self: &Arc<Self>) -> Connected {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        Connected(Arc::clone(self))
    }

    /// Counts a connection that was refused.
    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request until the value is dropped; `None` if there are `most`.
    pub(super) fn request(self: &Arc<Self>, most: usize) -> Option<Answering> {
        let active = self.active.fetch_add(1, Ordering::AcqRel);
        let answering = Answering(Arc::clone(self));
        (active < most as u64).then_some(answering)
    }
}

/// An open connection.
pub(super) struct Connected(Arc<OfListener>);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request that is being answered.
pub(super) struct Answering(Arc<OfListener>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Requests {
    /// Counts a request that was answered with a status, or given up.
    pub(super) fn count(&self, status: Option<u16>, duration: Duration) {
        let sort = match status {
            Some(..300) => 0,
            Some(..400) => 1,
            Some(..500) => 2,
            Some(_) => 3,
            None => 4,
        };
        self.by_sort[sort].fetch_add(1, Ordering::Relaxed);
        let seconds = duration.as_secs_f64();
        let bucket = DURATIONS.iter().position(|bound| seconds <= *bound);
        let bucket = bucket.unwrap_or(DURATIONS.len());
        self.by_duration[bucket].fetch_add(1, Ordering::Relaxed);
        let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    fn now(&self) -> RequestCounts {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        RequestCounts {
            by_sort: self.by_sort.each_ref().map(load),
            by_duration: self.by_duration.each_ref().map(load),
            seconds: load(&self.microseconds) as f64 / 1e6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_count_by_answer_and_duration() {
        let counts = Counts::default();
        let listener = counts.listener(&"a:web".into());
        for status in [Some(200), Some(101), Some(302), Some(404), Some(503), None] {
            listener.requests.count(status, Duration::from_millis(3));
        }
        listener.requests.count(Some(204), Duration::from_secs(60));
        let connected = listener.connection();
        let answering = listener.request(1).unwrap();
        assert!(listener.request(1).is_none());
        let now = counts.now();
        let of = &now.listeners[0];
        assert_eq!(of.requests.by_sort, [3, 1, 1, 1, 1]);
        assert_eq!(of.requests.by_duration[2], 6);
        assert_eq!(of.requests.by_duration[DURATIONS.len()], 1);
        assert_eq!((of.connections, of.open_connections), (1, 1));
        assert_eq!(of.active_requests, 1);
        drop((connected, answering));
        let now = counts.now();
        assert_eq!(now.listeners[0].open_connections, 0);
        assert_eq!(now.listeners[0].active_requests, 0);
    }
}
