//! Standard output of a command.

use std::io::{self, Write};

use crate::exit::Exit;
use crate::report::ending;
use crate::report::failure::Failure;

/// Checks that standard output was opened for writing. The library of Rust takes the
/// failure of every write to another, a directory for example, for success.
///
/// # Errors
///
/// `EBADF`, as a write would report it.
#[cfg(unix)]
pub(crate) fn check() -> Result<(), Box<Failure>> {
    use rustix::fs::{OFlags, fcntl_getfl};
    use rustix::io::Errno;

    let access = fcntl_getfl(io::stdout()).unwrap_or(OFlags::WRONLY) & OFlags::RWMODE;
    if access != OFlags::RDONLY {
        return Ok(());
    }
    settle(Err(Errno::BADF.into()), Exit::Success).map(|_| ())
}

#[cfg(not(unix))]
pub(crate) fn check() -> Result<(), Box<Failure>> {
    Ok(())
}

/// Prints the text of a command that ends with this status.
///
/// If the reader has gone away, as `head` does, a successful command ends as if
/// by SIGPIPE.
///
/// # Errors
///
/// The text cannot be written, for example because the disk is full.
pub(crate) fn print(text: &str, exit: Exit) -> Result<Exit, Box<Failure>> {
    let mut out = io::stdout().lock();
    settle(
        out.write_all(text.as_bytes()).and_then(|()| out.flush()),
        exit,
    )
}

/// Returns the exit of a command whose output was written with this result.
pub(crate) fn settle(written: io::Result<()>, exit: Exit) -> Result<Exit, Box<Failure>> {
    let Err(error) = written else {
        return Ok(exit);
    };
    match ending::output_lost(&error) {
        Some(failure) => Err(Box::new(failure)),
        None if exit == Exit::Success => Ok(Exit::BrokenPipe),
        None => Ok(exit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_went_away_changes_the_status_of_success_alone() {
        let gone = || Err(io::ErrorKind::BrokenPipe.into());
        let full = || Err(io::ErrorKind::StorageFull.into());
        assert_eq!(settle(Ok(()), Exit::Success).unwrap(), Exit::Success);
        assert_eq!(settle(gone(), Exit::Success).unwrap(), Exit::BrokenPipe);
        assert_eq!(settle(gone(), Exit::Failed).unwrap(), Exit::Failed);
        assert_eq!(
            settle(full(), Exit::Success).unwrap_err().exit,
            Exit::Failed
        );
    }
}
