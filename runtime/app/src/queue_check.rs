//! Checks the queues of a manifest and their consumers against its program.

use std::collections::HashSet;

use toml::Spanned;
use warren_engine::capability::QueueSettings;

use crate::check::{Checked, unknown_entry};
use crate::consumer::Consumer;
use crate::manifest::{ConsumerEntry, Manifest, QueueEntry};
use crate::tokens::full_id;

impl Checked {
    /// Returns the queues of a manifest. What is wrong is recorded as problems.
    pub(crate) fn queues_of(&mut self, manifest: &Manifest) -> Vec<QueueSettings> {
        let entries = &manifest.queues;
        let queues: Vec<_> = entries
            .iter()
            .map(|entry| self.queue(manifest, entry))
            .collect();
        for (entry, queue) in entries.iter().zip(&queues) {
            if let Some(named) = &entry.dead_letter
                && is_in_circle(&queues, queue)
            {
                self.problem(
                    named.span(),
                    format!("messages of `{}` would never end", queue.id),
                    "its messages that were given up come back to it",
                    "name a queue whose messages go nowhere else, or leave `dead_letter` out",
                );
            }
        }
        queues
    }

    fn queue(&mut self, manifest: &Manifest, entry: &QueueEntry) -> QueueSettings {
        let dead_letter = entry.dead_letter.as_ref();
        let dead_letter = dead_letter.filter(|id| self.check_queue(manifest, id));
        let url = entry.url.as_ref();
        let url = url.and_then(|name| self.nats_url(name, "queue"));
        QueueSettings {
            dead_letter: dead_letter.map(|id| full_id(id.get_ref()).into()),
            url,
            ..entry.settings.clone()
        }
    }

    /// Returns the consumers of a manifest. Invalid ones are left out and recorded as
    /// problems.
    pub(crate) fn consumers_of(&mut self, manifest: &Manifest) -> Vec<Consumer> {
        let entries = manifest.consumers.iter();
        entries
            .filter_map(|entry| self.consumer(manifest, entry))
            .collect()
    }

    fn consumer(&mut self, manifest: &Manifest, entry: &ConsumerEntry) -> Option<Consumer> {
        let (queue, process) = (entry.queue.as_ref(), entry.process.as_ref());
        let has_queue = queue.is_some_and(|queue| self.check_queue(manifest, queue));
        let has_process = process.is_some_and(|process| self.check_definition(process));
        let (queue, process) = (queue?, process?);
        (has_queue && has_process).then(|| Consumer {
            id: entry.id.get_ref().text().clone(),
            queue: full_id(queue.get_ref()).into(),
            definition: process.get_ref().text().clone(),
            concurrency: entry.concurrency,
            prefetch: entry.prefetch,
        })
    }

    /// Returns true if the manifest has a queue of this id; records a problem if not.
    fn check_queue(&mut self, manifest: &Manifest, id: &Spanned<String>) -> bool {
        let ids = manifest
            .queues
            .iter()
            .map(|queue| queue.id.get_ref().as_str());
        match unknown_entry(id, ids, ("queue", "queues")) {
            None => true,
            Some(problem) => {
                self.record(problem);
                false
            }
        }
    }
}

/// Returns true if messages that a queue gives up come back to it.
fn is_in_circle(queues: &[QueueSettings], queue: &QueueSettings) -> bool {
    let mut seen = HashSet::new();
    let mut next = queue.dead_letter.as_ref();
    while let Some(id) = next {
        if *id == queue.id {
            return true;
        }
        if !seen.insert(id) {
            return false;
        }
        let of_id = queues.iter().find(|queue| queue.id == *id);
        next = of_id.and_then(|queue| queue.dead_letter.as_ref());
    }
    false
}
