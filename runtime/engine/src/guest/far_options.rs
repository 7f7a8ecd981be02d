//! The encoded parts of requests to other nodes: context values, and the options of a start.

use std::collections::BTreeMap;
use std::sync::Arc;

use warren_kernel::Error;

use super::Start;
use super::options::{Mistake, read_context};
use crate::codec::{self, check};
use crate::remote::{FarCaller, FarStart};
use crate::security::Actor;

impl FarCaller {
    /// Returns the context values as an encoded map; empty for none.
    pub fn encoded_context(&self) -> Vec<u8> {
        match self.context.is_empty() {
            true => Vec::new(),
            false => codec::map(&self.context),
        }
    }

    /// Reads context values from an encoded map, or from no bytes.
    ///
    /// # Errors
    ///
    /// `Invalid` for other bytes.
    #[allow(clippy::type_complexity)] // The context of a process, as `Context` has it.
    pub fn read_context(bytes: &[u8]) -> Result<Arc<BTreeMap<String, Arc<[u8]>>>, Error> {
        if bytes.is_empty() {
            return Ok(Arc::default());
        }
        check::map(bytes).map_err(|why| Mistake::of("context", why).refusal())?;
        let context = read_context(bytes);
        Ok(Arc::new(
            context.map_err(|why| why.at("context").refusal())?,
        ))
    }

    /// Reads an actor, whose attributes are an encoded map.
    ///
    /// # Errors
    ///
    /// `Invalid` for other bytes.
    pub fn read_actor(id: String, meta: &[u8]) -> Result<Arc<Actor>, Error> {
        check::map(meta).map_err(|why| Mistake::of("actor.meta", why).refusal())?;
        Ok(Arc::new(Actor::encoded(id, meta)))
    }
}

/// The key of the mark of a start whose process is watched.
const WATCHED: &str = "watched";

impl FarStart {
    /// Returns context, actor, scope and the marks of a call and of a watch, encoded; empty for
    /// none.
    pub fn options(&self) -> Vec<u8> {
        let start = &self.identity;
        let context = codec::map(&self.context);
        let actor = start.actor.as_ref().map(|actor| actor.write());
        let scope = start.scope.as_ref().map(|scope| scope.write());
        let mut pairs: Vec<(&str, &[u8])> = Vec::new();
        if !self.context.is_empty() {
            pairs.push(("context", &context));
        }
        pairs.extend(actor.as_deref().map(|actor| ("actor", actor)));
        pairs.extend(scope.as_deref().map(|scope| ("scope", scope)));
        if self.call {
            pairs.push(("call", &[0xc3]));
        }
        if self.watched {
            pairs.push((WATCHED, &[0xc3]));
        }
        match pairs.is_empty() {
            true => Vec::new(),
            false => codec::pairs(&pairs),
        }
    }

    /// Reads what [`FarStart::options`] writes.
    ///
    /// # Errors
    ///
    /// `Invalid` for other bytes.
    pub fn read_options(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        check::map(bytes).map_err(|why| Mistake::of("the record", why).refusal())?;
        let mut start = Start::new("", "");
        let mut watched = false;
        let read = start.read_options_and(bytes, |key, value| {
            watched |= key == WATCHED && value == [0xc3];
            Ok(key == WATCHED)
        });
        read.map_err(Mistake::refusal)?;
        self.watched = watched;
        self.context = start.context;
        self.identity = start.identity;
        self.call = start.call;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::Scope;

    #[test]
    fn options_read_back() {
        let mut start = FarStart {
            call: true,
            watched: true,
            ..FarStart::default()
        };
        start
            .context
            .insert("tenant".into(), [0xa1, b'a'].as_slice().into());
        start.identity.actor = Some(Arc::new(Actor::new("ada", &BTreeMap::new())));
        start.identity.scope = Some(Arc::new(Scope {
            policies: vec!["app:read".to_owned()],
        }));
        let mut read = FarStart::default();
        read.read_options(&start.options()).expect("reads");
        assert_eq!(read.context, start.context);
        assert_eq!(read.identity.actor, start.identity.actor);
        assert_eq!(read.identity.scope, start.identity.scope);
        assert!(read.call && read.watched);
        assert!(FarStart::default().options().is_empty());
        assert!(read.read_options(b"\xc1").is_err());
    }
}
