//! A cache of compiled code, bounded in bytes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OnceCell;

/// Values that are made once each, even if several callers ask at the same time. A
/// failure is not kept: the next caller tries again.
///
/// Beyond the limit, the least recently used values are evicted: a program may
/// replace its definitions any number of times. An evicted value lives on with its
/// users, and is made again for later callers.
pub(super) struct Kept<K, V>(Mutex<All<K, V>>);

struct All<K, V> {
    entries: HashMap<K, Entry<V>>,
    /// Bytes of all entries.
    bytes: usize,
    /// A counter that each use increments.
    clock: u64,
}

struct Entry<V> {
    cell: Arc<OnceCell<V>>,
    bytes: usize,
    used: u64,
}

/// The most entries, whatever their sizes: enough for the definitions of thousands of
/// tenants.
const MAX_ENTRIES: usize = 100_000;

impl<K: Eq + Hash + Clone, V: Clone> Kept<K, V> {
    /// The cell of a key, filled or still to be filled.
    pub(super) fn cell(&self, key: K) -> Arc<OnceCell<V>> {
        let mut all = self.0.lock();
        all.clock += 1;
        let used = all.clock;
        let entry = all.entries.entry(key).or_insert_with(|| Entry {
            cell: Arc::default(),
            bytes: 0,
            used,
        });
        entry.used = used;
        Arc::clone(&entry.cell)
    }

    /// Records that the value of a key was made and takes `bytes` bytes. Evicts
    /// others if the limit is exceeded.
    pub(super) fn made(&self, key: &K, bytes: usize, max_bytes: usize) {
        let mut all = self.0.lock();
        let Some(entry) = all.entries.get_mut(key) else {
            return;
        };
        let before = std::mem::replace(&mut entry.bytes, bytes);
        all.bytes = all.bytes - before + bytes;
        if all.bytes <= max_bytes && all.entries.len() <= MAX_ENTRIES {
            return;
        }
        let forgotten = all.forget_oldest(key, max_bytes);
        drop(all);
        // The values are freed without holding the lock.
        drop(forgotten);
    }

    /// Returns all values that were made, with their keys.
    pub(super) fn all_made(&self) -> Vec<(K, V)> {
        let all = self.0.lock();
        let made = |(key, entry): (&K, &Entry<V>)| Some((key.clone(), entry.cell.get()?.clone()));
        all.entries.iter().filter_map(made).collect()
    }

    /// Adds a value that was made elsewhere.
    pub(super) fn put(&self, key: &K, value: V, bytes: usize, max_bytes: usize) {
        // Fails only if the value is there already.
        let _ = self.cell(key.clone()).set(value);
        self.made(key, bytes, max_bytes);
    }

    /// Forgets the value of a key, which is not asked for any more.
    pub(super) fn forget(&self, key: &K) {
        let mut all = self.0.lock();
        let forgotten = all.entries.remove(key);
        if let Some(entry) = &forgotten {
            all.bytes -= entry.bytes;
        }
        drop(all);
        // The value is freed without holding the lock.
        drop(forgotten);
    }

    /// Records a failure: removes the entry, unless another caller is making the
    /// value.
    pub(super) fn failed(&self, key: &K, cell: &Arc<OnceCell<V>>) {
        let mut all = self.0.lock();
        // The two references are the map's and the caller's.
        let is_last = Arc::strong_count(cell) <= 2 && !cell.initialized();
        if is_last
            && all
                .entries
                .get(key)
                .is_some_and(|entry| Arc::ptr_eq(&entry.cell, cell))
        {
            all.entries.remove(key);
        }
    }
}

