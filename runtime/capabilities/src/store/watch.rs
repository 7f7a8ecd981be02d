//! `store.watch` and `store.unwatch`: news of the changes of keys.
//!
//! A watch is a feed of its process, as a subscription of events is. A full one loses
//! changes, and the next change that it takes says how many. The end of an entry's life is
//! no change: nobody makes it.

use std::collections::hash_map::Entry::Occupied;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use warren_engine::capability::{Answer, Caller, Step};
use warren_kernel::{Error, Kernel, Kind, Process, Subscription};
use warren_values::msgpack::{Full, Output};

use super::{Backend, Stores, check_key};
use crate::answer;
use crate::request::{Arguments, subscription};

/// The label of the feeds of stores.
const LABEL: &str = "@store";

/// The most watches of one store by the processes of one host. Each costs every change.
const MAX_WATCHES_OF_HOST: usize = 256;

/// Those who watch one store.
#[derive(Default)]
pub(super) struct Watchers(Mutex<Index>);

#[derive(Default)]
struct Index {
    by_key: BTreeMap<Key, Watcher>,
    /// Numbers of watches, by the number of the host.
    of_hosts: HashMap<usize, usize>,
}

/// The number of a process, and its subscription.
type Key = (u64, Subscription);

struct Watcher {
    process: Arc<Process>,
    /// Has the clock by which messages are dated.
    kernel: Arc<Kernel>,
    prefix: String,
    /// Changes lost since the last one that was queued.
    missed: u64,
}

/// A change of a key.
pub(super) struct Change<'a> {
    key: &'a str,
    /// The version of the new value; `None` for a key that was removed.
    version: Option<u64>,
}

