//! Code that cannot be compiled or prepared, and why: a spawn that fails for it costs
//! the time of compiling once, however often it is tried again.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use warren_kernel::{Error, Kind};

use crate::code::definition::Definition;

/// An error, and whether the same code fails in the same way the next time.
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) is_lasting: bool,
}

impl Failure {
    /// An error of the code itself, if of kind `Invalid`; anything else may pass.
    pub(crate) fn of_code(error: Error) -> Failure {
        Failure {
            is_lasting: error.kind == Kind::Invalid,
            error,
        }
    }
}

impl From<Error> for Failure {
    /// What may pass: the runtime had no thread or no memory, for instance.
    fn from(error: Error) -> Failure {
        Failure {
            error,
            is_lasting: false,
        }
    }
}

/// The errors of the code that failed last, by code and number of the host: what fits
/// into the memory of one host may not fit into that of another.
pub(super) struct Failures<K> {
    all: Mutex<All<K>>,
}

struct All<K> {
    by_code: HashMap<(K, usize), Entry>,
    /// The oldest first.
    order: VecDeque<(K, usize)>,
}

struct Entry {
    error: Error,
    /// Of what it is true, where the key does not say: dropped or replaced, the code
    /// may be another.
    of: Option<Weak<Definition>>,
}

/// Failures that are remembered; the oldest goes first.
const MAX_ENTRIES: usize = 1_000;

/// Bytes of the text of an error that is remembered. An excerpt of a source is 4 KiB.
const MAX_ERROR: usize = 16 << 10;

impl<K: Eq + Hash + Clone> Failures<K> {
    /// Why this code failed before in this host.
    pub(super) fn of(&self, code: &K, host: usize) -> Option<Error> {
        let all = self.lock();
        let entry = all.by_code.get(&(code.clone(), host))?;
        entry.of.is_none().then(|| entry.error.clone())
    }

    /// The same, where it was this definition that failed.
    pub(super) fn of_definition(
        &self,
        code: &K,
        host: usize,
        definition: &Arc<Definition>,
    ) -> Option<Error> {
        let all = self.lock();
        let entry = all.by_code.get(&(code.clone(), host))?;
        // What is known weakly is not freed, and no other has its address.
        let of = entry.of.as_ref()?;
        std::ptr::eq(of.as_ptr(), Arc::as_ptr(definition)).then(|| entry.error.clone())
    }

    /// Remembers a failure that lasts.
    pub(super) fn add(
        &self,
        code: K,
        host: usize,
        definition: Option<&Arc<Definition>>,
        failure: &Failure,
    ) {
        let error = &failure.error;
        let text = error.message.len() + error.stack.as_ref().map_or(0, String::len);
        if !failure.is_lasting || text > MAX_ERROR {
            return;
        }
        let key = (code, host);
        let entry = Entry {
            error: error.clone(),
            of: definition.map(Arc::downgrade),
        };
        let mut all = self.lock();
        if all.by_code.insert(key.clone(), entry).is_none() {
            all.order.push_back(key);
        }
        while all.order.len() > MAX_ENTRIES {
            if let Some(oldest) = all.order.pop_front() {
                all.by_code.remove(&oldest);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, All<K>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Default for Failures<K> {
    fn default() -> Self {
        Failures {
            all: Mutex::new(All {
                by_code: HashMap::new(),
                order: VecDeque::new(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::definition::{Code, Grants, Source};

    fn definition() -> Arc<Definition> {
        Arc::new(Definition {
            id: "t:t".into(),
            code: Code::Lua(Source {
                name: "t.lua".into(),
                bytes: b"x"[..].into(),
            }),
            method: "main".into(),
            host: None,
            grants: Arc::new(Grants::default()),
        })
    }

    fn wrong(message: impl Into<String>) -> Failure {
        Failure::of_code(Error::invalid(message))
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let failures = Failures::default();
        for code in 0..2 * MAX_ENTRIES {
            failures.add(code, 0, None, &wrong(code.to_string()));
            failures.add(code, 0, None, &wrong(code.to_string()));
        }
        let known = |code| failures.of(&code, 0).map(|error| error.message);
        assert_eq!(known(0), None);
        assert_eq!(known(2 * MAX_ENTRIES - 1), Some("1999".to_owned()));
        assert_eq!(failures.lock().by_code.len(), MAX_ENTRIES);
        assert_eq!(failures.lock().order.len(), MAX_ENTRIES);
        assert!(failures.of(&(2 * MAX_ENTRIES - 1), 1).is_none());
    }

    #[test]
    fn what_may_pass_or_is_long_is_not_remembered() {
        let failures = Failures::default();
        failures.add(1, 0, None, &Failure::from(Error::invalid("not now")));
        failures.add(2, 0, None, &Failure::of_code(Error::internal("no thread")));
        failures.add(3, 0, None, &wrong("x".repeat(MAX_ERROR + 1)));
        for code in 1..=3 {
            assert!(failures.of(&code, 0).is_none(), "{code}");
        }
    }

    #[test]
    fn another_definition_of_the_same_id_is_tried() {
        let failures = Failures::default();
        let (one, other) = (definition(), definition());
        failures.add("t:t", 0, Some(&one), &wrong("wrong"));
        assert!(failures.of_definition(&"t:t", 0, &one).is_some());
        assert!(failures.of_definition(&"t:t", 0, &other).is_none());
        drop(one);
        let later: Vec<_> = (0..100).map(|_| definition()).collect();
        for definition in &later {
            assert!(failures.of_definition(&"t:t", 0, definition).is_none());
        }
    }
}
