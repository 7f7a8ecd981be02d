//! Stores of tokens: texts that stand for an actor and a scope until they expire.
//!
//! A token holds the ids of policies, which are judged as they are when the token is used.
//! A store is an entry of the manifest, and open to the definitions that are granted it. A
//! store that is not granted is not found, like one that does not exist.
//!
//! ```text
//!  create ──> permission, grant ──> random text ──> SHA-256 ─┬─> Memory
//!  validate, revoke ──> permission, grant ──> code, SHA-256 ─┴─> Kept: a store of values
//! ```

mod kept;
mod memory;
mod text;

use std::collections::HashMap;
use std::sync::Arc;

use warren_engine::capability::{Answer, Caller, Charge, Step};
use warren_engine::security::{Actor, Identity, Scope, TokenStore};
use warren_kernel::Error;
use warren_values::msgpack::{self, Input, Token};

use crate::answer;
use crate::limit::{beyond, check_name_length};
use crate::request::Arguments;
use crate::store::{Asker, Stores};
use kept::Kept;
use memory::Memory;

/// The most bytes of actor, scope and metadata of one token.
const MAX_TOKEN: usize = 64 << 10;

/// A store of tokens names a store of values that does not exist.
///
/// ```
/// use warren_capabilities::TokenStoreError;
///
/// let error = TokenStoreError {
///     tokens: "app:tokens".into(),
///     store: "app:values".into(),
/// };
/// assert!(error.to_string().contains("app:values"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store of tokens {tokens} keeps them in the store {store}, which does not exist")]
pub struct TokenStoreError {
    /// The id of the store of tokens.
    pub tokens: Arc<str>,
    /// The id of the store of values.
    pub store: Arc<str>,
}

/// The stores of a program, by id.
#[derive(Default)]
pub(super) struct Tokens(HashMap<Arc<str>, Store>);

/// A store of tokens.
enum Store {
    Memory(Memory),
    Kept(Arc<Kept>),
}

impl Tokens {
    /// Makes stores of tokens, of which some keep them in stores of `values`.
    ///
    /// # Errors
    ///
    /// [`TokenStoreError`].
    pub(super) fn new(stores: Vec<TokenStore>, values: &Stores) -> Result<Tokens, TokenStoreError> {
        let by_id = |settings: TokenStore| {
            let id = Arc::clone(&settings.id);
            let Some(name) = &settings.store else {
                return Ok((id, Store::Memory(Memory::new(settings))));
            };
            let Some(keeper) = values.keeper(name) else {
                let store = Arc::clone(name);
                return Err(TokenStoreError { tokens: id, store });
            };
            Ok((id, Store::Kept(Arc::new(Kept::new(settings, keeper)))))
        };
        stores
            .into_iter()
            .map(by_id)
            .collect::<Result<_, _>>()
            .map(Tokens)
    }

