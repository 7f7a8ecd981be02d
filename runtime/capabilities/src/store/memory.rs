//! A store in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::Mutex;
use warren_engine::capability::StoreSettings;
use warren_kernel::{Error, Monotonic};

use super::command::{Command, Outcome, Page};
use super::entry::{Entry, Totals, number, sum};
use super::watch::{Change, Watchers};

/// Entries that one change forgets after their end. More than a change can add, so that none
/// stay for good; and few enough for a call to stay short.
const FORGOTTEN_AT_ONCE: usize = 64;

/// Entries after their end that one list passes over.
const SKIPPED_AT_ONCE: usize = 4_096;

/// The entries of a store in memory.
#[derive(Default)]
pub(super) struct Memory(Mutex<Table>);

#[derive(Default)]
struct Table {
    entries: BTreeMap<Arc<str>, Held>,
    /// The keys of entries that end, in the order of their ends.
    by_end: BTreeSet<(Monotonic, Arc<str>)>,
    totals: Totals,
    /// The version that was made last.
    version: u64,
}

struct Held {
    value: Arc<[u8]>,
    version: u64,
    end: Option<Monotonic>,
}

impl Memory {
    /// Carries out a command. Watchers are told of a change under the lock, so in order.
    ///
    /// # Errors
    ///
    /// Those of the command.
    pub(super) fn run(
        &self,
        settings: &StoreSettings,
        command: Command,
        now: Monotonic,
        watchers: &Watchers,
    ) -> Result<Outcome, Error> {
        let mut table = self.0.lock();
        match command {
            Command::Get { key } => Ok(Outcome::Found(table.find(&key, now))),
            Command::List {
                prefix,
                after,
                limit,
            } => Ok(Outcome::Page(table.list(&prefix, &after, limit, now))),
            Command::Put {
                key,
                value,
                lifetime,
                condition,
            } => {
                table.forget(now);
                let present = table.living(&key, now).map(|held| held.version);
                condition.check(present)?;
                let end = lifetime.map(|lifetime| Monotonic(now.0.saturating_add(lifetime)));
                let version = table.put(settings, &key, value, end)?;
                watchers.tell(&settings.id, &Change::set(&key, version));
                Ok(Outcome::Made(version))
            }
            Command::Add { key, by } => {
                table.forget(now);
                let held = table.living(&key, now);
                let sum = sum(held.map(|held| &*held.value), by)?;
                let end = held.and_then(|held| held.end);
                let version = table.put(settings, &key, number(sum)?, end)?;
                watchers.tell(&settings.id, &Change::set(&key, version));
                Ok(Outcome::Sum(sum, version))
            }
            Command::Delete { key } => {
                let was_living = table.living(&key, now).is_some();
                table.remove(&key);
                if was_living {
                    watchers.tell(&settings.id, &Change::deleted(&key));
                }
                Ok(Outcome::Deleted(was_living))
            }
        }
    }

    #[cfg(test)]
    pub(super) fn totals(&self) -> Totals {
        let table = self.0.lock();
        let bytes = |(key, held): (&Arc<str>, &Held)| bytes_of(key, &held.value);
        assert_eq!(table.totals.entries, table.entries.len() as u64);
        assert_eq!(
            table.totals.bytes,
            table.entries.iter().map(bytes).sum::<u64>()
        );
        let ends = table.entries.values().filter(|held| held.end.is_some());
        assert_eq!(ends.count(), table.by_end.len());
        table.totals
    }
}

impl Held {
    fn lives(&self, now: Monotonic) -> bool {
        self.end.is_none_or(|end| now < end)
    }
}

impl Table {
    fn living(&self, key: &str, now: Monotonic) -> Option<&Held> {
        self.entries.get(key).filter(|held| held.lives(now))
    }

    fn find(&self, key: &Arc<str>, now: Monotonic) -> Option<Entry> {
        Some(entry(key, self.living(key, now)?))
    }

