//! Tokens in the memory of the program.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use ctutils::CtEq as _;
use parking_lot::Mutex;
use warren_engine::security::TokenStore;
use warren_kernel::{Error, Kind, Monotonic, nanoseconds};

use super::text::{self, Digest};

/// The most tokens of one store.
const MAX_TOKENS: usize = 100_000;

/// The most bytes of the actors, scopes and metadata of all tokens of one store.
const MAX_STORED: usize = 32 << 20;

/// Expired tokens that one call forgets. More than a call can add, so that none stay for
/// good; and few enough for a call to stay short.
const FORGOTTEN_AT_ONCE: usize = 64;

/// Tokens that end with the program.
pub(super) struct Memory {
    settings: TokenStore,
    tokens: Mutex<Tokens>,
}

type Selector = [u8; 16];

#[derive(Default)]
struct Tokens {
    by_selector: HashMap<Selector, Token>,
    /// The selectors in the order in which the tokens expire.
    by_end: BTreeSet<(Monotonic, Selector)>,
    /// Bytes of the contents.
    bytes: usize,
}

struct Token {
    verifier: Selector,
    end: Monotonic,
    content: Arc<[u8]>,
}

impl Memory {
    pub(super) fn new(settings: TokenStore) -> Memory {
        Memory {
            settings,
            tokens: Mutex::default(),
        }
    }

    /// Makes a token with this content, valid for `lifetime` nanoseconds.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the store is full.
    pub(super) fn create(
        &self,
        content: Arc<[u8]>,
        lifetime: Option<u64>,
        now: Monotonic,
    ) -> Result<String, Error> {
        let lifetime = lifetime.unwrap_or_else(|| nanoseconds(self.settings.expiration));
        let (token, digest) = text::new(&self.settings)?;
        let mut tokens = self.tokens.lock();
        tokens.forget(now);
        if tokens.by_selector.len() >= MAX_TOKENS {
            return Err(self.full("max_tokens", MAX_TOKENS));
        }
        if tokens.bytes + content.len() > MAX_STORED {
            return Err(self.full("max_stored", MAX_STORED));
        }
        let end = Monotonic(now.0.saturating_add(lifetime));
        tokens.add(digest, end, content);
        Ok(token)
    }

    /// Returns the content of a token; `None` if the token is unknown, expired, revoked or
    /// forged.
    pub(super) fn content(&self, token: &[u8], now: Monotonic) -> Result<Option<Arc<[u8]>>, Error> {
        let (digest, authentic) = text::read(token, self.settings.key.as_deref())?;
        let mut tokens = self.tokens.lock();
        tokens.forget(now);
        let found = tokens.find(&digest, now);
        Ok(found
            .filter(|_| authentic)
            .map(|token| Arc::clone(&token.content)))
    }

    /// Forgets a token. Returns false if the token was not valid.
    pub(super) fn revoke(&self, token: &[u8], now: Monotonic) -> Result<bool, Error> {
        let (digest, authentic) = text::read(token, self.settings.key.as_deref())?;
        let mut tokens = self.tokens.lock();
        tokens.forget(now);
        let valid = authentic && tokens.find(&digest, now).is_some();
        if valid {
            tokens.remove(&digest.selector);
        }
        Ok(valid)
    }

    fn full(&self, limit: &'static str, value: usize) -> Error {
        let id = &self.settings.id;
        let message =
            format!("cannot create a token: the store {id} has reached {limit} = {value}");
        Error::at_limit(Kind::RateLimited, limit, value as u64, message).with("store", &**id)
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        let tokens = self.tokens.lock();
        assert_eq!(tokens.by_selector.len(), tokens.by_end.len());
        let bytes = tokens.by_selector.values().map(|token| token.content.len());
        assert_eq!(tokens.bytes, bytes.sum::<usize>());
        tokens.by_selector.len()
    }
}

impl Tokens {
    fn add(&mut self, digest: Digest, end: Monotonic, content: Arc<[u8]>) {
        // Two random tokens have one selector never; the earlier one would be forgotten.
        self.remove(&digest.selector);
        self.bytes += content.len();
        self.by_end.insert((end, digest.selector));
        let token = Token {
            verifier: digest.verifier,
            end,
            content,
        };
        self.by_selector.insert(digest.selector, token);
    }

