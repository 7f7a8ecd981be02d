//! The tables `[queues."id"]` of a manifest.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Spanned;
use warren_engine::capability::QueueSettings;

use super::reader::{Reader, Section};
use crate::id::Id;

/// Bytes of all messages of a queue: from a few of them to more than a disk has.
const BYTES: RangeInclusive<u64> = (1 << 10)..=(1 << 40);

/// A table `[queues."id"]`, before its URL is read and its dead-letter queue is found.
#[derive(Debug)]
pub(crate) struct QueueEntry {
    pub(crate) id: Spanned<Id>,
    /// All but `dead_letter` and `url`.
    pub(crate) settings: QueueSettings,
    pub(crate) dead_letter: Option<Spanned<String>>,
    /// The name of the environment variable that holds the URL of a NATS server.
    pub(crate) url: Option<Spanned<String>>,
}

impl QueueEntry {
    pub(super) fn read(reader: &mut Reader, id: Spanned<Id>, section: &Section<'_>) -> QueueEntry {
        let known = [
            "durable",
            "max_length",
            "max_value",
            "max_bytes",
            "attempts",
            "backoff",
            "dead_letter",
            "url",
        ];
        reader.known_keys(section, &known);
        let default = QueueSettings::new(id.get_ref().text().clone());
        let value = reader.size(section, "max_value", QueueSettings::VALUE_RANGE);
        let attempts = reader.count_within(section, "attempts", QueueSettings::ATTEMPTS_RANGE);
        let settings = QueueSettings {
            durable: reader
                .boolean(section, "durable")
                .unwrap_or(default.durable),
            max_length: reader
                .count_within(section, "max_length", QueueSettings::LENGTH_RANGE)
                .unwrap_or(default.max_length),
            max_value: value
                .and_then(|bytes| usize::try_from(bytes).ok())
                .unwrap_or(default.max_value),
            max_bytes: reader
                .size(section, "max_bytes", BYTES)
                .unwrap_or(default.max_bytes),
            attempts: attempts
                .and_then(|attempts| u32::try_from(attempts).ok())
                .unwrap_or(default.attempts),
            backoff: reader
                .duration(section, "backoff", Duration::ZERO)
                .unwrap_or(default.backoff),
            ..default
        };
        QueueEntry {
            settings,
            dead_letter: reader.string(section, "dead_letter"),
            url: reader.string(section, "url"),
            id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    #[test]
    fn a_queue_has_its_settings() {
        let text = "[queues.\"app:mails\"]\ndurable = true\nmax_length = 7\nmax_value = \"2KiB\"\n\
                    max_bytes = \"3MiB\"\nattempts = 2\nbackoff = \"1m\"\ndead_letter = \"unsent\"\n\
                    url = \"NATS_URL\"\n[queues.\"app:tasks\"]\n";
        let (manifest, problems) = Manifest::parse(text);
        assert_eq!(problems, []);
        let find = |id: &str| {
            let mut queues = manifest.queues.iter();
            queues
                .find(|queue| queue.id.get_ref().as_str() == id)
                .unwrap()
        };
        let mails = find("app:mails");
        let expected = QueueSettings {
            durable: true,
            max_length: 7,
            max_value: 2 << 10,
            max_bytes: 3 << 20,
            attempts: 2,
            backoff: Duration::from_secs(60),
            ..QueueSettings::new("app:mails")
        };
        assert_eq!(mails.settings, expected);
        assert_eq!(mails.dead_letter.as_ref().unwrap().get_ref(), "unsent");
        assert_eq!(mails.url.as_ref().unwrap().get_ref(), "NATS_URL");
        assert_eq!(find("app:tasks").settings, QueueSettings::new("app:tasks"));
    }
}
