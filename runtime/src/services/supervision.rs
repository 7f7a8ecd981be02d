//! One service from its first start to its last end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use warren_engine::{Gate, Node, Start};
use warren_kernel::{Error, Kind, Outcome};

use super::post::Post;
use super::restarts::{Next, Restarts};
use super::{ServiceError, Services, State};
use crate::app::{RestartCode, Service};
use crate::error::CallError;
use crate::handle::Handle;
use crate::spawn::Spawn;

/// Starts a service and its supervision.
///
/// # Errors
///
/// [`ServiceError::NotStarted`]: the service is as it was.
pub(super) async fn begin(
    services: &Arc<Services>,
    node: &Arc<Node>,
    number: u64,
) -> Result<(), ServiceError> {
    let Some(supervisor) = Supervisor::new(services, node, number) else {
        return Ok(());
    };
    if let Some(posts) = services.posts_for(&supervisor.service) {
        if services.set(number, State::StandingBy) {
            supervisor.in_background(|supervisor| supervisor.supervise_once(posts));
        }
        return Ok(());
    }
    let first = start(node, &supervisor.service, None, None)
        .await
        .map_err(|error| ServiceError::NotStarted {
            name: Arc::clone(&supervisor.service.name),
            error,
        })?;
    if services.set(number, State::Running(first.process().frame())) {
        supervisor.supervise_from(Ok(first));
    } else {
        // An apply has removed the service meanwhile. Fails only if it has ended.
        let _ = node.kernel().terminate(first.process());
    }
    Ok(())
}

/// Starts a service and its supervision, which tries again if the first start fails.
pub(super) async fn begin_or_try_again(services: &Arc<Services>, node: &Arc<Node>, number: u64) {
    if let Err(ServiceError::NotStarted { error, .. }) = begin(services, node, number).await
        && let Some(supervisor) = Supervisor::new(services, node, number)
    {
        services.note_error(number, error.clone());
        services.set(number, State::Waiting);
        supervisor.supervise_from(Err(error));
    }
}

pub(super) struct Supervisor {
    pub(super) services: Arc<Services>,
    pub(super) node: Arc<Node>,
    pub(super) number: u64,
    /// The service as it was at the last end or start of a process.
    pub(super) service: Arc<Service>,
    pub(super) restarts: Restarts,
    pub(super) stop: watch::Receiver<bool>,
    /// The definition to which the last process of the service was upgraded; absent
    /// while it runs the code that the manifest names.
    pub(super) upgraded_to: Option<Arc<str>>,
    /// The post of a service that runs once in the cluster, while this node has it.
    pub(super) post: Option<Box<dyn Post>>,
}

impl Supervisor {
    /// Returns the supervisor of a service, unless it is gone.
    fn new(services: &Arc<Services>, node: &Arc<Node>, number: u64) -> Option<Supervisor> {
        let all = services.all.lock();
        let entry = all.find(number)?;
        Some(Supervisor {
            services: Arc::clone(services),
            node: Arc::clone(node),
            number,
            service: Arc::clone(&entry.service),
            restarts: Restarts::new(entry.service.restart.clone()),
            stop: entry.stop.subscribe(),
            upgraded_to: None,
            post: None,
        })
    }

    /// Begins to supervise, with the first process or the error of its start.
    fn supervise_from(self, first: Result<Handle, CallError>) {
        self.in_background(|supervisor| supervisor.supervise(first));
    }

    /// Supervises in a task of its own.
    fn in_background<F>(self, supervise: impl FnOnce(Supervisor) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (services, number) = (Arc::clone(&self.services), self.number);
        let tokio = self.node.tokio().clone();
        let task = tokio.spawn(supervise(self));
        let mut all = services.all.lock();
        match all.find_mut(number) {
            Some(entry) => entry.supervisor = Some(task.abort_handle()),
            // Removed meanwhile: it ends by itself.
            None => drop(task),
        }
    }

    async fn supervise(mut self, first: Result<Handle, CallError>) {
        self.run(first).await;
        self.services.set(self.number, State::Done);
    }

    /// Runs processes of the service, one after the other, until the service has ended for good
    /// or this node must not run it any more.
    pub(super) async fn run(&mut self, first: Result<Handle, CallError>) {
        let mut process = match first {
            Ok(process) => Some(process),
            Err(error) => self.again(Some(error), Duration::ZERO).await,
        };
        while let Some(running) = process {
            let began = self.node.now().monotonic;
            let ended = self.end_of(&running).await;
            self.note_code(&running);
            if self.has_lost_post() {
                return;
            }
            let error = match &*ended.outcome {
                Outcome::Returned(_) => None,
                Outcome::Failed(error) => Some(CallError::Failed(error.clone())),
            };
            let ran = self.node.now().monotonic.since(began);
            process = self.again(error, ran).await;
        }
    }

