//! Limits of the number of things, for one process and for all processes of its host.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use warren_engine::capability::Caller;
use warren_kernel::{Error, Kind};

/// A limit of the number of things that processes hold: open requests, deliveries, pipes.
/// The share of a host leaves the other hosts theirs.
pub(crate) struct Quota {
    limit: &'static str,
    of_process: usize,
    of_host: usize,
    /// Things held by the processes of each host, by the number of the host. A host that
    /// holds nothing has no entry: hosts come and go.
    taken: Mutex<HashMap<usize, usize>>,
}

/// One thing that counts against a [`Quota`] until the value is dropped.
pub(crate) struct Held {
    quota: Arc<Quota>,
    host: usize,
    of_process: Arc<AtomicUsize>,
}

/// Things that a process holds, by the limit. The counts change under the lock of the quota.
#[derive(Default)]
struct OfProcess(Mutex<HashMap<&'static str, Arc<AtomicUsize>>>);

impl Quota {
    /// Makes a quota. `limit` is the name of the limit, which is unique among the quotas.
    pub(crate) fn new(limit: &'static str, of_process: usize, of_host: usize) -> Arc<Quota> {
        Arc::new(Quota {
            limit,
            of_process,
            of_host,
            taken: Mutex::default(),
        })
    }

    /// Counts one more thing for the caller and its host.
    ///
    /// # Errors
    ///
    /// `RateLimited` at the limit of the process or of its host; `Canceled` if the process
    /// has ended.
    pub(crate) fn take(self: &Arc<Self>, caller: &mut dyn Caller) -> Result<Held, Error> {
        let process = Arc::clone(caller.process());
        let host = process.host();
        let of_process = {
            let counts = caller.kept().state(OfProcess::default)?;
            let mut counts = counts.0.lock();
            Arc::clone(counts.entry(self.limit).or_default())
        };
        let mut taken = self.taken.lock();
        let count = of_process.load(Ordering::Relaxed);
        if count >= self.of_process {
            return Err(self.reached("the process has", self.of_process));
        }
        let of_host = taken.get(&host.number()).copied().unwrap_or(0);
        if of_host >= self.of_host {
            let whose = format!("the processes of host {} have", host.name());
            return Err(self.reached(&whose, self.of_host).in_host(host.name()));
        }
        taken.insert(host.number(), of_host + 1);
        of_process.store(count + 1, Ordering::Relaxed);
        drop(taken);
        Ok(Held {
            quota: Arc::clone(self),
            host: host.number(),
            of_process,
        })
    }

    /// Returns true if nobody holds anything.
    #[cfg(test)]
    pub(crate) fn is_free(&self) -> bool {
        self.taken.lock().is_empty()
    }

    #[cold]
    fn reached(&self, whose: &str, most: usize) -> Error {
        let limit = self.limit;
        let message = format!("{whose} reached {limit} = {most}");
        Error::at_limit(Kind::RateLimited, limit, most as u64, message)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut taken = self.quota.taken.lock();
        let count = self.of_process.load(Ordering::Relaxed);
        self.of_process
            .store(count.saturating_sub(1), Ordering::Relaxed);
        match taken.get_mut(&self.host) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                taken.remove(&self.host);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use warren_kernel::{HostConfig, Kernel};

    use super::*;
    use crate::test::Tester;

    #[test]
    fn a_process_and_its_host_have_a_share() {
        let kernel = Kernel::new();
        let quota = Quota::new("max_things", 2, 3);
        let mut one = Tester::new(&kernel, HostConfig::default());
        let mut held = vec![quota.take(&mut one).unwrap(), quota.take(&mut one).unwrap()];
        let error = quota.take(&mut one).map(|_| ()).unwrap_err();
        assert_eq!(error.kind, Kind::RateLimited);
        assert_eq!(error.message, "the process has reached max_things = 2");
        let mut same = one.beside();
        held.push(quota.take(&mut same).unwrap());
        let error = quota.take(&mut same).map(|_| ()).unwrap_err();
        assert!(
            error.message.ends_with("have reached max_things = 3"),
            "{error}"
        );
        // Another host has a share of its own.
        let mut other = Tester::new(&kernel, HostConfig::default());
        held.push(quota.take(&mut other).unwrap());
        drop(held.swap_remove(0));
        held.push(quota.take(&mut same).unwrap());
        assert!(quota.take(&mut one).is_err());
        held.clear();
        assert!(quota.is_free());
        held.push(quota.take(&mut one).unwrap());
    }

    #[test]
    fn what_an_ended_process_still_holds_counts_for_its_host() {
        let kernel = Kernel::new();
        let quota = Quota::new("max_things", 1, 1);
        let mut process = Tester::new(&kernel, HostConfig::default());
        let held = quota.take(&mut process).unwrap();
        process.end_code();
        let error = quota.take(&mut process).map(|_| ()).unwrap_err();
        assert!(error.message.contains("processes of host"), "{error}");
        drop(held);
        quota.take(&mut process).map(|_| ()).unwrap();
    }

    #[test]
    fn two_limits_count_apart() {
        let kernel = Kernel::new();
        let mut process = Tester::new(&kernel, HostConfig::default());
        let (some, others) = (Quota::new("max_some", 1, 9), Quota::new("max_others", 1, 9));
        let held = (
            some.take(&mut process).unwrap(),
            others.take(&mut process).unwrap(),
        );
        assert!(some.take(&mut process).is_err());
        drop(held);
    }
}
