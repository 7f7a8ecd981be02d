//! The settings of a store of values.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// A store of values under keys, which processes use by the capability `store`.
///
/// ```
/// use warren_engine::capability::StoreSettings;
///
/// let cache = StoreSettings {
///     max_entries: 1_000,
///     ..StoreSettings::new("app:cache")
/// };
/// assert!(!cache.durable);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// The id, `namespace:name`.
    pub id: Arc<str>,
    /// True for a store that outlives the program, in the directory of its data; on a server, for
    /// one that outlives the server.
    pub durable: bool,
    /// The most entries.
    pub max_entries: usize,
    /// The most bytes of one value, encoded.
    pub max_value: usize,
    /// The most bytes of all keys and values.
    pub max_bytes: u64,
    /// The URL of a NATS server whose JetStream has the entries; `None` for a store of the
    /// runtime's own. It may hold a password.
    pub url: Option<Arc<str>>,
}

impl StoreSettings {
    /// Default of [`StoreSettings::max_entries`].
    pub const DEFAULT_MAX_ENTRIES: usize = 10_000;

    /// Default of [`StoreSettings::max_value`].
    pub const DEFAULT_MAX_VALUE: usize = 1 << 20;

    /// Default of [`StoreSettings::max_bytes`].
    pub const DEFAULT_MAX_BYTES: u64 = 64 << 20;

    /// Values that [`StoreSettings::max_value`] may have. A value crosses with the request
    /// of a call.
    pub const VALUE_RANGE: RangeInclusive<u64> = 1..=8 << 20;

    /// Returns the settings of a store in memory with the default limits.
    pub fn new(id: impl Into<Arc<str>>) -> StoreSettings {
        StoreSettings {
            id: id.into(),
            durable: false,
            max_entries: Self::DEFAULT_MAX_ENTRIES,
            max_value: Self::DEFAULT_MAX_VALUE,
            max_bytes: Self::DEFAULT_MAX_BYTES,
            url: None,
        }
    }
}

impl fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreSettings")
            .field("id", &self.id)
            .field("durable", &self.durable)
            .field("max_entries", &self.max_entries)
            .field("max_value", &self.max_value)
            .field("max_bytes", &self.max_bytes)
            .field("url", &self.url.as_ref().map(|_| ".."))
            .finish()
    }
}