    /// Returns true if there is a store of this id.
    pub(super) fn contains(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Returns the actor and the scope that a token of a store stands for; `None` if it is
    /// not valid.
    ///
    /// # Errors
    ///
    /// Those of the store of values that keeps the tokens.
    pub(super) async fn identity(
        &self,
        id: &str,
        token: &[u8],
        asker: Asker,
    ) -> Result<Option<Identity>, Error> {
        let content = match self.0.get(id) {
            None => None,
            Some(Store::Memory(memory)) => {
                let content = memory.content(token, asker.now)?;
                content.map(|content| content.to_vec())
            }
            Some(Store::Kept(kept)) => {
                let free = Charge::new(|_| Ok(()));
                kept.content(token, asker, free).await?
            }
        };
        Ok(content.and_then(|content| identity_of(&content)))
    }

    /// `security.token_store.get(id)`: the full id of a store.
    pub(super) fn get(&self, caller: &mut dyn Caller, request: &[u8]) -> Answer {
        let mut arguments = Arguments::new(request)?;
        let (id, _) = self.granted(caller, &mut arguments, "security.token_store.get")?;
        answer::write(|out| out.string(id.as_bytes()))
    }

    /// `security.token.create(id, actor, meta, policies, expiration, metadata)`: the text of
    /// a new token. `actor` is the id of the actor, `meta` that of the actor, `expiration`
    /// nanoseconds or nil, and `metadata` that of the token.
    pub(super) fn create(&self, caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
        let mut arguments = Arguments::new(request)?;
        let (_, store) = self.granted(caller, &mut arguments, "security.token.create")?;
        let actor = arguments.text("actor")?;
        let meta = arguments.map("meta")?;
        let policies = arguments.texts("policies")?;
        let lifetime = match arguments.integer_or("expiration", DEFAULT)? {
            DEFAULT => None,
            given => Some(
                u64::try_from(given)
                    .ok()
                    .filter(|given| *given > 0)
                    .ok_or_else(|| {
                        Error::invalid(format!("expiration: {given} ns are not more than 0"))
                    })?,
            ),
        };
        let metadata = arguments.map("metadata")?;
        if actor.is_empty() {
            return Err(Error::invalid("actor: an id is empty"));
        }
        check_name_length("actor", actor)?;
        let content = content(actor, meta, &policies, metadata)?;
        Ok(match store {
            Store::Memory(memory) => {
                let token = memory.create(content.into(), lifetime, caller.kernel().clock())?;
                Step::Done(answer::write(|out| out.string(token.as_bytes())))
            }
            Store::Kept(kept) => {
                let (kept, asker) = (Arc::clone(kept), asker(caller));
                Step::wait(content.len(), move |_| async move {
                    let token = kept.create(&content, lifetime, asker).await?;
                    answer::write(|out| out.string(token.as_bytes()))
                })
            }
        })
    }

    /// `security.token.validate(id, token)`: a map of `actor`, `meta`, `policies` and
    /// `metadata`, as they were given to `create`.
    pub(super) fn validate(&self, caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
        let mut arguments = Arguments::new(request)?;
        let (_, store) = self.granted(caller, &mut arguments, "security.token.validate")?;
        let token = token(&mut arguments)?;
        let is_not_valid = || Error::internal("the token is not valid").retryable(false);
        Ok(match store {
            Store::Memory(memory) => {
                let content = memory.content(token, caller.kernel().clock())?;
                let content = content.map(|content| content.to_vec());
                Step::Done(content.ok_or_else(is_not_valid))
            }
            Store::Kept(kept) => {
                let (kept, token) = (Arc::clone(kept), token.to_vec());
                let asker = asker(caller);
                Step::wait(token.len(), move |charge| async move {
                    let content = kept.content(&token, asker, charge).await?;
                    content.ok_or_else(is_not_valid)
                })
            }
        })
    }

    /// `security.token.revoke(id, token)`: true if the token was valid.
    pub(super) fn revoke(&self, caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
        let mut arguments = Arguments::new(request)?;
        let (_, store) = self.granted(caller, &mut arguments, "security.token.revoke")?;
        let token = token(&mut arguments)?;
        Ok(match store {
            Store::Memory(memory) => {
                let revoked = memory.revoke(token, caller.kernel().clock())?;
                Step::Done(answer::write(|out| out.boolean(revoked)))
            }
            Store::Kept(kept) => {
                let (kept, token) = (Arc::clone(kept), token.to_vec());
                let asker = asker(caller);
                Step::wait(token.len(), move |charge| async move {
                    let revoked = kept.revoke(&token, asker, charge).await?;
                    answer::write(|out| out.boolean(revoked))
                })
            }
        })
    }

    /// Reads the id of a store, and returns the store if the caller may do this with it and
    /// the store is granted to the caller.
    fn granted(
        &self,
        caller: &mut dyn Caller,
        arguments: &mut Arguments<'_>,
        action: &str,
    ) -> Result<(String, &Store), Error> {
        let id = full_id(arguments.text("id")?)?;
        caller.permit(action, &id, &[])?;
        let granted = &caller.grants().tokens;
        let is_granted = granted.contains(&id);
        match self.0.get(id.as_str()).filter(|_| is_granted) {
            Some(store) => Ok((id, store)),
            None => {
                let shown = warren_kernel::text::line(&id);
                let definition = caller.definition();
                let message = format!(
                    "token store not found: {shown}; declare it by [tokens.\"{shown}\"], and grant \
                     it by tokens = [\"{shown}\"] in [grants.\"{definition}\"]"
                );
                Err(Error::not_found(message).retryable(false))
            }
        }
    }
}

/// Reads a token. No store has one that is longer than what is returned.
fn token<'a>(arguments: &mut Arguments<'a>) -> Result<&'a [u8], Error> {
    let token = arguments.bytes("token")?;
    Ok(&token[..token.len().min(text::LONGEST + 1)])
}

