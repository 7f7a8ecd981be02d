//! The options of a spawn, and the records of the flat ABI that hold them.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use rmpv::Value;
use warren_kernel::Error;

use super::Start;
use crate::codec::check::{self, Malformed};
use crate::codec::{self, reader};
use crate::operand;
use crate::security::{Actor, Scope};

/// The most messages, policies or context values of one spawn.
const MAX_ITEMS: usize = 1 << 16;

/// A mistake in the options of a spawn, for the author of an SDK.
#[derive(Debug)]
pub(crate) struct Mistake {
    text: String,
    /// The name and the value of the limit that the options exceed.
    limit: Option<(&'static str, u64)>,
}

impl Mistake {
    /// Returns the mistake of a value, with its place.
    pub(crate) fn of(place: impl Display, why: Malformed) -> Mistake {
        Mistake {
            text: format!("{place}: {why}"),
            limit: why.limit(),
        }
    }

    fn too_many(text: String) -> Mistake {
        Mistake {
            text,
            limit: Some(("max_items", MAX_ITEMS as u64)),
        }
    }

    /// Prefixes the text with a place.
    pub(crate) fn at(self, place: &str) -> Mistake {
        Mistake {
            text: format!("{place}: {}", self.text),
            ..self
        }
    }

    /// Returns the refusal of the options.
    pub(crate) fn refusal(self) -> Error {
        match self.limit {
            None => operand::malformed("options", self.text),
            Some((limit, value)) => operand::beyond("options", limit, value, self.text),
        }
    }
}

impl From<String> for Mistake {
    fn from(text: String) -> Mistake {
        Mistake { text, limit: None }
    }
}

impl From<&str> for Mistake {
    fn from(text: &str) -> Mistake {
        text.to_owned().into()
    }
}

impl Start {
    /// Reads the options from the record of the flat ABI. An empty record sets none.
    ///
    /// # Errors
    ///
    /// The mistake.
    pub(crate) fn read_options(&mut self, bytes: &[u8]) -> Result<(), Mistake> {
        self.read_options_and(bytes, |_, _| Ok(false))
    }

    /// Reads options, and others that `further` knows.
    ///
    /// # Errors
    ///
    /// The mistake.
    pub(super) fn read_options_and(
        &mut self,
        bytes: &[u8],
        mut further: impl FnMut(&str, &[u8]) -> Result<bool, Mistake>,
    ) -> Result<(), Mistake> {
        if bytes.is_empty() {
            return Ok(());
        }
        for (key, value) in map(reader::whole(bytes)?, "the record")? {
            match key? {
                "context" => self.context = read_context(value)?,
                "actor" => self.identity.actor = Some(Actor::read(value)?.into()),
                "scope" => self.identity.scope = Some(Scope::read(value)?.into()),
                "name" => self.name = Some(text(value, "name")?),
                "messages" => {
                    self.messages = array(value, "messages")?
                        .into_iter()
                        .map(message)
                        .collect::<Result<_, _>>()?;
                }
                "call" => self.call = boolean(value, "call")?,
                other if further(other, value)? => {}
                other => return Err(format!("unknown option `{other}`").into()),
            }
        }
        Ok(())
    }
}

/// Reads context values: a map whose keys are strings.
///
/// # Errors
///
/// The mistake.
pub(crate) fn read_context(value: &[u8]) -> Result<BTreeMap<String, Arc<[u8]>>, Mistake> {
    let mut context = BTreeMap::new();
    for (key, value) in map(value, "context")? {
        if context.len() == MAX_ITEMS {
            return Err(Mistake::too_many(format!(
                "context has more than {MAX_ITEMS} values"
            )));
        }
        let key = key?;
        check::value(value).map_err(|why| Mistake::of(format_args!("context.{key}"), why))?;
        context.insert(key.to_owned(), value.into());
    }
    Ok(context)
}

impl Actor {
    fn read(value: &[u8]) -> Result<Actor, Mistake> {
        let mut actor = Actor {
            id: String::new(),
            meta: codec::pairs(&[]).into(),
        };
        for (key, value) in map(value, "actor")? {
            match key? {
                "id" => actor.id = text(value, "actor.id")?,
                "meta" => {
                    check::map(value).map_err(|why| Mistake::of("actor.meta", why))?;
                    actor.meta = value.into();
                }
                _ => {}
            }
        }
        Ok(actor)
    }

    /// The record of the flat ABI.
    pub(crate) fn write(&self) -> Vec<u8> {
        codec::pairs(&[("id", &codec::text(&self.id)), ("meta", &self.meta)])
    }
}

impl Scope {
    fn read(value: &[u8]) -> Result<Scope, Mistake> {
        let mut scope = Scope {
            policies: Vec::new(),
        };
        for (key, value) in map(value, "scope")? {
            if key? == "policies" {
                scope.policies = array(value, "scope.policies")?
                    .into_iter()
                    .map(|id| text(id, "an element of scope.policies"))
                    .collect::<Result<_, _>>()?;
            }
        }
        Ok(scope)
    }

