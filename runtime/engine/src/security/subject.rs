//! Subjects: the identities for which processes act.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::cache::Cache;
use crate::codec::{self, reader};

/// An actor: an identity with attributes.
///
/// ```
/// use std::collections::BTreeMap;
/// use warren_engine::security::Actor;
///
/// let tags = BTreeMap::from([("tenant".to_owned(), "acme".to_owned())]);
/// let ada = Actor::new("ada", &tags);
/// assert_eq!(ada.meta(), [("tenant", "acme".to_owned())]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    pub(crate) id: String,
    /// Attributes, as an encoded map.
    pub(crate) meta: Arc<[u8]>,
}

impl Actor {
    /// An actor with an id and attributes.
    pub fn new(id: impl Into<String>, meta: &BTreeMap<String, String>) -> Actor {
        let values: Vec<_> = meta.values().map(|value| codec::text(value)).collect();
        let pairs: Vec<_> = meta
            .keys()
            .zip(&values)
            .map(|(key, value)| (key.as_str(), value.as_slice()))
            .collect();
        Actor {
            id: id.into(),
            meta: codec::pairs(&pairs).into(),
        }
    }

    /// An actor with an id and attributes that are an encoded map.
    pub fn encoded(id: impl Into<String>, meta: &[u8]) -> Actor {
        Actor {
            id: id.into(),
            meta: meta.into(),
        }
    }

    /// The id of the actor.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The attributes of the actor as an encoded map.
    pub fn encoded_meta(&self) -> &[u8] {
        &self.meta
    }

    /// The attributes of the actor as texts; see [`Subject::context`].
    pub fn meta(&self) -> Vec<(&str, String)> {
        let entries = reader::entries(&self.meta).into_iter().flatten();
        entries
            .filter_map(|(key, value)| Some((reader::text(key)?, plain_text(value)?)))
            .collect()
    }
}

/// A set of policies, by id.
///
/// ```
/// use warren_engine::security::Scope;
///
/// let readers = Scope { policies: vec!["app:read".to_owned()] };
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The ids of the policies.
    pub policies: Vec<String>,
}

/// The identity for which a process acts. All processes with equal values share one
/// subject and the decisions on it.
///
/// ```
/// use std::collections::BTreeMap;
/// use warren_engine::security::{Actor, Subject};
///
/// let values = BTreeMap::from([("tenant".to_owned(), "acme".to_owned())]);
/// let plain = Subject::new(None, None).with_context(&values);
/// assert_eq!(plain.context(), [("tenant", "acme".to_owned())]);
/// assert!(!plain.is_confined());
///
/// let ada = Subject::new(Some(Actor::new("ada", &BTreeMap::new())), None);
/// assert_eq!(ada.actor().map(Actor::id), Some("ada"));
/// assert!(ada.is_confined());
/// ```
#[derive(Debug)]
pub struct Subject {
    pub(crate) actor: Option<Arc<Actor>>,
    pub(crate) scope: Option<Arc<Scope>>,
    pub(crate) context: Arc<BTreeMap<String, Arc<[u8]>>>,
    pub(crate) cache: Cache,
}

impl Subject {
    /// A subject without context values, with a cache of its own.
    pub fn new(actor: Option<Actor>, scope: Option<Scope>) -> Subject {
        Subject::of(actor.map(Arc::new), scope.map(Arc::new), Arc::default())
    }

    /// Returns this subject with these context values, and with a cache of its own.
    pub fn with_context(self, values: &BTreeMap<String, String>) -> Subject {
        let values = values.iter();
        let context = values.map(|(key, value)| (key.clone(), codec::text(value).into()));
        Subject::of(self.actor, self.scope, Arc::new(context.collect()))
    }

    pub(crate) fn of(
        actor: Option<Arc<Actor>>,
        scope: Option<Arc<Scope>>,
        context: Arc<BTreeMap<String, Arc<[u8]>>>,
    ) -> Subject {
        Subject {
            actor,
            scope,
            context,
            cache: Cache::default(),
        }
    }

