//! The services of a program: processes that start with the program and are
//! restarted.

mod ending;
mod restarts;
mod supervision;

use std::sync::Arc;

use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use warren_engine::Node;

use crate::app::Service;
use crate::error::CallError;

pub(crate) use ending::shutdown;

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
    /// A critical service has ended, and a definition that its restart needs is gone: a
    /// reload has removed its file.
    #[error("the service {name} cannot be restarted: {error}")]
    Gone {
        /// Name of the service.
        name: Arc<str>,
        /// The error, which names the definition.
        #[source]
        error: CallError,
    },
    /// A critical service has failed for good.
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
    /// The services, each after its dependencies.
    list: Vec<Service>,
    states: Mutex<Vec<State>>,
    /// Held while services start: a second caller waits and finds them started.
    starting: tokio::sync::Mutex<()>,
    /// Notified at each change of a state.
    changed: watch::Sender<()>,
    /// True if the runtime ends: no service is restarted.
    stopping: watch::Sender<bool>,
    failed: Mutex<Option<ServiceError>>,
    supervisors: Mutex<Vec<AbortHandle>>,
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
    /// Ended for good.
    Done,
}

impl Services {
    pub(crate) fn new(list: Vec<Service>) -> Arc<Services> {
        Arc::new(Services {
            states: Mutex::new(vec![State::New; list.len()]),
            list,
            starting: tokio::sync::Mutex::default(),
            changed: watch::Sender::new(()),
            stopping: watch::Sender::new(false),
            failed: Mutex::default(),
            supervisors: Mutex::default(),
        })
    }

    /// Starts all services that were not started.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotStarted`]: services before the failed one run, services after it do not.
    pub(crate) async fn start(self: &Arc<Self>, node: &Arc<Node>) -> Result<(), ServiceError> {
        let _starting = self.starting.lock().await;
        for place in 0..self.list.len() {
            if self.state(place) == State::New {
                supervision::begin(self, node, place).await?;
            }
        }
        Ok(())
    }

    /// Waits until no service runs or will be restarted.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] and [`ServiceError::Gone`] as soon as a critical service
    /// has failed for good.
    pub(crate) async fn ended(&self) -> Result<(), ServiceError> {
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(error) = self.failed.lock().clone() {
                return Err(error);
            }
            let is_over = |state: &State| matches!(state, State::New | State::Done);
            if self.states.lock().iter().all(is_over) {
                return Ok(());
            }
            // Fails only if the sender is gone, which `self` holds.
            let _ = changed.changed().await;
        }
    }

    /// Ends the supervision and leaves the services as they are.
    pub(crate) fn abandon(&self) {
        for supervisor in self.supervisors.lock().drain(..) {
            supervisor.abort();
        }
    }

    fn state(&self, place: usize) -> State {
        self.states.lock()[place].clone()
    }

    fn set(&self, place: usize, state: State) {
        self.states.lock()[place] = state;
        self.changed.send_replace(());
    }
}
