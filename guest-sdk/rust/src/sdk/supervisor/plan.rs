//! The supervisor's decision at the end of a child, without effects.

use core::ops::Range;
use core::time::Duration;
use std::collections::VecDeque;

use super::super::time::Instant;

/// The children that are restarted when one ends.
///
/// ```
/// use warren_guest::mock;
/// use warren_guest::supervisor::{Child, Restart, Strategy, Supervisor};
///
/// # use warren_guest::Error;
/// # use warren_guest::mock::{Outcome, Signal};
/// # let mut starts = 0;
/// # mock::play_spawned("app:store", move |store, _| {
/// #     starts += 1;
/// #     store.end(match starts {
/// #         1 => Outcome::Failed(Error::internal("a bug")),
/// #         _ => Outcome::Finished(None),
/// #     });
/// # });
/// # let mut starts = 0;
/// # mock::play_spawned("app:web", move |web, sent| {
/// #     starts += usize::from(sent.signal == Signal::Spawn);
/// #     if starts == 2 || matches!(sent.signal, Signal::Stop { .. }) {
/// #         web.end(Outcome::Finished(None));
/// #     }
/// # });
/// // The store fails once. What was started after it starts again with it.
/// Supervisor::new(Strategy::RestForOne)
///     .child(Child::new("store", "app:store").restart(Restart::Transient))
///     .child(Child::new("web", "app:web").restart(Restart::Transient))
///     .run()?;
/// let spawned = mock::with(|runtime| runtime.spawned.clone());
/// let started: Vec<&str> = spawned.iter().map(|spawned| &*spawned.definition).collect();
/// assert_eq!(started, ["app:store", "app:web", "app:store", "app:web"]);
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The ended child.
    OneForOne,
    /// All children.
    OneForAll,
    /// The ended child and those started after it.
    RestForOne,
}

/// The ends after which a child is restarted.
///
/// ```
/// use warren_guest::mock;
/// use warren_guest::supervisor::{Child, Restart, Strategy, Supervisor};
///
/// # use warren_guest::Error;
/// # let mut starts = 0;
/// # mock::play_spawned("app:import", move |import, _| {
/// #     starts += 1;
/// #     import.end(match starts {
/// #         1 => mock::Outcome::Failed(Error::internal("a bug")),
/// #         _ => mock::Outcome::Finished(None),
/// #     });
/// # });
/// // The import fails once, and then returns.
/// let import = Child::new("import", "app:import").restart(Restart::Transient);
/// Supervisor::new(Strategy::OneForOne).child(import).run()?;
/// assert_eq!(mock::with(|runtime| runtime.spawned.len()), 2);
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// Any end.
    Permanent,
    /// Failures.
    Transient,
    /// None.
    Temporary,
}

/// The next step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Leave,
    /// Restart this child.
    RestartOne(usize),
    /// End all children from the first of the range on, and restart the range.
    Restart(Range<usize>),
    /// End all children, and fail.
    GiveUp,
}

/// The restart counts of the children.
#[derive(Debug)]
pub(super) struct Plan {
    strategy: Strategy,
    restarts: Vec<Restart>,
    /// True for each child that should run: a child that ended for good should
    /// not.
    wanted: Vec<bool>,
    max_restarts: usize,
    within: Duration,
    /// Times of the last restarts, at most one more than the maximum.
    recent: VecDeque<Instant>,
}

impl Plan {
    pub(super) fn new(
        strategy: Strategy,
        restarts: Vec<Restart>,
        max_restarts: usize,
        within: Duration,
    ) -> Self {
        Plan {
            strategy,
            wanted: vec![true; restarts.len()],
            restarts,
            max_restarts,
            within,
            recent: VecDeque::new(),
        }
    }

    /// Returns whether a child should run.
    pub(super) fn is_wanted(&self, index: usize) -> bool {
        self.wanted[index]
    }

    /// Decides on a child that ended by itself.
    pub(super) fn ended(&mut self, index: usize, failed: bool, now: Instant) -> Step {
        let again = match self.restarts[index] {
            Restart::Permanent => true,
            Restart::Transient => failed,
            Restart::Temporary => false,
        };
        if !again {
            self.wanted[index] = false;
            return Step::Leave;
        }
        self.recent.push_back(now);
        while self
            .recent
            .front()
            .is_some_and(|at| now - *at > self.within)
        {
            self.recent.pop_front();
        }
        if self.recent.len() > self.max_restarts {
            return Step::GiveUp;
        }
        let first = match self.strategy {
            Strategy::OneForOne => return Step::RestartOne(index),
            Strategy::OneForAll => 0,
            Strategy::RestForOne => index,
        };
        // Temporary children end with the others and are not restarted.
        for other in first..self.restarts.len() {
            if self.restarts[other] == Restart::Temporary {
                self.wanted[other] = false;
            }
        }
        Step::Restart(first..self.restarts.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock;
    use Restart::{Permanent, Temporary, Transient};

    fn at(seconds: u64) -> Instant {
        mock::reset();
        Instant::now() + Duration::from_secs(seconds)
    }

    fn plan(strategy: Strategy, restarts: &[Restart]) -> Plan {
        Plan::new(strategy, restarts.to_vec(), 3, Duration::from_secs(5))
    }

    #[test]
    fn each_strategy_restarts_its_own() {
        let children = [Permanent; 3];
        let step = |strategy| plan(strategy, &children).ended(1, true, at(0));
        assert_eq!(step(Strategy::OneForOne), Step::RestartOne(1));
        assert_eq!(step(Strategy::OneForAll), Step::Restart(0..3));
        assert_eq!(step(Strategy::RestForOne), Step::Restart(1..3));
    }

    #[test]
    fn each_child_says_when() {
        let mut plan = plan(Strategy::OneForOne, &[Permanent, Transient, Temporary]);
        assert_eq!(plan.ended(0, false, at(0)), Step::RestartOne(0));
        assert_eq!(plan.ended(1, true, at(0)), Step::RestartOne(1));
        assert_eq!(plan.ended(1, false, at(0)), Step::Leave);
        assert_eq!(plan.ended(2, true, at(0)), Step::Leave);
        assert!(plan.is_wanted(0) && !plan.is_wanted(1) && !plan.is_wanted(2));
    }

    #[test]
    fn temporary_children_are_not_restarted_with_the_others() {
        let mut plan = plan(Strategy::OneForAll, &[Temporary, Permanent]);
        assert_eq!(plan.ended(1, true, at(0)), Step::Restart(0..2));
        assert!(!plan.is_wanted(0) && plan.is_wanted(1));
    }

    #[test]
    fn more_than_the_intensity_is_too_much() {
        let mut plan = plan(Strategy::OneForOne, &[Permanent]);
        for second in [0, 1, 2] {
            assert_eq!(plan.ended(0, true, at(second)), Step::RestartOne(0));
        }
        // The first restart is forgotten by now.
        assert_eq!(plan.ended(0, true, at(6)), Step::RestartOne(0));
        assert_eq!(plan.ended(0, true, at(6)), Step::GiveUp);
    }
}
