//! Actor, scope and permissions of a process.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::codec::{from_value, to_value};
use super::{Value, scratch};
use crate::{Buffer, Error, Failure, security};

/// The user or service for which a process acts.
///
/// ```
/// use warren_guest::codec::from_value;
/// use warren_guest::{Actor, Spawn, Value, mock};
///
/// let mut ada = Actor::new("ada");
/// ada.meta.insert("tenant".to_owned(), "acme".into());
/// Spawn::new("app:session").actor(ada.clone()).start()?;
///
/// let spawned = mock::with(|runtime| runtime.spawned[0].clone());
/// let options: Value = from_value(&spawned.options)?;
/// let given = options.get("actor").expect("the process has an actor");
/// assert_eq!(given.to::<Actor>()?, ada);
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Actor {
    /// The actor's identifier.
    pub id: String,
    /// Further data about the actor.
    #[serde(default)]
    pub meta: BTreeMap<String, Value>,
}

/// A set of policies, by their ids.
///
/// ```
/// use warren_guest::codec::from_value;
/// use warren_guest::{Scope, Spawn, Value, mock};
///
/// let readers = Scope { policies: vec!["app:read".to_owned()] };
/// Spawn::new("app:report").scope(readers.clone()).start()?;
///
/// let spawned = mock::with(|runtime| runtime.spawned[0].clone());
/// let options: Value = from_value(&spawned.options)?;
/// let given = options.get("scope").expect("the process has a scope");
/// assert_eq!(given.to::<Scope>()?, readers);
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The ids.
    pub policies: Vec<String>,
}

impl Actor {
    /// Returns an actor with an id and no further data.
    pub fn new(id: impl Into<String>) -> Self {
        Actor {
            id: id.into(),
            meta: BTreeMap::new(),
        }
    }
}

/// Returns the caller's actor; `None` if it has none.
///
/// # Errors
///
/// There is no memory.
pub fn actor() -> Result<Option<Actor>, Error> {
    record(security::actor)
}

/// Returns the caller's scope; `None` if it has none.
///
/// # Errors
///
/// There is no memory.
pub fn scope() -> Result<Option<Scope>, Error> {
    record(security::scope)
}

/// Returns whether the caller may do this action on this resource.
pub fn can(action: &str, resource: &str) -> bool {
    security::can(action, resource, None)
}

/// Checks as [`can`] does, with attributes (a map) beside those every check
/// has.
///
/// # Errors
///
/// `Invalid`: the attributes cannot be encoded.
pub fn can_with(action: &str, resource: &str, attributes: &impl Serialize) -> Result<bool, Error> {
    let attributes = to_value(attributes)?;
    Ok(security::can(action, resource, Some(attributes.as_slice())))
}

/// Succeeds if a policy of this id exists.
///
/// # Errors
///
/// `NotFound`.
pub fn policy(id: &str) -> Result<(), Error> {
    scratch::with(|buffer| security::policy(id, buffer).map_err(|error| error.decode()))
}

/// Returns the scope that the program's manifest gives this name.
///
/// # Errors
///
/// `NotFound`.
pub fn named_scope(id: &str) -> Result<Scope, Error> {
    scratch::with(|buffer| match security::named_scope(id, buffer) {
        Ok(scope) => Ok(from_value(scope)?),
        Err(error) => Err(error.decode()),
    })
}

fn record<T: serde::de::DeserializeOwned>(
    call: impl FnOnce(&mut Buffer) -> Result<&[u8], Failure<'_>>,
) -> Result<Option<T>, Error> {
    scratch::with(|buffer| match call(buffer) {
        Ok([]) => Ok(None),
        Ok(record) => Ok(Some(from_value(record)?)),
        Err(error) => Err(error.decode()),
    })
}
