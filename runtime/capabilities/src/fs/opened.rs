//! A file of a volume that is open.

use std::fs::File;
use std::io;
use std::sync::Arc;

use warren_kernel::Error;

use super::usage::{Key, Length};
use super::{Place, Volume};

/// An open file. Its volume knows that it is open until the value is dropped.
pub(super) struct Open {
    pub(super) file: File,
    volume: Arc<Volume>,
    key: Key,
}

impl Open {
    /// Notes that a file was opened.
    ///
    /// # Errors
    ///
    /// `NotFound` if the file was removed meanwhile; those of the system.
    pub(super) fn new(place: &Place, file: File) -> Result<Open, Error> {
        Open::made(place, || Ok(file))
    }

    /// Makes a file, and notes that it is open.
    ///
    /// # Errors
    ///
    /// Those of the system; `NotFound` if the file was removed by another program meanwhile.
    pub(super) fn made(
        place: &Place,
        make: impl FnOnce() -> io::Result<File>,
    ) -> Result<Open, Error> {
        let made = place.volume.usage.opened(make);
        let (file, key) = made.map_err(|error| place.failed(&error))?;
        Ok(Open {
            key,
            volume: Arc::clone(&place.volume),
            file,
        })
    }

    /// Does work that changes the length of the file, at most as `by` says.
    ///
    /// # Errors
    ///
    /// `RateLimited`, before anything is done; otherwise those of the work.
    pub(super) fn change<T>(
        &self,
        by: Length,
        work: impl FnOnce(&File) -> io::Result<T>,
    ) -> Result<T, Error> {
        let Volume { usage, dir, .. } = &*self.volume;
        usage.change(dir, &self.file, by, work)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.volume.usage.closed(self.key, &self.file);
    }
}
