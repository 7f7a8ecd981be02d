//! The bytes of a volume, counted against `max_bytes`.
//!
//! All that is there is counted before the first change, and again, now and then, when the volume
//! is full: others may change the directory, too. From then on every change is added. A file
//! that is removed while a process has it open counts until it is closed.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cap_std::fs::{Dir, MetadataExt as _};
use parking_lot::{Mutex, MutexGuard};
use warren_kernel::{Error, Kind};

use super::failure;

/// Bytes counted for a file or directory beside its content: a block of most file systems.
pub(super) const OBJECT: u64 = 4_096;

/// Time after which a full volume is counted again.
const RECOUNT: Duration = Duration::from_secs(60);

/// The most entries that are counted.
const MAX_COUNTED: usize = 1_000_000;

/// Locks of files, by their numbers.
const SHARDS: usize = 16;

/// The use of a volume.
pub(super) struct Usage {
    most: u64,
    state: Mutex<State>,
    /// Held while the length of a file changes.
    files: [Mutex<()>; SHARDS],
}

#[derive(Default)]
struct State {
    used: u64,
    /// The part of files that were removed and that a process has open, which no count finds.
    removed: u64,
    /// The time of the last count; `None` before the first.
    counted: Option<Instant>,
    /// Files that processes have open.
    open: HashMap<Key, OpenFile>,
}

#[derive(Default)]
struct OpenFile {
    /// The times that it is open.
    handles: usize,
    /// True once its last name was removed.
    is_removed: bool,
}

/// The identity of a file: the numbers of its device and of itself.
pub(super) type Key = (u64, u64);

/// The most that a file is lengthened: to a length, or by a number of bytes.
#[derive(Clone, Copy)]
pub(super) enum Length {
    To(u64),
    By(u64),
}

impl Usage {
    pub(super) fn new(most: u64) -> Usage {
        Usage {
            most,
            state: Mutex::default(),
            files: Default::default(),
        }
    }

    /// Counts bytes that are about to be added.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the volume has no room for them.
    pub(super) fn reserve(&self, dir: &Dir, bytes: u64) -> Result<(), Error> {
        // A change that adds nothing is fine in a volume that is too full.
        if bytes == 0 {
            return Ok(());
        }
        let mut state = self.state.lock();
        if state.counted.is_none() {
            state.count(dir, MAX_COUNTED);
        }
        let fits = |used: u64| used.checked_add(bytes).filter(|used| *used <= self.most);
        if fits(state.used).is_none() && state.counted.is_none_or(|at| at.elapsed() > RECOUNT) {
            state.count(dir, MAX_COUNTED);
        }
        match fits(state.used) {
            Some(used) => {
                state.used = used;
                Ok(())
            }
            None => {
                let message = format!("the volume has reached max_bytes = {}", self.most);
                let limit = "max_bytes";
                Err(Error::at_limit(
                    Kind::RateLimited,
                    limit,
                    self.most,
                    message,
                ))
            }
        }
    }

    /// Takes bytes back that are not there, or not any more.
    pub(super) fn give_back(&self, bytes: u64) {
        let mut state = self.state.lock();
        state.used = state.used.saturating_sub(bytes);
    }

    /// Does work that changes the length of a file, at most as `by` says.
    ///
    /// # Errors
    ///
    /// `RateLimited`, before anything is done; otherwise those of the work.
    pub(super) fn change<T>(
        &self,
        dir: &Dir,
        file: &File,
        by: Length,
        work: impl FnOnce(&File) -> io::Result<T>,
    ) -> Result<T, Error> {
        let failed = |error: io::Error| failure::of_file(&error);
        let key = key_of(&file.metadata().map_err(failed)?);
        let _alone = self.alone(key);
        let before = file.metadata().map_err(failed)?.len();
        let wanted = match by {
            Length::To(length) => length.saturating_sub(before),
            Length::By(bytes) => bytes,
        };
        self.reserve(dir, wanted)?;
        let result = work(file);
        // The work may have written less.
        let after = file.metadata().map_or(before, |metadata| metadata.len());
        let grown = after.saturating_sub(before).min(wanted);
        let shrunk = before.saturating_sub(after);
        let mut state = self.state.lock();
        state.used = state.used.saturating_sub(wanted - grown + shrunk);
        if state.open.get(&key).is_some_and(|open| open.is_removed) {
            state.removed = (state.removed + grown).saturating_sub(shrunk);
        }
        drop(state);
        result.map_err(failed)
    }

