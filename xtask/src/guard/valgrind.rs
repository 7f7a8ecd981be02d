//! Valgrind, installed if missing.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::step::{self, Step};

/// Settings of glibc's cache of small freed blocks, by default seven of each
/// size. An allocation finds a block by its address, which was worth 6 % of a
/// round trip in some runs. With more blocks the cache always has one.
const ALLOCATOR: (&str, &str) = (
    "GLIBC_TUNABLES",
    "glibc.malloc.tcache_count=127:glibc.malloc.arena_max=1",
);

/// An installed valgrind.
pub(super) struct Valgrind(());

impl Valgrind {
    /// Returns valgrind; installs it with apt-get if it is missing. The inner
    /// error says why it is not available on this machine.
    ///
    /// # Errors
    /// The installation failed.
    pub(super) fn ensure() -> Result<Result<Valgrind, String>> {
        if starts("valgrind") {
            return Ok(Ok(Valgrind(())));
        }
        if !starts("apt-get") {
            return Ok(Err(
                "there is no valgrind, and no apt-get to install it".into()
            ));
        }
        if !is_root()? {
            return Ok(Err(
                "there is no valgrind: run `apt-get install valgrind` as root".into(),
            ));
        }
        let apt = |arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            command
                .args(arguments)
                .env("DEBIAN_FRONTEND", "noninteractive");
            Step::new("installing valgrind", "the failure is shown above", command).run()
        };
        apt(&["-qq", "update"])?;
        apt(&[
            "-qq",
            "install",
            "-y",
            "--no-install-recommends",
            "valgrind",
        ])?;
        if !starts("valgrind") {
            bail!("valgrind does not start after its installation");
        }
        Ok(Ok(Valgrind(())))
    }

    /// Returns the instructions of a command, its libraries included.
    ///
    /// # Errors
    /// The command fails, or valgrind prints no number.
    pub(super) fn instructions(&self, command: &Command) -> Result<u64> {
        let mut counted = Command::new("valgrind");
        counted
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(command.get_program())
            .args(command.get_args())
            .env(ALLOCATOR.0, ALLOCATOR.1);
        let output = counted.output().context("valgrind does not start")?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            bail!("under valgrind it ended with {}:\n{said}", output.status);
        }
        collected(&said).with_context(|| format!("valgrind gives no count:\n{said}"))
    }
}

/// Returns the number in `==123== Collected : 4567`.
fn collected(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("Collected"))?;
    line.rsplit(' ').next()?.parse().ok()
}

fn starts(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_root() -> Result<bool> {
    let mut id = Command::new("id");
    id.arg("-u");
    Ok(step::output(id)?.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read() {
        let said = "==1== Events    : Ir\n==1== Collected : 17526790\n==1== \n";
        assert_eq!(collected(said), Some(17_526_790));
        assert_eq!(collected("==1== Events : Ir"), None);
    }
}
