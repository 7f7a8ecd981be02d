//! A clock that jumps to the next deadline when every process waits.
//!
//! The clock stands still while processes run. A thread of the node moves it, which knows
//! when every process waits.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::{Condvar, Mutex};
use warren_kernel::{Moment, Monotonic, Timestamp, nanoseconds};

/// The reading of the clock at the start of its node: about the time that a node on the
/// clock of the machine takes until its first process runs.
const FIRST: u64 = 1_000_000;

/// The clock, and the sleeps that wait for it.
pub(crate) struct VirtualClock {
    /// Nanoseconds since the start of the node.
    now: AtomicU64,
    /// The wall clock at the start of the node.
    started: Timestamp,
    /// Counts whatever may end or begin a moment at which every process waits.
    changes: AtomicU64,
    sleeps: Mutex<Sleeps>,
    changed: Condvar,
}

#[derive(Default)]
struct Sleeps {
    /// The number of the last sleep.
    last: u64,
    /// By deadline, and those of one deadline in the order in which they began.
    wakers: BTreeMap<(u64, u64), Waker>,
    /// True if the clock's thread is to look at the node again.
    is_told: bool,
}

impl VirtualClock {
    /// Returns a clock whose wall clock begins with that of the machine.
    pub(crate) fn new() -> VirtualClock {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        VirtualClock::starting_at(now.unwrap_or_default())
    }

    /// Returns a clock whose wall clock begins at this time.
    pub(crate) fn starting_at(since_1970: Duration) -> VirtualClock {
        let started = i64::try_from(since_1970.as_nanos()).unwrap_or(i64::MAX);
        VirtualClock {
            now: AtomicU64::new(FIRST),
            started: Timestamp(started),
            changes: AtomicU64::new(0),
            sleeps: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Returns the time on both clocks.
    pub(crate) fn moment(&self) -> Moment {
        let monotonic = self.monotonic();
        Moment {
            wall: Timestamp(self.started.0.saturating_add_unsigned(monotonic.0)),
            monotonic,
        }
    }

    /// Returns the time since the start of the node.
    pub(crate) fn monotonic(&self) -> Monotonic {
        Monotonic(self.now.load(Ordering::Acquire))
    }

    /// Returns a sleep of this duration.
    pub(crate) fn sleep(self: &Arc<Self>, duration: Duration) -> VirtualSleep {
        VirtualSleep {
            clock: Arc::clone(self),
            at: self.after(duration),
            number: None,
        }
    }

    fn after(&self, duration: Duration) -> u64 {
        self.monotonic().0.saturating_add(nanoseconds(duration))
    }

    /// Notes that a worker has begun or ended a sleep: all processes may wait now, or no
    /// longer.
    pub(crate) fn note_change(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.tell();
    }

    /// Returns the number of changes. Two equal readings tell that nothing has run between
    /// them.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Waits for a change, for this time at most. For the clock's thread.
    pub(crate) fn wait(&self, most: Duration) {
        let mut sleeps = self.sleeps.lock();
        if !sleeps.is_told {
            self.changed.wait_for(&mut sleeps, most);
        }
        sleeps.is_told = false;
    }

    /// Returns the first deadline.
    pub(crate) fn next(&self) -> Option<Monotonic> {
        let sleeps = self.sleeps.lock();
        let (&(at, _), _) = sleeps.wakers.first_key_value()?;
        Some(Monotonic(at))
    }

    /// Moves the clock, never back, calls `moved`, and wakes those whose deadline has come.
    pub(crate) fn move_to(&self, to: Monotonic, moved: impl FnOnce()) {
        let mut sleeps = self.sleeps.lock();
        let now = self.monotonic().0.max(to.0);
        self.now.store(now, Ordering::Release);
        let due = match now.checked_add(1) {
            Some(behind) => {
                let later = sleeps.wakers.split_off(&(behind, 0));
                std::mem::replace(&mut sleeps.wakers, later)
            }
            None => std::mem::take(&mut sleeps.wakers),
        };
        drop(sleeps);
        moved();
        for waker in due.into_values() {
            waker.wake();
        }
    }

    fn tell(&self) {
        let mut sleeps = self.sleeps.lock();
        if !sleeps.is_told {
            sleeps.is_told = true;
            self.changed.notify_one();
        }
    }
}

/// A wait for a time of the clock.
pub(crate) struct VirtualSleep {
    clock: Arc<VirtualClock>,
    at: u64,
    /// The number under which the clock knows the sleep.
    number: Option<u64>,
}

impl VirtualSleep {
    /// Makes it a sleep of this duration from now.
    pub(crate) fn reset(&mut self, duration: Duration) {
        self.forget();
        self.at = self.clock.after(duration);
    }

    fn forget(&mut self) {
        if let Some(number) = self.number.take() {
            let waker = self.clock.sleeps.lock().wakers.remove(&(self.at, number));
            // Not under the lock: the waker may be the last that holds a task with sleeps.
            drop(waker);
        }
    }
}

impl Future for VirtualSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut sleeps = this.clock.sleeps.lock();
        // The clock moves under the lock, so no deadline is missed.
        if this.at <= this.clock.monotonic().0 {
            drop(sleeps);
            this.forget();
            return Poll::Ready(());
        }
        let number = *this.number.get_or_insert_with(|| {
            sleeps.last += 1;
            sleeps.last
        });
        let before = sleeps.wakers.insert((this.at, number), cx.waker().clone());
        drop(sleeps);
        match before {
            Some(before) => drop(before),
            None => this.clock.note_change(),
        }
        Poll::Pending
    }
}

impl Drop for VirtualSleep {
    fn drop(&mut self) {
        self.forget();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn clock() -> Arc<VirtualClock> {
        Arc::new(VirtualClock::starting_at(Duration::ZERO))
    }

    #[test]
    fn sleeps_end_at_their_deadlines_and_not_before() {
        let clock = clock();
        let began = clock.monotonic();
        let (mut long, mut short) = (clock.sleep(HOUR), clock.sleep(HOUR / 2));
        assert!((&mut long).now_or_never().is_none());
        assert!((&mut short).now_or_never().is_none());
        let next = clock.next().expect("two sleep");
        assert_eq!(next.0 - began.0, nanoseconds(HOUR / 2));
        clock.move_to(next, || ());
        assert!((&mut long).now_or_never().is_none());
        assert!(short.now_or_never().is_some());
        long.reset(HOUR);
        assert!((&mut long).now_or_never().is_none());
        let next = clock.next().expect("one sleeps");
        assert_eq!(next.0 - began.0, nanoseconds(HOUR / 2 + HOUR));
        drop(long);
        assert_eq!(clock.next(), None);
        clock.move_to(began, || ());
        assert!(clock.monotonic() > began, "the clock never goes back");
    }

    #[test]
    fn both_clocks_move_together() {
        let clock = clock();
        let before = clock.moment();
        clock.move_to(before.after(HOUR).monotonic, || ());
        assert_eq!(clock.moment(), before.after(HOUR));
        clock.move_to(Monotonic(u64::MAX), || ());
        assert_eq!(clock.moment().wall, Timestamp(i64::MAX));
    }
}
