//! The number of files that this program, and each that it starts, may have open.

use anyhow::{Context, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Allows so many open files, if the hard limit does.
///
/// # Errors
/// The hard limit is lower; the message says what is needed.
pub(crate) fn allow(count: u64) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= count) {
        return Ok(());
    }
    if let Some(most) = limit.maximum
        && most < count
    {
        bail!("{count} open files are needed, and `ulimit -Hn` is {most}");
    }
    let more = Rlimit {
        current: Some(count),
        ..limit
    };
    setrlimit(Resource::Nofile, more).context("the limit of open files cannot be raised")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_hard_limit_refuses_is_told() {
        allow(1).expect("one file may be open");
        if let Some(most) = getrlimit(Resource::Nofile).maximum {
            let error = allow(most + 1).expect_err("it is over the hard limit");
            assert!(error.to_string().contains(&most.to_string()), "{error}");
        }
    }
}