impl<K: Eq + Hash + Clone, V> All<K, V> {
    /// Evicts entries down to three quarters of the limits, so that the next values
    /// fit without another eviction.
    fn forget_oldest(&mut self, newest: &K, max_bytes: usize) -> Vec<Entry<V>> {
        let (bytes, entries) = (max_bytes / 4 * 3, MAX_ENTRIES / 4 * 3);
        // A maker that was dropped leaves an empty cell, which nobody else holds.
        self.entries
            .retain(|_, entry| entry.cell.initialized() || Arc::strong_count(&entry.cell) > 1);
        let made = self.entries.iter();
        let made = made.filter(|(key, entry)| *key != newest && entry.cell.initialized());
        let mut by_use: Vec<_> = made.map(|(key, entry)| (entry.used, key.clone())).collect();
        by_use.sort_unstable_by_key(|(used, _)| *used);
        let mut forgotten = Vec::new();
        for (_, key) in by_use {
            if self.bytes <= bytes && self.entries.len() <= entries {
                break;
            }
            if let Some(entry) = self.entries.remove(&key) {
                self.bytes -= entry.bytes;
                forgotten.push(entry);
            }
        }
        forgotten
    }
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Kept(Mutex::new(All {
            entries: HashMap::new(),
            bytes: 0,
            clock: 0,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(kept: &Kept<u32, Arc<u32>>, key: u32, bytes: usize) -> Arc<u32> {
        let cell = kept.cell(key);
        cell.get().cloned().unwrap_or_else(|| {
            cell.set(Arc::new(key)).unwrap();
            kept.made(&key, bytes, 100);
            Arc::clone(cell.get().unwrap())
        })
    }

    #[test]
    fn the_least_recently_used_is_evicted() {
        let kept = Kept::default();
        let values: Vec<_> = (0..10)
            .map(|key| Arc::downgrade(&make(&kept, key, 10)))
            .collect();
        assert!(values.iter().all(|value| value.upgrade().is_some()));
        // Entry 0 is used again, so entries 2 and 3 are older.
        make(&kept, 0, 10);
        let used = make(&kept, 1, 10);
        make(&kept, 10, 10);
        let alive: Vec<_> = values
            .iter()
            .map(|value| value.upgrade().is_some())
            .collect();
        assert!(alive[0] && alive[1] && alive[9], "{alive:?}");
        assert!(!alive[2] && !alive[3], "{alive:?}");
        // Evicted values live on with their users.
        for key in 100..200 {
            make(&kept, key, 50);
        }
        assert_eq!(*used, 1);
        assert!(kept.0.lock().bytes <= 100 && kept.0.lock().entries.len() <= 2);
    }

    #[test]
    fn small_things_are_bounded_in_number() {
        let kept = Kept::default();
        for key in 0..3 * MAX_ENTRIES as u32 {
            make(&kept, key, 0);
            assert!(kept.0.lock().entries.len() <= MAX_ENTRIES);
        }
    }

    #[test]
    fn cells_that_nobody_fills_go_first() {
        let kept = Kept::default();
        let filling = kept.cell(u32::MAX);
        for key in 0..2 * MAX_ENTRIES as u32 {
            drop(kept.cell(key));
        }
        make(&kept, u32::MAX - 1, 0);
        assert_eq!(kept.0.lock().entries.len(), 2);
        filling.set(Arc::new(7)).unwrap();
        assert_eq!(*make(&kept, u32::MAX, 0), 7);
    }

    #[test]
    fn a_forgotten_value_is_freed_and_made_again() {
        let kept = Kept::default();
        let value = Arc::downgrade(&make(&kept, 1, 10));
        make(&kept, 2, 10);
        kept.forget(&1);
        kept.forget(&7);
        assert!(value.upgrade().is_none());
        assert_eq!(kept.0.lock().bytes, 10);
        kept.put(&1, Arc::new(5), 20, 100);
        assert_eq!((*make(&kept, 1, 10), kept.0.lock().bytes), (5, 30));
        assert_eq!(kept.all_made().len(), 2);
    }

    #[test]
    fn nothing_is_kept_of_what_failed() {
        let kept = Kept::<u32, ()>::default();
        let (cell, other) = (kept.cell(1), kept.cell(1));
        kept.failed(&1, &cell);
        assert_eq!(kept.0.lock().entries.len(), 1, "the other may make it");
        drop(other);
        kept.failed(&1, &cell);
        assert_eq!(kept.0.lock().entries.len(), 0);
    }
}