fn asker(caller: &dyn Caller) -> Asker {
    Asker {
        host: caller.process().host().number(),
        now: caller.kernel().clock(),
    }
}

/// Reads the content of a token.
fn identity_of(content: &[u8]) -> Option<Identity> {
    let mut input = Input::new(content);
    let Token::Map(fields) = input.token().ok()? else {
        return None;
    };
    let (mut actor, mut meta) = (None, EMPTY);
    let mut policies = Vec::new();
    for _ in 0..fields {
        let name = input.token().ok()?;
        let value = input.value().ok()?;
        match name {
            Token::String(b"actor") => actor = Some(texts_of(value)?.pop()?),
            Token::String(b"meta") => meta = value,
            Token::String(b"policies") => policies = texts_of(value)?,
            _ => {}
        }
    }
    Some(Identity {
        actor: Some(Arc::new(Actor::encoded(actor?, meta))),
        scope: Some(Arc::new(Scope { policies })),
    })
}

/// An empty map, encoded.
const EMPTY: &[u8] = &[0x80];

/// Returns the texts of a list, or a text alone.
fn texts_of(value: &[u8]) -> Option<Vec<String>> {
    let mut input = Input::new(value);
    let text = |token: Token<'_>| match token {
        Token::String(bytes) => msgpack::text(bytes).map(str::to_owned),
        _ => None,
    };
    match input.token().ok()? {
        Token::Array(len) => (0..len).map(|_| text(input.token().ok()?)).collect(),
        one => Some(vec![text(one)?]),
    }
}

/// Stands for an expiration that is not given.
const DEFAULT: i64 = i64::MIN;

/// Completes the id of an entry of the manifest: a name alone is one of `app`.
fn full_id(id: &str) -> Result<String, Error> {
    if id.is_empty() {
        return Err(Error::invalid("id is empty"));
    }
    check_name_length("id", id)?;
    Ok(match id.contains(':') {
        true => id.to_owned(),
        false => format!("app:{id}"),
    })
}

/// Encodes what a token stands for, as `validate` answers it.
fn content(
    actor: &str,
    meta: &[u8],
    policies: &[String],
    metadata: &[u8],
) -> Result<Vec<u8>, Error> {
    let or_empty = |map: &[u8]| if map.is_empty() { EMPTY } else { map }.to_vec();
    let content = answer::write(|out| {
        out.map(4)?;
        out.string(b"actor")?;
        out.string(actor.as_bytes())?;
        out.string(b"meta")?;
        out.raw(&or_empty(meta))?;
        out.string(b"policies")?;
        out.array(u32::try_from(policies.len()).unwrap_or(u32::MAX))?;
        for policy in policies {
            out.string(policy.as_bytes())?;
        }
        out.string(b"metadata")?;
        out.raw(&or_empty(metadata))
    })?;
    if content.len() > MAX_TOKEN {
        let message = format!(
            "actor, scope and metadata of a token are {} bytes, more than max_token = {MAX_TOKEN}",
            content.len()
        );
        return Err(beyond("max_token", MAX_TOKEN, message));
    }
    Ok(content)
}

#[cfg(test)]
mod tests;
