//! The series of all definitions.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use warren_kernel::{Error, Kind};

use super::change::Change;
use super::key::Key;
use super::kind::MetricKind;
use super::names::shown;
use super::value::MetricValue;

/// The most series of one definition.
const MAX_SERIES: usize = 1_000;

/// The most bytes of the series of all definitions.
const MAX_METRICS: usize = 16 << 20;

/// The most bytes of the series of one host's processes.
const MAX_METRICS_OF_HOST: usize = 8 << 20;

/// Bytes that a series takes beside its texts, each of which is there twice.
const OVERHEAD: usize = 512;

/// The series of all definitions. They stay as long as their definition and their host: a
/// counter that went away with its last process would seem to begin anew.
#[derive(Default)]
pub(super) struct Registry {
    definitions: RwLock<HashMap<Arc<str>, Arc<Series>>>,
    taken: Mutex<Taken>,
}

/// The series of one definition, by the bytes of their keys.
#[derive(Default)]
pub(super) struct Series(RwLock<HashMap<Box<[u8]>, Arc<One>>>);

/// One series.
pub(super) struct One {
    pub(super) kind: MetricKind,
    pub(super) name: String,
    pub(super) host: Arc<str>,
    /// The number of the host.
    pub(super) host_number: usize,
    /// The room that it takes.
    bytes: usize,
    pub(super) labels: Vec<(String, String)>,
    value: Mutex<MetricValue>,
}

/// The room taken by all series. Locked while one is added, before any other lock.
#[derive(Default)]
struct Taken {
    /// The metric that is shown under each name, with the number of its series.
    names: HashMap<String, (Owner, usize)>,
    bytes: usize,
    /// Bytes by the number of the host.
    of_hosts: HashMap<usize, usize>,
    /// The definitions that have begun series, until somebody asks.
    begun: Vec<Arc<str>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Owner {
    kind: MetricKind,
    name: String,
}

impl Registry {
    /// Changes a series, and makes it at the first use.
    ///
    /// # Errors
    ///
    /// `Invalid` if the sum would be too large, `Conflict` if the name is that of another
    /// metric, `RateLimited` if there are too many series.
    pub(super) fn apply(
        &self,
        key: &Key,
        change: Change,
        definition: &Arc<str>,
        host: &str,
    ) -> Result<(), Error> {
        let one = match self.find(key, definition) {
            Some(one) => one,
            None => self.add(key, definition, host)?,
        };
        one.value.lock().apply(change)
    }

    /// Returns the series of all definitions.
    pub(super) fn all(&self) -> Vec<(Arc<str>, Arc<One>)> {
        let definitions: Vec<_> = {
            let definitions = self.definitions.read();
            let pairs = definitions.iter();
            pairs
                .map(|(id, series)| (Arc::clone(id), Arc::clone(series)))
                .collect()
        };
        let mut all = Vec::new();
        for (id, series) in definitions {
            let series = series.0.read();
            all.extend(
                series
                    .values()
                    .map(|one| (Arc::clone(&id), Arc::clone(one))),
            );
        }
        all
    }

    fn find(&self, key: &Key, definition: &Arc<str>) -> Option<Arc<One>> {
        let definitions = self.definitions.read();
        let series = definitions.get(definition)?.0.read();
        series.get(key.bytes.as_slice()).map(Arc::clone)
    }

    fn add(&self, key: &Key, definition: &Arc<str>, host: &str) -> Result<Arc<One>, Error> {
        let mut taken = self.taken.lock();
        // Another process may have added it meanwhile.
        if let Some(one) = self.find(key, definition) {
            return Ok(one);
        }
        let count = {
            let definitions = self.definitions.read();
            definitions
                .get(definition)
                .map_or(0, |series| series.0.read().len())
        };
        if count >= MAX_SERIES {
            let what = format!("the definition {definition} has reached max_series");
            return Err(full(
                &what,
                "definition",
                definition,
                "max_series",
                MAX_SERIES,
            ));
        }
        let bytes = taken.take(key, definition, host)?;
        let one = Arc::new(One {
            kind: key.kind,
            name: key.name.clone(),
            host: host.into(),
            host_number: key.host,
            bytes,
            labels: key.labels.clone(),
            value: Mutex::new(MetricValue::new(key.kind)),
        });
        let mut definitions = self.definitions.write();
        let series = definitions
            .entry(Arc::clone(definition))
            .or_insert_with(|| {
                taken.begun.push(Arc::clone(definition));
                Arc::default()
            });
        let key = key.bytes.as_slice().into();
        series.0.write().insert(key, Arc::clone(&one));
        Ok(one)
    }

