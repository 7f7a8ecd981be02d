//! Consumers of queues: a process for each message.

use std::ops::RangeInclusive;
use std::sync::Arc;

/// A table `[consumers."id"]`: starts a process of a definition for each message of a queue,
/// as long as the program runs.
///
/// ```
/// use warren_app::Consumer;
///
/// let mailer = Consumer::new("app:mailer", "app:mails", "app:mail").concurrency(4);
/// assert_eq!(mailer.prefetch, Consumer::DEFAULT_PREFETCH);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// The id, `namespace:name`.
    pub id: Arc<str>,
    /// The id of the queue.
    pub queue: Arc<str>,
    /// The definition that a process runs, in the host to which it is bound or else in
    /// [`DEFAULT_HOST`](crate::DEFAULT_HOST).
    pub definition: Arc<str>,
    /// The most processes at a time.
    pub concurrency: usize,
    /// The most messages that are taken from the queue before there is a process for them.
    pub prefetch: usize,
}

impl Consumer {
    /// Default of [`Consumer::concurrency`].
    pub const DEFAULT_CONCURRENCY: usize = 1;

    /// Default of [`Consumer::prefetch`].
    pub const DEFAULT_PREFETCH: usize = 10;

    /// Values that [`Consumer::concurrency`] may have.
    pub const CONCURRENCY_RANGE: RangeInclusive<u32> = 1..=100_000;

    /// Values that [`Consumer::prefetch`] may have.
    pub const PREFETCH_RANGE: RangeInclusive<u32> = 1..=1_000;

    /// Returns a consumer of a queue that runs a definition, with the default limits.
    pub fn new(
        id: impl Into<Arc<str>>,
        queue: impl Into<Arc<str>>,
        definition: impl Into<Arc<str>>,
    ) -> Consumer {
        Consumer {
            id: id.into(),
            queue: queue.into(),
            definition: definition.into(),
            concurrency: Self::DEFAULT_CONCURRENCY,
            prefetch: Self::DEFAULT_PREFETCH,
        }
    }

    /// Sets the most processes at a time; at least 1.
    #[must_use]
    pub fn concurrency(mut self, concurrency: usize) -> Consumer {
        self.concurrency = concurrency;
        self
    }

    /// Sets the most messages that are taken before there is a process for them; at least 1.
    #[must_use]
    pub fn prefetch(mut self, prefetch: usize) -> Consumer {
        self.prefetch = prefetch;
        self
    }
}
