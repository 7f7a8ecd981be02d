//! The wait for services that were added while the others run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use warren_engine::Node;

use super::{Entry, ServiceError, Services, State};

/// Time for which a process of a service runs until the service is up.
const UP_AFTER: Duration = Duration::from_secs(1);

/// Time that the services of an update have to be up, from the start of the last one.
const UP_WITHIN: Duration = Duration::from_secs(5);

/// The services that an update has added.
#[derive(Clone)]
pub(crate) struct NewServices {
    services: Arc<Services>,
    numbers: Arc<[u64]>,
}

/// The state of several services.
#[derive(Debug)]
enum Progress {
    /// Each is up, has ended as it should, or was removed.
    Up,
    /// One has failed for good.
    Failed(ServiceError),
    /// One is not up: the error of its last process, if it had one, and the time after which
    /// one may be.
    NotYet(Option<ServiceError>, Duration),
}

impl NewServices {
    pub(super) fn of(services: &Arc<Services>, numbers: &Arc<[u64]>) -> NewServices {
        NewServices {
            services: Arc::clone(services),
            numbers: Arc::clone(numbers),
        }
    }

    /// Waits until the services are up, of which the last was started at `begun`. A service
    /// is up once its process has run for a second. One that was removed meanwhile, or has
    /// returned and is not to be restarted, is not waited for.
    ///
    /// # Errors
    ///
    /// The first service that has failed for good; after [`UP_WITHIN`], the first that is
    /// not up.
    pub(crate) async fn come_up(&self, node: &Node, begun: Instant) -> Result<(), ServiceError> {
        let mut changed = self.services.changed.subscribe();
        loop {
            let now = Instant::now();
            let (error, soonest) = match self.progress(now) {
                Progress::Up => return Ok(()),
                Progress::Failed(error) => return Err(error),
                Progress::NotYet(error, soonest) => (error, soonest),
            };
            let left = UP_WITHIN.saturating_sub(now.saturating_duration_since(begun));
            if left.is_zero() {
                return error.map_or(Ok(()), Err);
            }
            tokio::select! {
                // Fails only if the sender is gone, which `self` holds.
                _ = changed.changed() => {}
                () = node.real_sleep(soonest.min(left)) => {}
            }
        }
    }

    /// Returns the error of the first service that has failed for good, or that has failed
    /// and is not up.
    pub(crate) fn failed(&self) -> Option<ServiceError> {
        match self.progress(Instant::now()) {
            Progress::Up => None,
            Progress::Failed(error) => Some(error),
            Progress::NotYet(error, _) => error,
        }
    }

    fn progress(&self, now: Instant) -> Progress {
        let all = self.services.all.lock();
        if all.stopping {
            return Progress::Up;
        }
        let entries = self.numbers.iter().filter_map(|number| all.find(*number));
        let (mut error, mut soonest) = (None, None);
        for entry in entries.filter(|entry| !entry.is_retired) {
            if let Some(given_up) = &entry.given_up {
                return Progress::Failed(given_up.clone());
            }
            if let Some(left) = left(entry, now) {
                soonest = Some(soonest.map_or(left, |soonest: Duration| soonest.min(left)));
                error = error.or_else(|| not_up(entry));
            }
        }
        match soonest {
            None => Progress::Up,
            Some(soonest) => Progress::NotYet(error, soonest),
        }
    }
}

/// Returns the time until a service is up if its process goes on; `None` if it is up, has
/// ended as it should, runs on another node, or has not been started at all.
fn left(entry: &Entry, now: Instant) -> Option<Duration> {
    match &entry.state {
        State::Running(_) => {
            let ran = now.saturating_duration_since(entry.started?);
            UP_AFTER.checked_sub(ran).filter(|left| !left.is_zero())
        }
        State::Waiting => Some(Duration::MAX),
        State::New | State::StandingBy | State::Done => None,
    }
}

/// Returns the error of a service that has failed and is not up.
fn not_up(entry: &Entry) -> Option<ServiceError> {
    Some(ServiceError::NotUp {
        name: Arc::clone(&entry.service.name),
        error: entry.last_error.clone()?,
    })
}

#[cfg(test)]
mod tests {
    use warren_kernel::Error;

    use super::*;
    use crate::app::Service;
    use crate::error::CallError;

    fn boom() -> CallError {
        CallError::Refused(Error::internal("boom"))
    }

    /// Two services that were added, numbered from 1.
    fn added() -> (Arc<Services>, NewServices) {
        let services = Services::new([]);
        let new = ["a", "b"].map(|name| Arc::new(Service::new(name, "a:d")));
        let update = services.exchange(&new);
        let new = update.new_services();
        (services, new)
    }

    #[test]
    fn services_are_up_once_each_has_run_for_long_enough() {
        let (services, new) = added();
        let later = || new.progress(Instant::now() + UP_AFTER);
        // Nobody has asked for services.
        assert!(matches!(new.progress(Instant::now()), Progress::Up));
        let before = Instant::now();
        services.set(1, State::Running(None));
        services.set(2, State::Running(None));
        let now = new.progress(before);
        assert!(
            matches!(now, Progress::NotYet(None, left) if left == UP_AFTER),
            "none has failed: {now:?}"
        );
        assert!(matches!(later(), Progress::Up));

        services.note_error(2, boom());
        services.set(2, State::Waiting);
        let waiting = later();
        let Progress::NotYet(Some(ServiceError::NotUp { name, .. }), _) = &waiting else {
            panic!("{waiting:?}");
        };
        assert_eq!(&**name, "b");
        // The next process has to run as long, and the error is that of the one before.
        let before = Instant::now();
        services.set(2, State::Running(None));
        let now = new.progress(before);
        assert!(matches!(now, Progress::NotYet(Some(_), _)), "{now:?}");
        assert!(matches!(later(), Progress::Up));
        // It has returned, and is not restarted.
        services.set(2, State::Done);
        assert!(matches!(later(), Progress::Up));
    }

    #[test]
    fn a_service_that_was_given_up_has_failed_and_a_removed_one_has_not() {
        let (services, new) = added();
        services.set(1, State::Running(None));
        services.set(2, State::Waiting);
        let failed = ServiceError::Failed {
            name: "b".into(),
            restarts: 3,
            error: boom(),
        };
        services.note_given_up(2, failed);
        services.set(2, State::Done);
        let failed = new.failed();
        assert!(
            matches!(failed, Some(ServiceError::Failed { .. })),
            "{failed:?}"
        );
        drop(services.exchange(&[]));
        assert!(new.failed().is_none());
        let (services, new) = added();
        services.note_error(1, boom());
        services.set(1, State::Waiting);
        assert!(new.failed().is_some());
        services.abandon();
        assert!(new.failed().is_none(), "none is started any more");
    }
}
