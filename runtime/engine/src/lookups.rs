//! Look-ups of names that components have begun.
//!
//! Each takes a blocking thread until the resolver answers, also when its component has ended.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Look-ups of all components of one host at a time. By default tokio has 512 blocking threads.
const OF_HOST: usize = 32;

/// Time for which a look-up counts that nobody waits for any more. Resolvers take less.
const PATIENCE: Duration = Duration::from_secs(30);

/// The look-ups of the components of one host.
#[derive(Debug, Default)]
pub(crate) struct LookUps(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    open: usize,
    /// The ends of the time of those that nobody waits for.
    left: VecDeque<Instant>,
}

/// A look-up. Dropped before its end, it counts for a while.
#[derive(Debug)]
pub(crate) struct LookUp {
    of_host: Arc<LookUps>,
    is_done: bool,
}

impl LookUps {
    /// Begins a look-up; `None` if the host has as many as it may have.
    pub(crate) fn begin(self: &Arc<Self>) -> Option<LookUp> {
        let now = Instant::now();
        let mut state = self.0.lock();
        while state.left.front().is_some_and(|end| *end <= now) {
            state.left.pop_front();
        }
        if state.open + state.left.len() >= OF_HOST {
            return None;
        }
        state.open += 1;
        drop(state);
        Some(LookUp {
            of_host: Arc::clone(self),
            is_done: false,
        })
    }
}

impl LookUp {
    /// Notes that the resolver has answered.
    pub(crate) fn end(mut self) {
        self.is_done = true;
    }
}

impl Drop for LookUp {
    fn drop(&mut self) {
        let mut state = self.of_host.0.lock();
        state.open = state.open.saturating_sub(1);
        if !self.is_done {
            state.left.push_back(Instant::now() + PATIENCE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_ups_of_a_host_count_until_the_resolver_has_answered() {
        let of_host = Arc::<LookUps>::default();
        let open: Vec<_> = (0..OF_HOST).map_while(|_| of_host.begin()).collect();
        assert_eq!(open.len(), OF_HOST);
        assert!(of_host.begin().is_none());
        // Their threads go on without their components.
        drop(open);
        assert!(of_host.begin().is_none());
        let other = Arc::<LookUps>::default();
        for _ in 0..2 * OF_HOST {
            other.begin().unwrap().end();
        }
    }
}
