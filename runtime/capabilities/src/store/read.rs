//! The operations that read: `store.get`, `has`, `entry`, `list` and `info`.

use std::sync::Arc;

use warren_engine::capability::{Answer, Caller, Step};
use warren_kernel::{Error, text};

use super::command::{Command, Outcome};
use super::{Backend, Store, Stores, check_key, key};
use crate::answer;
use crate::limit::beyond;
use crate::request::Arguments;

const ACTION: &str = "store.read";

/// Entries of a list whose caller does not say how many it wants.
const DEFAULT_LIMIT: i64 = 100;

/// The most entries of a list.
pub(crate) const MAX_LIMIT: i64 = 1_000;

/// `store.get(id, key)`: the value, or `NotFound`.
pub(super) fn get(stores: &Stores, caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let (store, key) = one(stores, caller, request)?;
    Ok(store.find(caller, key, |found, key| match found {
        Outcome::Found(Some(entry)) => Ok(entry.value.to_vec()),
        _ => Err(absent(key)),
    }))
}

/// `store.has(id, key)`: true if the key has a value.
pub(super) fn has(stores: &Stores, caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let (store, key) = one(stores, caller, request)?;
    Ok(store.find(caller, key, |found, _| {
        let is_there = matches!(found, Outcome::Found(Some(_)));
        answer::write(|out| out.boolean(is_there))
    }))
}

/// `store.entry(id, key)`: a map of `key`, `value` and `version`, or `NotFound`.
pub(super) fn entry(
    stores: &Stores,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let (store, key) = one(stores, caller, request)?;
    Ok(store.find(caller, key, |found, key| match found {
        Outcome::Found(Some(entry)) => answer::write(|out| entry.write(out)),
        _ => Err(absent(key)),
    }))
}

/// `store.list(id, options)`: a map of `items`, `has_more` and, if there is more, `cursor`,
/// the key after which the next list goes on. The options are `prefix`, `after` and `limit`.
pub(super) fn list(
    stores: &Stores,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let store = stores.granted(caller, &mut arguments)?;
    let mut options = arguments.fields("options")?;
    let prefix = options.text_or_empty("prefix")?.to_owned();
    let after = options.text_or_empty("after")?.to_owned();
    let limit = options.integer_or("limit", DEFAULT_LIMIT)?;
    options.end()?;
    check_key("options.prefix", &prefix)?;
    check_key("options.after", &after)?;
    if limit > MAX_LIMIT {
        let most = MAX_LIMIT.unsigned_abs() as usize;
        let message = format!("options.limit: {limit} is more than max_limit = {MAX_LIMIT}");
        return Err(beyond("max_limit", most, message));
    }
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
    let limit = limit.ok_or_else(|| Error::invalid("options.limit is not above 0"))?;
    store.permit(caller, ACTION, ("prefix", &prefix))?;
    let command = Command::List {
        prefix,
        after,
        limit,
    };
    Ok(store.run(caller, command, |outcome| {
        let Outcome::Page(page) = outcome else {
            return Err(Error::internal("a list without entries"));
        };
        let cursor = page.cursor.filter(|_| page.has_more);
        answer::write(|out| {
            out.map(2 + u32::from(cursor.is_some()))?;
            out.string(b"items")?;
            out.array(u32::try_from(page.entries.len()).unwrap_or(u32::MAX))?;
            for entry in &page.entries {
                entry.write(out)?;
            }
            out.string(b"has_more")?;
            out.boolean(page.has_more)?;
            if let Some(cursor) = &cursor {
                out.string(b"cursor")?;
                out.string(cursor.as_bytes())?;
            }
            Ok(())
        })
    }))
}

/// `store.info(id)`: a map that describes the store.
pub(super) fn info(stores: &Stores, caller: &mut dyn Caller, request: &[u8]) -> Answer {
    let store = stores.granted(caller, &mut Arguments::new(request)?)?;
    caller.permit(ACTION, &store.settings.id, &[])?;
    let (backend, durable) = match &store.backend {
        Backend::Memory(_) => ("memory", false),
        Backend::Durable(durable) => ("sqlite", durable.outlives_program),
        Backend::JetStream(_) => ("jetstream", true),
    };
    answer::write(|out| {
        out.map(8)?;
        for (name, text) in [
            ("id", &*store.settings.id),
            ("backend", backend),
            ("consistency", "strong"),
        ] {
            out.string(name.as_bytes())?;
            out.string(text.as_bytes())?;
        }
        for (name, value) in [
            ("durable", durable),
            ("list", true),
            ("versioned", true),
            ("conditional_put", true),
            ("ttl", true),
        ] {
            out.string(name.as_bytes())?;
            out.boolean(value)?;
        }
        Ok(())
    })
}

/// Reads the store and the key of a request, and asks for the permission to read the key.
fn one<'a, 'b>(
    stores: &'a Stores,
    caller: &mut dyn Caller,
    request: &'b [u8],
) -> Result<(&'a Store, &'b str), Error> {
    let mut arguments = Arguments::new(request)?;
    let store = stores.granted(caller, &mut arguments)?;
    let key = key(&mut arguments)?;
    store.permit(caller, ACTION, ("key", key))?;
    Ok((&**store, key))
}

impl Store {
    /// Reads the entry of a key; `write` makes the answer, and is given the key, too.
    fn find(
        &self,
        caller: &dyn Caller,
        key: &str,
        write: impl FnOnce(Outcome, &str) -> Answer + Send + 'static,
    ) -> Step {
        let of: Arc<str> = key.into();
        let command = Command::Get {
            key: Arc::clone(&of),
        };
        self.run(caller, command, move |outcome| write(outcome, &of))
    }
}

fn absent(key: &str) -> Error {
    let message = format!("key not found: {}", text::line(key));
    Error::not_found(message).retryable(false)
}