    /// Returns the definitions that have begun series since the last call.
    pub(super) fn begun(&self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.taken.lock().begun)
    }

    /// Forgets the series of a definition, and gives back the room that they took.
    pub(super) fn forget(&self, definition: &str) {
        let mut taken = self.taken.lock();
        let forgotten = self.definitions.write().remove(definition);
        let Some(series) = forgotten else { return };
        for one in series.0.read().values() {
            taken.give_back(one);
        }
    }

    /// Forgets the series of a host's processes, and gives back the room that they took.
    pub(super) fn forget_host(&self, host: usize) {
        let mut taken = self.taken.lock();
        if !taken.of_hosts.contains_key(&host) {
            return;
        }
        self.definitions.write().retain(|_, series| {
            let mut series = series.0.write();
            series.retain(|_, one| {
                let is_left = one.host_number != host;
                if !is_left {
                    taken.give_back(one);
                }
                is_left
            });
            !series.is_empty()
        });
    }
}

impl One {
    pub(super) fn value(&self) -> MetricValue {
        self.value.lock().clone()
    }
}

impl Taken {
    /// Takes the room and the names of a new series. Returns the bytes of the room.
    fn take(&mut self, key: &Key, definition: &str, host: &str) -> Result<usize, Error> {
        let bytes = OVERHEAD + 2 * key.bytes.len() + definition.len() + host.len();
        let of_host = self.of_hosts.get(&key.host).copied().unwrap_or_default() + bytes;
        if of_host > MAX_METRICS_OF_HOST {
            let what = format!("the processes of host {host} have reached max_metrics_of_host");
            let limit = "max_metrics_of_host";
            return Err(full(&what, "host", host, limit, MAX_METRICS_OF_HOST));
        }
        if self.bytes + bytes > MAX_METRICS {
            let what = "the processes of the program have reached max_metrics";
            return Err(full(what, "host", host, "max_metrics", MAX_METRICS));
        }
        self.claim(key)?;
        self.of_hosts.insert(key.host, of_host);
        self.bytes += bytes;
        Ok(bytes)
    }

    /// Gives back the room and the names of a series.
    fn give_back(&mut self, one: &One) {
        self.bytes -= one.bytes;
        if let Some(bytes) = self.of_hosts.get_mut(&one.host_number) {
            *bytes -= one.bytes;
            if *bytes == 0 {
                self.of_hosts.remove(&one.host_number);
            }
        }
        for name in shown(one.kind, &one.name) {
            if let Some((_, series)) = self.names.get_mut(&name) {
                *series -= 1;
                if *series == 0 {
                    self.names.remove(&name);
                }
            }
        }
    }

    /// Takes the names under which a metric is shown.
    fn claim(&mut self, key: &Key) -> Result<(), Error> {
        let owner = Owner {
            kind: key.kind,
            name: key.name.clone(),
        };
        let names = shown(key.kind, &key.name);
        let other = names.iter().find_map(|name| {
            let (known, _) = self.names.get(name)?;
            (*known != owner).then_some((name, known))
        });
        if let Some((name, known)) = other {
            return Err(Error::new(
                Kind::Conflict,
                format!(
                    "the {} {} would be shown as app_{name}, as the {} {} is already",
                    key.kind.as_str(),
                    key.name,
                    known.kind.as_str(),
                    known.name
                ),
            )
            .retryable(false));
        }
        for name in names {
            let new = || (owner.clone(), 0);
            self.names.entry(name).or_insert_with(new).1 += 1;
        }
        Ok(())
    }
}

fn full(what: &str, owner: &'static str, id: &str, limit: &'static str, value: usize) -> Error {
    let message = format!("cannot add a series: {what} = {value}");
    Error::at_limit(Kind::RateLimited, limit, value as u64, message).with(owner, id)
}
