//! Stores of values. Every store exists, is granted to the tested process, and begins empty.

use std::collections::BTreeMap;

use super::{Runtime, Stored};
use crate::Error;
use crate::mailbox::Subscription;
use crate::msgpack::{Full, Input, Malformed, Output, Token};

/// The entries of all stores.
#[derive(Debug, Default)]
pub(super) struct Stores {
    entries: BTreeMap<Key, Entry>,
    watches: BTreeMap<Subscription, Key>,
    version: u64,
}

/// The full id of a store, and a key or a prefix.
type Key = (String, String);

#[derive(Debug)]
struct Entry {
    /// Encoded.
    value: Vec<u8>,
    version: u64,
    /// The instant of the end.
    end: Option<u64>,
}

/// Nil, encoded.
const NIL: &[u8] = &[0xc0];
/// True and false, encoded.
const BOOLEANS: [&[u8]; 2] = [&[0xc2], &[0xc3]];

/// The arguments of an operation, encoded.
struct Arguments<'a>(Vec<&'a [u8]>);

impl<'a> Arguments<'a> {
    fn read(request: &'a [u8]) -> Result<Arguments<'a>, Malformed> {
        let mut input = Input::new(request);
        let Token::Array(len) = input.token()? else {
            return Err(Malformed::Unexpected);
        };
        let values = (0..len).map(|_| input.value());
        Ok(Arguments(values.collect::<Result<_, _>>()?))
    }

    fn value(&self, place: usize) -> &'a [u8] {
        self.0.get(place).copied().unwrap_or(NIL)
    }

    fn text(&self, place: usize, name: &str) -> Result<String, Error> {
        text(self.value(place)).ok_or_else(|| Error::invalid(format!("{name}: expected text")))
    }

    fn key(&self) -> Result<String, Error> {
        let key = self.text(1, "key")?;
        match key.is_empty() {
            true => Err(Error::invalid("key is empty")),
            false => Ok(key),
        }
    }

    /// Returns an option in the table at a place.
    fn option(&self, place: usize, name: &str) -> &'a [u8] {
        let find = || {
            let mut input = Input::new(self.value(place));
            let Ok(Token::Map(len)) = input.token() else {
                return None;
            };
            for _ in 0..len {
                let key = input.value().ok()?;
                let value = input.value().ok()?;
                if text(key).as_deref() == Some(name) {
                    return Some(value);
                }
            }
            None
        };
        find().unwrap_or(NIL)
    }
}

fn text(value: &[u8]) -> Option<String> {
    match Input::new(value).token() {
        Ok(Token::String(bytes)) => String::from_utf8(bytes.to_vec()).ok(),
        _ => None,
    }
}

fn integer(value: &[u8]) -> Option<i64> {
    match Input::new(value).token() {
        Ok(Token::Integer(number)) => Some(number),
        _ => None,
    }
}

fn written(write: impl FnOnce(&mut Output) -> Result<(), Full>) -> Result<Vec<u8>, Error> {
    let mut output = Output::new();
    output.lift_limit();
    match write(&mut output) {
        Ok(()) => Ok(output.as_slice().to_vec()),
        Err(_) => Err(Error::internal("not enough memory")),
    }
}

fn boolean(value: bool) -> Result<Vec<u8>, Error> {
    Ok(BOOLEANS[usize::from(value)].to_vec())
}

fn absent(key: &str) -> Error {
    Error::not_found(format!("key not found: {key}"))
}

impl Runtime {
    /// Answers an operation, whose name is without `store.`.
    pub(crate) fn store(&mut self, operation: &str, request: &[u8]) -> Result<Vec<u8>, Error> {
        let arguments = Arguments::read(request)
            .map_err(|why| Error::invalid(format!("the request is no array of values: {why}")))?;
        if operation == "unwatch" {
            if let Some(subscription) = integer(arguments.value(0)) {
                self.stores.watches.remove(&(subscription as u32));
                self.close(subscription as u32);
            }
            return boolean(true);
        }
        let id = arguments.text(0, "id")?;
        let id = match (id.is_empty(), id.contains(':')) {
            (true, _) => return Err(Error::invalid("id is empty")),
            (false, true) => id,
            (false, false) => format!("app:{id}"),
        };
        let now = self.monotonic;
        self.stores
            .entries
            .retain(|_, entry| entry.end.is_none_or(|end| end > now));
        match operation {
            "open" => written(|out| out.string(id.as_bytes())),
            "info" => written(|out| {
                out.map(1)?;
                out.string(b"id")?;
                out.string(id.as_bytes())
            }),
            "watch" => {
                let prefix = text(arguments.value(1)).unwrap_or_default();
                let subscription = self.open_outcome();
                self.stores.watches.insert(subscription, (id, prefix));
                written(|out| out.integer(subscription.into()))
            }
            "list" => self.list(&id, &arguments),
            _ => {
                let key = (id, arguments.key()?);
                self.on_key(operation, key, &arguments)
            }
        }
    }

