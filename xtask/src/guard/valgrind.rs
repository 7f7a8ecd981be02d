//! Valgrind, installed where it is missing.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::step::{self, Step};

/// glibc keeps small freed blocks at hand, seven of each size; whether an
/// allocation finds one depends on addresses, and was worth 6 % of a round trip
/// in some runs. With more at hand it always does.
const ALLOCATOR: (&str, &str) = (
    "GLIBC_TUNABLES",
    "glibc.malloc.tcache_count=127:glibc.malloc.arena_max=1",
);

/// A valgrind that runs.
pub(super) struct Valgrind(());

impl Valgrind {
    /// Valgrind; installs it with apt-get where it is missing. The inner error
    /// says why it cannot be had on this machine.
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
            Step::new("installing valgrind", "what failed is said above", command).run()
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

    /// How many instructions a command takes, its libraries included.
    ///
    /// # Errors
    /// It fails, or valgrind says no number.
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

/// The number in `==123== Collected : 4567`.
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
