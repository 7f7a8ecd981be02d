//! The process table.

use crate::pid::{Pid, PidMap};
use crate::process::Process;
use crate::sync::{Arc, RwLock};

/// Every process that has not exited, by PID. Sharded, so that lookups rarely
/// meet spawns and exits.
#[derive(Debug)]
pub(crate) struct Table {
    shards: Box<[Shard]>,
}

/// A shard on a cache line of its own, so that shards do not slow each other
/// down.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Shard(RwLock<PidMap<Arc<Process>>>);

const SHARDS: usize = 64;

impl Table {
    pub(crate) fn new() -> Self {
        Table {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
        }
    }

    #[inline]
    pub(crate) fn find(&self, pid: Pid) -> Option<Arc<Process>> {
        self.shard(pid).read().get(&pid).cloned()
    }

    pub(crate) fn insert(&self, process: Arc<Process>) {
        let pid = process.pid();
        self.shard(pid).write().insert(pid, process);
    }

    pub(crate) fn remove(&self, pid: Pid) {
        // Bound to a name, so that what may be the last reference is dropped
        // unlocked.
        let _removed = self.shard(pid).write().remove(&pid);
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.0.read().len()).sum()
    }

    /// Appends one part of the table to a list. Returns false if there is no
    /// such part.
    pub(crate) fn read_part(&self, part: usize, into: &mut Vec<Arc<Process>>) -> bool {
        let Some(shard) = self.shards.get(part) else {
            return false;
        };
        into.extend(shard.0.read().values().cloned());
        true
    }

    /// Returns the processes in the table, by PID. A process that comes or goes
    /// meanwhile may or may not be among them.
    pub(crate) fn all(&self) -> Vec<Arc<Process>> {
        let mut all = Vec::new();
        for shard in &self.shards {
            all.extend(shard.0.read().values().cloned());
        }
        all.sort_unstable_by_key(|process| process.pid());
        all
    }

    #[inline]
    fn shard(&self, pid: Pid) -> &RwLock<PidMap<Arc<Process>>> {
        &self.shards[pid.number() as usize % SHARDS].0
    }
}
