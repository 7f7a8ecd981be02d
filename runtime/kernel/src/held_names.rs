//! The names that one process holds.

use std::collections::BTreeMap;

use crate::sync::Arc;

/// Names in the order they were given. A lookup does not scan the other names.
#[derive(Debug, Default)]
pub(crate) struct HeldNames {
    orders: BTreeMap<Arc<str>, u64>,
    names: BTreeMap<u64, Arc<str>>,
    next: u64,
}

impl HeldNames {
    pub(crate) fn len(&self) -> usize {
        self.orders.len()
    }

    /// Iterates over the names in the order they were given.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.names.values()
    }

    /// Adds a name that is not there yet.
    pub(crate) fn add(&mut self, name: &Arc<str>) {
        self.orders.insert(Arc::clone(name), self.next);
        self.names.insert(self.next, Arc::clone(name));
        self.next += 1;
    }

    /// Removes a name, if it is there.
    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(order) = self.orders.remove(name) {
            self.names.remove(&order);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_the_order_in_which_they_were_given() {
        let mut names = HeldNames::default();
        for name in ["c", "a", "d", "b"] {
            names.add(&name.into());
        }
        names.remove("a");
        names.remove("x");
        names.add(&"a".into());
        let held: Vec<&str> = names.iter().map(|name| &**name).collect();
        assert_eq!((held, names.len()), (vec!["c", "d", "b", "a"], 4));
    }
}
