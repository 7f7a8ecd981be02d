//! Clocks and timers. `std::time` has no clock on `wasm32-unknown-unknown`;
//! these work on every target.

use core::cell::Cell;
use core::ops::{Add, Sub};
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use super::queue;
use crate::{Error, clock, mailbox};

/// The present, which may jump.
pub fn now() -> SystemTime {
    let nanoseconds = clock::now();
    let distance = Duration::from_nanos(nanoseconds.unsigned_abs());
    if nanoseconds < 0 {
        UNIX_EPOCH - distance
    } else {
        UNIX_EPOCH + distance
    }
}

/// A point on a clock that never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The present.
    pub fn now() -> Self {
        Instant(clock::monotonic())
    }

    /// How long ago it was; zero for one that is still to come.
    pub fn elapsed(self) -> Duration {
        Instant::now() - self
    }

    pub(super) fn nanoseconds(self) -> u64 {
        self.0
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        let duration = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Instant(self.0.saturating_add(duration))
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// How much later it is; zero where it is earlier.
    fn sub(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Waits at least so long. Messages that come meanwhile wait too.
///
/// # Errors
///
/// There is no memory.
pub fn sleep(duration: Duration) -> Result<(), Error> {
    let deadline = queue::deadline(duration);
    super::scratch::with(
        |buffer| match mailbox::receive(&[], Some(deadline), buffer) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.decode()),
        },
    )
}

/// Rings at a time, or again and again. It is a part of the process, so it
/// rings in [`wait`](Self::wait) and in a [`Select`](super::Select) alone, and
/// an upgrade forgets it.
///
/// ```no_run
/// # use std::time::Duration;
/// # use warren_guest::{Select, inbox, time::Timer};
/// # fn example() -> Result<(), warren_guest::Error> {
/// let tick = Timer::every(Duration::from_secs(1));
/// let inbox = inbox();
/// loop {
///     Select::new()
///         .on(&inbox, |message| log::info!("{}", message.topic()))
///         .on(&tick, |()| log::info!("tick"))
///         .wait()?;
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Timer {
    /// When it rings next; never where it has rung or was stopped.
    at: Cell<Option<Instant>>,
    period: Option<Duration>,
}

impl Timer {
    /// Rings once, after this.
    pub fn after(duration: Duration) -> Self {
        Timer {
            at: Cell::new(Some(Instant::now() + duration)),
            period: None,
        }
    }

    /// Rings after this and then again and again. Rings that nobody waited for
    /// are not made up for. A period of zero rings always.
    pub fn every(period: Duration) -> Self {
        Timer {
            period: Some(period),
            ..Timer::after(period)
        }
    }

    /// Waits until it rings. One that will not ring again waits for the
    /// process's end.
    ///
    /// # Errors
    ///
    /// There is no memory.
    pub fn wait(&self) -> Result<(), Error> {
        super::Select::new().on(self, |()| ()).wait()
    }

    /// Keeps it from ringing.
    pub fn stop(&self) {
        self.at.set(None);
    }

    /// Lets it ring after this, counted from now, whatever was before.
    pub fn reset(&self, duration: Duration) {
        self.at.set(Some(Instant::now() + duration));
    }

    pub(super) fn at(&self) -> Option<Instant> {
        self.at.get()
    }

    /// Notes that it rang.
    pub(super) fn ring(&self) {
        let next = self.period.map(|period| {
            let due = self.at.get().unwrap_or_else(Instant::now) + period;
            due.max(Instant::now())
        });
        self.at.set(next);
    }
}
