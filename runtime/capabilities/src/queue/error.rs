//! The reasons why queues cannot be opened.

use std::collections::HashMap;
use std::sync::Arc;

use thiserror::Error;
use warren_engine::capability::QueueSettings;

use crate::data::DataError;

/// The reason why the queues of a program cannot be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The file of the durable queues cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A queue gives messages up to one that is not there.
    #[error("the queue {queue} has no dead-letter queue {dead_letter}: there is no such queue")]
    NoDeadLetter {
        /// The queue.
        queue: Arc<str>,
        /// The queue that is not there.
        dead_letter: Arc<str>,
    },
    /// Messages that a queue gives up come back to it.
    #[error("messages that the queue {queue} gives up come back to it")]
    Circle {
        /// The queue.
        queue: Arc<str>,
    },
}

/// Checks that messages that are given up have a place to go, and stay there.
pub(super) fn check_dead_letters(
    queues: &HashMap<Arc<str>, QueueSettings>,
) -> Result<(), QueueError> {
    for queue in queues.values() {
        let mut at = queue;
        // A way that leads back is no longer than there are queues.
        for _ in 0..queues.len() {
            let Some(dead_letter) = &at.dead_letter else {
                break;
            };
            at = queues
                .get(dead_letter)
                .ok_or_else(|| QueueError::NoDeadLetter {
                    queue: Arc::clone(&at.id),
                    dead_letter: Arc::clone(dead_letter),
                })?;
            if at.id == queue.id {
                return Err(QueueError::Circle {
                    queue: Arc::clone(&queue.id),
                });
            }
        }
    }
    Ok(())
}