    /// The record of the flat ABI.
    pub(crate) fn write(&self) -> Vec<u8> {
        let ids = self
            .policies
            .iter()
            .map(|id| Value::from(id.as_str()))
            .collect();
        codec::pairs(&[("policies", &codec::encode(&Value::Array(ids)))])
    }
}

fn message(value: &[u8]) -> Result<(String, Arc<[u8]>), Mistake> {
    match array(value, "an element of messages")?[..] {
        [topic, values] if reader::elements(values).is_some() => {
            check::values(values).map_err(|why| Mistake::of("the values of a message", why))?;
            Ok((text(topic, "the topic of a message")?, values.into()))
        }
        _ => Err("an element of messages is not [topic, [value, ...]]".into()),
    }
}

/// The pairs of a map with string keys. An empty array counts as an empty map.
fn map<'a>(
    value: &'a [u8],
    what: &'static str,
) -> Result<impl Iterator<Item = (Result<&'a str, String>, &'a [u8])>, String> {
    let pairs = reader::entries(value).ok_or_else(|| format!("{what} is not a map"))?;
    Ok(pairs.map(move |(key, value)| {
        let key = reader::text(key);
        (
            key.ok_or_else(|| format!("{what} has a key that is not a string")),
            value,
        )
    }))
}

fn array<'a>(value: &'a [u8], what: &str) -> Result<Vec<&'a [u8]>, Mistake> {
    let values = reader::elements(value).ok_or_else(|| format!("{what} is not an array"))?;
    let values: Vec<_> = values.take(MAX_ITEMS + 1).collect();
    if values.len() > MAX_ITEMS {
        return Err(Mistake::too_many(format!(
            "{what} has more than {MAX_ITEMS} elements"
        )));
    }
    Ok(values)
}

fn boolean(value: &[u8], what: &str) -> Result<bool, Mistake> {
    match value {
        [0xc2] => Ok(false),
        [0xc3] => Ok(true),
        _ => Err(format!("{what} is not true or false").into()),
    }
}

fn text(value: &[u8], what: &str) -> Result<String, Mistake> {
    let text = reader::text(value).ok_or_else(|| format!("{what} is not a string"))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::Identity;

    fn read(record: &[u8]) -> Result<Start, String> {
        let mut start = Start::new("t:child", "t:host");
        let read = start.read_options(record);
        read.map(|()| start).map_err(|mistake| mistake.text)
    }

    #[test]
    fn options_are_read() {
        let record = Value::Map(vec![
            ("name".into(), "db".into()),
            ("call".into(), true.into()),
            (
                "context".into(),
                Value::Map(vec![("tenant".into(), 7.into())]),
            ),
            (
                "actor".into(),
                Value::Map(vec![("id".into(), "ada".into())]),
            ),
            (
                "scope".into(),
                Value::Map(vec![("policies".into(), Value::Array(vec!["p".into()]))]),
            ),
            (
                "messages".into(),
                Value::Array(vec![Value::Array(vec![
                    "go".into(),
                    Value::Array(vec![1.into()]),
                ])]),
            ),
        ]);
        let start = read(&codec::encode(&record)).expect("is well formed");
        assert_eq!(start.name.as_deref(), Some("db"));
        assert!(start.call);
        assert_eq!(start.context["tenant"].as_ref(), [7]);
        let Identity { actor, scope } = start.identity;
        assert_eq!(actor.map(|actor| actor.id.clone()).as_deref(), Some("ada"));
        assert_eq!(
            scope.map(|scope| scope.policies.clone()),
            Some(vec!["p".to_owned()])
        );
        assert_eq!(start.messages, [("go".to_owned(), Arc::from([0x91, 1]))]);
    }

    #[test]
    fn options_that_are_none_say_what_is_wrong() {
        let wrong = [
            (Value::from(1), "the record is not a map"),
            (
                Value::Map(vec![("nam".into(), "x".into())]),
                "unknown option `nam`",
            ),
            (
                Value::Map(vec![("name".into(), 1.into())]),
                "name is not a string",
            ),
            (
                Value::Map(vec![("call".into(), 1.into())]),
                "call is not true or false",
            ),
            (
                Value::Map(vec![("messages".into(), Value::Array(vec![1.into()]))]),
                "an element of messages is not an array",
            ),
        ];
        for (record, expected) in wrong {
            let error = read(&codec::encode(&record)).expect_err("is malformed");
            assert!(error.contains(expected), "{error}");
        }
        assert!(read(b"").is_ok());
    }
}
