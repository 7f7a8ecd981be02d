//! A map whose copies share what is the same: a change of one copy costs what it changes,
//! however much the map holds.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Values by their names.
#[derive(Clone, PartialEq, Eq)]
pub struct Table<V> {
    parts: Vec<Arc<BTreeMap<Arc<str>, V>>>,
    len: usize,
}

/// Parts of a table. A change copies one of them: for 20,000 names, some 80 entries.
const PARTS: usize = 256;

impl<V: Clone> Table<V> {
    /// Returns the value of a name.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.parts[part_of(name)].get(name)
    }

    /// Returns true if there is a value of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Puts a value in place of that of its name. Returns the value before.
    pub fn insert(&mut self, name: Arc<str>, value: V) -> Option<V> {
        let part = Arc::make_mut(&mut self.parts[part_of(&name)]);
        let before = part.insert(name, value);
        self.len += usize::from(before.is_none());
        before
    }

    /// Removes the value of a name, and returns it.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        let part = &mut self.parts[part_of(name)];
        if !part.contains_key(name) {
            return None;
        }
        let removed = Arc::make_mut(part).remove(name);
        self.len -= usize::from(removed.is_some());
        removed
    }

    /// Returns the number of values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns true if there is no value.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the names that do not stand for the very same value in another table, each
    /// with both values, sorted. Parts that both tables share are not looked at.
    pub fn differing<'a>(
        &'a self,
        other: &'a Table<V>,
        is_same: impl Fn(&V, &V) -> bool,
    ) -> Vec<(&'a Arc<str>, Option<&'a V>, Option<&'a V>)> {
        let mut differing = Vec::new();
        for (ours, theirs) in self.parts.iter().zip(&other.parts) {
            if Arc::ptr_eq(ours, theirs) {
                continue;
            }
            for (name, value) in &**ours {
                match theirs.get(name) {
                    Some(other) if is_same(value, other) => {}
                    other => differing.push((name, Some(value), other)),
                }
            }
            let new = theirs.iter().filter(|(name, _)| !ours.contains_key(*name));
            differing.extend(new.map(|(name, value)| (name, None, Some(value))));
        }
        differing.sort_unstable_by_key(|(name, _, _)| *name);
        differing
    }

    /// Returns true if another table has the same names, whatever they stand for.
    pub fn has_names_of(&self, other: &Table<V>) -> bool {
        self.differing(other, |_, _| true).is_empty()
    }

    /// Iterates over all values, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &V)> {
        self.parts.iter().flat_map(|part| part.iter())
    }

    /// Returns all values, sorted by name.
    pub fn sorted(&self) -> Vec<(&Arc<str>, &V)> {
        let mut all: Vec<_> = self.iter().collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all
    }

    /// Returns the number of parts that this table does not share with another one.
    #[cfg(test)]
    pub(crate) fn copied_from(&self, other: &Table<V>) -> usize {
        let parts = self.parts.iter().zip(&other.parts);
        parts
            .filter(|(one, other)| !Arc::ptr_eq(one, other))
            .count()
    }
}

impl<V: Clone + fmt::Debug> fmt::Debug for Table<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.sorted()).finish()
    }
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Table {
            // One empty part, shared by all.
            parts: vec![Arc::default(); PARTS],
            len: 0,
        }
    }
}

impl<V: Clone> FromIterator<(Arc<str>, V)> for Table<V> {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, V)>>(pairs: I) -> Self {
        let mut table = Table::default();
        for (name, value) in pairs {
            table.insert(name, value);
        }
        table
    }
}

fn part_of(name: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    // The low bits are as good as any.
    hasher.finish() as usize % PARTS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Pairs = BTreeMap<String, u8>;

    fn pairs(table: &Table<u8>) -> Pairs {
        let all = table.iter();
        all.map(|(name, value)| (name.to_string(), *value))
            .collect()
    }

    proptest! {
        /// Every copy stays what it was, whatever is done to the others.
        #[test]
        fn a_copy_is_a_map_of_its_own(
            steps in proptest::collection::vec((0_usize..4, 0_u8..40, any::<u8>(), 0_u8..5), 1..200),
        ) {
            let mut copies = vec![(Table::default(), Pairs::new())];
            for (which, name, value, what) in steps {
                let which = which % copies.len();
                let name = format!("a:{name}");
                let (table, model) = &mut copies[which];
                match what {
                    0 => {
                        let copy = (table.clone(), model.clone());
                        copies.push(copy);
                    }
                    1 | 2 => prop_assert_eq!(table.remove(&name), model.remove(&name)),
                    _ => {
                        let before = table.insert(name.as_str().into(), value);
                        prop_assert_eq!(before, model.insert(name, value));
                    }
                }
                for (table, model) in &copies {
                    prop_assert_eq!(&pairs(table), model);
                    prop_assert_eq!(table.len(), model.len());
                }
            }
            let (first, is) = &copies[0];
            for (table, was) in &copies {
                let differing = table.differing(first, |one, other| one == other);
                let names = was.keys().chain(is.keys()).collect::<std::collections::BTreeSet<_>>();
                let expected = names.into_iter().filter(|name| was.get(*name) != is.get(*name));
                let found = differing.iter().map(|(name, _, _)| name.to_string());
                prop_assert_eq!(found.collect::<Vec<_>>(), expected.cloned().collect::<Vec<_>>());
                for (name, before, after) in differing {
                    prop_assert_eq!((before, after), (was.get(&**name), is.get(&**name)));
                }
                prop_assert_eq!(table == first, was == is);
                prop_assert_eq!(table.has_names_of(first), was.keys().eq(is.keys()));
                let names: Vec<_> = table.sorted().into_iter().map(|(name, _)| &**name).collect();
                prop_assert!(names.into_iter().eq(was.keys().map(String::as_str)));
            }
            for (table, model) in &copies {
                for (name, value) in model {
                    prop_assert_eq!(table.get(name), Some(value));
                }
                prop_assert!(!table.contains("a:none"));
            }
        }
    }

    #[test]
    fn a_change_copies_one_part() {
        let names = (0..20_000).map(|n| Arc::<str>::from(format!("a:{n}")));
        let table: Table<u32> = names.zip(0..).collect();
        let mut other = table.clone();
        other.insert("a:new".into(), 7);
        other.remove("a:none");
        let copied = other.copied_from(&table);
        assert_eq!((copied, table.len(), other.len()), (1, 20_000, 20_001));
        let largest = table.parts.iter().map(|part| part.len()).max();
        assert!(largest.is_some_and(|len| len < 200), "{largest:?}");
    }
}
