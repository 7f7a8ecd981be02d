//! The capability `store`: values under keys, in memory, in a file or on a server of NATS.
//!
//! A store is an entry of the manifest, and open to the definitions that are granted it. A
//! store that is not granted is not found, like one that does not exist.
//!
//! ```text
//!  operation ──> grant, permission ──> Store ─┬─ Memory: a map under a lock, at once
//!                                             ├─ Durable: a table of SQLite, later
//!                                             └─ JetStream: a stream of a server, later
//! ```
//!
//! Durable stores of a program without data are tables in memory: they behave alike, and end
//! with the program.
//!
//! ```text
//!  change ──> Watchers ──> the feeds of the processes that watch the key
//! ```

mod command;
mod durable;
mod entry;
mod jetstream;
mod keeper;
mod memory;
mod read;
mod watch;
mod write;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use warren_engine::capability::{Answer, Caller, Capability, Step, StoreSettings};
use warren_kernel::Error;

use crate::answer;
use crate::data::{Data, DataError};
use crate::entries::{self, Entries};
use crate::limit::beyond;
use crate::request::Arguments;
use command::{Command, Outcome};
use durable::Durable;
use jetstream::JetStream;
pub(crate) use keeper::{Asker, Keeper};
use memory::Memory;
use watch::Watchers;

/// The stores of a program, by id.
#[derive(Clone, Default)]
pub struct Stores(Arc<HashMap<Arc<str>, Arc<Store>>>);

/// A store: its settings, its entries, and those who watch it.
struct Store {
    settings: StoreSettings,
    backend: Backend,
    watchers: Arc<Watchers>,
    /// True if a capability keeps its records there: no process finds the store.
    is_kept: AtomicBool,
}

enum Backend {
    Memory(Memory),
    Durable(Durable),
    JetStream(Arc<JetStream>),
}

impl Stores {
    /// Opens stores. Durable ones lie in `data`; without it they end with the program. Of two
    /// with one id the later counts.
    ///
    /// # Errors
    ///
    /// [`DataError`], for the file of a durable store.
    pub fn open(settings: Vec<StoreSettings>, data: Option<&Data>) -> Result<Stores, DataError> {
        let by_id: HashMap<_, _> = settings
            .into_iter()
            .map(|settings| (Arc::clone(&settings.id), settings))
            .collect();
        let opened = |(id, settings): (Arc<str>, StoreSettings)| -> Result<_, DataError> {
            let watchers = Arc::default();
            let backend = match (&settings.url, settings.durable) {
                (Some(url), _) => {
                    let server = JetStream::new(&settings, url, &watchers);
                    Backend::JetStream(Arc::new(server))
                }
                (None, true) => Backend::Durable(Durable::open(&settings, data, &watchers)?),
                (None, false) => Backend::Memory(Memory::default()),
            };
            let store = Store {
                settings,
                backend,
                watchers,
                is_kept: AtomicBool::new(false),
            };
            Ok((id, Arc::new(store)))
        };
        let stores: HashMap<_, _> = by_id.into_iter().map(opened).collect::<Result<_, _>>()?;
        Ok(Stores(Arc::new(stores)))
    }
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Capability for Stores {
    fn name(&self) -> &'static str {
        NAME
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let step = match operation {
            "open" => self.open_one(caller, request).map(done),
            "get" => read::get(self, caller, request),
            "has" => read::has(self, caller, request),
            "entry" => read::entry(self, caller, request),
            "list" => read::list(self, caller, request),
            "info" => read::info(self, caller, request).map(done),
            "set" => write::set(self, caller, request),
            "put" => write::put(self, caller, request),
            "incr" => write::incr(self, caller, request),
            "delete" => write::delete(self, caller, request),
            "watch" => watch::watch(self, caller, request),
            "unwatch" => watch::unwatch(caller, request).map(done),
            _ => return Step::Unknown,
        };
        step.unwrap_or_else(|error| Step::Done(Err(error)))
    }
}

/// The name of the capability, which grants have, too.
const NAME: &str = "store";

const STORES: Entries = Entries {
    what: "store",
    table: "stores",
    key: NAME,
    option: "--store",
    behind: "",
};

fn done(answer: Vec<u8>) -> Step {
    Step::Done(Ok(answer))
}

/// The most bytes of a key, as of a name.
pub(crate) const MAX_KEY: usize = 1_024;

/// Bytes of an answer that are encoded where guests run.
const AT_ONCE: usize = 64 << 10;

/// Bytes that an entry takes beside its key and its value.
const OF_ENTRY: usize = 64;

impl Stores {
    /// `store.open(id)`: the full id of a store that is granted.
    fn open_one(&self, caller: &mut dyn Caller, request: &[u8]) -> Answer {
        let store = self.granted(caller, &mut Arguments::new(request)?)?;
        answer::write(|out| out.string(store.settings.id.as_bytes()))
    }

    /// Reads the id of a store, and returns the store if it is granted to the caller.
    fn granted(
        &self,
        caller: &mut dyn Caller,
        arguments: &mut Arguments<'_>,
    ) -> Result<&Arc<Store>, Error> {
        let full = entries::id(arguments)?;
        let is_granted = caller.grants().uses.right(NAME, &full).is_some();
        let store = self.0.get(full.as_str()).filter(|_| is_granted);
        let store = store.filter(|store| !store.is_kept.load(Ordering::Relaxed));
        store.ok_or_else(|| STORES.not_found(&full, caller))
    }
}

impl Store {
    /// Asks for the permission of an action on the store. `attribute` is what a policy
    /// finds in `context.attributes`.
    fn permit(
        &self,
        caller: &mut dyn Caller,
        action: &str,
        attribute: (&str, &str),
    ) -> Result<(), Error> {
        caller.permit(action, &self.settings.id, &[attribute])
    }

    /// Runs a command, whose outcome `write` encodes.
    fn run(
        &self,
        caller: &dyn Caller,
        command: Command,
        write: impl FnOnce(Outcome) -> Answer + Send + 'static,
    ) -> Step {
        match &self.backend {
            Backend::Memory(memory) => {
                let now = caller.kernel().clock();
                let outcome = memory.run(&self.settings, command, now, &self.watchers);
                match outcome {
                    Err(error) => Step::Done(Err(error)),
                    Ok(outcome) if outcome.bytes() <= AT_ONCE => Step::Done(write(outcome)),
                    Ok(outcome) => Step::compute(outcome.bytes(), move |_| write(outcome)),
                }
            }
            Backend::Durable(durable) => {
                let host = caller.process().host().number();
                let running = durable.clone();
                Step::wait(OF_ENTRY, move |charge| async move {
                    write(running.run(host, command, charge).await?)
                })
            }
            Backend::JetStream(server) => {
                let server = Arc::clone(server);
                Step::wait(OF_ENTRY, move |charge| async move {
                    write(server.run(command, charge).await?)
                })
            }
        }
    }
}

/// Reads a key.
fn key<'a>(arguments: &mut Arguments<'a>) -> Result<&'a str, Error> {
    let key = arguments.text("key")?;
    if key.is_empty() {
        return Err(Error::invalid("key is empty"));
    }
    check_key("key", key)?;
    Ok(key)
}

/// Refuses a text that is longer than a key.
fn check_key(what: &str, text: &str) -> Result<(), Error> {
    if text.len() <= MAX_KEY {
        return Ok(());
    }
    let bytes = text.len();
    let message = format!("{what} is {bytes} bytes, more than max_key = {MAX_KEY}");
    Err(beyond("max_key", MAX_KEY, message))
}

#[cfg(test)]
mod tests;
