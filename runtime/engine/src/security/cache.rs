//! Kept decisions that hold for all processes of one subject.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use parking_lot::RwLock;
use warren_kernel::Process;

use super::action::Action;
use super::decision::Decision;

/// The key of a kept decision.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// An action on a process: its PID, and the version of its names and
    /// definition.
    Process(Action, u64, u64),
    /// An action on something named.
    Named(Action, Box<str>),
    /// A question about one of the runtime's actions: action, resource and encoded
    /// attributes.
    Asked(Box<(String, String, Vec<u8>)>),
    /// A program's question about an action of its own, likewise.
    Own(Box<(String, String, Vec<u8>)>),
}

impl Key {
    /// Returns true if the key is small enough to be kept.
    pub(crate) fn is_small(&self) -> bool {
        let bytes = match self {
            Key::Process(..) => 0,
            Key::Named(_, text) => text.len(),
            Key::Asked(asked) | Key::Own(asked) => asked.0.len() + asked.1.len() + asked.2.len(),
        };
        bytes <= MAX_KEPT
    }

    #[inline]
    pub(crate) fn process(action: Action, target: &Process) -> Key {
        Key::Process(action, target.pid().number(), target.attributes_version())
    }
}

/// The most bytes of a kept key; guests choose these texts.
const MAX_KEPT: usize = 1024;

/// The most decisions that are kept for one subject. Beyond it all are dropped at
/// once: a subject with so many questions asks a new one every time.
const MAX_ANSWERS: usize = 4096;

/// A bounded cache, which is emptied when the generation changes.
#[derive(Debug, Default)]
pub(crate) struct Cache(RwLock<Answers>);

#[derive(Debug, Default)]
struct Answers {
    generation: u64,
    by_key: HashMap<Key, Decision, BuildHasherDefault<KeyHasher>>,
}

impl Cache {
    /// The decision of this generation, if it is kept.
    pub(crate) fn get(&self, generation: u64, key: &Key) -> Option<Decision> {
        let answers = self.0.read();
        if answers.generation != generation {
            return None;
        }
        answers.by_key.get(key).cloned()
    }

    /// Returns true if the decision of this generation is kept, and permits.
    pub(crate) fn permits(&self, generation: u64, key: &Key) -> bool {
        let answers = self.0.read();
        answers.generation == generation
            && answers
                .by_key
                .get(key)
                .is_some_and(|decision| decision.allowed)
    }

    /// Keeps a decision. The caller read the generation before it asked for the
    /// decision.
    pub(crate) fn insert(&self, generation: u64, key: Key, decision: Decision) {
        let mut answers = self.0.write();
        if answers.generation > generation {
            return;
        }
        if answers.generation < generation || answers.by_key.len() >= MAX_ANSWERS {
            answers.by_key.clear();
            answers.generation = generation;
        }
        answers.by_key.insert(key, decision);
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.read().by_key.len()
    }
}

/// A fast hash: one multiplication a word. Programs cannot choose PIDs. They can
/// choose texts that collide, but the map is bounded and belongs to their own
/// subject, so they slow down only themselves.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0 ^ word)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(26);
    }

    #[inline]
    fn write_u8(&mut self, byte: u8) {
        self.write_u64(byte.into());
    }

    #[inline]
    fn write_isize(&mut self, discriminant: isize) {
        self.write_u64(discriminant.cast_unsigned() as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::Reuse;

    fn decision(allowed: bool) -> Decision {
        Decision {
            allowed,
            because: "a test".into(),
            reason: None,
            reuse: Reuse::Subject,
        }
    }

    #[test]
    fn an_answer_holds_for_its_key_and_generation() {
        let cache = Cache::default();
        let key = Key::Process(Action::Send, 1, 0);
        cache.insert(0, key.clone(), decision(true));
        assert_eq!(cache.get(0, &key), Some(decision(true)));
        for other in [
            Key::Process(Action::Link, 1, 0),
            Key::Process(Action::Send, 2, 0),
            Key::Process(Action::Send, 1, 1),
            Key::Named(Action::Register, "1".into()),
        ] {
            assert_eq!(cache.get(0, &other), None, "{other:?}");
        }
        assert_eq!(cache.get(1, &key), None);
        cache.insert(1, Key::Process(Action::Send, 3, 0), decision(false));
        assert_eq!(cache.len(), 1, "what came before is forgotten");
        cache.insert(0, key.clone(), decision(true));
        assert_eq!(cache.get(0, &key), None, "an answer that came too late");
    }

    #[test]
    fn it_is_bounded() {
        let cache = Cache::default();
        for pid in 0..3 * MAX_ANSWERS as u64 {
            cache.insert(0, Key::Process(Action::Send, pid, 0), decision(true));
            assert!(cache.len() <= MAX_ANSWERS);
        }
    }
}
