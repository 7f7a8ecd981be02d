//! Points in time, as the embedder's clocks tell them.

use std::fmt;
use std::time::Duration;

use crate::sync::atomic::{AtomicU64, Ordering};

/// A point on the wall clock: nanoseconds since 1970-01-01T00:00:00Z.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use warren_kernel::Timestamp;
///
/// let begin = Timestamp(1_577_836_800_000_000_000); // 2020-01-01T00:00:00Z
/// let later = Timestamp(begin.0 + 5);
/// assert!(begin < later);
/// let time = UNIX_EPOCH + Duration::from_nanos(u64::try_from(later.0)?);
/// assert_eq!(time.duration_since(UNIX_EPOCH)?.subsec_nanos(), 5);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A point on a clock that never goes back: nanoseconds since some fixed point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// Returns the time since an earlier point; zero if that point is later.
    #[must_use]
    pub fn since(self, earlier: Monotonic) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// One point in time on both clocks. Programs see the wall clock; deadlines are
/// measured by the monotonic one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Moment {
    /// The wall clock's reading.
    pub wall: Timestamp,
    /// The monotonic clock's reading.
    pub monotonic: Monotonic,
}

impl Moment {
    /// Returns the moment `duration` later, or the last possible moment.
    #[must_use]
    pub fn after(self, duration: Duration) -> Moment {
        let nanoseconds = nanoseconds(duration);
        Moment {
            wall: Timestamp(self.wall.0.saturating_add_unsigned(nanoseconds)),
            monotonic: Monotonic(self.monotonic.0.saturating_add(nanoseconds)),
        }
    }
}

/// Converts a duration to nanoseconds, the kernel's unit of time. Durations
/// above 584 years are cut to that.
#[inline]
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A deadline, or none, that is set and read without a lock.
pub struct AtomicDeadline(AtomicU64);

/// The end of the clock, which no clock reaches, stands for no deadline.
const NONE: u64 = u64::MAX;

impl AtomicDeadline {
    /// Returns no deadline.
    pub fn new() -> Self {
        AtomicDeadline(AtomicU64::new(NONE))
    }

    /// Sets or removes the deadline.
    #[inline]
    pub fn store(&self, deadline: Option<Monotonic>) {
        let nanoseconds = deadline.map_or(NONE, |deadline| deadline.0);
        self.0.store(nanoseconds, Ordering::Release);
    }

    /// Returns the deadline.
    #[inline]
    pub fn load(&self) -> Option<Monotonic> {
        match self.0.load(Ordering::Acquire) {
            NONE => None,
            nanoseconds => Some(Monotonic(nanoseconds)),
        }
    }
}

impl Default for AtomicDeadline {
    fn default() -> Self {
        AtomicDeadline::new()
    }
}

impl fmt::Debug for AtomicDeadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AtomicDeadline").field(&self.load()).finish()
    }
}
