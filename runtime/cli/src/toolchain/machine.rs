//! The ways in which this machine gets packages.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::process::{Command, Stdio};

/// The variable that names another Python.
const PYTHON: &str = "WARREN_PYTHON";

/// Returns the Python whose packages count.
pub(super) fn python() -> OsString {
    env::var_os(PYTHON).unwrap_or_else(|| "python3".into())
}

/// Returns the standard output of a command that succeeds.
pub(super) fn output(words: &[OsString]) -> Option<String> {
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// Tells whether a command answers to `--version`.
pub(super) fn has(program: &str) -> bool {
    output(&[program.into(), "--version".into()]).is_some()
}

/// Returns the release of Debian, if this is one, and it has packages by `apt-get`.
pub(super) fn debian() -> Option<u32> {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let value = |key: &str| {
        let mut lines = release.lines();
        let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        value.map(|value| value.trim_matches('"').to_owned())
    };
    let is_debian = value("ID").as_deref() == Some("debian") && has("apt-get");
    is_debian.then(|| value("VERSION_ID")?.parse().ok())?
}

/// Asks a Python, in its last line, for the form of `pip install` that it takes: a system may
/// keep its own packages apart.
const PIP: &str = "import importlib.util, os, sys, sysconfig
managed = os.path.join(sysconfig.get_path('stdlib'), 'EXTERNALLY-MANAGED')
if importlib.util.find_spec('pip') is None: sys.exit(1)
own = sys.prefix != sys.base_prefix
print('' if own or not os.path.exists(managed) else ' --user --break-system-packages')";

/// Returns the command that installs the compiler of Zig, if Python has pip.
pub(super) fn pip_install_zig() -> Option<String> {
    let python = python();
    let options = output(&[python.clone(), "-c".into(), PIP.into()])?;
    let options = match options.is_empty() {
        true => "",
        false => " --user --break-system-packages",
    };
    let python = python.to_string_lossy();
    Some(format!("{python} -m pip install{options} ziglang"))
}
