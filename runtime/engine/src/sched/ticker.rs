//! The clock of preemption. It advances the epoch of every engine once a tick while
//! guests run, and sleeps while none runs. At each tick it also charges processor time
//! to the processes that run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use wasmtime::Engine;

use crate::sched::meter::Meter;
use crate::sched::punctual;

/// Default time that a guest runs before it yields, its slice: 250 us. A thread of
/// the runtime waits for the core of a guest that computes for at most this time.
pub const DEFAULT_TICK: Duration = Duration::from_micros(250);

/// Ticks without a call of [`Ticker::guest_runs`] before the thread sleeps, if all
/// workers sleep too. The missing calls alone are not enough: on a busy machine a
/// worker may be kept from its core between the call and the guest's first
/// instruction, and the guest would then run without end.
const PATIENCE: u32 = 32;

/// The ticker, whose thread stops when this is dropped.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    tick: Duration,
    meter: Arc<Meter>,
    active: AtomicBool,
    asleep: AtomicBool,
    stop: AtomicBool,
    engines: Engines,
}

/// The engines whose epochs a ticker advances. Who adds engines keeps this in place of the
/// ticker: hosts belong to the kernel, which the thread of the ticker holds.
#[derive(Clone, Default)]
pub(crate) struct Engines(Arc<Mutex<Vec<Engine>>>);

impl Engines {
    /// Advances the epoch of this engine too from now on.
    pub(crate) fn add(&self, engine: Engine) {
        self.0.lock().push(engine);
    }
}

impl Ticker {
    /// Starts the thread, which ticks once in `tick`.
    ///
    /// # Errors
    ///
    /// An [`io::Error`](std::io::Error) if the operating system refuses the thread.
    pub(crate) fn start(tick: Duration, meter: Arc<Meter>) -> std::io::Result<Ticker> {
        let shared = Arc::new(Shared {
            tick,
            meter,
            active: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            engines: Engines::default(),
        });
        let for_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("warren-ticker".into())
            .spawn(move || {
                punctual::this_thread();
                for_thread.tick();
            })?;
        Ok(Ticker {
            shared,
            thread: Some(thread),
        })
    }

    /// Returns the engines whose epochs are advanced.
    pub(crate) fn engines(&self) -> Engines {
        self.shared.engines.clone()
    }

    /// Notes that a guest is about to run. Costs two loads while the thread ticks.
    #[inline]
    pub(crate) fn guest_runs(&self) {
        if !self.shared.active.load(Ordering::Relaxed) {
            self.shared.active.store(true, Ordering::SeqCst);
        }
        if self.shared.asleep.load(Ordering::SeqCst) {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        // The check of `active` in the caller may be stale by now.
        self.shared.active.store(true, Ordering::SeqCst);
        // The clock stood still, and the thread may take a while to set it.
        self.shared.meter.set_clock();
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Shared {
    fn tick(&self) {
        let mut silent = 0;
        let mut last = Instant::now();
        while !self.stop.load(Ordering::Relaxed) {
            // Parked, not asleep: dropping the ticker unparks the thread at once.
            thread::park_timeout(self.tick);
            let now = Instant::now();
            // Charged before any guest is preempted.
            self.meter.charge(now - last);
            last = now;
            for engine in self.engines.0.lock().iter() {
                engine.increment_epoch();
            }
            silent = if self.active.swap(false, Ordering::SeqCst) {
                0
            } else {
                silent + 1
            };
            if silent >= PATIENCE {
                self.sleep();
                last = Instant::now();
                silent = 0;
            }
        }
    }

    /// Sleeps while all workers sleep. No worker is missed, because `asleep` is set
    /// before the workers are checked: a worker that woke earlier is seen here, and one
    /// that wakes later sees `asleep` before a guest runs.
    fn sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
        while self.meter.all_sleep()
            && !self.active.load(Ordering::SeqCst)
            && !self.stop.load(Ordering::Relaxed)
        {
            thread::park();
        }
        self.asleep.store(false, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A ticker that panicked has nothing to give back.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::sync::mpsc;

    use warren_kernel::Kernel;

    use super::*;

    /// A deadline that only a broken ticker reaches.
    const DEADLINE: Duration = Duration::from_secs(60);

    fn until(what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !holds() {
            assert!(Instant::now() < deadline, "{what}");
            thread::yield_now();
        }
    }

    #[test]
    fn it_ticks_while_a_worker_is_awake_and_sleeps_when_none_is() {
        let kernel = Kernel::new();
        let meter = Arc::new(Meter::new(&kernel, NonZeroUsize::MIN));
        let tick = Duration::from_micros(100);
        let ticker = Ticker::start(tick, Arc::clone(&meter)).expect("a thread");
        let asleep = || ticker.shared.asleep.load(Ordering::SeqCst);
        // A worker is on its way to its first guest, however long that takes.
        ticker.guest_runs();
        let began = kernel.clock();
        until("it ticks on", || {
            u128::from(kernel.clock().0 - began.0) > (tick * PATIENCE * 5).as_nanos()
        });

        let (stop, stopped) = mpsc::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(|| meter.sleeping(0, move || stopped.recv()));
            until("it sleeps", asleep);
            let slept = kernel.clock();
            drop(stop);
            // The worker was woken, and has a guest to run.
            until("the worker wakes", || !meter.all_sleep());
            ticker.guest_runs();
            until("it is awake", || !asleep());
            until("it ticks", || kernel.clock() > slept);
        });
    }
}
