//! npm, which installs the packages of a lock file.

use std::path::Path;
use std::process::{Command, Stdio};

/// Settings of npm with their defaults, in milliseconds, and the times to wait in their
/// place. By default, npm waits for 70 s between its attempts without a network, and for
/// 5 minutes for a server that says nothing. A server that sends slowly is not cut off.
const WAITS: [(&str, &str, &str); 3] = [
    ("fetch-retry-mintimeout", "10000", "1000"),
    ("fetch-retry-maxtimeout", "60000", "2000"),
    ("fetch-timeout", "300000", "60000"),
];

/// Returns the installation of the packages that the lock file of a directory names. What
/// packages would build for this machine, no process can use: their scripts do not run.
pub(super) fn ci(directory: &Path) -> Command {
    let mut npm = npm(directory);
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .args(shorter(&settings_of(directory)));
    npm
}

fn npm(directory: &Path) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(directory);
    npm
}

/// Returns the lines `NAME=VALUE` with which npm answers for [`WAITS`]; none if it does not.
fn settings_of(directory: &Path) -> String {
    let mut ask = npm(directory);
    ask.args(["config", "get"])
        .args(WAITS.map(|(name, _, _)| name))
        .stdin(Stdio::null());
    let output = ask.output().map(|output| output.stdout);
    String::from_utf8_lossy(&output.unwrap_or_default()).into_owned()
}

/// Returns the options that shorten the waits. A setting of the user's own stays.
fn shorter(settings: &str) -> Vec<String> {
    let is_default = |name: &str, default: &str| {
        let mut lines = settings.lines().filter_map(|line| line.split_once('='));
        lines.any(|(known, value)| known.trim() == name && value.trim() == default)
    };
    let defaults = WAITS
        .iter()
        .filter(|(name, default, _)| is_default(name, default));
    defaults
        .map(|(name, _, shorter)| format!("--{name}={shorter}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_s_own_settings_stay() {
        let settings = "fetch-retry-mintimeout=10000\nfetch-retry-maxtimeout = 90000\n\
                        fetch-timeout = 300000\n";
        assert_eq!(
            shorter(settings),
            ["--fetch-retry-mintimeout=1000", "--fetch-timeout=60000"]
        );
        for unknown in ["", "undefined\n", "npm error x\n"] {
            assert!(shorter(unknown).is_empty(), "{unknown}");
        }
    }
}
