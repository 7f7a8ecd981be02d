//! Clocks and timers. `std::time` has no clock on `wasm32-unknown-unknown`;
//! these work on every target.

use core::cell::Cell;
use core::ops::{Add, Sub};
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use super::queue;
use crate::{Error, clock, mailbox};

/// Returns the present time, which may jump.
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
///
/// ```
/// use std::time::Duration;
/// use warren_guest::time::{Instant, sleep};
///
/// let begin = Instant::now();
/// sleep(Duration::from_millis(20))?;
/// assert!(begin.elapsed() >= Duration::from_millis(20));
/// let deadline = begin + Duration::from_secs(60);
/// assert!(deadline - Instant::now() < Duration::from_secs(60));
/// assert_eq!(begin - deadline, Duration::ZERO);
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// Returns the present.
    pub fn now() -> Self {
        Instant(clock::monotonic())
    }

    /// Returns the time since this instant; zero for a future one.
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

    /// Returns the difference; zero if `earlier` is later.
    fn sub(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Waits for `duration` at least. Messages that come meanwhile stay queued.
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

/// A timer that fires once or periodically. It is a part of the process: it
/// fires only in [`wait`](Self::wait) and in a [`Select`](super::Select), and
/// an upgrade drops it.
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
    /// Time of the next firing; `None` if it has fired or was stopped.
    at: Cell<Option<Instant>>,
    period: Option<Duration>,
}

impl Timer {
    /// Returns a timer that fires once, after `duration`.
    pub fn after(duration: Duration) -> Self {
        Timer {
            at: Cell::new(Some(Instant::now() + duration)),
            period: None,
        }
    }

    /// Returns a timer that fires every `period`. Missed firings are not made up
    /// for. A period of zero fires always.
    pub fn every(period: Duration) -> Self {
        Timer {
            period: Some(period),
            ..Timer::after(period)
        }
    }

    /// Stops the timer.
    pub fn stop(&self) {
        self.at.set(None);
    }

    /// Lets the timer fire once `duration` from now, whatever was set before.
    pub fn reset(&self, duration: Duration) {
        self.at.set(Some(Instant::now() + duration));
    }

    pub(super) fn at(&self) -> Option<Instant> {
        self.at.get()
    }

    /// Records that the timer rang.
    pub(super) fn fire(&self) {
        let next = self.period.map(|period| {
            let due = self.at.get().unwrap_or_else(Instant::now) + period;
            due.max(Instant::now())
        });
        self.at.set(next);
    }
}
