//! The clock of delayed messages.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// A clock in place of that of the machine, for virtual time.
pub trait QueueClock: Send + Sync {
    /// Returns the time.
    fn now(&self) -> Instant;

    /// Waits for some time.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Keeps the clock from jumping until the returned value is dropped.
    fn busy(&self) -> Box<dyn Send>;
}

/// The clock of a queue: that of the machine until there is another one.
#[derive(Default)]
pub(super) struct Clock(OnceLock<Arc<dyn QueueClock>>);

impl Clock {
    pub(super) fn follow(&self, clock: &Arc<dyn QueueClock>) {
        // A queue belongs to one runtime, which sets its clock once.
        let _ = self.0.set(Arc::clone(clock));
    }

    pub(super) fn now(&self) -> Instant {
        self.0.get().map_or_else(Instant::now, |clock| clock.now())
    }

    /// Waits for a time.
    pub(super) async fn sleep_until(&self, at: Instant) {
        match self.0.get() {
            None => tokio::time::sleep_until(at.into()).await,
            Some(clock) => clock.sleep(at.saturating_duration_since(clock.now())).await,
        }
    }

    /// Keeps the clock from jumping while messages are read.
    pub(super) fn busy(&self) -> Option<Box<dyn Send>> {
        self.0.get().map(|clock| clock.busy())
    }

    /// Returns the end of a delay; `None` if there is none. A delay without an end is one of
    /// centuries.
    pub(super) fn due(&self, delay: Duration) -> Option<Instant> {
        const LONG: Duration = Duration::from_secs(10_000_000_000);
        (!delay.is_zero()).then(|| {
            let now = self.now();
            now.checked_add(delay).unwrap_or_else(|| now + LONG)
        })
    }
}
