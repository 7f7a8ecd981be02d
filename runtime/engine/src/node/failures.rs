//! Remembered failures of compiling and preparing: repeated spawns of invalid code
//! compile it only once.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use warren_kernel::{Error, Host, Kind};

use crate::code::definition::Definition;

/// An error of compiling or preparing.
pub(crate) struct Failure {
    pub(crate) error: Box<Error>,
    pub(crate) is_lasting: bool,
}

impl Failure {
    /// A failure of the code itself: lasting if its kind is `Invalid`.
    pub(crate) fn of_code(error: Error) -> Failure {
        Failure {
            is_lasting: error.kind == Kind::Invalid,
            error: Box::new(error),
        }
    }
}

impl From<Error> for Failure {
    /// A passing failure: for instance, the runtime had no thread or no memory.
    fn from(error: Error) -> Failure {
        Failure {
            error: Box::new(error),
            is_lasting: false,
        }
    }
}

/// A host: its number, and the limit of memory of each process. The host counts because
/// hosts have different memory limits, and a host may get others.
type In = (usize, u64);

/// Returns the host of a failure.
pub(super) fn in_host(host: &Host) -> In {
    (host.number(), host.memory().process)
}

/// The latest failures, by code and host.
pub(super) struct Failures<K> {
    all: Mutex<All<K>>,
}

struct All<K> {
    by_code: HashMap<(K, In), Entry>,
    /// The oldest first.
    order: VecDeque<(K, In)>,
}

struct Entry {
    error: Error,
    /// The definition that failed, if the key is an id: another definition may
    /// later have the same id.
    of: Option<Weak<Definition>>,
}

/// The most failures that are remembered. The oldest is forgotten first.
const MAX_ENTRIES: usize = 1_000;

/// The most bytes of text of a remembered error. An excerpt of a source takes 4
/// KiB.
const MAX_ERROR: usize = 16 << 10;

impl<K: Eq + Hash + Clone> Failures<K> {
    /// The error with which this code failed before in this host.
    pub(super) fn of(&self, code: &K, host: In) -> Option<Error> {
        let all = self.all.lock();
        let entry = all.by_code.get(&(code.clone(), host))?;
        entry.of.is_none().then(|| entry.error.clone())
    }

    /// The error with which this definition failed before in this host.
    pub(super) fn of_definition(
        &self,
        code: &K,
        host: In,
        definition: &Arc<Definition>,
    ) -> Option<Error> {
        let all = self.all.lock();
        let entry = all.by_code.get(&(code.clone(), host))?;
        // The weak reference keeps the allocation, so no other definition has its
        // address.
        let of = entry.of.as_ref()?;
        std::ptr::eq(of.as_ptr(), Arc::as_ptr(definition)).then(|| entry.error.clone())
    }

    /// Remembers a failure, if it is lasting.
    pub(super) fn add(
        &self,
        code: K,
        host: In,
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
            error: Error::clone(error),
            of: definition.map(Arc::downgrade),
        };
        let mut all = self.all.lock();
        if all.by_code.insert(key.clone(), entry).is_none() {
            all.order.push_back(key);
        }
        while all.order.len() > MAX_ENTRIES {
            if let Some(oldest) = all.order.pop_front() {
                all.by_code.remove(&oldest);
            }
        }
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

    const HOST: In = (0, 64);

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
            failures.add(code, HOST, None, &wrong(code.to_string()));
            failures.add(code, HOST, None, &wrong(code.to_string()));
        }
        let known = |code| failures.of(&code, HOST).map(|error| error.message);
        assert_eq!(known(0), None);
        assert_eq!(known(2 * MAX_ENTRIES - 1), Some("1999".to_owned()));
        assert_eq!(failures.all.lock().by_code.len(), MAX_ENTRIES);
        assert_eq!(failures.all.lock().order.len(), MAX_ENTRIES);
        for other in [(1, 64), (0, 128)] {
            assert!(failures.of(&(2 * MAX_ENTRIES - 1), other).is_none());
        }
    }

    #[test]
    fn passing_and_long_failures_are_not_remembered() {
        let failures = Failures::default();
        failures.add(1, HOST, None, &Failure::from(Error::invalid("not now")));
        failures.add(
            2,
            HOST,
            None,
            &Failure::of_code(Error::internal("no thread")),
        );
        failures.add(3, HOST, None, &wrong("x".repeat(MAX_ERROR + 1)));
        for code in 1..=3 {
            assert!(failures.of(&code, HOST).is_none(), "{code}");
        }
    }

    #[test]
    fn another_definition_of_the_same_id_is_tried() {
        let failures = Failures::default();
        let (one, other) = (definition(), definition());
        failures.add("t:t", HOST, Some(&one), &wrong("wrong"));
        assert!(failures.of_definition(&"t:t", HOST, &one).is_some());
        assert!(failures.of_definition(&"t:t", HOST, &other).is_none());
        drop(one);
        let later: Vec<_> = (0..100).map(|_| definition()).collect();
        for definition in &later {
            assert!(failures.of_definition(&"t:t", HOST, definition).is_none());
        }
    }
}
