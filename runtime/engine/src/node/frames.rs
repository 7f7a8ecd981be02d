//! The frames of a node: one for each chain of calls.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// The most definitions with a counter of their own. An embedder may invent any number
/// of names for its host function processes.
const MAX_FRAMES: usize = 10_000;

/// The number of frames that began with each definition.
#[derive(Default)]
pub(super) struct Frames(Mutex<HashMap<String, u64>>);

impl Frames {
    /// Makes the id of a new frame, which begins with this definition.
    pub(super) fn begin(&self, definition: &str) -> Arc<str> {
        let mut frames = self.0.lock();
        // Further definitions share one counter, so no frame id is given twice.
        let counted = if frames.len() < MAX_FRAMES || frames.contains_key(definition) {
            definition
        } else {
            ""
        };
        let number = frames.entry(counted.to_owned()).or_default();
        *number += 1;
        format!("{definition}#{number}").into()
    }
}
