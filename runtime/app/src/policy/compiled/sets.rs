//! The combined policies of scopes, kept from one decision to the next.
//!
//! A process that may give others a scope chooses the policies of a set. So the sets are
//! bounded, and the least recently used ones make room for a new one.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// Sets that are kept.
const MAX_SETS: usize = 256;

/// Statements of all sets that are kept.
const MAX_KEPT_STATEMENTS: usize = 200_000;

/// Bytes of the ids of all sets that are kept.
const MAX_KEPT_IDS: usize = 1 << 20;

/// Values by the sorted ids of their policies.
pub(super) struct Sets<T>(Mutex<Kept<T>>);

struct Kept<T> {
    by_ids: HashMap<Vec<String>, Entry<T>>,
    statements: usize,
    bytes: usize,
    /// Counts the uses; an entry has the count of its last one.
    uses: u64,
}

struct Entry<T> {
    value: Arc<T>,
    statements: usize,
    bytes: usize,
    used: u64,
}

impl<T> Default for Sets<T> {
    fn default() -> Self {
        Sets(Mutex::new(Kept {
            by_ids: HashMap::new(),
            statements: 0,
            bytes: 0,
            uses: 0,
        }))
    }
}

impl<T> Sets<T> {
    /// Returns the value of these policies, if it is kept.
    pub(super) fn get(&self, ids: &[String]) -> Option<Arc<T>> {
        let mut kept = self.0.lock();
        let now = kept.tick();
        let entry = kept.by_ids.get_mut(ids)?;
        entry.used = now;
        Some(Arc::clone(&entry.value))
    }

    /// Keeps the value of these policies, which have `statements` statements. Drops the least
    /// recently used values if there is no room, and the new one if it is too large.
    pub(super) fn keep(&self, ids: Vec<String>, value: Arc<T>, statements: usize) {
        let bytes = ids.iter().map(String::len).sum();
        if statements > MAX_KEPT_STATEMENTS || bytes > MAX_KEPT_IDS {
            return;
        }
        let mut kept = self.0.lock();
        // Another thread may have kept the same value meanwhile.
        kept.remove(&ids);
        while kept.by_ids.len() >= MAX_SETS
            || kept.statements + statements > MAX_KEPT_STATEMENTS
            || kept.bytes + bytes > MAX_KEPT_IDS
        {
            kept.drop_oldest();
        }
        kept.statements += statements;
        kept.bytes += bytes;
        let used = kept.tick();
        let entry = Entry {
            value,
            statements,
            bytes,
            used,
        };
        kept.by_ids.insert(ids, entry);
    }
}

impl<T> Kept<T> {
    fn tick(&mut self) -> u64 {
        self.uses += 1;
        self.uses
    }

    /// Drops the value that was not used for longest. There are few, so looking at all of
    /// them costs less than making the set for which there is no room.
    fn drop_oldest(&mut self) {
        let oldest = self.by_ids.iter().min_by_key(|(_, entry)| entry.used);
        match oldest.map(|(ids, _)| ids.clone()) {
            Some(ids) => self.remove(&ids),
            None => (self.statements, self.bytes) = (0, 0),
        }
    }

    fn remove(&mut self, ids: &[String]) {
        if let Some(entry) = self.by_ids.remove(ids) {
            self.statements -= entry.statements;
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: String) -> Vec<String> {
        vec![text]
    }

    fn totals(sets: &Sets<u64>) -> (usize, usize, usize) {
        let kept = sets.0.lock();
        (kept.by_ids.len(), kept.statements, kept.bytes)
    }

    #[test]
    fn the_least_recently_used_sets_make_room() {
        let sets = Sets::default();
        sets.keep(ids("used".into()), Arc::new(0), 1);
        for number in 0..3 * MAX_SETS as u64 {
            sets.keep(ids(number.to_string()), Arc::new(number), 1);
            assert!(sets.get(&ids("used".into())).is_some());
            assert!(totals(&sets).0 <= MAX_SETS);
        }
        let last = 3 * MAX_SETS as u64 - 1;
        assert_eq!(sets.get(&ids(last.to_string())), Some(Arc::new(last)));
        assert_eq!(sets.get(&ids("0".into())), None);
    }

    #[test]
    fn statements_and_ids_are_bounded() {
        let sets = Sets::default();
        for number in 0..20 {
            sets.keep(ids(number.to_string()), Arc::new(number), 50_000);
            assert!(totals(&sets).1 <= MAX_KEPT_STATEMENTS);
        }
        assert_eq!(totals(&sets), (4, 200_000, 8));
        let long = "x".repeat(MAX_KEPT_IDS / 2);
        for number in 10..20 {
            sets.keep(ids(format!("{number}{long}")), Arc::new(number), 0);
            assert!(totals(&sets).2 <= MAX_KEPT_IDS);
        }
        let before = totals(&sets);
        sets.keep(ids("y".repeat(MAX_KEPT_IDS + 1)), Arc::new(0), 0);
        sets.keep(ids("z".into()), Arc::new(0), MAX_KEPT_STATEMENTS + 1);
        assert_eq!(totals(&sets), before);
        // One that is kept twice counts once.
        sets.keep(ids("19".into()), Arc::new(1), 7);
        let once = totals(&sets);
        sets.keep(ids("19".into()), Arc::new(2), 7);
        assert_eq!(totals(&sets), once);
    }
}
