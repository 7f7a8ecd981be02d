//! Grants of the things that capabilities give.

use std::collections::BTreeMap;

/// The things that a process may use by capabilities, such as the stores of the capability
/// `store`. Each has a right, whose words are the capability's own; an empty one is all that
/// there is to do.
///
/// ```
/// use warren_engine::Uses;
///
/// let uses = Uses::default().with("store", "app:cache").with_right("sql", "app:shop", "read");
/// assert_eq!(uses.right("store", "app:cache"), Some(""));
/// assert_eq!(uses.right("sql", "app:shop"), Some("read"));
/// assert_eq!(uses.right("store", "app:other"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses(BTreeMap<String, BTreeMap<String, String>>);

impl Uses {
    /// Adds a thing without limits to its use.
    #[must_use]
    pub fn with(self, capability: &str, thing: &str) -> Uses {
        self.with_right(capability, thing, "")
    }

    /// Adds a thing with a right.
    #[must_use]
    pub fn with_right(mut self, capability: &str, thing: &str, right: &str) -> Uses {
        self.grant(capability, thing, right);
        self
    }

    /// Adds a thing with a right. If the thing was granted before, the later right counts.
    pub fn grant(&mut self, capability: &str, thing: &str, right: &str) {
        let things = self.0.entry(capability.to_owned()).or_default();
        things.insert(thing.to_owned(), right.to_owned());
    }

    /// Returns the right to a thing; `None` if the thing is not granted.
    pub fn right(&self, capability: &str, thing: &str) -> Option<&str> {
        let right = self.0.get(capability)?.get(thing)?;
        Some(right)
    }

    /// Returns the things of a capability with their rights.
    pub fn of(&self, capability: &str) -> impl Iterator<Item = (&str, &str)> {
        let things = self.0.get(capability).into_iter().flatten();
        things.map(|(thing, right)| (thing.as_str(), right.as_str()))
    }

    /// Returns true if nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
