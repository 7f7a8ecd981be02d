//! A cache of compiled code, bounded in bytes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::OnceCell;

/// Values that are made once each, even if several callers ask at the same time. A
/// failure is not kept: the next caller tries again.
///
/// Beyond the limit, the least recently used values are evicted: a program may
/// replace its definitions any number of times. An evicted value lives on with its
/// users. For later callers it is made again, or found again: see [`Kept::unique`].
pub(super) struct Kept<K, T>(Mutex<All<K, T>>);

struct All<K, T> {
    entries: HashMap<K, Entry<T>>,
    /// Values that are not kept and that somebody may still use; absent if they are made
    /// again.
    loose: Option<Loose<K, T>>,
    /// Bytes of all entries.
    bytes: usize,
    /// A counter that each use increments.
    clock: u64,
}

struct Entry<T> {
    cell: Arc<OnceCell<Arc<T>>>,
    bytes: usize,
    used: u64,
    /// True if the value is not to be kept once it is made.
    is_forgotten: bool,
}

/// Values that live with their users.
struct Loose<K, T> {
    values: HashMap<K, Weak<T>>,
    /// The number of values at which those that are gone are removed.
    sweep_at: usize,
}

/// The most entries, whatever their sizes: enough for the definitions of thousands of
/// tenants.
const MAX_ENTRIES: usize = 100_000;

/// The fewest loose values that are looked through.
const MIN_SWEEP: usize = 64;

impl<K, T> Kept<K, T> {
    /// Returns a cache that finds an evicted or forgotten value again as long as somebody
    /// uses it. So there is never a second one of a key beside the first.
    pub(super) fn unique() -> Self {
        Kept(Mutex::new(All {
            loose: Some(Loose {
                values: HashMap::new(),
                sweep_at: MIN_SWEEP,
            }),
            ..All::default()
        }))
    }
}

impl<K: Eq + Hash + Clone, T> Kept<K, T> {
    /// The cell of a key, filled or still to be filled.
    pub(super) fn cell(&self, key: K) -> Arc<OnceCell<Arc<T>>> {
        let mut all = self.0.lock();
        all.clock += 1;
        let used = all.clock;
        if let Some(entry) = all.entries.get_mut(&key) {
            entry.used = used;
            entry.is_forgotten = false;
            return Arc::clone(&entry.cell);
        }
        if let Some(value) = all.loose.as_mut().and_then(|loose| loose.find(&key)) {
            // It stays with its users, and counts for nothing here.
            return Arc::new(OnceCell::new_with(Some(value)));
        }
        let cell = Arc::default();
        let entry = Entry {
            cell: Arc::clone(&cell),
            bytes: 0,
            used,
            is_forgotten: false,
        };
        all.entries.insert(key, entry);
        cell
    }

    /// Records that the value of a key was made and takes `bytes` bytes. Evicts
    /// others if the limit is exceeded.
    pub(super) fn made(&self, key: &K, bytes: usize, max_bytes: usize) {
        let mut all = self.0.lock();
        let Some(entry) = all.entries.get_mut(key) else {
            return;
        };
        let is_forgotten = entry.is_forgotten;
        let before = std::mem::replace(&mut entry.bytes, bytes);
        all.bytes = all.bytes - before + bytes;
        let forgotten: Vec<_> = if is_forgotten {
            all.take(key).into_iter().collect()
        } else if all.bytes <= max_bytes && all.entries.len() <= MAX_ENTRIES {
            return;
        } else {
            all.forget_oldest(key, max_bytes)
        };
        drop(all);
        // The values are freed without holding the lock.
        drop(forgotten);
    }

    /// Returns all values that were made, with their keys.
    pub(super) fn all_made(&self) -> Vec<(K, Arc<T>)> {
        let all = self.0.lock();
        let made =
            |(key, entry): (&K, &Entry<T>)| Some((key.clone(), Arc::clone(entry.cell.get()?)));
        all.entries.iter().filter_map(made).collect()
    }

    /// Adds a value that was made elsewhere.
    pub(super) fn put(&self, key: &K, value: Arc<T>, bytes: usize, max_bytes: usize) {
        // Fails only if the value is there already.
        let _ = self.cell(key.clone()).set(value);
        self.made(key, bytes, max_bytes);
    }

    /// Forgets the value of a key, which is not asked for any more.
    pub(super) fn forget(&self, key: &K) {
        let mut all = self.0.lock();
        let forgotten = all.forget(key);
        drop(all);
        // The value is freed without holding the lock.
        drop(forgotten);
    }

