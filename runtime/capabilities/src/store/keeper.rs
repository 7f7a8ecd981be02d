//! Stores in which other capabilities keep records.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use warren_engine::capability::Charge;
use warren_kernel::{Error, Monotonic};

use super::command::{Command, Outcome};
use super::entry::Condition;
use super::{Backend, Store, Stores};
use crate::limit::beyond;

/// A store that belongs to a capability. Clones name the same store.
#[derive(Clone)]
pub(crate) struct Keeper(Arc<Store>);

/// The side for which a record is read or written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker {
    /// The number of the host. Hosts take turns.
    pub(crate) host: usize,
    /// The time.
    pub(crate) now: Monotonic,
}

impl Stores {
    /// Takes a store for a capability: from now on no process finds it, whatever it is
    /// granted. Returns `None` if there is no store of this id.
    pub(crate) fn keeper(&self, id: &str) -> Option<Keeper> {
        let store = self.0.get(id)?;
        store.is_kept.store(true, Ordering::Relaxed);
        Some(Keeper(Arc::clone(store)))
    }
}

impl Keeper {
    /// Reads the value of a key.
    ///
    /// # Errors
    ///
    /// Those of the store; of `charge`.
    pub(crate) async fn get(
        &self,
        key: &str,
        asker: Asker,
        charge: Charge,
    ) -> Result<Option<Arc<[u8]>>, Error> {
        let key = key.into();
        match self.run(Command::Get { key }, asker, charge).await? {
            Outcome::Found(entry) => Ok(entry.map(|entry| entry.value)),
            _ => Err(Error::internal("a read without an entry")),
        }
    }

    /// Sets the value of a key for `lifetime` nanoseconds.
    ///
    /// # Errors
    ///
    /// `Invalid` beyond `max_value`; `RateLimited` if the store is full; others of the store.
    pub(crate) async fn put(
        &self,
        key: &str,
        value: Arc<[u8]>,
        lifetime: u64,
        asker: Asker,
    ) -> Result<(), Error> {
        let settings = &self.0.settings;
        let most = settings.max_value;
        if value.len() > most {
            let bytes = value.len();
            let id = &*settings.id;
            let message = format!(
                "the record is {bytes} bytes, more than max_value = {most} of the store {id}"
            );
            return Err(beyond("max_value", most, message).with("store", id));
        }
        let command = Command::Put {
            key: key.into(),
            value,
            lifetime: Some(lifetime),
            condition: Condition::None,
        };
        self.run(command, asker, free()).await.map(drop)
    }

    /// Removes a key. Returns true if it had a value.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub(crate) async fn delete(&self, key: &str, asker: Asker) -> Result<bool, Error> {
        let key = key.into();
        let outcome = self.run(Command::Delete { key }, asker, free()).await?;
        Ok(matches!(outcome, Outcome::Deleted(true)))
    }

    async fn run(&self, command: Command, asker: Asker, charge: Charge) -> Result<Outcome, Error> {
        let Store {
            settings,
            backend,
            watchers,
            ..
        } = &*self.0;
        match backend {
            Backend::Memory(memory) => memory.run(settings, command, asker.now, watchers),
            Backend::Durable(durable) => durable.run(asker.host, command, charge).await,
            Backend::JetStream(server) => server.run(command, charge).await,
        }
    }
}

/// The charge of a command that brings no bytes.
fn free() -> Charge {
    Charge::new(|_| Ok(()))
}
