//! The programs of one moment: definitions that belong together, and their code.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use parking_lot::RwLock;
use warren_kernel::{Error, Host};

use super::kept::Kept;
use crate::code::definition::{Definition, Definitions, Edition};
use crate::code::program::{Origin, Program};

/// Definitions that belong together, with the code that was made of them.
pub(crate) struct ProgramSet {
    pub(super) edition: Edition,
    /// Shared by all sets that have the same files one after the other.
    pub(super) programs: Arc<ProgramsOf>,
}

/// Programs by the definitions that they were made of.
pub(super) type ProgramsOf = Kept<OfDefinition, Program>;

/// The very definition that a program was made of. Another definition of the same id is
/// another key: a spawn of the set before never meets the code of the next one.
#[derive(Clone)]
pub(super) struct OfDefinition(pub(super) Arc<Definition>);

impl PartialEq for OfDefinition {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for OfDefinition {}

impl Hash for OfDefinition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

impl ProgramSet {
    pub(super) fn new(edition: Edition, programs: Arc<ProgramsOf>) -> ProgramSet {
        ProgramSet { edition, programs }
    }

    pub(super) fn definitions(&self) -> &dyn Definitions {
        &*self.edition.definitions
    }

    /// Returns a new origin for one of the set's programs.
    pub(super) fn origin(&self) -> Option<Arc<Origin>> {
        Some(Origin::new(&self.edition.files))
    }
}

/// Checks that a definition may run in a host.
///
/// # Errors
///
/// `Invalid` if it is bound to another host.
pub(super) fn check_host(definition: &Definition, host: &Host) -> Result<(), Error> {
    match &definition.host {
        Some(only) if **only != *host.name() => Err(Error::invalid(format!(
            "{} is bound to host {only} and cannot run in host {}",
            definition.id,
            host.name()
        ))),
        _ => Ok(()),
    }
}

/// The set from which processes start now. A spawn uses one set throughout, so it sees
/// the definitions before a reload or those after it.
///
/// Hosts and policies are replaced together with the set, in a moment with an odd number.
/// A reader of several of them reads between two moments.
pub(super) struct PresentSet {
    set: RwLock<Arc<ProgramSet>>,
    /// Odd while the set, hosts and policies are being replaced.
    moment: AtomicU64,
}

impl PresentSet {
    pub(super) fn new(set: ProgramSet) -> PresentSet {
        PresentSet {
            set: RwLock::new(Arc::new(set)),
            moment: AtomicU64::new(0),
        }
    }

    pub(super) fn get(&self) -> Arc<ProgramSet> {
        Arc::clone(&self.set.read())
    }

    /// Reads the set, and whatever is replaced together with it. `read` is called again if
    /// they were replaced meanwhile: it must have no effect but its value.
    pub(super) fn read<T>(&self, mut read: impl FnMut(&Arc<ProgramSet>) -> T) -> T {
        loop {
            let moment = self.moment.load(Ordering::SeqCst);
            if moment.is_multiple_of(2) {
                let value = read(&self.get());
                if self.moment.load(Ordering::SeqCst) == moment {
                    return value;
                }
            }
            // Replacing takes some microseconds.
            thread::yield_now();
        }
    }

    /// Replaces the set, and whatever `others` replaces, in one moment. Returns the set
    /// before. The caller sees to it that no other caller does the same.
    pub(super) fn replace(&self, set: Arc<ProgramSet>, others: impl FnOnce()) -> Arc<ProgramSet> {
        let _replacing = Replacing::begin(&self.moment);
        others();
        std::mem::replace(&mut *self.set.write(), set)
    }
}

/// Makes the number odd as long as it exists, also if a panic ends it.
struct Replacing<'a>(&'a AtomicU64);

impl Replacing<'_> {
    fn begin(moment: &AtomicU64) -> Replacing<'_> {
        moment.fetch_add(1, Ordering::SeqCst);
        Replacing(moment)
    }
}

impl Drop for Replacing<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::definition::{Files, Source};

    /// Definitions that have a number as their only file.
    struct Numbered(u64);

    impl Files for Numbered {
        fn module(&self, _: &str) -> Result<Option<Source>, Error> {
            Ok(Some(Source {
                name: "n".into(),
                bytes: self.0.to_le_bytes().into(),
            }))
        }
    }

    impl Definitions for Numbered {
        fn definition(&self, id: &str) -> Result<Arc<Definition>, Error> {
            Err(Error::not_found(id))
        }
    }

    fn set(number: u64) -> ProgramSet {
        ProgramSet::new(Edition::new(Arc::new(Numbered(number))), Arc::default())
    }

    fn number(set: &ProgramSet) -> u64 {
        let file = set.edition.files.module("n");
        let file = file.expect("it is there").expect("it is there");
        u64::from_le_bytes(file.bytes[..].try_into().expect("it has eight bytes"))
    }

    #[test]
    fn sets_replaced_together_are_read_together() {
        const REPLACED: u64 = 2_000;
        let present = PresentSet::new(set(0));
        let other = AtomicU64::new(0);
        thread::scope(|scope| {
            let reader = || {
                loop {
                    let (one, two) =
                        present.read(|set| (number(set), other.load(Ordering::SeqCst)));
                    assert_eq!(one, two);
                    if one == REPLACED {
                        return;
                    }
                }
            };
            scope.spawn(reader);
            scope.spawn(reader);
            for next in 1..=REPLACED {
                let before = present.replace(Arc::new(set(next)), || {
                    other.store(next, Ordering::SeqCst);
                });
                assert_eq!(number(&before), next - 1);
            }
        });
    }

    #[test]
    fn a_panic_leaves_the_set_readable() {
        let present = PresentSet::new(set(7));
        let replaced = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            present.replace(Arc::new(set(8)), || panic!("of the test"))
        }));
        assert!(replaced.is_err());
        assert_eq!(present.read(|set| number(set)), 7);
    }
}
