//! The decision to restart a service that has ended, and its time.

use std::time::Duration;

use crate::app::{Restart, RestartPolicy};

/// The next step after the end of a service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    /// Restart after this delay.
    Start(Duration),
    /// The service has ended as it should.
    Done,
    /// The service has failed for good.
    GiveUp,
}

/// Counts the starts of one service.
#[derive(Debug)]
pub(super) struct Restarts {
    settings: Restart,
    /// Starts in a row: since the process last ran for long enough.
    attempts: u32,
}

impl Restarts {
    pub(super) fn new(settings: Restart) -> Restarts {
        Restarts {
            settings,
            attempts: 1,
        }
    }

    /// Goes on with other rules.
    pub(super) fn set(&mut self, settings: &Restart) {
        if self.settings != *settings {
            self.settings = settings.clone();
        }
    }

    /// Returns the number of starts in a row, the present one included.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns the next step after an end that follows a run of `ran`. `luck`
    /// places the delay within the range of the jitter, from -1 to 1.
    pub(super) fn after(&mut self, failed: bool, ran: Duration, luck: f64) -> Next {
        let again = match self.settings.policy {
            RestartPolicy::Always => true,
            RestartPolicy::OnFailure => failed,
            RestartPolicy::Never => false,
        };
        if ran >= self.settings.reset_after {
            // The next start begins a new row.
            self.attempts = 0;
        }
        if again && self.attempts < self.settings.max_attempts {
            self.attempts += 1;
            return Next::Start(self.delay(luck));
        }
        if failed || again {
            Next::GiveUp
        } else {
            Next::Done
        }
    }

    fn delay(&self, luck: f64) -> Duration {
        let settings = &self.settings;
        // The first start of a row has no delay, unless it follows another row.
        let before = i32::try_from(self.attempts.saturating_sub(2)).unwrap_or(i32::MAX);
        let seconds = settings.initial_delay.as_secs_f64() * settings.backoff.powi(before);
        let seconds = seconds.min(settings.max_delay.as_secs_f64());
        let seconds = seconds * (1.0 + settings.jitter * luck.clamp(-1.0, 1.0));
        // A delay too long for a duration is far beyond the longest delay.
        Duration::try_from_secs_f64(seconds).unwrap_or(settings.max_delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use warren_app::RestartCode;

    const SHORT: Duration = Duration::from_millis(1);

    fn restarts(policy: RestartPolicy) -> Restarts {
        Restarts::new(Restart {
            policy,
            code: RestartCode::default(),
            max_attempts: 3,
            initial_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(3),
            backoff: 2.0,
            jitter: 0.0,
            reset_after: Duration::from_secs(5),
        })
    }

    fn waits(seconds: u64) -> Next {
        Next::Start(Duration::from_secs(seconds))
    }

    #[test]
    fn waits_grow_up_to_the_longest_and_then_it_gives_up() {
        let mut restarts = restarts(RestartPolicy::OnFailure);
        let mut next = || restarts.after(true, SHORT, 0.0);
        assert_eq!([next(), next(), next()], [waits(1), waits(2), Next::GiveUp]);
    }

    #[test]
    fn one_that_ran_long_enough_begins_anew() {
        let mut restarts = restarts(RestartPolicy::OnFailure);
        for _ in 0..2 {
            restarts.after(true, SHORT, 0.0);
        }
        assert_eq!(restarts.attempts(), 3);
        assert_eq!(restarts.after(true, Duration::from_secs(5), 0.0), waits(1));
        assert_eq!(restarts.attempts(), 1);
    }

    #[test]
    fn a_policy_says_which_ends_count() {
        let after = |policy, failed| restarts(policy).after(failed, SHORT, 0.0);
        assert_eq!(after(RestartPolicy::OnFailure, false), Next::Done);
        assert_eq!(after(RestartPolicy::Always, false), waits(1));
        assert_eq!(after(RestartPolicy::Never, false), Next::Done);
        assert_eq!(after(RestartPolicy::Never, true), Next::GiveUp);
    }

    proptest! {
        #[test]
        fn a_wait_stays_within_its_jitter(
            attempts in 0_u32..2_000,
            millis in 0_u64..100_000,
            backoff in 1.0..1000.0_f64,
            jitter in 0.0..1.0_f64,
            luck in -1.0..1.0_f64,
        ) {
            let settings = Restart {
                initial_delay: Duration::from_millis(millis),
                max_attempts: u32::MAX,
                backoff,
                jitter,
                ..Restart::default()
            };
            let most = settings.max_delay.mul_f64(1.0 + jitter);
            let least = settings.initial_delay.min(settings.max_delay).mul_f64(1.0 - jitter);
            let mut restarts = Restarts::new(settings);
            restarts.attempts = attempts;
            let Next::Start(wait) = restarts.after(true, SHORT, luck) else {
                panic!("there are attempts left");
            };
            let rounding = Duration::from_micros(1);
            prop_assert!(wait <= most + rounding, "{wait:?} > {most:?}");
            prop_assert!(wait + rounding >= least, "{wait:?} < {least:?}");
        }
    }
}