    /// Bytes of the actor, scope and context values, which guests choose.
    pub(crate) fn bytes(&self) -> usize {
        let actor = self
            .actor
            .iter()
            .map(|actor| actor.id.len() + actor.meta.len());
        let scope = self.scope.iter().flat_map(|scope| &scope.policies);
        let context = self.context.iter();
        actor.sum::<usize>()
            + scope.map(String::len).sum::<usize>()
            + context
                .map(|(key, value)| key.len() + value.len())
                .sum::<usize>()
    }

    /// The actor, if it has one.
    pub fn actor(&self) -> Option<&Actor> {
        self.actor.as_deref()
    }

    /// The scope, if it has one.
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_deref()
    }

    /// Returns true if the subject has an actor or a scope. Actions that no policy
    /// permits are then denied.
    pub fn is_confined(&self) -> bool {
        self.actor.is_some() || self.scope.is_some()
    }

    /// The context values as texts: strings unchanged, numbers and booleans as Lua
    /// writes them. Other values, and strings that are not UTF-8, are left out.
    pub fn context(&self) -> Vec<(&str, String)> {
        let values = self.context.iter();
        values
            .filter_map(|(key, value)| Some((key.as_str(), plain_text(value)?)))
            .collect()
    }
}

impl PartialEq for Subject {
    fn eq(&self, other: &Self) -> bool {
        self.actor == other.actor && self.scope == other.scope && self.context == other.context
    }
}

impl Eq for Subject {}

impl Hash for Subject {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.actor.hash(state);
        self.scope.hash(state);
        self.context.hash(state);
    }
}

/// The pairs of an encoded map as texts; empty for other bytes.
pub(crate) fn texts(map: &[u8]) -> Vec<(String, String)> {
    let Some(entries) = reader::whole(map).ok().and_then(reader::entries) else {
        return Vec::new();
    };
    entries
        .filter_map(|(key, value)| Some((reader::text(key)?.to_owned(), plain_text(value)?)))
        .collect()
}

fn plain_text(value: &[u8]) -> Option<String> {
    if let Some(text) = reader::text(value) {
        return Some(text.to_owned());
    }
    if reader::elements(value).is_some() || reader::entries(value).is_some() {
        return None;
    }
    match codec::read(value).ok()? {
        rmpv::Value::Boolean(value) => Some(value.to_string()),
        rmpv::Value::Integer(number) => Some(number.to_string()),
        rmpv::Value::F64(number) => Some(format!("{number:?}")),
        rmpv::Value::F32(number) => Some(format!("{number:?}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmpv::Value;

    #[test]
    fn plain_values_are_texts_and_others_are_left_out() {
        let map = Value::Map(vec![
            ("role".into(), "admin".into()),
            ("level".into(), 7.into()),
            ("share".into(), Value::F64(1.0)),
            ("active".into(), true.into()),
            ("tags".into(), Value::Array(vec![1.into()])),
            ("bytes".into(), Value::Binary(vec![0xff])),
            (1.into(), "a key that is no text".into()),
        ]);
        let text = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            texts(&codec::encode(&map)),
            [
                text("role", "admin"),
                text("level", "7"),
                text("share", "1.0"),
                text("active", "true"),
            ]
        );
        assert!(texts(b"\xc1").is_empty());
    }

    #[test]
    fn an_actor_reads_back() {
        let meta = BTreeMap::from([("role".to_owned(), "admin".to_owned())]);
        let actor = Actor::new("ada", &meta);
        assert_eq!(actor.id(), "ada");
        assert_eq!(actor.meta(), [("role", "admin".to_owned())]);
    }

    #[test]
    fn context_values_read_back() {
        let values = BTreeMap::from([("tenant".to_owned(), "acme".to_owned())]);
        let subject = Subject::new(None, None).with_context(&values);
        assert_eq!(subject.context(), [("tenant", "acme".to_owned())]);
    }
}