    fn find(&self, digest: &Digest, now: Monotonic) -> Option<&Token> {
        let token = self.by_selector.get(&digest.selector)?;
        let is_it = bool::from(token.verifier.ct_eq(&digest.verifier));
        (is_it && now < token.end).then_some(token)
    }

    /// Forgets some of the tokens that have expired, the oldest first.
    fn forget(&mut self, now: Monotonic) {
        for _ in 0..FORGOTTEN_AT_ONCE {
            match self.by_end.first() {
                Some((end, selector)) if *end <= now => {
                    let selector = *selector;
                    self.remove(&selector);
                }
                _ => return,
            }
        }
    }

    fn remove(&mut self, selector: &Selector) {
        if let Some(token) = self.by_selector.remove(selector) {
            self.by_end.remove(&(token.end, *selector));
            self.bytes -= token.content.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use warren_kernel::Kind;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn store(key: Option<&[u8]>) -> Memory {
        Memory::new(TokenStore {
            id: "t:tokens".into(),
            token_length: 16,
            expiration: Duration::from_secs(1),
            key: key.map(Arc::from),
            store: None,
        })
    }

    fn content(text: &str) -> Arc<[u8]> {
        text.as_bytes().into()
    }

    #[test]
    fn a_token_is_valid_until_it_expires_or_is_revoked() {
        for key in [None, Some(&b"key"[..])] {
            let store = store(key);
            let now = Monotonic(7);
            let token = store.create(content("a"), None, now).unwrap();
            let long = store.create(content("b"), Some(5 * SECOND), now).unwrap();
            let found = |token: &str, at| store.content(token.as_bytes(), at).unwrap();
            assert_eq!(found(&token, now), Some(content("a")));
            assert_eq!(found(&token, Monotonic(6 + SECOND)), Some(content("a")));
            assert_eq!(found(&token, Monotonic(7 + SECOND)), None);
            assert_eq!(found(&long, Monotonic(7 + SECOND)), Some(content("b")));
            assert_eq!(store.count(), 1);
            assert!(store.revoke(long.as_bytes(), now).unwrap());
            assert!(!store.revoke(long.as_bytes(), now).unwrap());
            assert_eq!(found(&long, now), None);
            assert_eq!(store.count(), 0);
        }
    }

    #[test]
    fn a_token_of_another_store_is_none() {
        let (one, other) = (store(Some(b"key")), store(Some(b"key")));
        let now = Monotonic(0);
        let token = one.create(content("a"), None, now).unwrap();
        assert_eq!(other.content(token.as_bytes(), now).unwrap(), None);
        assert!(!other.revoke(token.as_bytes(), now).unwrap());
        assert_eq!(one.count(), 1);
    }

    #[test]
    fn a_full_store_refuses_and_expired_tokens_make_room() {
        let store = store(None);
        let mut now = Monotonic(0);
        for _ in 0..MAX_TOKENS {
            store.create(content(""), None, now).unwrap();
        }
        let error = store.create(content(""), None, now).unwrap_err();
        assert!(error.message.contains("max_tokens"), "{error}");
        assert_eq!(
            (error.kind, error.retryable),
            (Kind::RateLimited, Some(true))
        );
        now = Monotonic(SECOND);
        // Each call forgets more than it adds.
        for _ in 0..MAX_TOKENS / FORGOTTEN_AT_ONCE + 1 {
            store.create(content(""), None, now).unwrap();
        }
        assert!(store.count() < 2 * MAX_TOKENS / FORGOTTEN_AT_ONCE);
    }

    #[test]
    fn contents_are_bounded_together() {
        let store = store(None);
        let large: Arc<[u8]> = vec![0; 1 << 20].into();
        let now = Monotonic(0);
        let mut made = Vec::new();
        let error = loop {
            match store.create(Arc::clone(&large), None, now) {
                Ok(token) => made.push(token),
                Err(error) => break error,
            }
        };
        assert_eq!(made.len(), MAX_STORED >> 20);
        assert!(error.message.contains("max_stored"), "{error}");
        assert!(store.revoke(made[0].as_bytes(), now).unwrap());
        assert!(store.create(large, None, now).is_ok());
    }
}
