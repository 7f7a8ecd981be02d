//! Files that capabilities open for a process.

use std::fmt;
use std::sync::Arc;

use warren_kernel::{Error, Kind};

use crate::files::{HostFiles, Ticket};

/// The right to one open file, given back when dropped. It counts against
/// `max_files_total` of the host, and against the files of all processes.
///
/// ```
/// use std::fs::File;
/// use std::path::Path;
/// use warren_engine::capability::{Caller, OpenFile};
/// use warren_kernel::Error;
///
/// /// A file that a process reads.
/// struct Reading {
///     file: File,
///     /// Dropped after the file.
///     _right: OpenFile,
/// }
///
/// fn open(caller: &mut dyn Caller, path: &Path) -> Result<Reading, Error> {
///     let _right = caller.open_file()?;
///     let file = File::open(path).map_err(|error| Error::not_found(error.to_string()))?;
///     Ok(Reading { file, _right })
/// }
/// ```
#[derive(Default)]
pub struct OpenFile {
    _ticket: Option<Ticket>,
}

impl OpenFile {
    /// Takes the right from the budget of a host.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the processes have as many files open as they may.
    pub(crate) fn of(files: &Arc<HostFiles>) -> Result<OpenFile, Error> {
        match files.take(0) {
            Some(ticket) => Ok(OpenFile {
                _ticket: Some(ticket),
            }),
            None => {
                let most = files.in_use().max_open;
                let message = format!(
                    "the processes of the host have reached max_files_total = {most}, or all \
                     processes the files of the system"
                );
                let value = most as u64;
                let limit = "max_files_total";
                Err(Error::at_limit(Kind::RateLimited, limit, value, message))
            }
        }
    }
}

impl fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenFile").finish_non_exhaustive()
    }
}
