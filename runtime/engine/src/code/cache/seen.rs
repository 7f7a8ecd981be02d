//! Records of files that were found authentic, so that a start does not read them whole.
//!
//! A record names a file by its identity: device, inode, size, and the times of the last
//! changes of content and of metadata. Only the kernel sets the latter, to its own clock, so a
//! file that was written to or replaced has another identity. A record holds until the machine
//! starts again: then each file is read whole once more, which notices a failing disk.
//!
//! The key of the cache authenticates a record, together with the name of the file. A record
//! that does not fit is worth nothing, and does no harm.

use std::fs::{self, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use super::directory::Directory;
use super::key::Key;
use super::secret::{self, Secret};
use super::unfinished;

/// End of the names of records.
pub(super) const EXTENSION: &str = ".seen";

/// The identity of the present run of the operating system. It is missing on systems without
/// this file, where records hold for longer.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// Age of the last change from which on a further change has another time. Kernels count
/// these times by ticks of up to 10 ms.
const SETTLED: Duration = Duration::from_millis(100);

/// The same age for a file system that counts whole seconds, or two.
const SETTLED_COARSELY: Duration = Duration::from_secs(3);

/// Bytes of the numbers of an identity.
const NUMBERS: usize = 7 * 8;

/// The identity of an open file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    numbers: [u8; NUMBERS],
    changed: SystemTime,
    is_coarse: bool,
}

impl Identity {
    /// Returns the identity of a file; `None` if its time of change is from before 1970.
    pub(super) fn of(file: &Metadata) -> Option<Identity> {
        let seconds = u64::try_from(file.ctime()).ok()?;
        let nanoseconds = u32::try_from(file.ctime_nsec()).ok()?;
        let mut numbers = [0; NUMBERS];
        let all = [
            file.dev(),
            file.ino(),
            file.size(),
            file.mtime().cast_unsigned(),
            file.mtime_nsec().cast_unsigned(),
            file.ctime().cast_unsigned(),
            file.ctime_nsec().cast_unsigned(),
        ];
        for (place, number) in numbers.chunks_exact_mut(8).zip(all) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        Some(Identity {
            numbers,
            changed: SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds))?,
            is_coarse: nanoseconds == 0,
        })
    }

    /// Returns true if a change of the file from `now` on gives it another identity.
    pub(super) fn is_settled(&self, now: SystemTime) -> bool {
        let age = match self.is_coarse {
            true => SETTLED_COARSELY,
            false => SETTLED,
        };
        now.duration_since(self.changed).is_ok_and(|old| old >= age)
    }
}

/// Returns true if there is a record that the file of this key with this identity is
/// authentic.
pub(super) fn has_record(
    directory: &Directory,
    secret: &Secret,
    key: Key,
    identity: &Identity,
) -> bool {
    let Ok(Some(record)) = directory.file(&file_name(key)) else {
        return false;
    };
    let mut bytes = Vec::with_capacity(secret::LENGTH + 1);
    let read = record
        .take(secret::LENGTH as u64 + 1)
        .read_to_end(&mut bytes);
    let Ok(found) = <[u8; secret::LENGTH]>::try_from(bytes) else {
        return false;
    };
    // This comparison takes constant time.
    read.is_ok() && authenticator(secret, key, identity) == found
}

/// Records that the file of this key with this identity is authentic.
///
/// # Errors
///
/// An [`io::Error`] if the record cannot be written.
pub(super) fn record(
    directory: &Directory,
    secret: &Secret,
    key: Key,
    identity: &Identity,
) -> io::Result<()> {
    let unfinished = unfinished()?;
    let mut file = directory.new_file(&unfinished)?;
    // No sync: a record that a crash has damaged does not fit.
    let written = file
        .write_all(authenticator(secret, key, identity).as_bytes())
        .and_then(|()| directory.rename(&unfinished, &file_name(key)));
    written.inspect_err(|_| {
        let _ = directory.remove(unfinished.as_ref());
    })
}

/// Returns the name of the record for the file of a key.
fn file_name(key: Key) -> String {
    key.hex() + EXTENSION
}

fn authenticator(secret: &Secret, key: Key, identity: &Identity) -> blake3::Hash {
    let mut hasher = secret.hasher_of_records(&key.0);
    hasher.update(&identity.numbers);
    // Last, because its length may differ between systems.
    hasher.update(&fs::read(BOOT).unwrap_or_default());
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_file_that_has_just_changed_is_not_settled() {
        let file = tempfile::tempfile().expect("a file");
        let identity = Identity::of(&file.metadata().expect("is there")).expect("of today");
        assert!(!identity.is_settled(identity.changed));
        assert!(!identity.is_settled(identity.changed - SETTLED_COARSELY));
        assert!(identity.is_settled(identity.changed + SETTLED_COARSELY));
        let coarse = Identity {
            is_coarse: true,
            ..identity
        };
        assert!(!coarse.is_settled(coarse.changed + SETTLED));
    }

    #[test]
    fn a_file_that_is_written_to_or_replaced_has_another_identity() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        let identity = || {
            let metadata = fs::metadata(&path).expect("is there");
            Identity::of(&metadata).expect("of today")
        };
        fs::write(&path, "one").expect("is written");
        let one = identity();
        assert_eq!(one, identity());
        fs::write(directory.path().join("other"), "one").expect("is written");
        fs::rename(directory.path().join("other"), &path).expect("is renamed");
        let other = identity();
        assert_ne!(one, other);
        // A date in the past does not hide the write.
        let file = File::options().write(true).open(&path).expect("opens");
        file.set_modified(SystemTime::UNIX_EPOCH).expect("is set");
        assert_ne!(other, identity());
    }
}
