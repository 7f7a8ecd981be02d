//! The subscriptions of all processes.

use std::collections::hash_map::Entry::Occupied;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use warren_kernel::{Error, Kind, Monotonic, Process, Subscription};

use super::item::Item;
use super::pattern::{ByPattern, Pattern};
use crate::limit::check_subscriptions;

/// The most subscriptions of all processes of a host. Each keeps its patterns, and costs
/// each event that matches.
const MAX_SUBSCRIPTIONS_OF_HOST: usize = 16_384;

/// The subscriptions of all processes, by system and by kind.
#[derive(Default)]
pub(super) struct Bus(RwLock<Index>);

#[derive(Default)]
struct Index {
    systems: ByPattern<ByPattern<Subscribers>>,
    /// Numbers of subscriptions, by the number of the host.
    of_hosts: HashMap<usize, usize>,
}

type Subscribers = BTreeMap<Key, Subscriber>;

/// The number of a process, and its subscription.
type Key = (u64, Subscription);

struct Subscriber {
    process: Arc<Process>,
    /// Events lost since the last one that was queued.
    missed: AtomicU64,
}

/// The patterns of a subscription: system and kind.
#[derive(Clone)]
pub(super) struct Patterns {
    pub(super) system: Pattern,
    pub(super) kind: Pattern,
}

/// The subscriptions of one process. They end with this value.
pub(super) struct OfProcess {
    bus: Arc<Bus>,
    process: Arc<Process>,
    open: Mutex<BTreeMap<Subscription, Patterns>>,
}

impl Bus {
    /// Queues an event for each matching subscription.
    pub(super) fn send(&self, item: &Item<'_>, system: &str, kind: &str, now: Monotonic) {
        let index = self.0.read();
        index.systems.matching(system, |kinds| {
            kinds.matching(kind, |subscribers| {
                for ((_, subscription), subscriber) in subscribers {
                    let missed = subscriber.missed.swap(0, Ordering::Relaxed);
                    let queued = item.feed(&subscriber.process, *subscription, missed, now);
                    if !queued {
                        subscriber.missed.fetch_add(missed + 1, Ordering::Relaxed);
                    }
                }
            });
        });
    }

    fn add(
        &self,
        process: &Arc<Process>,
        subscription: Subscription,
        patterns: &Patterns,
    ) -> Result<(), Error> {
        let mut index = self.0.write();
        let host = process.host();
        let count = index.of_hosts.entry(host.number()).or_default();
        if *count >= MAX_SUBSCRIPTIONS_OF_HOST {
            let most = MAX_SUBSCRIPTIONS_OF_HOST;
            let message = format!(
                "cannot subscribe: the processes of host {} have {most} subscriptions of events \
                 already",
                host.name()
            );
            let limit = "max_event_subscriptions";
            let error = Error::at_limit(Kind::RateLimited, limit, most as u64, message);
            return Err(error.in_host(host.name()));
        }
        *count += 1;
        let kinds = index.systems.entry(&patterns.system);
        let subscriber = Subscriber {
            process: Arc::clone(process),
            missed: AtomicU64::new(0),
        };
        let key = (process.pid().number(), subscription);
        kinds.entry(&patterns.kind).insert(key, subscriber);
        Ok(())
    }

    fn remove<'a>(
        &self,
        process: &Process,
        subscriptions: impl IntoIterator<Item = (&'a Subscription, &'a Patterns)>,
    ) {
        let mut index = self.0.write();
        let index = &mut *index;
        for (subscription, patterns) in subscriptions {
            let key = (process.pid().number(), *subscription);
            let mut removed = None;
            index.systems.change(&patterns.system, |kinds| {
                kinds.change(&patterns.kind, |subscribers| {
                    removed = subscribers.remove(&key);
                    subscribers.is_empty()
                });
                kinds.is_empty()
            });
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
    }

    /// Returns whether nobody subscribes to anything.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        let index = self.0.read();
        index.systems.is_empty() && index.of_hosts.is_empty()
    }
}

impl OfProcess {
    pub(super) fn new(bus: &Arc<Bus>, process: &Arc<Process>) -> OfProcess {
        OfProcess {
            bus: Arc::clone(bus),
            process: Arc::clone(process),
            open: Mutex::default(),
        }
    }

    /// Subscribes the process.
    ///
    /// # Errors
    ///
    /// `RateLimited` at `max_subscriptions` of the process, or at those of its host.
    pub(super) fn subscribe(&self, patterns: Patterns) -> Result<Subscription, Error> {
        let mut open = self.open.lock();
        check_subscriptions(&self.process, open.len(), "subscribe")?;
        let subscription = self.process.open_feed(super::item::LABEL)?;
        match self.bus.add(&self.process, subscription, &patterns) {
            Ok(()) => {
                open.insert(subscription, patterns);
                Ok(subscription)
            }
            Err(error) => {
                self.process.unlisten(subscription);
                Err(error)
            }
        }
    }

    /// Ends a subscription. Does nothing for an unknown number.
    pub(super) fn close(&self, subscription: Subscription) {
        let Some(patterns) = self.open.lock().remove(&subscription) else {
            return;
        };
        self.bus.remove(&self.process, [(&subscription, &patterns)]);
        self.process.unlisten(subscription);
    }
}

impl Drop for OfProcess {
    fn drop(&mut self) {
        // The feeds end with the process or its code.
        self.bus.remove(&self.process, self.open.get_mut().iter());
    }
}
