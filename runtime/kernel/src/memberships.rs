//! The groups that one process is a member of.

use crate::held_names::HeldNames;
use crate::sync::Arc;

/// Groups in the order in which the process joined them. A process that never joined
/// one has an empty pointer.
#[derive(Debug, Default)]
pub(crate) struct Memberships(Option<Box<Joined>>);

#[derive(Debug, Default)]
struct Joined {
    groups: HeldNames,
    /// Bytes of the groups' names.
    bytes: usize,
}

impl Memberships {
    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |joined| joined.groups.len())
    }

    /// Returns the bytes of the groups' names.
    pub(crate) fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |joined| joined.bytes)
    }

    /// Iterates over the groups in the order in which the process joined them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.iter().flat_map(|joined| joined.groups.iter())
    }

    /// Adds a group that is not there yet.
    pub(crate) fn add(&mut self, group: &Arc<str>) {
        let joined = self.0.get_or_insert_default();
        joined.groups.add(group);
        joined.bytes += group.len();
    }

    /// Removes a group that is there.
    pub(crate) fn remove(&mut self, group: &str) {
        let Some(joined) = &mut self.0 else { return };
        joined.groups.remove(group);
        joined.bytes = joined.bytes.saturating_sub(group.len());
        if joined.groups.len() == 0 {
            self.0 = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_follow_the_groups_and_nothing_is_kept_without_one() {
        let mut memberships = Memberships::default();
        for group in ["one", "three"] {
            memberships.add(&group.into());
        }
        assert_eq!((memberships.len(), memberships.bytes()), (2, 8));
        memberships.remove("one");
        memberships.remove("three");
        assert_eq!((memberships.len(), memberships.bytes()), (0, 0));
        assert!(memberships.0.is_none());
    }
}