impl<'a> Change<'a> {
    pub(super) fn set(key: &'a str, version: u64) -> Change<'a> {
        Change {
            key,
            version: Some(version),
        }
    }

    pub(super) fn deleted(key: &'a str) -> Change<'a> {
        Change { key, version: None }
    }

    /// Encodes the change as the one value of a message.
    fn encode(&self, store: &str, missed: u64) -> Result<Vec<u8>, Full> {
        let mut output = Output::new();
        output.lift_limit();
        output.array(1)?;
        output.map(3 + u32::from(self.version.is_some()) + u32::from(missed > 0))?;
        let kind = match self.version {
            Some(_) => "set",
            None => "deleted",
        };
        for (name, text) in [("store", store), ("kind", kind), ("key", self.key)] {
            output.string(name.as_bytes())?;
            output.string(text.as_bytes())?;
        }
        if let Some(version) = self.version {
            output.string(b"version")?;
            output.string(version.to_string().as_bytes())?;
        }
        if missed > 0 {
            output.string(b"missed")?;
            output.integer(i64::try_from(missed).unwrap_or(i64::MAX))?;
        }
        Ok(output.as_slice().to_vec())
    }
}

impl Watchers {
    /// Tells those who watch the key. Changes come in the order of the calls.
    pub(super) fn tell(&self, store: &str, change: &Change<'_>) {
        let mut index = self.0.lock();
        for ((_, subscription), watcher) in &mut index.by_key {
            if !change.key.starts_with(&watcher.prefix) {
                continue;
            }
            let now = watcher.kernel.clock();
            let encoded = change.encode(store, watcher.missed);
            let queued = encoded
                .is_ok_and(|encoded| watcher.process.feed(*subscription, LABEL, &encoded, now));
            watcher.missed = match queued {
                true => 0,
                false => watcher.missed + 1,
            };
        }
    }

    fn add(
        &self,
        process: &Arc<Process>,
        kernel: &Arc<Kernel>,
        subscription: Subscription,
        prefix: &str,
    ) -> Result<(), Error> {
        let mut index = self.0.lock();
        let host = process.host();
        let count = index.of_hosts.entry(host.number()).or_default();
        if *count >= MAX_WATCHES_OF_HOST {
            let most = MAX_WATCHES_OF_HOST;
            let message = format!(
                "cannot watch: the processes of host {} watch the store {most} times already",
                host.name()
            );
            let limit = "max_store_watches";
            let error = Error::at_limit(Kind::RateLimited, limit, most as u64, message);
            return Err(error.in_host(host.name()));
        }
        *count += 1;
        let watcher = Watcher {
            process: Arc::clone(process),
            kernel: Arc::clone(kernel),
            prefix: prefix.to_owned(),
            missed: 0,
        };
        let key = (process.pid().number(), subscription);
        index.by_key.insert(key, watcher);
        Ok(())
    }

    fn remove(&self, process: &Process, subscription: Subscription) {
        let mut index = self.0.lock();
        let key = (process.pid().number(), subscription);
        let removed = index.by_key.remove(&key);
        if removed.is_some()
            && let Occupied(mut count) = index.of_hosts.entry(process.host().number())
        {
            *count.get_mut() -= 1;
            // Hosts come and go.
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        let index = self.0.lock();
        index.by_key.is_empty() && index.of_hosts.is_empty()
    }
}

/// `store.watch(id, prefix = "")`: the number of a subscription, which yields the changes of
/// keys with the prefix.
pub(super) fn watch(
    stores: &Stores,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let store = stores.granted(caller, &mut arguments)?;
    let prefix = arguments.text_or_nil("prefix")?.unwrap_or_default();
    check_key("prefix", prefix)?;
    store.permit(caller, "store.read", ("prefix", prefix))?;
    let (kernel, process) = (Arc::clone(caller.kernel()), Arc::clone(caller.process()));
    let open = caller.kept().state(|| OfProcess::new(&kernel, &process))?;
    let prefix = prefix.to_owned();
    let watched = Watched {
        watchers: Arc::clone(&store.watchers),
        is_shared: matches!(store.backend, Backend::JetStream(_)),
    };
    let begin = move || -> Answer {
        let subscription = open.open(watched, &prefix)?;
        answer::write(|out| out.integer(subscription.0.into()))
    };
    let Backend::JetStream(server) = &store.backend else {
        return Ok(Step::Done(begin()));
    };
    // Changes reach watches from the first use of the server on.
    let server = Arc::clone(server);
    Ok(Step::wait(0, move |_| async move {
        server.reach().await?;
        begin()
    }))
}

/// `store.unwatch(subscription)`: true.
pub(super) fn unwatch(caller: &mut dyn Caller, request: &[u8]) -> Answer {
    let subscription = subscription(request)?;
    if let Some(open) = caller.kept().find::<OfProcess>() {
        open.close(subscription);
    }
    answer::write(|out| out.boolean(true))
}

/// The watches of one process. They end with this value.
struct OfProcess {
    kernel: Arc<Kernel>,
    process: Arc<Process>,
    open: Mutex<BTreeMap<Subscription, Watched>>,
}

/// The store of a watch.
struct Watched {
    watchers: Arc<Watchers>,
    /// True if other programs change the store, too.
    is_shared: bool,
}

impl OfProcess {
    fn new(kernel: &Arc<Kernel>, process: &Arc<Process>) -> OfProcess {
        OfProcess {
            kernel: Arc::clone(kernel),
            process: Arc::clone(process),
            open: Mutex::default(),
        }
    }

    fn open(&self, watched: Watched, prefix: &str) -> Result<Subscription, Error> {
        let mut open = self.open.lock();
        let host = self.process.host();
        let limit = host.config().max_subscriptions;
        // A guest may close the feed alone; the rest of the watch stays here.
        if open.len() >= limit {
            let message = format!(
                "cannot watch: the process has reached max_subscriptions = {limit} of host {}",
                host.name()
            );
            let kind = Kind::RateLimited;
            let error = Error::at_limit(kind, "max_subscriptions", limit as u64, message);
            return Err(error.in_host(host.name()));
        }
        let subscription = self.process.open_feed(LABEL)?;
        let watchers = &watched.watchers;
        if let Err(error) = watchers.add(&self.process, &self.kernel, subscription, prefix) {
            self.process.unlisten(subscription);
            return Err(error);
        }
        open.insert(subscription, watched);
        self.note(&open);
        Ok(subscription)
    }

    /// Ends a watch. Does nothing for an unknown number.
    fn close(&self, subscription: Subscription) {
        let mut open = self.open.lock();
        let Some(watched) = open.remove(&subscription) else {
            return;
        };
        self.note(&open);
        drop(open);
        watched.watchers.remove(&self.process, subscription);
        self.process.unlisten(subscription);
    }

    /// Notes for the process whether another program may wake it.
    fn note(&self, open: &BTreeMap<Subscription, Watched>) {
        let is_any_shared = open.values().any(|watched| watched.is_shared);
        self.process.usage().set_follows_others(is_any_shared);
    }
}

impl Drop for OfProcess {
    fn drop(&mut self) {
        // The feeds end with the process or its code.
        self.process.usage().set_follows_others(false);
        for (subscription, watched) in std::mem::take(self.open.get_mut()) {
            watched.watchers.remove(&self.process, subscription);
        }
    }
}