    /// Restarts the service if and when a restart is due. Returns `None` if it
    /// has ended for good.
    async fn again(&mut self, mut error: Option<CallError>, mut ran: Duration) -> Option<Handle> {
        loop {
            if *self.stop.borrow() || self.has_lost_post() {
                return None;
            }
            let noted = error.clone().unwrap_or_else(|| failed("it returned"));
            self.services.note_error(self.number, noted);
            self.take_settings();
            let delay = match self.restarts.after(error.is_some(), ran, luck()) {
                Next::Start(delay) => delay,
                Next::Done => return None,
                Next::GiveUp => {
                    self.give_up(error);
                    return None;
                }
            };
            // No further start would find it either.
            if let Some(error) = self.gone() {
                self.fail(ServiceError::Gone {
                    name: Arc::clone(&self.service.name),
                    error: error.into(),
                });
                return None;
            }
            self.services.set(self.number, State::Waiting);
            tracing::warn!(
                service = &*self.service.name,
                // The coming start, counted in its row.
                attempt = self.restarts.attempts(),
                of = self.service.restart.max_attempts,
                after = ?delay,
                "the service ended and will be restarted"
            );
            let (node, host) = (&self.node, &self.service.host);
            let due = async {
                node.sleep(delay).await;
                // A start that a closed host refuses would count.
                node.host_is_open(host).await;
            };
            let lost = self.post_lost();
            tokio::select! {
                () = due => {}
                () = lost => return None,
                _ = self.stop.wait_for(|stop| *stop) => return None,
            }
            self.take_settings();
            let gate = self.post.as_ref().map(|post| post.gate());
            match start(&self.node, &self.service, self.upgraded_to.as_deref(), gate).await {
                Ok(process) => {
                    if *self.stop.borrow() {
                        // The end of the services may have given up on this one. Fails only
                        // if it has ended.
                        let _ = self.node.kernel().terminate(process.process());
                        process.wait().await;
                        return None;
                    }
                    let frame = process.process().frame();
                    self.services.set(self.number, State::Running(frame));
                    return Some(process);
                }
                Err(refused) => (error, ran) = (Some(refused), Duration::ZERO),
            }
        }
    }

    /// Takes the settings that an apply has given the service meanwhile.
    pub(super) fn take_settings(&mut self) {
        if let Some(service) = self.services.service(self.number) {
            self.restarts.set(&service.restart);
            self.service = service;
        }
    }

    /// Notes the code that a process of the service ran last. A restart goes on with it.
    fn note_code(&mut self, process: &Handle) {
        self.upgraded_to = match self.service.restart.code {
            RestartCode::Manifest => None,
            RestartCode::Upgraded => process
                .process()
                .definition()
                .filter(|definition| *definition != self.service.definition),
        };
    }

    /// Returns the error of a definition that a restart needs and that is gone.
    fn gone(&self) -> Option<Error> {
        let own = &*self.service.definition;
        let needed = self.upgraded_to.as_deref().into_iter().chain([own]);
        let mut errors = needed.filter_map(|id| self.node.definition(id).err());
        errors.find(|error| error.kind == Kind::NotFound)
    }

    fn give_up(&self, error: Option<CallError>) {
        let error = error.unwrap_or_else(|| failed("the service returned each time"));
        self.fail(ServiceError::Failed {
            name: Arc::clone(&self.service.name),
            restarts: self.restarts.attempts().saturating_sub(1),
            error,
        });
    }

    /// Ends the program if the service is critical; logs the failure of any other.
    fn fail(&self, failed: ServiceError) {
        if *self.stop.borrow() {
            // The definition or the host that it needs is gone because the service is.
            return;
        }
        self.services.note_given_up(self.number, failed.clone());
        if self.service.critical {
            self.services.failed.lock().get_or_insert(failed);
        } else {
            tracing::error!("{failed}");
        }
    }
}

/// Returns the error that stands for a process which has not failed.
fn failed(message: &str) -> CallError {
    CallError::Failed(Box::new(Error::internal(message)))
}

/// Starts a process of a service: with the code of another definition, if the one before
/// was upgraded to it. It runs if the gate is open then.
pub(super) async fn start(
    node: &Arc<Node>,
    service: &Service,
    upgraded_to: Option<&str>,
    gate: Option<Gate>,
) -> Result<Handle, CallError> {
    let start = Spawn::new(&*service.definition)
        .host(&*service.host)
        .args(&service.arguments)
        .name(&*service.name)
        .untied()?;
    let start = Start {
        identity: service.identity.clone(),
        context: BTreeMap::new(),
        upgraded_to: upgraded_to.map(str::to_owned),
        gate,
        ..start
    };
    let running = node.start_process(start, None, false).await?;
    Ok(Handle::new(node, running))
}

/// Returns a random number from -1 to 1; 0 if the system has no random numbers.
fn luck() -> f64 {
    let random = getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX));
    random.mul_add(2.0, -1.0)
}
