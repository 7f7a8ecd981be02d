//! The state that capabilities keep for one process.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use warren_kernel::{Error, Kind};

/// The state that capabilities keep for one process, one value of each type.
///
/// A capability learns of the end or the upgrade of a process by the `Drop` of its state.
/// The drop runs before anybody is told of the end, on a thread where processes run: it
/// must not block. A call that still works for the process may hold its state longer.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use warren_engine::capability::Kept;
/// use warren_kernel::Kind;
///
/// #[derive(Default)]
/// struct Handles(AtomicUsize);
///
/// let kept = Kept::default();
/// assert!(kept.find::<Handles>().is_none());
/// kept.state(Handles::default)?.0.fetch_add(1, Ordering::Relaxed);
/// assert_eq!(kept.state(Handles::default)?.0.load(Ordering::Relaxed), 1);
///
/// kept.close();
/// let error = kept.state(Handles::default).map(|_| ()).unwrap_err();
/// assert_eq!(error.kind, Kind::Canceled);
/// # Ok::<(), warren_kernel::Error>(())
/// ```
#[derive(Default)]
pub struct Kept {
    states: Mutex<States>,
    /// Called when other code takes the place of that of the states.
    at_upgrade: Mutex<Option<Tell>>,
}

type Tell = Box<dyn FnOnce() + Send>;

enum States {
    /// Empty until the first state is made.
    Open(Option<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>),
    /// The process has ended, or runs other code.
    Closed,
}

impl Default for States {
    fn default() -> Self {
        States::Open(None)
    }
}

impl Kept {
    /// Returns the state of this type, which `make` makes at the first use. `make` must
    /// not use this value.
    ///
    /// # Errors
    ///
    /// `Canceled` if the process has ended or runs other code.
    pub fn state<T: Send + Sync + 'static>(
        &self,
        make: impl FnOnce() -> T,
    ) -> Result<Arc<T>, Error> {
        let mut states = self.states.lock();
        let States::Open(states) = &mut *states else {
            return Err(ended());
        };
        let states = states.get_or_insert_default();
        let state = states
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Arc::new(make()));
        Arc::clone(state).downcast().map_err(|_| ended())
    }

    /// Returns the state of this type, if it was made.
    pub fn find<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let states = self.states.lock();
        let States::Open(Some(states)) = &*states else {
            return None;
        };
        let state = Arc::clone(states.get(&TypeId::of::<T>())?);
        state.downcast().ok()
    }

    /// Sets a function to call at an upgrade of the process, after the states were dropped. A
    /// process that ends drops it. So a start that brings states can tell an upgrade from an
    /// end.
    pub fn at_upgrade(&self, tell: impl FnOnce() + Send + 'static) {
        *self.at_upgrade.lock() = Some(Box::new(tell));
    }

    /// Calls the function that was set for an upgrade.
    pub(crate) fn upgraded(&self) {
        let tell = self.at_upgrade.lock().take();
        if let Some(tell) = tell {
            tell();
        }
    }

    /// Drops all states, and keeps none from now on.
    pub fn close(&self) {
        let states = std::mem::replace(&mut *self.states.lock(), States::Closed);
        // Dropped without the lock: a state may run any code.
        drop(states);
    }
}

fn ended() -> Error {
    Error::new(Kind::Canceled, "the process has ended or runs other code")
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_state_is_made_once_and_dropped_at_the_end() {
        struct Handles(Arc<AtomicUsize>);
        impl Drop for Handles {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let dropped = Arc::new(AtomicUsize::new(0));
        let kept = Kept::default();
        assert!(kept.find::<Handles>().is_none());
        let first = kept.state(|| Handles(Arc::clone(&dropped))).unwrap();
        let second = kept.state(|| unreachable!()).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(*kept.state(|| 7_u8).unwrap(), 7);
        assert!(kept.find::<Handles>().is_some());
        drop((first, second));
        assert_eq!(dropped.load(Ordering::SeqCst), 0);
        kept.close();
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
        assert_eq!(kept.state(|| 7_u8).unwrap_err().kind, Kind::Canceled);
    }

    #[test]
    fn an_upgrade_is_told_once() {
        let told = Arc::new(AtomicUsize::new(0));
        let kept = Kept::default();
        kept.upgraded();
        let count = Arc::clone(&told);
        kept.at_upgrade(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        kept.close();
        assert_eq!(told.load(Ordering::SeqCst), 0);
        kept.upgraded();
        kept.upgraded();
        assert_eq!(told.load(Ordering::SeqCst), 1);
    }
}
