//! The services of a program: processes that start with the program and are
//! restarted.

mod ending;
mod once;
mod post;
mod restarts;
mod supervision;
mod up;
mod update;

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use warren_engine::Node;

use crate::app::Service;
use crate::error::CallError;

pub(crate) use ending::shutdown;
#[cfg(feature = "cluster")]
pub(crate) use post::{Post, Posts};
pub(crate) use up::NewServices;
pub(crate) use update::Update;

/// The reason why a service does not run.
///
/// ```
/// use warren::{Runtime, ServiceError};
///
/// async fn serve(runtime: &Runtime) -> Result<(), ServiceError> {
///     runtime.start_services().await?;
///     runtime.services_ended().await // an error once a critical service has failed for good
/// }
/// ```
#[derive(Clone, Debug, Error)]
pub enum ServiceError {
    /// The service could not be started with the program.
    #[error("the service {name} was not started: {error}")]
    NotStarted {
        /// Name of the service.
        name: Arc<str>,
        /// The error of the spawn.
        #[source]
        error: CallError,
    },
    /// A service of an apply is not up: it could not be started, or its process has ended at
    /// once. It is tried again.
    #[error("the service {name} is not up, and is tried again: {error}")]
    NotUp {
        /// Name of the service.
        name: Arc<str>,
        /// The error of its last start or end.
        #[source]
        error: CallError,
    },
    /// A critical service, or one of an apply, has ended, and a definition that its restart
    /// needs is gone: a reload has removed its file.
    #[error("the service {name} cannot be restarted: {error}")]
    Gone {
        /// Name of the service.
        name: Arc<str>,
        /// The error, which names the definition.
        #[source]
        error: CallError,
    },
    /// A critical service, or one of an apply, has failed for good.
    #[error("the service {name} failed and has used up its restarts ({restarts}): {error}")]
    Failed {
        /// Name of the service.
        name: Arc<str>,
        /// Number of restarts in a row.
        restarts: u32,
        /// The error of its last end, or the reason why it could not be
        /// restarted.
        #[source]
        error: CallError,
    },
}

/// The services of one runtime.
pub(crate) struct Services {
    all: Mutex<All>,
    /// Held while services start or are exchanged: a second caller waits and finds them
    /// started.
    changing: tokio::sync::Mutex<()>,
    /// Notified at each change of a state.
    changed: watch::Sender<()>,
    failed: Mutex<Option<ServiceError>>,
    /// The posts of services that run once in the cluster; absent without a cluster.
    posts: OnceLock<Arc<dyn post::Posts>>,
}

/// The services, each after its dependencies.
#[derive(Default)]
struct All {
    entries: Vec<Entry>,
    /// The number of services that there ever were.
    last: u64,
    /// True once the embedder has asked for them.
    started: bool,
    /// True if the runtime ends: no service is started.
    stopping: bool,
    /// The number of updates that are not done.
    updates: usize,
}

/// One service. Its number tells it from an earlier one of the same name.
struct Entry {
    number: u64,
    service: Arc<Service>,
    state: State,
    /// True once it was removed, and is only there until it has ended.
    is_retired: bool,
    /// True once no start may follow.
    stop: watch::Sender<bool>,
    supervisor: Option<AbortHandle>,
    /// The time of its last start.
    started: Option<Instant>,
    /// The error of its last start that failed, or of its last process.
    last_error: Option<CallError>,
    /// The reason why no start follows, if it has failed for good.
    given_up: Option<ServiceError>,
}

/// The state of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// Not started yet.
    New,
    /// Running, in this chain of calls.
    Running(Option<Arc<str>>),
    /// Waiting for its restart.
    Waiting,
    /// Running on another node of the cluster, as far as this node knows.
    StandingBy,
    /// Ended for good.
    Done,
}

impl State {
    fn is_over(&self) -> bool {
        matches!(self, State::New | State::Done)
    }
}

impl Services {
    pub(crate) fn new(list: impl IntoIterator<Item = Arc<Service>>) -> Arc<Services> {
        let mut all = All::default();
        for service in list {
            let entry = all.entry(service);
            all.entries.push(entry);
        }
        Arc::new(Services {
            all: Mutex::new(all),
            changing: tokio::sync::Mutex::default(),
            changed: watch::Sender::new(()),
            failed: Mutex::default(),
            posts: OnceLock::new(),
        })
    }

