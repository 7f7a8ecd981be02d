//! A store on a NATS server: a stream of JetStream with one message for each key.
//!
//! ```text
//!  change ──> message, by the subject of its key ──> stream ──> sequence number: the version
//!     │           └─ the version that has to be there: else the server refuses it
//!     └─────> Watchers of this program; news, to the programs that share the store ──> theirs
//! ```
//!
//! A subject ends in its key in hexadecimal, so a key may be any text. The server ends no single
//! message: a header has the end of an entry's life, by the clock of the machine that set it, and
//! an entry that has ended is passed over. A stream that is full is searched for such entries.

mod held;
mod names;
mod news;

use std::fmt::Display;
use std::sync::Arc;

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::stream::{
    self, DeleteMessageErrorKind, DiscardPolicy, LastRawMessageErrorKind, StorageType, Stream,
};
use async_nats::jetstream::{Context, ErrorCode};
use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use futures::StreamExt as _;
use parking_lot::Mutex;
use tokio::sync::OnceCell;
use warren_engine::capability::{Charge, StoreSettings};
use warren_kernel::{Error, Kind};

use super::command::{Command, Outcome, Page};
use super::entry::{Condition, full, number, sum};
use super::watch::{Change, Watchers};
use crate::nats::{self, NoRoom};
use held::{ENDS, Held, end_of};
use names::Names;
use news::Listener;

/// A store on a server.
pub(super) struct JetStream {
    settings: StoreSettings,
    names: Names,
    url: Arc<str>,
    watchers: Arc<Watchers>,
    connected: OnceCell<Connected>,
    /// The key at which the last search for entries that have ended stopped.
    searched: Mutex<Arc<str>>,
}

struct Connected {
    client: Client,
    context: Context,
    stream: Stream,
    _listener: Listener,
}

/// An entry to be.
struct New<'a> {
    key: &'a str,
    value: &'a [u8],
    ends: Option<u64>,
}

/// The header of NATS with the sequence number that the last message of a subject has to have; 0
/// for none.
const EXPECTED: &str = "Nats-Expected-Last-Subject-Sequence";

/// The times that a change is tried while others change the entry at the same moment. One of
/// them succeeds each time.
const ATTEMPTS: usize = 1_000;

/// Entries that one search for those that have ended looks at.
const SEARCHED_AT_ONCE: usize = 256;

/// Bytes that a key takes beside its text.
const OF_KEY: usize = 32;

impl JetStream {
    pub(super) fn new(
        settings: &StoreSettings,
        url: &Arc<str>,
        watchers: &Arc<Watchers>,
    ) -> JetStream {
        JetStream {
            names: Names::new(&settings.id),
            settings: settings.clone(),
            url: Arc::clone(url),
            watchers: Arc::clone(watchers),
            connected: OnceCell::new(),
            searched: Mutex::new("".into()),
        }
    }

    /// Carries out a command.
    ///
    /// # Errors
    ///
    /// Those of the command, and `Unavailable` without an answer of the server.
    pub(super) async fn run(&self, command: Command, charge: Charge) -> Result<Outcome, Error> {
        let server = self.connected().await?;
        match command {
            Command::Get { key } => {
                let found = self.living(server, &key, &charge).await?;
                Ok(Outcome::Found(found.map(|held| held.entry(key))))
            }
            Command::List {
                prefix,
                after,
                limit,
            } => {
                let page = self.list(server, (&prefix, &after), limit, &charge).await?;
                Ok(Outcome::Page(page))
            }
            Command::Put {
                key,
                value,
                lifetime,
                condition,
            } => {
                let new = New {
                    key: &key,
                    value: &value,
                    ends: lifetime.map(end_of),
                };
                let version = self.put(server, &new, condition, &charge).await?;
                Ok(Outcome::Made(version))
            }
            Command::Add { key, by } => {
                let (sum, version) = self.add(server, &key, by, &charge).await?;
                Ok(Outcome::Sum(sum, version))
            }
            Command::Delete { key } => Ok(Outcome::Deleted(self.delete(server, &key).await?)),
        }
    }

    /// Connects, if the store was not used yet. Changes from then on reach the watches.
    ///
    /// # Errors
    ///
    /// `Unavailable` without an answer of the server.
    pub(super) async fn reach(&self) -> Result<(), Error> {
        self.connected().await?;
        Ok(())
    }

