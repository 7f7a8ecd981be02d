//! The settings of a queue.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// A queue of messages, to which processes publish by the capability `queue`.
///
/// ```
/// use std::time::Duration;
/// use warren_engine::capability::QueueSettings;
///
/// let mails = QueueSettings {
///     durable: true,
///     backoff: Duration::from_secs(30),
///     dead_letter: Some("app:unsent".into()),
///     ..QueueSettings::new("app:mails")
/// };
/// assert_eq!(mails.attempts, 5);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct QueueSettings {
    /// The id, `namespace:name`.
    pub id: Arc<str>,
    /// True for a queue whose messages outlive the program, in the directory of its data.
    pub durable: bool,
    /// The most messages, those that are worked on included.
    pub max_length: usize,
    /// The most bytes of the value of one message, encoded.
    pub max_value: usize,
    /// The most bytes of all messages.
    pub max_bytes: u64,
    /// The times that a message is handed to a process before it is given up.
    pub attempts: u32,
    /// The time before the second attempt. It doubles with each attempt, up to
    /// [`QueueSettings::LONGEST_BACKOFF`].
    pub backoff: Duration,
    /// The id of the queue that takes messages that were given up; `None` drops them.
    pub dead_letter: Option<Arc<str>>,
    /// The URL of a NATS server whose JetStream has the messages; `None` for a queue of the
    /// runtime's own. It may hold a password.
    pub url: Option<Arc<str>>,
}

impl QueueSettings {
    /// Default of [`QueueSettings::max_length`].
    pub const DEFAULT_MAX_LENGTH: usize = 1_000;

    /// Default of [`QueueSettings::max_value`].
    pub const DEFAULT_MAX_VALUE: usize = 1 << 20;

    /// Default of [`QueueSettings::max_bytes`].
    pub const DEFAULT_MAX_BYTES: u64 = 64 << 20;

    /// Values that [`QueueSettings::max_length`] may have. The runtime holds some 200 bytes
    /// for each message.
    pub const LENGTH_RANGE: RangeInclusive<u32> = 1..=1_000_000;

    /// Values that [`QueueSettings::max_value`] may have. A value is the argument of a
    /// process.
    pub const VALUE_RANGE: RangeInclusive<u64> = 1..=1 << 20;

    /// Values that [`QueueSettings::attempts`] may have.
    pub const ATTEMPTS_RANGE: RangeInclusive<u32> = 1..=1_000;

    /// The longest time between two attempts, unless the first one is longer.
    pub const LONGEST_BACKOFF: Duration = Duration::from_secs(300);

    /// Returns the settings of a queue in memory with the default limits.
    pub fn new(id: impl Into<Arc<str>>) -> QueueSettings {
        QueueSettings {
            id: id.into(),
            durable: false,
            max_length: Self::DEFAULT_MAX_LENGTH,
            max_value: Self::DEFAULT_MAX_VALUE,
            max_bytes: Self::DEFAULT_MAX_BYTES,
            attempts: 5,
            backoff: Duration::from_secs(1),
            dead_letter: None,
            url: None,
        }
    }

    /// Returns the time between an attempt and the next one. `attempts` is the number of
    /// attempts so far.
    ///
    /// ```
    /// use std::time::Duration;
    /// use warren_engine::capability::QueueSettings;
    ///
    /// let queue = QueueSettings::new("app:tasks");
    /// let delays = [1, 2, 3, 40].map(|attempts| queue.backoff_after(attempts).as_secs());
    /// assert_eq!(delays, [1, 2, 4, 300]);
    /// ```
    pub fn backoff_after(&self, attempts: u32) -> Duration {
        let doubled = attempts.saturating_sub(1).min(31);
        let longest = Self::LONGEST_BACKOFF.max(self.backoff);
        self.backoff.saturating_mul(1 << doubled).min(longest)
    }
}

impl fmt::Debug for QueueSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueSettings")
            .field("id", &self.id)
            .field("durable", &self.durable)
            .field("max_length", &self.max_length)
            .field("max_value", &self.max_value)
            .field("max_bytes", &self.max_bytes)
            .field("attempts", &self.attempts)
            .field("backoff", &self.backoff)
            .field("dead_letter", &self.dead_letter)
            .field("url", &self.url.as_ref().map(|_| ".."))
            .finish()
    }
}
