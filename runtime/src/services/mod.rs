//! The services of a program: processes that start with it and are started again.

mod ending;
mod restarts;
mod supervision;

use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use warren_engine::Node;

use crate::app::Service;
use crate::error::CallError;

pub(crate) use ending::shutdown;

/// Why a service is not there.
#[derive(Clone, Debug, Error)]
pub enum ServiceError {
    /// It could not be started with the program.
    #[error("the service {name} was not started: {error}")]
    NotStarted {
        /// Its name.
        name: Arc<str>,
        /// What a spawn said.
        #[source]
        error: CallError,
    },
    /// A critical one has failed for good.
    #[error(
        "the service {name} failed and is not started again after {restarts} restarts: {error}"
    )]
    Failed {
        /// Its name.
        name: Arc<str>,
        /// How often it was started again in a row.
        restarts: u32,
        /// How it ended the last time, or why it could not be started again.
        #[source]
        error: CallError,
    },
}

/// The services of one runtime.
pub(crate) struct Services {
    /// Each after those it depends on.
    list: Vec<Service>,
    states: Mutex<Vec<State>>,
    /// Held by who starts them: who comes second finds them started.
    starting: tokio::sync::Mutex<()>,
    /// Told whenever a state changes.
    changed: watch::Sender<()>,
    /// Whether the runtime ends: nothing is started again.
    stopping: watch::Sender<bool>,
    failed: Mutex<Option<ServiceError>>,
    supervisors: Mutex<Vec<AbortHandle>>,
}

/// Where a service stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// It was not started yet.
    New,
    /// It runs, in this chain of calls.
    Running(Option<Arc<str>>),
    /// It is to be started again.
    Waiting,
    /// It has ended and stays so.
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

    /// Starts all that were not started.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotStarted`]: those before it run, those after it do not.
    pub(crate) async fn start(self: &Arc<Self>, node: &Arc<Node>) -> Result<(), ServiceError> {
        let _starting = self.starting.lock().await;
        for place in 0..self.list.len() {
            if self.state(place) == State::New {
                supervision::begin(self, node, place).await?;
            }
        }
        Ok(())
    }

    /// Waits until none is left that runs or will run.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] as soon as a critical one has failed for good.
    pub(crate) async fn ended(&self) -> Result<(), ServiceError> {
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(error) = lock(&self.failed).clone() {
                return Err(error);
            }
            let is_over = |state: &State| matches!(state, State::New | State::Done);
            if lock(&self.states).iter().all(is_over) {
                return Ok(());
            }
            // Fails only where the sender is gone, which `self` holds.
            let _ = changed.changed().await;
        }
    }

    /// Ends what supervises them, and leaves them as they are.
    pub(crate) fn abandon(&self) {
        for supervisor in lock(&self.supervisors).drain(..) {
            supervisor.abort();
        }
    }

    fn state(&self, place: usize) -> State {
        lock(&self.states)[place].clone()
    }

    fn set(&self, place: usize, state: State) {
        lock(&self.states)[place] = state;
        self.changed.send_replace(());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
