//! Prerequisites of the tool chains for JavaScript and Python, of the programs that others
//! have written for Lua, of databases, of the queues on a server, of pages in a browser, and of
//! the benchmarks of HTTP: Node.js, Python, Lua and libraries, PostgreSQL, the server of NATS,
//! Chromium, and wrk, from Debian if missing.

use std::process::{Command, Stdio};

use anyhow::Result;

use crate::step::Step;

/// Commands that show that packages are installed, and the packages.
const NEEDED: [(&[&str], &[&str]); 8] = [
    (&["npm", "--version"], &["nodejs", "npm"]),
    (
        &["python3", "-c", "import ensurepip, venv"],
        &["python3", "python3-venv"],
    ),
    (&["lua5.4", "-v"], &["lua5.4"]),
    (
        &[
            "sh",
            "-c",
            "ls /usr/lib/postgresql/*/bin/initdb || initdb --version",
        ],
        &["postgresql"],
    ),
    (&["nats-server", "--version"], &["nats-server"]),
    (&["openssl", "version"], &["openssl"]),
    (
        &["chromium", "--version"],
        &["chromium", "fonts-dejavu-core"],
    ),
    // Its status is 1 without an address.
    (&["sh", "-c", "command -v wrk"], &["wrk"]),
];

/// Packages without a command that would show them.
const LIBRARIES: [&str; 10] = [
    "lua-penlight",
    // Its pages have the examples.
    "lua-penlight-dev",
    "lua-unit",
    "lua-luassert",
    "lua-say",
    "lua-argparse",
    "lua-inspect",
    "lua-dkjson",
    "lua-filesystem",
    "lua-lpeg",
];

/// Installs the missing packages.
///
/// # Errors
/// There is no apt-get, or it failed.
pub(crate) fn install() -> Result<()> {
    let mut missing: Vec<&str> = NEEDED
        .iter()
        .filter(|(shows, _)| !succeeds(shows))
        .flat_map(|(_, packages)| packages.iter().copied())
        .collect();
    if !succeeds(&[&["dpkg", "-s"], &LIBRARIES[..]].concat()) {
        missing.extend(LIBRARIES);
    }
    if missing.is_empty() {
        return Ok(());
    }
    let mut apt = Command::new("apt-get");
    apt.args(["install", "--yes", "--no-install-recommends"])
        .args(missing)
        .env("DEBIAN_FRONTEND", "noninteractive");
    let remedy = "install Node.js 20 and npm, Python 3.11 with venv, Lua 5.4, PostgreSQL 13, the \
                  server of NATS 2.9, or newer ones, Chromium, wrk, and the Lua libraries penlight \
                  with its pages, luaunit, luassert, say, argparse, inspect, dkjson, lfs and lpeg";
    Step::new(
        "Node.js, Python, Lua, PostgreSQL, NATS, Chromium and wrk",
        remedy,
        apt,
    )
    .run()
}

fn succeeds(command: &[&str]) -> bool {
    Command::new(command[0])
        .args(&command[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_missing() {
        assert!(succeeds(&["true"]));
        assert!(!succeeds(&["false"]));
        assert!(!succeeds(&["no-such-program", "--version"]));
    }
}
