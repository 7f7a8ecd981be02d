//! Places in the order in which the members of all groups are read.

use crate::pid::Pid;
use crate::sync::Arc;

/// A place between two members: the shards come one after the other, within a shard
/// the groups by name, and within a group the members by PID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    pub(super) shard: usize,
    /// The last member before this place; absent at the beginning of a shard.
    pub(super) last: Option<(Arc<str>, Option<Pid>)>,
}

impl Position {
    /// The place behind all members.
    pub(super) const END: Position = Position {
        shard: usize::MAX,
        last: None,
    };

    /// Returns whether nothing comes after this place.
    pub fn is_end(&self) -> bool {
        self.shard == usize::MAX
    }

    /// Returns whether a member comes before this place.
    pub(super) fn is_behind(&self, shard: usize, group: &str, pid: Pid) -> bool {
        if shard != self.shard {
            return shard < self.shard;
        }
        self.last
            .as_ref()
            .is_some_and(|(name, last)| (group, Some(pid)) <= (&**name, *last))
    }

    /// Returns the beginning of the next of `shards` shards.
    pub(super) fn next_shard(&self, shards: usize) -> Position {
        match self.shard + 1 {
            next if next < shards => Position {
                shard: next,
                last: None,
            },
            _ => Position::END,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    #[test]
    fn members_are_ordered_by_shard_group_and_pid() {
        let pid = |number| Pid::new(NonZeroU64::new(number).unwrap());
        let at = Position {
            shard: 1,
            last: Some(("m".into(), Some(pid(5)))),
        };
        for (shard, group, number) in [(0, "z", 9), (1, "a", 9), (1, "m", 5), (1, "m", 1)] {
            assert!(at.is_behind(shard, group, pid(number)), "{shard} {group}");
        }
        for (shard, group, number) in [(1, "m", 6), (1, "n", 1), (2, "a", 1)] {
            assert!(!at.is_behind(shard, group, pid(number)), "{shard} {group}");
        }
        assert!(!Position::default().is_behind(0, "a", pid(1)));
        assert!(Position::END.is_behind(63, "z", pid(9)));
        assert_eq!(at.next_shard(3).shard, 2);
        assert!(at.next_shard(2).is_end());
    }
}
