//! The time that a process may wait before it is parked.

use std::time::Duration;

/// The longest time, however often a process was parked in vain.
const LONGEST: Duration = Duration::from_secs(60);

/// The shortest time of a process that has refused to return.
const AFTER_REFUSAL: Duration = Duration::from_millis(1);

/// The time that a process may wait before it is parked: `park_after`, or longer if parking
/// it was of no use before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// `park_after`.
    usual: Duration,
    present: Duration,
}

impl Patience {
    /// Makes the patience of a process. `present` is the time that it has had before, 0 if
    /// it was never parked.
    pub(crate) fn new(usual: Duration, present: Duration) -> Patience {
        Patience {
            usual,
            present: present.max(usual),
        }
    }

    pub(crate) fn time(self) -> Duration {
        self.present
    }

    /// Returns the time after the process was parked for `parked`, which has cost `cost`:
    /// twice as much if it was woken within twice the cost, or else the usual time.
    pub(crate) fn after_wake(self, parked: Duration, cost: Duration) -> Duration {
        if parked < cost.saturating_mul(2) {
            self.doubled()
        } else {
            self.usual
        }
    }

    /// Returns the time after the process has not returned when asked.
    pub(crate) fn after_refusal(self) -> Duration {
        self.doubled().max(AFTER_REFUSAL)
    }

    fn doubled(self) -> Duration {
        self.present.saturating_mul(2).min(LONGEST.max(self.usual))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const COST: Duration = Duration::from_micros(200);

    #[test]
    fn a_process_woken_at_once_is_parked_later_and_later() {
        let mut present = Duration::ZERO;
        let mut times = Vec::new();
        for _ in 0..8 {
            present = Patience::new(SECOND, present).after_wake(COST, COST);
            times.push(present.as_secs());
        }
        assert_eq!(times, [2, 4, 8, 16, 32, 60, 60, 60]);
        let rested = Patience::new(SECOND, present).after_wake(SECOND, COST);
        assert_eq!(rested, SECOND);
    }

    #[test]
    fn twice_the_cost_is_the_border() {
        let patience = Patience::new(SECOND, SECOND);
        assert_eq!(patience.after_wake(COST * 2, COST), SECOND);
        let sooner = COST * 2 - Duration::from_nanos(1);
        assert_eq!(patience.after_wake(sooner, COST), SECOND * 2);
    }

    #[test]
    fn a_process_that_is_to_be_parked_at_once_always_is() {
        let patience = Patience::new(Duration::ZERO, Duration::ZERO);
        assert_eq!(patience.after_wake(Duration::ZERO, COST), Duration::ZERO);
    }

    #[test]
    fn a_refusal_counts_also_without_a_time() {
        let mut present = Duration::ZERO;
        for expected in [1, 2, 4] {
            present = Patience::new(Duration::ZERO, present).after_refusal();
            assert_eq!(present, Duration::from_millis(expected));
        }
    }

    #[test]
    fn a_long_time_of_the_operator_is_kept() {
        let hour = SECOND * 3_600;
        assert_eq!(Patience::new(hour, hour).after_refusal(), hour);
    }
}