    /// Records a failure: removes the entry, unless another caller is making the
    /// value.
    pub(super) fn failed(&self, key: &K, cell: &Arc<OnceCell<Arc<T>>>) {
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

impl<K: Eq + Hash + Clone, T> All<K, T> {
    fn forget(&mut self, key: &K) -> Option<Entry<T>> {
        if self.loose.is_some()
            && let Some(entry) = self.entries.get_mut(key)
            && !entry.cell.initialized()
            && Arc::strong_count(&entry.cell) > 1
        {
            // It is being made: whoever asks meanwhile waits for the same one.
            entry.is_forgotten = true;
            return None;
        }
        self.take(key)
    }

    /// Takes an entry out. If somebody uses its value, it can be found as long as it lives.
    fn take(&mut self, key: &K) -> Option<Entry<T>> {
        let entry = self.entries.remove(key)?;
        self.bytes -= entry.bytes;
        if let (Some(loose), Some(value)) = (&mut self.loose, entry.cell.get()) {
            let is_used = Arc::strong_count(value) > 1 || Arc::strong_count(&entry.cell) > 1;
            if is_used {
                loose.add(key.clone(), value);
            }
        }
        Some(entry)
    }

    /// Evicts entries down to three quarters of the limits, so that the next values
    /// fit without another eviction.
    fn forget_oldest(&mut self, newest: &K, max_bytes: usize) -> Vec<Entry<T>> {
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
            forgotten.extend(self.take(&key));
        }
        forgotten
    }
}

impl<K: Eq + Hash, T> Loose<K, T> {
    /// Adds a value. Those that are gone are removed now and then, so that they are never
    /// many more than those that live.
    fn add(&mut self, key: K, value: &Arc<T>) {
        if self.values.len() >= self.sweep_at {
            self.values.retain(|_, value| value.strong_count() > 0);
            self.sweep_at = MIN_SWEEP.max(2 * self.values.len());
        }
        self.values.insert(key, Arc::downgrade(value));
    }

    fn find(&mut self, key: &K) -> Option<Arc<T>> {
        let found = self.values.get(key)?.upgrade();
        if found.is_none() {
            self.values.remove(key);
        }
        found
    }
}

impl<K, T> Default for All<K, T> {
    fn default() -> Self {
        All {
            entries: HashMap::new(),
            loose: None,
            bytes: 0,
            clock: 0,
        }
    }
}

impl<K, T> Default for Kept<K, T> {
    fn default() -> Self {
        Kept(Mutex::new(All::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(kept: &Kept<u32, u32>, key: u32, bytes: usize) -> Arc<u32> {
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

    #[test]
    fn a_value_that_is_used_is_found_again() {
        let kept = Kept::unique();
        let used = make(&kept, 1, 10);
        kept.forget(&1);
        assert_eq!(kept.0.lock().bytes, 0);
        for _ in 0..3 {
            assert!(Arc::ptr_eq(&make(&kept, 1, 10), &used), "there is one");
            kept.forget(&1);
        }
        // An evicted one is found as well.
        let evicted = make(&kept, 2, 60);
        make(&kept, 3, 60);
        assert_eq!(kept.0.lock().entries.len(), 1);
        assert!(Arc::ptr_eq(&make(&kept, 2, 60), &evicted));
        let gone = [Arc::downgrade(&used), Arc::downgrade(&evicted)];
        drop((used, evicted));
        assert!(gone.iter().all(|value| value.upgrade().is_none()));
        // The next one is kept, like the first.
        let new = Arc::downgrade(&make(&kept, 1, 10));
        assert!(new.upgrade().is_some());
    }

    #[test]
    fn a_value_that_is_forgotten_while_it_is_made_is_made_once() {
        let kept = Kept::unique();
        let making = kept.cell(1);
        kept.forget(&1);
        assert!(Arc::ptr_eq(&kept.cell(1), &making));
        kept.forget(&1);
        making.set(Arc::new(1)).unwrap();
        kept.made(&1, 10, 100);
        assert_eq!(kept.0.lock().entries.len(), 0);
        assert_eq!(kept.0.lock().bytes, 0);
        let again = make(&kept, 1, 10);
        assert!(Arc::ptr_eq(making.get().unwrap(), &again));
        drop((making, again));
        // Nobody makes it any more.
        drop(kept.cell(2));
        kept.forget(&2);
        assert_eq!(kept.0.lock().entries.len(), 0);
    }

    #[test]
    fn values_that_are_gone_take_no_room() {
        let kept = Kept::unique();
        let stays = make(&kept, 0, 1);
        kept.forget(&0);
        for key in 1..10_000 {
            let used = make(&kept, key, 1);
            kept.forget(&key);
            drop(used);
            let all = kept.0.lock();
            let loose = all.loose.as_ref().unwrap();
            assert!(loose.values.len() <= 2 * MIN_SWEEP && all.bytes == 0);
        }
        assert!(Arc::ptr_eq(&make(&kept, 0, 1), &stays));
        // A value without users leaves nothing.
        let before = kept.0.lock().loose.as_ref().unwrap().values.len();
        make(&kept, 10_000, 1);
        kept.forget(&10_000);
        assert_eq!(kept.0.lock().loose.as_ref().unwrap().values.len(), before);
    }
}
