//! Every lock, atomic and shared pointer of the crate, in one place, so that a
//! randomized scheduler can replace the operating system's.
//!
//! The locks ignore poisoning: a panic while one is held is a bug of this
//! crate, and the other processes are better served by going on.

#[cfg(shuttle)]
use shuttle::sync as imp;
#[cfg(not(shuttle))]
use std::sync as imp;

pub(crate) use imp::{Arc, MutexGuard, RwLockReadGuard, RwLockWriteGuard, Weak, atomic};
use std::sync::PoisonError;

/// A mutex that ignores poisoning.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(imp::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Mutex(imp::Mutex::new(value))
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        #[cfg(test)]
        crate::work::step();
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lock for many readers or one writer.
#[derive(Debug, Default)]
pub(crate) struct RwLock<T>(imp::RwLock<T>);

impl<T> RwLock<T> {
    #[inline]
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        #[cfg(test)]
        crate::work::step();
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        #[cfg(test)]
        crate::work::step();
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
