//! Values a process inherited from its spawner and passes on to the processes
//! it spawns. [`Spawn::context`](super::Spawn::context) adds to them.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::codec::from_value;
use super::{Value, scratch};
use crate::{Error, context};

/// Returns one context value; `None` if it was not set.
///
/// # Errors
///
/// `Invalid`: the value is not of this type.
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Error> {
    scratch::with(|buffer| match context::get(key, buffer) {
        Ok([]) => Ok(None),
        Ok(value) => from_value(value)
            .map(Some)
            .map_err(|error| Error::from(error).wrap(format_args!("context value `{key}`"))),
        Err(error) => Err(error.decode()),
    })
}

/// Returns all context values.
///
/// # Errors
///
/// There is no memory.
pub fn all() -> Result<BTreeMap<String, Value>, Error> {
    scratch::with(|buffer| match context::all(buffer) {
        Ok(values) => Ok(from_value(values)?),
        Err(error) => Err(error.decode()),
    })
}
