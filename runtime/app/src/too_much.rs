//! The bounds of the files of code that are read together.

use thiserror::Error;

/// Files of code in a program that can be reloaded.
pub(crate) const MAX_FILES: usize = 10_000;

/// Entries of the directories that are searched for them.
pub(crate) const MAX_ENTRIES: usize = 100_000;

/// Bytes of these files together.
pub(crate) const MAX_BYTES: usize = 128 << 20;

/// The reason why the files of a program cannot be read together.
#[derive(Clone, Debug, Error)]
pub(crate) enum TooMuch {
    #[error("its directory has more than {MAX_FILES} files of code")]
    Files,
    #[error("its directory has more than {MAX_ENTRIES} files and directories")]
    Entries,
    #[error("its files of code have more than {} MiB", MAX_BYTES >> 20)]
    Bytes,
}
