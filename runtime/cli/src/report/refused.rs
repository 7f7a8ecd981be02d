//! Failures for resources that the system refuses.

use std::error::Error;
use std::io;

use crate::exit::Exit;
use crate::report::failure::Failure;

/// Returns the failure for a resource that the system refuses.
pub(crate) fn refused(what: &str, error: &(dyn Error + 'static)) -> Failure {
    Failure {
        help: limit_of(error).map(|limit| format!("raise {limit}; see `warren doctor`")),
        ..Failure::new(Exit::Failed, format!("cannot start {what}: {error}"))
    }
}

/// Returns the limit that an error, or its cause, is about.
fn limit_of(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && let Some(number) = error.raw_os_error()
        {
            return limit_of_number(number);
        }
        cause = error.source();
    }
    None
}

#[cfg(unix)]
fn limit_of_number(number: i32) -> Option<&'static str> {
    match number {
        libc::EMFILE | libc::ENFILE => Some("`ulimit -n` (open files)"),
        libc::EAGAIN => Some("`ulimit -u` (processes and threads)"),
        libc::ENOMEM => Some("`ulimit -v` (memory)"),
        _ => None,
    }
}

#[cfg(not(unix))]
fn limit_of_number(_: i32) -> Option<&'static str> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_refused_resource_comes_with_the_limit_to_raise() {
        let help = |number| refused("x", &io::Error::from_raw_os_error(number)).help;
        assert!(help(libc::EMFILE).unwrap().contains("ulimit -n"));
        assert!(help(libc::EAGAIN).unwrap().contains("ulimit -u"));
        assert!(help(libc::ENOMEM).unwrap().contains("ulimit -v"));
        assert_eq!(help(libc::ENOENT), None);
        // Also below another error.
        let error = warren::NodeError::Thread(io::Error::from_raw_os_error(libc::EAGAIN));
        assert!(refused("x", &error).help.is_some());
    }
}
