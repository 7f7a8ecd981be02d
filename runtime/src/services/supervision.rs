//! One service from its first start to its last end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use warren_engine::{Node, Start};
use warren_kernel::{Error, Kind, Outcome};

use super::restarts::{Next, Restarts};
use super::{ServiceError, Services, State};
use crate::app::{RestartCode, Service};
use crate::error::CallError;
use crate::handle::Handle;
use crate::spawn::Spawn;

/// Starts a service and its supervision.
pub(super) async fn begin(
    services: &Arc<Services>,
    node: &Arc<Node>,
    place: usize,
) -> Result<(), ServiceError> {
    let service = &services.list[place];
    let first = start(node, service, None)
        .await
        .map_err(|error| ServiceError::NotStarted {
            name: Arc::clone(&service.name),
            error,
        })?;
    services.set(place, State::Running(first.process().frame()));
    let supervisor = Supervisor {
        services: Arc::clone(services),
        node: Arc::clone(node),
        place,
        restarts: Restarts::new(service.restart.clone()),
        stopping: services.stopping.subscribe(),
        upgraded_to: None,
    };
    let task = node.tokio().spawn(supervisor.supervise(first));
    services.supervisors.lock().push(task.abort_handle());
    Ok(())
}

struct Supervisor {
    services: Arc<Services>,
    node: Arc<Node>,
    place: usize,
    restarts: Restarts,
    stopping: watch::Receiver<bool>,
    /// The definition to which the last process of the service was upgraded; absent
    /// while it runs the code that the manifest names.
    upgraded_to: Option<Arc<str>>,
}

impl Supervisor {
    async fn supervise(mut self, mut process: Handle) {
        loop {
            let began = Instant::now();
            let ended = process.wait().await;
            self.note_code(&process);
            let error = match &*ended.outcome {
                Outcome::Returned(_) => None,
                Outcome::Failed(error) => Some(CallError::Failed(error.clone())),
            };
            match self.again(error, began.elapsed()).await {
                Some(next) => process = next,
                None => break,
            }
        }
        self.services.set(self.place, State::Done);
    }

    /// Restarts the service if and when a restart is due. Returns `None` if it
    /// has ended for good.
    async fn again(&mut self, mut error: Option<CallError>, mut ran: Duration) -> Option<Handle> {
        loop {
            if *self.stopping.borrow() {
                return None;
            }
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
                    name: Arc::clone(&self.service().name),
                    error: error.into(),
                });
                return None;
            }
            self.services.set(self.place, State::Waiting);
            let service = self.service();
            tracing::warn!(
                service = &*service.name,
                // The coming start, counted in its row.
                attempt = self.restarts.attempts(),
                of = service.restart.max_attempts,
                after = ?delay,
                "the service ended and will be restarted"
            );
            let (node, host) = (&self.node, &self.services.list[self.place].host);
            let due = async {
                node.sleep(delay).await;
                // A start that a closed host refuses would count.
                node.host_is_open(host).await;
            };
            tokio::select! {
                () = due => {}
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            }
            match start(&self.node, self.service(), self.upgraded_to.as_deref()).await {
                Ok(process) => {
                    let frame = process.process().frame();
                    self.services.set(self.place, State::Running(frame));
                    return Some(process);
                }
                Err(refused) => (error, ran) = (Some(refused), Duration::ZERO),
            }
        }
    }

    /// Notes the code that a process of the service ran last. A restart goes on with it.
    fn note_code(&mut self, process: &Handle) {
        let service = self.service();
        self.upgraded_to = match service.restart.code {
            RestartCode::Manifest => None,
            RestartCode::Upgraded => process
                .process()
                .definition()
                .filter(|definition| *definition != service.definition),
        };
    }

    /// Returns the error of a definition that a restart needs and that is gone.
    fn gone(&self) -> Option<Error> {
        let own = &*self.service().definition;
        let needed = self.upgraded_to.as_deref().into_iter().chain([own]);
        let mut errors = needed.filter_map(|id| self.node.definition(id).err());
        errors.find(|error| error.kind == Kind::NotFound)
    }

    fn give_up(&self, error: Option<CallError>) {
        let returned = || Error::internal("the service returned each time");
        let error = error.unwrap_or_else(|| CallError::Failed(Box::new(returned())));
        self.fail(ServiceError::Failed {
            name: Arc::clone(&self.service().name),
            restarts: self.restarts.attempts().saturating_sub(1),
            error,
        });
    }

    /// Ends the program if the service is critical; logs the failure of any other.
    fn fail(&self, failed: ServiceError) {
        if self.service().critical {
            self.services.failed.lock().get_or_insert(failed);
        } else {
            tracing::error!("{failed}");
        }
    }

    fn service(&self) -> &Service {
        &self.services.list[self.place]
    }
}

/// Starts a process of a service: with the code of another definition, if the one before
/// was upgraded to it.
async fn start(
    node: &Arc<Node>,
    service: &Service,
    upgraded_to: Option<&str>,
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