    async fn connected(&self) -> Result<&Connected, Error> {
        self.connected.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Connected, Error> {
        let connected = nats::connect(&self.url).await;
        let (client, context) = connected.map_err(|error| self.unavailable(error))?;
        let news = client.subscribe(self.names.news.clone()).await;
        let news = news.map_err(|error| self.unavailable(error))?;
        let stream = context.get_or_create_stream(self.stream()).await;
        let stream = stream.map_err(|error| self.unavailable(error))?;
        let (id, watchers) = (Arc::clone(&self.settings.id), Arc::clone(&self.watchers));
        Ok(Connected {
            client,
            context,
            stream,
            _listener: Listener::new(news, id, watchers),
        })
    }

    fn stream(&self) -> stream::Config {
        let settings = &self.settings;
        stream::Config {
            name: self.names.stream.clone(),
            subjects: vec![self.names.subjects()],
            storage: match settings.durable {
                true => StorageType::File,
                false => StorageType::Memory,
            },
            discard: DiscardPolicy::New,
            max_messages: i64::try_from(settings.max_entries).unwrap_or(i64::MAX),
            max_messages_per_subject: 1,
            max_bytes: nats::bytes_of_stream(
                settings.max_bytes,
                settings.max_entries,
                self.names.subjects().len(),
            ),
            ..stream::Config::default()
        }
    }

    /// Finds what the server has under a key, which may have ended.
    async fn find(&self, server: &Connected, key: &str) -> Result<Option<Held>, Error> {
        let subject = self.names.subject(key);
        let found = server
            .stream
            .get_last_raw_message_by_subject(&subject)
            .await;
        match found {
            Ok(message) => Held::of(message).map(Some),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(self.unavailable(error)),
        }
    }

    /// Finds an entry that has not ended, and charges its bytes.
    async fn living(
        &self,
        server: &Connected,
        key: &str,
        charge: &Charge,
    ) -> Result<Option<Held>, Error> {
        let found = self.find(server, key).await?.filter(Held::lives);
        if let Some(held) = &found {
            charge.grow(key.len() + held.value.len())?;
        }
        Ok(found)
    }

    async fn list(
        &self,
        server: &Connected,
        (prefix, after): (&str, &str),
        limit: usize,
        charge: &Charge,
    ) -> Result<Page, Error> {
        let mut page = Page::default();
        for key in self.keys(server, charge).await? {
            if *key <= *after || !key.starts_with(prefix) {
                continue;
            }
            let Some(held) = self.living(server, &key, charge).await? else {
                continue;
            };
            if !page.add(held.entry(key), limit) {
                break;
            }
        }
        Ok(page)
    }

    /// Returns all keys in their order, of entries that have ended, too.
    async fn keys(&self, server: &Connected, charge: &Charge) -> Result<Vec<Arc<str>>, Error> {
        let subjects = self.names.subjects();
        let subjects = server.stream.info_with_subjects(subjects).await;
        let mut subjects = subjects.map_err(|error| self.unavailable(error))?;
        let mut keys = Vec::new();
        while let Some(subject) = subjects.next().await {
            let (subject, _) = subject.map_err(|error| self.unavailable(error))?;
            // Other programs may have written anything there.
            if let Some(key) = self.names.key_of(&subject) {
                charge.grow(key.len() + OF_KEY)?;
                keys.push(key);
            }
        }
        keys.sort_unstable();
        Ok(keys)
    }

    async fn put(
        &self,
        server: &Connected,
        new: &New<'_>,
        condition: Condition,
        charge: &Charge,
    ) -> Result<u64, Error> {
        for _ in 0..ATTEMPTS {
            let expected = match condition {
                Condition::None => None,
                Condition::Absent | Condition::Version(_) => {
                    let found = self.find(server, new.key).await?;
                    let living = found.as_ref().filter(|held| held.lives());
                    condition.check(living.map(|held| held.version))?;
                    Some(found.map_or(0, |held| held.version))
                }
            };
            if let Some(version) = self.write(server, new, expected, charge).await? {
                return Ok(version);
            }
        }
        Err(self.contended())
    }

    async fn add(
        &self,
        server: &Connected,
        key: &str,
        by: i64,
        charge: &Charge,
    ) -> Result<(i64, u64), Error> {
        for _ in 0..ATTEMPTS {
            let found = self.find(server, key).await?;
            let living = found.as_ref().filter(|held| held.lives());
            let sum = sum(living.map(|held| &held.value[..]), by)?;
            let value = number(sum)?;
            let new = New {
                key,
                value: &value,
                ends: living.and_then(|held| held.ends),
            };
            let expected = found.as_ref().map_or(0, |held| held.version);
            if let Some(version) = self.write(server, &new, Some(expected), charge).await? {
                return Ok((sum, version));
            }
        }
        Err(self.contended())
    }

    /// Removes an entry. Returns false if there is none, or if it has ended.
    async fn delete(&self, server: &Connected, key: &str) -> Result<bool, Error> {
        for _ in 0..ATTEMPTS {
            let Some(held) = self.find(server, key).await? else {
                return Ok(false);
            };
            if !self.remove(server, held.version).await? {
                continue;
            }
            let lived = held.lives();
            if lived {
                self.tell(server, key, None).await?;
            }
            return Ok(lived);
        }
        Err(self.contended())
    }

    /// Sets an entry, if the last one of its key has the version that is expected; 0 stands for
    /// none. Returns the new version; `None` if there is another one.
    async fn write(
        &self,
        server: &Connected,
        new: &New<'_>,
        expected: Option<u64>,
        charge: &Charge,
    ) -> Result<Option<u64>, Error> {
        let mut has_searched = false;
        loop {
            let error = match self.publish(server, new, expected).await {
                Ok(version) => {
                    self.tell(server, new.key, Some(version)).await?;
                    return Ok(Some(version));
                }
                Err(error) => error,
            };
            match error.kind() {
                PublishErrorKind::WrongLastSequence => return Ok(None),
                PublishErrorKind::MaxPayloadExceeded => {
                    let message = "value is larger than a message of the server may be";
                    return Err(Error::invalid(message));
                }
                _ => {}
            }
            let Some(bound) = nats::no_room(&error) else {
                return Err(self.unavailable(error));
            };
            if has_searched || !self.remove_ended(server, charge).await? {
                return Err(self.full(bound));
            }
            has_searched = true;
        }
    }

    async fn publish(
        &self,
        server: &Connected,
        new: &New<'_>,
        expected: Option<u64>,
    ) -> Result<u64, PublishError> {
        let mut headers = HeaderMap::new();
        headers.insert(ENDS, new.ends.unwrap_or(0).to_string());
        if let Some(expected) = expected {
            headers.insert(EXPECTED, expected.to_string());
        }
        let (subject, value) = (
            self.names.subject(new.key),
            Bytes::copy_from_slice(new.value),
        );
        let sent = server.context.publish_with_headers(subject, headers, value);
        Ok(sent.await?.await?.sequence)
    }

    /// Removes a message; false if the server does not have it any more.
    async fn remove(&self, server: &Connected, version: u64) -> Result<bool, Error> {
        let error = match server.stream.delete_message(version).await {
            Ok(is_removed) => return Ok(is_removed),
            Err(error) => error,
        };
        match error.kind() {
            DeleteMessageErrorKind::JetStream(of_server)
                if of_server.error_code() == ErrorCode::STREAM_MESSAGE_DELETE_FAILED =>
            {
                Ok(false)
            }
            _ => Err(self.unavailable(error)),
        }
    }

    /// Looks at some entries and removes those that have ended. Returns true if there were any.
    async fn remove_ended(&self, server: &Connected, charge: &Charge) -> Result<bool, Error> {
        let keys = self.keys(server, charge).await?;
        let last = Arc::clone(&self.searched.lock());
        let start = keys.partition_point(|key| **key <= *last);
        let (before, behind) = keys.split_at(start);
        let mut has_removed = false;
        for key in behind.iter().chain(before).take(SEARCHED_AT_ONCE) {
            if let Some(held) = self.find(server, key).await?
                && !held.lives()
            {
                has_removed |= self.remove(server, held.version).await?;
            }
            *self.searched.lock() = Arc::clone(key);
        }
        Ok(has_removed)
    }

    /// Tells the watches of this program of a change, and all programs that share the store. The
    /// server sends news to the others alone.
    async fn tell(&self, server: &Connected, key: &str, version: Option<u64>) -> Result<(), Error> {
        let change = match version {
            Some(version) => Change::set(key, version),
            None => Change::deleted(key),
        };
        self.watchers.tell(&self.settings.id, &change);
        let change = news::write(key, version)?;
        // The change was made in any case.
        if let Err(error) = server
            .client
            .publish(self.names.news.clone(), change.into())
            .await
        {
            tracing::debug!("the change of a store could not be told: {error}");
        }
        Ok(())
    }

    fn full(&self, bound: NoRoom) -> Error {
        let settings = &self.settings;
        match bound {
            NoRoom::Messages => full(settings, "max_entries", settings.max_entries as u64),
            NoRoom::Bytes => full(settings, "max_bytes", settings.max_bytes),
        }
    }

    fn contended(&self) -> Error {
        let id = &self.settings.id;
        let message = format!("others change the entry of the store {id} all the time");
        Error::new(Kind::Unavailable, message)
    }

    fn unavailable(&self, error: impl Display) -> Error {
        let id = &self.settings.id;
        let message = format!("the server of the store {id} does not answer: {error}");
        Error::new(Kind::Unavailable, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_is_not_there_is_unavailable() {
        // Nobody listens at the port of a listener that is gone.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        drop(listener);
        let settings = StoreSettings::new("t:s");
        let store = JetStream::new(&settings, &url.as_str().into(), &Arc::default());
        let error = store.reach().await.unwrap_err();
        assert_eq!(error.kind, Kind::Unavailable, "{error}");
    }
}
