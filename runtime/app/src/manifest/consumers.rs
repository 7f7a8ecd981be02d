//! The tables `[consumers."id"]` of a manifest.

use toml::Spanned;

use super::reader::{Reader, Section};
use crate::consumer::Consumer;
use crate::id::Id;

/// A table `[consumers."id"]`, before it is checked against the program.
#[derive(Debug)]
pub(crate) struct ConsumerEntry {
    pub(crate) id: Spanned<Id>,
    pub(crate) queue: Option<Spanned<String>>,
    pub(crate) process: Option<Spanned<Id>>,
    pub(crate) concurrency: usize,
    pub(crate) prefetch: usize,
}

impl ConsumerEntry {
    pub(super) fn read(reader: &mut Reader, id: Spanned<Id>, section: &Section<'_>) -> Self {
        reader.known_keys(section, &["queue", "process", "concurrency", "prefetch"]);
        for (key, expected, remedy) in [
            (
                "queue",
                "the queue that it takes from",
                "queue = \"namespace:name\"",
            ),
            (
                "process",
                "the definition that it runs",
                "process = \"namespace:name\"",
            ),
        ] {
            if !section.has(key) {
                reader.problem(
                    id.span(),
                    format!("the consumer `{}` has no {key}", id.get_ref()),
                    format!("expected `{key}`, {expected}"),
                    Some(format!("add {remedy}")),
                );
            }
        }
        let concurrency = reader.count_within(section, "concurrency", Consumer::CONCURRENCY_RANGE);
        let prefetch = reader.count_within(section, "prefetch", Consumer::PREFETCH_RANGE);
        ConsumerEntry {
            queue: reader.string(section, "queue"),
            process: reader.id(section, "process"),
            concurrency: concurrency.unwrap_or(Consumer::DEFAULT_CONCURRENCY),
            prefetch: prefetch.unwrap_or(Consumer::DEFAULT_PREFETCH),
            id,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    #[test]
    fn a_consumer_has_its_settings() {
        let text = "[consumers.\"app:mailer\"]\nqueue = \"mails\"\nprocess = \"app:mail\"\n\
                    concurrency = 3\nprefetch = 7\n[consumers.\"app:worker\"]\n\
                    queue = \"app:tasks\"\nprocess = \"app:task\"\n";
        let (manifest, problems) = Manifest::parse(text);
        assert_eq!(problems, []);
        let mut shown: Vec<_> = manifest
            .consumers
            .iter()
            .map(|one| {
                let (queue, process) = (one.queue.as_ref(), one.process.as_ref());
                let queue = queue.unwrap().get_ref().as_str();
                let process = process.unwrap().get_ref().as_str();
                (
                    one.id.get_ref().as_str(),
                    queue,
                    process,
                    one.concurrency,
                    one.prefetch,
                )
            })
            .collect();
        shown.sort_unstable();
        let mailer = ("app:mailer", "mails", "app:mail", 3, 7);
        let worker = ("app:worker", "app:tasks", "app:task", 1, 10);
        assert_eq!(shown, [mailer, worker]);
    }

    #[test]
    fn what_is_missing_has_a_remedy() {
        let (_, problems) = Manifest::parse("[consumers.\"a:b\"]\n");
        let shown: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "the consumer `a:b` has no queue (expected `queue`, the queue that it takes from); \
                 add queue = \"namespace:name\"",
                "the consumer `a:b` has no process (expected `process`, the definition that it \
                 runs); add process = \"namespace:name\"",
            ]
        );
    }
}
