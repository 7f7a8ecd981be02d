//! The registry: the names of processes and their holders.

use std::collections::HashMap;
use std::hash::BuildHasher;

use crate::error::Error;
use crate::held_names::HeldNames;
use crate::process::Process;
use crate::sync::{Arc, RwLock};

/// Programs choose names, so the hash is keyed at random. Under shuttle the key
/// is fixed, because a schedule must run again exactly.
#[cfg(not(shuttle))]
pub(crate) type NameHash = std::hash::RandomState;
#[cfg(shuttle)]
pub(crate) type NameHash = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;

/// Names and their holders. A process also knows its own names: both sides
/// change under the lock of the name's shard.
#[derive(Debug)]
pub(crate) struct Registry {
    hasher: NameHash,
    shards: Box<[Shard]>,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Shard(RwLock<HashMap<Arc<str>, Arc<Process>>>);

const SHARDS: usize = 64;

/// The reason why a name was not given.
pub(crate) enum NotRegistered {
    /// Another process holds the name.
    Taken(Arc<Process>),
    /// The process refuses the name.
    Refused(Error),
}

impl Registry {
    pub(crate) fn new() -> Self {
        Registry {
            hasher: NameHash::default(),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
        }
    }

    pub(crate) fn lookup(&self, name: &str) -> Option<Arc<Process>> {
        self.shard(name).read().get(name).cloned()
    }

    /// Gives a process a name. The same pair again succeeds, unless the process
    /// has exited.
    pub(crate) fn register(&self, name: &str, process: &Arc<Process>) -> Result<(), NotRegistered> {
        let mut shard = self.shard(name).write();
        match shard.get(name) {
            Some(holder) if !Arc::ptr_eq(holder, process) => {
                Err(NotRegistered::Taken(Arc::clone(holder)))
            }
            holder => {
                let held = holder.is_some();
                let name: Arc<str> = name.into();
                process
                    .add_name(&name, held)
                    .map_err(NotRegistered::Refused)?;
                if !held {
                    shard.insert(name, Arc::clone(process));
                }
                Ok(())
            }
        }
    }

    /// Claims a name for a new process, which already knows its name, and calls
    /// `publish` in the same step: a name that is found leads to a process that
    /// is found. If the name is taken, publishes nothing; the error is the
    /// holder.
    pub(crate) fn claim(
        &self,
        name: Arc<str>,
        process: &Arc<Process>,
        publish: impl FnOnce(),
    ) -> Result<(), Arc<Process>> {
        let mut shard = self.shard(&name).write();
        if let Some(holder) = shard.get(&name) {
            return Err(Arc::clone(holder));
        }
        shard.insert(name, Arc::clone(process));
        publish();
        Ok(())
    }

    /// Frees a name. Returns whether any process held it.
    pub(crate) fn unregister(&self, name: &str) -> bool {
        let mut shard = self.shard(name).write();
        let Some(holder) = shard.remove(name) else {
            return false;
        };
        holder.remove_name(name);
        drop(shard);
        true
    }

    /// Frees the names of a process that has exited.
    pub(crate) fn release(&self, names: &HeldNames, process: &Process) {
        for name in names.iter() {
            let mut shard = self.shard(name).write();
            // The name may have been freed, and taken by another process,
            // since.
            let held = shard
                .get(name)
                .is_some_and(|holder| holder.pid() == process.pid());
            if held {
                shard.remove(name);
            }
        }
    }

    /// Returns all names and their holders, by name.
    pub(crate) fn all(&self) -> Vec<(Arc<str>, Arc<Process>)> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let shard = shard.0.read();
            all.extend(
                shard
                    .iter()
                    .map(|(name, holder)| (Arc::clone(name), Arc::clone(holder))),
            );
        }
        all.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        all
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.0.read().len()).sum()
    }

    fn shard(&self, name: &str) -> &RwLock<HashMap<Arc<str>, Arc<Process>>> {
        &self.shards[self.hasher.hash_one(name) as usize % SHARDS].0
    }
}
