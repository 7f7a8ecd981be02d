//! Errors of the system, as those of the runtime.

use std::io::{self, ErrorKind};

use rustix::io::Errno;
use warren_kernel::{Error, Kind, text};

use super::path::VolumePath;

/// Returns the error of an operation on a path.
pub(super) fn of(error: &io::Error, path: &VolumePath) -> Error {
    let shown = path.to_string();
    of_place(error, &text::line(&shown).to_string())
}

/// Returns the error of an operation on an open file.
pub(super) fn of_file(error: &io::Error) -> Error {
    of_place(error, "the file")
}

fn of_place(error: &io::Error, place: &str) -> Error {
    let (kind, why) = match error.kind() {
        ErrorKind::NotFound => (Kind::NotFound, "does not exist"),
        ErrorKind::AlreadyExists => (Kind::AlreadyExists, "exists already"),
        ErrorKind::NotADirectory => (Kind::Invalid, "is no directory, or a part of it is none"),
        ErrorKind::IsADirectory => (Kind::Invalid, "is a directory"),
        ErrorKind::DirectoryNotEmpty => (Kind::Invalid, "is a directory that is not empty"),
        ErrorKind::Unsupported => (Kind::Invalid, "is neither a file nor a directory"),
        ErrorKind::InvalidFilename => (Kind::Invalid, "has a name that is too long"),
        // The error of a path that a link leads out, which the system has not made.
        ErrorKind::PermissionDenied if error.raw_os_error().is_none() => {
            (Kind::Invalid, "leads out of the volume by a link")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            (Kind::PermissionDenied, "is refused by the system")
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            (Kind::Unavailable, "has no room: the disk is full")
        }
        ErrorKind::InvalidInput | ErrorKind::FileTooLarge => {
            (Kind::Invalid, "would be larger than a file can be")
        }
        _ => match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::LOOP) => (Kind::Invalid, "has too many links"),
            Some(Errno::MFILE | Errno::NFILE) => (
                Kind::RateLimited,
                "waits: the system has no more open files",
            ),
            _ => {
                let message = format!("{place} cannot be reached: {error}");
                return Error::new(Kind::Unavailable, message);
            }
        },
    };
    Error::new(kind, format!("{place} {why}"))
}
