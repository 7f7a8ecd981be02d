//! The pauses of a consumer that cannot go on.

use std::time::Duration;

/// Pauses that grow as long as nothing succeeds.
#[derive(Debug, Default)]
pub(super) struct Pause {
    last: Option<Duration>,
}

const FIRST: Duration = Duration::from_millis(10);

const LONGEST: Duration = Duration::from_secs(30);

/// The pause from which on the operator is told.
const TOLD: Duration = Duration::from_secs(1);

impl Pause {
    /// Begins anew.
    pub(super) fn end(&mut self) {
        self.last = None;
    }

    /// Returns the next pause, and true if the operator should hear of it: once in a row.
    pub(super) fn next(&mut self) -> (Duration, bool) {
        let pause = match self.last {
            None => FIRST,
            Some(last) => (2 * last).min(LONGEST),
        };
        let is_told = pause >= TOLD && self.last.is_none_or(|last| last < TOLD);
        self.last = Some(pause);
        (pause, is_told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_told_once_in_a_row() {
        let mut pause = Pause::default();
        for _ in 0..2 {
            let pauses: Vec<_> = (0..20).map(|_| pause.next()).collect();
            assert_eq!(pauses[0], (FIRST, false));
            assert_eq!(pauses[19], (LONGEST, false));
            let told = pauses.iter().filter(|(_, is_told)| *is_told);
            assert_eq!(told.count(), 1);
            assert!(pauses.is_sorted());
            pause.end();
        }
    }
}