    fn on_key(
        &mut self,
        operation: &str,
        key: Key,
        arguments: &Arguments<'_>,
    ) -> Result<Vec<u8>, Error> {
        let entry = self.stores.entries.get(&key);
        match operation {
            "has" => boolean(entry.is_some()),
            "get" => match entry {
                Some(entry) => Ok(entry.value.clone()),
                None => Err(absent(&key.1)),
            },
            "entry" => match entry {
                Some(entry) => written(|out| entry.write(&key.1, out)),
                None => Err(absent(&key.1)),
            },
            "delete" => {
                let was_there = self.stores.entries.remove(&key).is_some();
                if was_there {
                    self.tell(&key, None);
                }
                boolean(was_there)
            }
            "incr" => {
                let end = entry.and_then(|entry| entry.end);
                let before = entry.map_or(Some(0), |entry| integer(&entry.value));
                let before = before
                    .ok_or_else(|| Error::invalid("the value of the key is not an integer"))?;
                let sum = before.checked_add(integer(arguments.value(2)).unwrap_or(1));
                let sum = sum.ok_or_else(|| Error::invalid("the sum does not fit 64 bits"))?;
                let value = written(|out| out.integer(sum))?;
                self.put_entry(key, value.clone(), end);
                Ok(value)
            }
            "set" | "put" => self.put(operation, key, arguments),
            _ => Err(Error::not_found("operation not found")),
        }
    }

    fn put(
        &mut self,
        operation: &str,
        key: Key,
        arguments: &Arguments<'_>,
    ) -> Result<Vec<u8>, Error> {
        let value = arguments.value(2);
        if value == NIL {
            return Err(Error::invalid("value is nil: `delete` removes a key"));
        }
        let is_set = operation == "set";
        let ttl = match is_set {
            true => arguments.value(3),
            false => arguments.option(3, "ttl"),
        };
        let ttl = u64::try_from(integer(ttl).unwrap_or(0)).unwrap_or(0);
        let end = (ttl > 0).then(|| self.monotonic.saturating_add(ttl));
        let present = self.stores.entries.get(&key).map(|entry| entry.version);
        if !is_set {
            let expected = text(arguments.option(3, "if_version"));
            if arguments.option(3, "only_if_absent") == BOOLEANS[1] && present.is_some() {
                return Err(Error::already_exists("the key exists already"));
            }
            if expected.is_some() && expected != present.map(|version| version.to_string()) {
                let message = "the entry has another version";
                return Err(Error::conflict(message).with_retryable(true));
            }
        }
        let version = self.put_entry(key, value.to_vec(), end);
        match is_set {
            true => boolean(true),
            false => written(|out| out.string(version.to_string().as_bytes())),
        }
    }

    fn put_entry(&mut self, key: Key, value: Vec<u8>, end: Option<u64>) -> u64 {
        self.stores.version += 1;
        let version = self.stores.version;
        self.tell(&key, Some(version));
        let entry = Entry {
            value,
            version,
            end,
        };
        self.stores.entries.insert(key, entry);
        version
    }

    fn list(&self, id: &str, arguments: &Arguments<'_>) -> Result<Vec<u8>, Error> {
        let option = |name: &str| text(arguments.option(1, name)).unwrap_or_default();
        let (prefix, after) = (option("prefix"), option("after"));
        let limit = integer(arguments.option(1, "limit")).unwrap_or(100);
        let limit = usize::try_from(limit).unwrap_or(0);
        if !(1..=1_000).contains(&limit) {
            return Err(Error::invalid("options.limit is not 1 to 1,000"));
        }
        let entries = self.stores.entries.iter();
        let mut found = entries.filter(|((store, key), _)| {
            store == id && key.starts_with(&prefix) && (after.is_empty() || *key > after)
        });
        let page: Vec<_> = found.by_ref().take(limit).collect();
        let has_more = found.next().is_some();
        let cursor = page.last().filter(|_| has_more).map(|((_, key), _)| key);
        written(|out| {
            out.map(2 + u32::from(cursor.is_some()))?;
            out.string(b"items")?;
            out.array(page.len() as u32)?;
            for ((_, key), entry) in &page {
                entry.write(key, out)?;
            }
            out.string(b"has_more")?;
            out.boolean(has_more)?;
            if let Some(cursor) = cursor {
                out.string(b"cursor")?;
                out.string(cursor.as_bytes())?;
            }
            Ok(())
        })
    }

    /// Tells the watches of a change; `None` is a key that was removed.
    fn tell(&mut self, (store, key): &Key, version: Option<u64>) {
        let change = written(|out| {
            out.array(1)?;
            out.map(3 + u32::from(version.is_some()))?;
            let kind = if version.is_some() { "set" } else { "deleted" };
            for (name, text) in [("store", &**store), ("kind", kind), ("key", &**key)] {
                out.string(name.as_bytes())?;
                out.string(text.as_bytes())?;
            }
            if let Some(version) = version {
                out.string(b"version")?;
                out.string(version.to_string().as_bytes())?;
            }
            Ok(())
        });
        // A test has memory enough.
        let change = change.unwrap_or_default();
        for (subscription, (watched, prefix)) in &self.stores.watches {
            if watched == store
                && key.starts_with(prefix)
                && let Some(queue) = self.queues.get_mut(subscription)
            {
                queue.push_back(Stored {
                    sender: String::new(),
                    topic: "@store".into(),
                    payload: change.clone(),
                });
            }
        }
    }
}

impl Entry {
    fn write(&self, key: &str, out: &mut Output) -> Result<(), Full> {
        out.map(3)?;
        out.string(b"key")?;
        out.string(key.as_bytes())?;
        out.string(b"value")?;
        out.raw(&self.value)?;
        out.string(b"version")?;
        out.string(self.version.to_string().as_bytes())
    }
}