    fn list(&self, prefix: &str, after: &str, limit: usize, now: Monotonic) -> Page {
        let from = match after < prefix {
            true => Bound::Included(prefix),
            false => Bound::Excluded(after),
        };
        let mut page = Page::default();
        let mut skipped = 0;
        let entries = self.entries.range::<str, _>((from, Bound::Unbounded));
        for (key, held) in entries.take_while(|(key, _)| key.starts_with(prefix)) {
            if held.lives(now) {
                if !page.add(entry(key, held), limit) {
                    break;
                }
            } else if skipped == SKIPPED_AT_ONCE {
                page.has_more = true;
                break;
            } else {
                skipped += 1;
                page.cursor = Some(Arc::clone(key));
            }
        }
        page
    }

    /// Sets a value. Returns its version.
    fn put(
        &mut self,
        settings: &StoreSettings,
        key: &Arc<str>,
        value: Arc<[u8]>,
        end: Option<Monotonic>,
    ) -> Result<u64, Error> {
        let before = self.entries.get(key).map(|held| bytes_of(key, &held.value));
        self.totals.check(settings, before, bytes_of(key, &value))?;
        self.remove(key);
        self.version += 1;
        self.totals.entries += 1;
        self.totals.bytes += bytes_of(key, &value);
        if let Some(end) = end {
            self.by_end.insert((end, Arc::clone(key)));
        }
        let held = Held {
            value,
            version: self.version,
            end,
        };
        self.entries.insert(Arc::clone(key), held);
        Ok(self.version)
    }

    fn remove(&mut self, key: &str) {
        let Some((key, held)) = self.entries.remove_entry(key) else {
            return;
        };
        self.totals.entries -= 1;
        self.totals.bytes -= bytes_of(&key, &held.value);
        if let Some(end) = held.end {
            self.by_end.remove(&(end, key));
        }
    }

    /// Forgets some of the entries that have ended, the oldest first.
    fn forget(&mut self, now: Monotonic) {
        for _ in 0..FORGOTTEN_AT_ONCE {
            match self.by_end.first() {
                Some((end, key)) if *end <= now => {
                    let key = Arc::clone(key);
                    self.remove(&key);
                }
                _ => return,
            }
        }
    }
}

fn entry(key: &Arc<str>, held: &Held) -> Entry {
    Entry {
        key: Arc::clone(key),
        value: Arc::clone(&held.value),
        version: held.version,
    }
}

fn bytes_of(key: &str, value: &[u8]) -> u64 {
    (key.len() + value.len()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::entry::Condition;

    fn put(memory: &Memory, key: &str, lifetime: Option<u64>, now: u64) -> Result<(), Error> {
        let command = Command::Put {
            key: key.into(),
            value: Arc::from(*b"\x07"),
            lifetime,
            condition: Condition::None,
        };
        let settings = StoreSettings {
            max_entries: 3,
            ..StoreSettings::new("t:s")
        };
        let watchers = Watchers::default();
        memory
            .run(&settings, command, Monotonic(now), &watchers)
            .map(|_| ())
    }

    #[test]
    fn entries_that_have_ended_make_room() {
        let memory = Memory::default();
        for key in ["a", "b", "c"] {
            put(&memory, key, Some(10), 0).unwrap();
        }
        let error = put(&memory, "d", None, 9).unwrap_err();
        assert_eq!(error.message, "the store t:s has reached max_entries = 3");
        put(&memory, "d", None, 10).unwrap();
        let totals = memory.totals();
        assert_eq!((totals.entries, totals.bytes), (1, 2));
        // An entry that no longer ends is not forgotten.
        put(&memory, "d", Some(5), 11).unwrap();
        put(&memory, "d", None, 12).unwrap();
        put(&memory, "e", None, 100).unwrap();
        assert_eq!(memory.totals().entries, 2);
    }
}
