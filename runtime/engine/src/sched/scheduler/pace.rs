//! The time that the tasks of each host run on one worker.
//!
//! A task of another host that goes before the next task costs little beside tasks that
//! compute for whole slices. Beside tasks that answer one another within microseconds, it
//! is a disturbance: each of them would wait for a stranger.
//!
//! The clock shows the time of the last tick. Several tasks in a row tell long tasks, each
//! of which sees a tick, from short ones, of which one or none does.

use std::cell::Cell;

use warren_kernel::Monotonic;

/// Average time from which on the tasks of a host are long, in nanoseconds: 100 us, some
/// half of a slice.
const LONG: u64 = 100_000;

/// Tasks of which the average is taken. Four whole slices are a turn.
const TASKS: u32 = 4;

/// The measurements of one worker. It measures only while tasks from elsewhere wait: a
/// pair that talks alone pays for none.
pub(super) struct Pace {
    /// A bit for each host whose tasks are long, or not known yet.
    long: Cell<u64>,
    /// The host that is measured, with its tasks so far and their time in nanoseconds.
    lane: Cell<usize>,
    tasks: Cell<u32>,
    time: Cell<u64>,
    /// The end of the task before; absent if that task was not looked at.
    before: Cell<Option<Monotonic>>,
}

impl Pace {
    pub(super) fn new() -> Pace {
        Pace {
            long: Cell::new(u64::MAX),
            lane: Cell::new(0),
            tasks: Cell::new(0),
            time: Cell::new(0),
            before: Cell::new(None),
        }
    }

    /// Returns true if the tasks of this host are long.
    pub(super) fn is_long(&self, lane: usize) -> bool {
        self.long.get() & 1 << lane != 0
    }

    /// Notes the end of a task of this host.
    pub(super) fn measure(&self, lane: usize, now: Monotonic) {
        if self.lane.replace(lane) != lane {
            self.begin();
        }
        let Some(before) = self.before.replace(Some(now)) else {
            return;
        };
        let tasks = self.tasks.get() + 1;
        let time = self.time.get() + now.0.saturating_sub(before.0);
        self.tasks.set(tasks);
        self.time.set(time);
        if tasks == TASKS {
            let bit = 1 << lane;
            let others = self.long.get() & !bit;
            let is_long = time >= u64::from(TASKS) * LONG;
            self.long.set(if is_long { others | bit } else { others });
            self.begin();
        }
    }

    /// Notes the end of a task that is not measured.
    pub(super) fn skip(&self, now: Monotonic) {
        self.before.set(Some(now));
    }

    /// Stops measuring until the next look.
    #[inline]
    pub(super) fn pause(&self) {
        self.before.set(None);
    }

    fn begin(&self) {
        self.tasks.set(0);
        self.time.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lane of the host that is measured.
    const LANE: usize = 3;

    /// Runs tasks of this length, with a tick each 250 us, and tells if they are long.
    fn are_long(pace: &Pace, began: &mut u64, each: u64) -> bool {
        for _ in 0..1_000 {
            *began += each;
            let tick = *began / 250_000 * 250_000;
            pace.measure(LANE, Monotonic(tick));
        }
        pace.is_long(LANE)
    }

    #[test]
    fn the_tasks_of_a_host_are_long_by_their_average() {
        let (pace, mut now) = (Pace::new(), 0);
        assert!(pace.is_long(LANE), "nothing is known");
        assert!(!are_long(&pace, &mut now, 2_000));
        assert!(pace.is_long(LANE + 1), "another host");
        assert!(!are_long(&pace, &mut now, 50_000));
        assert!(are_long(&pace, &mut now, 250_000));
        assert!(!are_long(&pace, &mut now, 2_000));
    }

    #[test]
    fn tasks_that_are_not_looked_at_are_not_measured() {
        let (pace, mut now) = (Pace::new(), 0);
        assert!(!are_long(&pace, &mut now, 2_000));
        for _ in 0..100 {
            now += 1_000_000;
            pace.skip(Monotonic(now));
            pace.measure(LANE, Monotonic(now));
            now += 1_000_000;
            pace.pause();
            pace.measure(LANE, Monotonic(now));
        }
        assert!(!pace.is_long(LANE));
    }
}
