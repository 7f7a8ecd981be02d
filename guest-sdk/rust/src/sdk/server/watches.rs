//! Watches on the servers that were called. A watch yields the end of its process, whatever
//! the program does with its events.

use core::cell::RefCell;
use std::collections::VecDeque;

use crate::capability::{self, Called};
use crate::mailbox::Subscription;
use crate::sdk::scratch;
use crate::{Error, Pending, Pid};

/// Most watches that are kept: most servers are called again.
pub(super) const MOST: usize = 32;

thread_local! {
    /// The watch called last is at the end.
    static WATCHES: RefCell<VecDeque<(Pid, Subscription)>> =
        const { RefCell::new(VecDeque::new()) };
}

/// Returns the watch on a process.
///
/// # Errors
///
/// `NotFound`; `Invalid` for the caller itself; `PermissionDenied`; `RateLimited`.
pub(super) fn of(pid: &Pid) -> Result<Pending, Error> {
    let known = WATCHES.with_borrow_mut(|watches| {
        let place = watches.iter().position(|(known, _)| known == pid)?;
        let watch = watches.remove(place)?;
        let subscription = watch.1;
        watches.push_back(watch);
        Some(subscription)
    });
    if let Some(subscription) = known {
        return Ok(Pending::of(subscription));
    }
    let subscription = begin(pid)?;
    let unused = WATCHES.with_borrow_mut(|watches| {
        watches.push_back((pid.clone(), subscription));
        (watches.len() > MOST)
            .then(|| watches.pop_front())
            .flatten()
    });
    if let Some((_, unused)) = unused {
        abandon(unused);
    }
    Ok(Pending::of(subscription))
}

/// Ends the watch on a process that has ended.
pub(super) fn forget(pid: &Pid) {
    let watch = WATCHES.with_borrow_mut(|watches| {
        let place = watches.iter().position(|(known, _)| known == pid)?;
        watches.remove(place)
    });
    if let Some((_, subscription)) = watch {
        abandon(subscription);
    }
}

/// Forgets all watches, which ended with the runtime of a test.
#[cfg(all(not(target_family = "wasm"), feature = "mock"))]
pub(super) fn forget_all() {
    WATCHES.with_borrow_mut(VecDeque::clear);
}

#[cfg(test)]
pub(super) fn count() -> usize {
    WATCHES.with_borrow(VecDeque::len)
}

fn begin(pid: &Pid) -> Result<Subscription, Error> {
    let called = scratch::with_values(&(pid,), |request| {
        scratch::with(
            |buffer| match capability::call("process.watch", request, buffer) {
                Ok(Called::Handle(subscription)) => Ok(subscription),
                Ok(Called::Value(_)) => Err(Error::internal("a watch has no subscription")),
                Err(error) => Err(error.decode()),
            },
        )
    });
    called.map_err(Error::from)?
}

fn abandon(subscription: Subscription) {
    // Fails only for want of memory: the watch then ends with the process.
    let _ = scratch::with_values(&(subscription,), |request| {
        scratch::with(|buffer| capability::call("process.abandon", request, buffer).is_ok())
    });
}
