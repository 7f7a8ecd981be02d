//! Tokens in a store of values, which may outlive the program.
//!
//! ```text
//! key    "token:" and the selector, in hexadecimal
//! value  an array: the verifier, as bytes; the content, a map
//! ```

use ctutils::CtEq as _;
use warren_engine::capability::Charge;
use warren_engine::security::TokenStore;
use warren_kernel::{Error, nanoseconds};
use warren_values::msgpack::{Input, Token};

use super::text::{self, Digest};
use crate::answer;
use crate::hex;
use crate::store::{Asker, Keeper};

/// Tokens in a store of values.
pub(super) struct Kept {
    settings: TokenStore,
    keeper: Keeper,
}

impl Kept {
    pub(super) fn new(settings: TokenStore, keeper: Keeper) -> Kept {
        Kept { settings, keeper }
    }

    /// Makes a token with this content, valid for `lifetime` nanoseconds.
    ///
    /// # Errors
    ///
    /// Those of the store of values: `RateLimited` if it is full, `Unavailable`.
    pub(super) async fn create(
        &self,
        content: &[u8],
        lifetime: Option<u64>,
        asker: Asker,
    ) -> Result<String, Error> {
        let lifetime = lifetime.unwrap_or_else(|| nanoseconds(self.settings.expiration));
        let (token, digest) = text::new(&self.settings)?;
        let value = answer::write(|out| {
            out.array(2)?;
            out.string(&digest.verifier)?;
            out.raw(content)
        })?;
        self.keeper
            .put(&key(&digest), value.into(), lifetime, asker)
            .await?;
        Ok(token)
    }

    /// Returns the content of a token; `None` if the token is unknown, expired, revoked or
    /// forged.
    ///
    /// # Errors
    ///
    /// Those of the store of values; of `charge`.
    pub(super) async fn content(
        &self,
        token: &[u8],
        asker: Asker,
        charge: Charge,
    ) -> Result<Option<Vec<u8>>, Error> {
        let (digest, authentic) = text::read(token, self.settings.key.as_deref())?;
        let value = self.keeper.get(&key(&digest), asker, charge).await?;
        let content = value.as_deref().and_then(|value| content(value, &digest));
        Ok(content.filter(|_| authentic).map(<[u8]>::to_vec))
    }

    /// Forgets a token. Returns false if the token was not valid.
    ///
    /// # Errors
    ///
    /// As those of [`Kept::content`].
    pub(super) async fn revoke(
        &self,
        token: &[u8],
        asker: Asker,
        charge: Charge,
    ) -> Result<bool, Error> {
        // A text with the selector of a token and another verifier revokes nothing.
        if self.content(token, asker, charge).await?.is_none() {
            return Ok(false);
        }
        let (digest, _) = text::read(token, self.settings.key.as_deref())?;
        self.keeper.delete(&key(&digest), asker).await
    }
}

fn key(digest: &Digest) -> String {
    format!("token:{}", hex::lower(&digest.selector))
}

/// Returns the content of a value with the verifier of a token.
fn content<'a>(value: &'a [u8], digest: &Digest) -> Option<&'a [u8]> {
    let mut input = Input::new(value);
    let (Token::Array(2), Token::String(verifier)) = (input.token().ok()?, input.token().ok()?)
    else {
        return None;
    };
    let content = input.value().ok()?;
    bool::from(verifier.ct_eq(&digest.verifier[..])).then_some(content)
}
