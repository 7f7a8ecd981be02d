//! Compiled schemas, kept by their content.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use super::compile::Schema;

/// The most schemas that are kept.
const MAX_SCHEMAS: usize = 100;

/// The most bytes of the schemas that are kept.
const MAX_BYTES: usize = 16 << 20;

/// The digest of a schema's content.
pub(super) type Key = [u8; 32];

pub(super) fn key(content: &[u8]) -> Key {
    Sha256::digest(content).into()
}

/// The schemas that are kept. Of too many the longest unused go.
#[derive(Default)]
pub(super) struct Kept(Mutex<Schemas>);

#[derive(Default)]
struct Schemas {
    schemas: HashMap<Key, One>,
    bytes: usize,
    /// Grows at each use.
    clock: u64,
}

struct One {
    schema: Arc<Schema>,
    bytes: usize,
    used: u64,
}

impl Kept {
    pub(super) fn find(&self, key: &Key) -> Option<Arc<Schema>> {
        let mut kept = self.0.lock();
        kept.clock += 1;
        let now = kept.clock;
        let one = kept.schemas.get_mut(key)?;
        one.used = now;
        Some(Arc::clone(&one.schema))
    }

    pub(super) fn keep(&self, key: Key, schema: Arc<Schema>) {
        let bytes = schema.size();
        // Dropped without the lock.
        let mut gone = Vec::new();
        let mut kept = self.0.lock();
        kept.clock += 1;
        let used = kept.clock;
        kept.bytes += bytes;
        let one = One {
            schema,
            bytes,
            used,
        };
        if let Some(before) = kept.schemas.insert(key, one) {
            kept.bytes -= before.bytes;
            gone.push(before);
        }
        while kept.bytes > MAX_BYTES || kept.schemas.len() > MAX_SCHEMAS {
            let oldest = kept.schemas.iter().min_by_key(|(_, one)| one.used);
            let Some(oldest) = oldest.map(|(key, _)| *key) else {
                break;
            };
            if let Some(one) = kept.schemas.remove(&oldest) {
                kept.bytes -= one.bytes;
                gone.push(one);
            }
        }
        drop(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::tree::Tree;
    use warren_engine::capability::Progress;

    fn schema(text: &str) -> Arc<Schema> {
        let mut tree = Tree::default();
        let root = tree.add_text(text.as_bytes()).unwrap();
        Arc::new(Schema::new(tree, root, &[], &Progress::new(&|| Ok(()))).unwrap())
    }

    #[test]
    fn the_longest_unused_schemas_go() {
        let kept = Kept::default();
        for number in 0..MAX_SCHEMAS {
            kept.keep(key(&number.to_ne_bytes()), schema("{}"));
        }
        assert!(kept.find(&key(&0_usize.to_ne_bytes())).is_some());
        kept.keep(key(b"more"), schema("{}"));
        assert!(kept.find(&key(&0_usize.to_ne_bytes())).is_some());
        assert!(kept.find(&key(&1_usize.to_ne_bytes())).is_none());
        let large = format!("[{}]", "0,".repeat(100_000) + "0");
        for number in 0..4_u8 {
            kept.keep(key(&[number]), schema(&large));
        }
        let schemas = kept.0.lock();
        assert!(schemas.bytes <= MAX_BYTES);
        assert!(schemas.schemas.len() <= 3);
    }
}