    /// Returns a lock under which the length of a file changes.
    fn alone(&self, (_, number): Key) -> MutexGuard<'_, ()> {
        let shard = usize::try_from(number % SHARDS as u64).unwrap_or_default();
        self.files[shard].lock()
    }

    /// Opens or makes a file, and notes that a process has it open, before any process can
    /// remove it.
    ///
    /// # Errors
    ///
    /// Those of `open`; `NotFound` if the file was removed meanwhile.
    pub(super) fn opened(
        &self,
        open: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<(File, Key)> {
        // Under the lock that a removal holds.
        let mut state = self.state.lock();
        let file = open()?;
        let metadata = file.metadata()?;
        if metadata.nlink() == 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        let key = key_of(&metadata);
        state.open.entry(key).or_default().handles += 1;
        Ok((file, key))
    }

    /// Notes that a process closes a file.
    pub(super) fn closed(&self, key: Key, file: &File) {
        let mut state = self.state.lock();
        let Some(open) = state.open.get_mut(&key) else {
            return;
        };
        open.handles -= 1;
        if open.handles > 0 {
            return;
        }
        let is_removed = open.is_removed;
        state.open.remove(&key);
        let Ok(metadata) = file.metadata() else {
            return;
        };
        // Also one that others have removed.
        if metadata.nlink() == 0 {
            let bytes = OBJECT.saturating_add(metadata.len());
            state.used = state.used.saturating_sub(bytes);
            if is_removed {
                state.removed = state.removed.saturating_sub(bytes);
            }
        }
    }

    /// Removes the file of a name.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub(super) fn remove_file(&self, dir: &Dir, path: &Path) -> io::Result<()> {
        let metadata = dir.symlink_metadata(path)?;
        let key = (metadata.dev(), metadata.ino());
        let _alone = self.alone(key);
        let mut state = self.state.lock();
        let metadata = dir.symlink_metadata(path)?;
        dir.remove_file(path)?;
        let key = (metadata.dev(), metadata.ino());
        let is_last = metadata.nlink() <= 1;
        let bytes = bytes_of(&metadata);
        match state.open.get_mut(&key).filter(|_| is_last) {
            // Counts until it is closed.
            Some(open) => {
                open.is_removed = true;
                state.removed += bytes;
            }
            None => state.used = state.used.saturating_sub(bytes),
        }
        Ok(())
    }

    /// Makes the next change count again, for tests.
    #[cfg(test)]
    pub(super) fn count_again(&self) {
        self.state.lock().counted = None;
    }

    /// Returns the bytes that are counted, for tests.
    #[cfg(test)]
    pub(super) fn used(&self) -> u64 {
        self.state.lock().used
    }
}

impl State {
    /// Counts the bytes of all that is there, of `most` entries. Where there are more, the count
    /// takes nothing back: a program could have made them.
    fn count(&mut self, dir: &Dir, most: usize) {
        let mut left = most;
        let mut used = 0_u64;
        let mut is_complete = true;
        let mut directories = vec![PathBuf::from(".")];
        while let Some(path) = directories.pop() {
            // Unreadable things, and those that go away meanwhile, do not count.
            let Ok(entries) = dir.read_dir(&path) else {
                continue;
            };
            for entry in entries.flatten() {
                if left == 0 {
                    is_complete = false;
                    directories.clear();
                    break;
                }
                left -= 1;
                let Ok(metadata) = entry.metadata() else {
                    continue;
                };
                used = used.saturating_add(bytes_of(&metadata));
                if metadata.is_dir() {
                    directories.push(path.join(entry.file_name()));
                }
            }
        }
        let used = used.saturating_add(self.removed);
        self.used = match is_complete {
            true => used,
            false => used.max(self.used),
        };
        self.counted = Some(Instant::now());
    }
}

fn key_of(metadata: &Metadata) -> Key {
    (metadata.dev(), metadata.ino())
}

/// Returns the bytes that a file or directory counts.
fn bytes_of(metadata: &cap_std::fs::Metadata) -> u64 {
    match metadata.is_file() {
        true => OBJECT.saturating_add(metadata.len()),
        false => OBJECT,
    }
}

#[cfg(test)]
mod tests {
    use cap_std::ambient_authority;

    use super::*;

    /// A volume of millions of files that is full would have room again, each minute.
    #[test]
    fn a_count_that_is_cut_off_takes_nothing_back() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            std::fs::write(directory.path().join(name), "x").unwrap();
        }
        let dir = Dir::open_ambient_dir(directory.path(), ambient_authority()).unwrap();
        let mut state = State::default();
        let one = OBJECT + 1;
        state.count(&dir, 3);
        assert_eq!(state.used, 3 * one);
        state.count(&dir, 2);
        assert_eq!(state.used, 3 * one);
        std::fs::remove_file(directory.path().join("a")).unwrap();
        state.count(&dir, 3);
        assert_eq!(state.used, 2 * one);
    }
}
