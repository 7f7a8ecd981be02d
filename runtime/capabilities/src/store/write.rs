//! The operations that change a store: `store.set`, `put`, `incr` and `delete`.

use std::sync::Arc;

use warren_engine::capability::{Caller, Step};
use warren_kernel::Error;

use super::command::{Command, Outcome};
use super::entry::Condition;
use super::{Store, Stores, key};
use crate::answer;
use crate::limit::beyond;
use crate::request::Arguments;

const ACTION: &str = "store.write";

/// `store.set(id, key, value, ttl)`: true. `ttl` is in nanoseconds; 0 or nil for ever.
pub(super) fn set(stores: &Stores, caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let store = stores.granted(caller, &mut arguments)?;
    let key = key(&mut arguments)?;
    let value = value(store, &mut arguments)?;
    let lifetime = lifetime("ttl", arguments.integer_or("ttl", 0)?)?;
    store.permit(caller, ACTION, ("key", key))?;
    let command = Command::Put {
        key: key.into(),
        value,
        lifetime,
        condition: Condition::None,
    };
    Ok(store.run(caller, command, |_| answer::write(|out| out.boolean(true))))
}

/// `store.put(id, key, value, options)`: the version of the entry. The options are `ttl` in
/// nanoseconds, `only_if_absent` and `if_version`.
pub(super) fn put(stores: &Stores, caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let store = stores.granted(caller, &mut arguments)?;
    let key = key(&mut arguments)?;
    let value = value(store, &mut arguments)?;
    let mut options = arguments.fields("options")?;
    let lifetime = lifetime("options.ttl", options.integer_or("ttl", 0)?)?;
    let only_if_absent = options.boolean_or("only_if_absent", false)?;
    let if_version = options
        .text_or_nil("if_version")?
        .map(version)
        .transpose()?;
    options.end()?;
    let condition = match (only_if_absent, if_version) {
        (false, None) => Condition::None,
        (true, None) => Condition::Absent,
        (false, Some(version)) => Condition::Version(version),
        (true, Some(_)) => {
            let message = "options: only_if_absent and if_version exclude each other";
            return Err(Error::invalid(message));
        }
    };
    store.permit(caller, ACTION, ("key", key))?;
    let command = Command::Put {
        key: key.into(),
        value,
        lifetime,
        condition,
    };
    Ok(store.run(caller, command, |outcome| match outcome {
        Outcome::Made(version) => answer::write(|out| out.string(version.to_string().as_bytes())),
        _ => Err(Error::internal("a value without a version")),
    }))
}

/// `store.incr(id, key, by = 1)`: the sum of the integer that the key has, 0 without one, and
/// `by`.
pub(super) fn incr(
    stores: &Stores,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let store = stores.granted(caller, &mut arguments)?;
    let key = key(&mut arguments)?;
    let by = arguments.integer_or("by", 1)?;
    store.permit(caller, ACTION, ("key", key))?;
    let command = Command::Add {
        key: key.into(),
        by,
    };
    Ok(store.run(caller, command, |outcome| match outcome {
        Outcome::Sum(sum, _) => answer::write(|out| out.integer(sum)),
        _ => Err(Error::internal("an addition without a sum")),
    }))
}

/// `store.delete(id, key)`: true if the key had a value.
pub(super) fn delete(
    stores: &Stores,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let store = stores.granted(caller, &mut arguments)?;
    let key = key(&mut arguments)?;
    store.permit(caller, ACTION, ("key", key))?;
    let command = Command::Delete { key: key.into() };
    Ok(store.run(caller, command, |outcome| {
        let was_there = matches!(outcome, Outcome::Deleted(true));
        answer::write(|out| out.boolean(was_there))
    }))
}

/// Reads a value, which may not be nil.
fn value(store: &Store, arguments: &mut Arguments<'_>) -> Result<Arc<[u8]>, Error> {
    /// Nil, encoded.
    const NIL: &[u8] = &[0xc0];
    let value = arguments.value()?;
    if value == NIL {
        return Err(Error::invalid("value is nil: `delete` removes a key"));
    }
    let most = store.settings.max_value;
    if value.len() > most {
        let message = format!(
            "value is {} bytes, more than max_value = {most} of the store {}",
            value.len(),
            store.settings.id
        );
        return Err(beyond("max_value", most, message).with("store", &*store.settings.id));
    }
    Ok(value.into())
}

/// Reads the time for which an entry lives.
fn lifetime(name: &str, nanoseconds: i64) -> Result<Option<u64>, Error> {
    match u64::try_from(nanoseconds) {
        Ok(0) => Ok(None),
        Ok(lifetime) => Ok(Some(lifetime)),
        Err(_) => Err(Error::invalid(format!("{name} is below 0"))),
    }
}

/// Reads a version.
fn version(text: &str) -> Result<u64, Error> {
    let version = text.parse();
    version.map_err(|_| Error::invalid("options.if_version is not the version of an entry"))
}