    /// Sets the posts of the cluster that the runtime is a node of, before services start.
    #[cfg(feature = "cluster")]
    pub(crate) fn set_posts(&self, posts: Arc<dyn Posts>) {
        // Set once: the runtime is new.
        let _ = self.posts.set(posts);
    }

    /// Returns the posts if the service runs once in a cluster.
    fn posts_for(&self, service: &Service) -> Option<Arc<dyn post::Posts>> {
        let posts = self.posts.get().filter(|_| service.one_in_cluster);
        posts.cloned()
    }

    /// Starts all services that were not started.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotStarted`]: services before the failed one run, services after it do not.
    pub(crate) async fn start(self: &Arc<Self>, node: &Arc<Node>) -> Result<(), ServiceError> {
        let _changing = self.changing.lock().await;
        self.all.lock().started = true;
        while let Some(number) = self.next_new() {
            supervision::begin(self, node, number).await?;
        }
        Ok(())
    }

    /// Waits until no service runs or will be restarted, and `others`, which go on as a
    /// service does, are none.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] and [`ServiceError::Gone`] as soon as a critical service
    /// has failed for good.
    pub(crate) async fn ended(
        &self,
        mut others: watch::Receiver<usize>,
    ) -> Result<(), ServiceError> {
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(error) = self.failed.lock().clone() {
                return Err(error);
            }
            if self.all.lock().are_over() && *others.borrow_and_update() == 0 {
                return Ok(());
            }
            // Both fail only if the sender is gone, which the runtime holds.
            tokio::select! {
                _ = changed.changed() => {}
                _ = others.changed() => {}
            }
        }
    }

    /// Ends the supervision and leaves the services as they are. No service is started any
    /// more, also by a change that has begun.
    pub(crate) fn abandon(&self) {
        self.stop();
        for entry in &mut self.all.lock().entries {
            if let Some(supervisor) = entry.supervisor.take() {
                supervisor.abort();
            }
        }
    }

    /// Sees to it that no service is started any more.
    fn stop(&self) {
        let mut all = self.all.lock();
        all.stopping = true;
        for entry in &all.entries {
            entry.stop.send_replace(true);
        }
        drop(all);
        self.tell();
    }

    /// Returns the number of the first service that was not started.
    fn next_new(&self) -> Option<u64> {
        let all = self.all.lock();
        let mut new = all.entries.iter();
        let new = new.find(|entry| entry.state == State::New && !all.stopping)?;
        Some(new.number)
    }

    /// Returns a service, unless it is gone.
    fn service(&self, number: u64) -> Option<Arc<Service>> {
        let all = self.all.lock();
        all.find(number).map(|entry| Arc::clone(&entry.service))
    }

    /// Notes the error with which a service was not started, or has ended.
    fn note_error(&self, number: u64, error: CallError) {
        if let Some(entry) = self.all.lock().find_mut(number) {
            entry.last_error = Some(error);
        }
    }

    /// Notes that a service has failed for good.
    fn note_given_up(&self, number: u64, error: ServiceError) {
        if let Some(entry) = self.all.lock().find_mut(number) {
            entry.given_up = Some(error);
        }
    }

    /// Returns whether a service has failed for good.
    fn has_given_up(&self, number: u64) -> bool {
        let all = self.all.lock();
        all.find(number)
            .is_some_and(|entry| entry.given_up.is_some())
    }

    /// Sets the state of a service. Returns false if it is gone.
    fn set(&self, number: u64, state: State) -> bool {
        let mut all = self.all.lock();
        let entry = all.find_mut(number);
        let is_there = entry.is_some();
        if let Some(entry) = entry {
            if matches!(state, State::Running(_)) {
                entry.started = Some(Instant::now());
            }
            entry.state = state;
        }
        // Removed services stay until they have ended.
        all.entries
            .retain(|entry| !entry.is_retired || !entry.state.is_over());
        drop(all);
        self.tell();
        is_there
    }

    fn tell(&self) {
        self.changed.send_replace(());
    }
}

impl All {
    fn entry(&mut self, service: Arc<Service>) -> Entry {
        self.last += 1;
        Entry {
            number: self.last,
            service,
            state: State::New,
            is_retired: false,
            stop: watch::Sender::new(self.stopping),
            supervisor: None,
            started: None,
            last_error: None,
            given_up: None,
        }
    }

    fn find(&self, number: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.number == number)
    }

    fn find_mut(&mut self, number: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.number == number)
    }

    /// Returns true if no service runs, and none will be started.
    fn are_over(&self) -> bool {
        self.updates == 0 && self.entries.iter().all(|entry| entry.state.is_over())
    }
}
