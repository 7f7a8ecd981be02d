//! Compiles the project's crates with the coverage that guides libFuzzer.
//!
//! Cargo calls this program in place of rustc for the members of the workspace
//! (`RUSTC_WORKSPACE_WRAPPER`), and for nothing else, so their dependencies are
//! not built again.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

/// The path of libFuzzer, for this program when it is called in place of rustc.
const LIBRARY: &str = "WARREN_FUZZ_LIBRARY";

/// Compiler flags that count executed code and record comparisons:
/// <https://clang.llvm.org/docs/SanitizerCoverage.html>.
const FLAGS: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg",
    "fuzzing",
];

/// Makes cargo compile with coverage.
///
/// # Errors
/// The path of this program is unknown.
pub(crate) fn ask_for(cargo: &mut Command, library: &Path) -> Result<()> {
    let this = this_program().context("xtask cannot tell its own path")?;
    cargo
        .env("RUSTC_WORKSPACE_WRAPPER", this)
        .env(LIBRARY, library);
    Ok(())
}

/// Returns this program's path, even if a build has replaced the file
/// meanwhile: Linux marks the running one as deleted then.
fn this_program() -> io::Result<PathBuf> {
    let this = env::current_exe()?;
    let present = this
        .to_str()
        .and_then(|path| path.strip_suffix(" (deleted)"));
    Ok(present.map(PathBuf::from).unwrap_or(this))
}

/// Runs rustc with coverage, if cargo calls this program in place of rustc.
pub(crate) fn stand_in_for_rustc() -> Option<ExitCode> {
    let library = env::var_os(LIBRARY)?;
    let mut arguments = env::args_os().skip(1);
    let rustc = arguments.next()?;
    let arguments: Vec<OsString> = arguments.collect();
    let mut command = Command::new(rustc);
    command.args(&arguments);
    if has_coverage(&arguments) {
        command.args(FLAGS);
        if is(&arguments, "--crate-name", "warren_fuzz") && is(&arguments, "--crate-type", "bin") {
            command.arg(link(&library)).arg("-Clink-arg=-lstdc++");
        }
    }
    let code = match command.status() {
        Ok(status) => status.code().and_then(|code| u8::try_from(code).ok()),
        Err(error) => {
            eprintln!("error: cannot start rustc: {error}");
            None
        }
    };
    Some(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn link(library: &OsStr) -> OsString {
    let mut argument = OsString::from("-Clink-arg=");
    argument.push(library);
    argument
}

/// Build scripts run during the build, without libFuzzer.
fn has_coverage(arguments: &[OsString]) -> bool {
    let name = value_of(arguments, "--crate-name");
    name.and_then(OsStr::to_str)
        .is_some_and(|name| name != "build_script_build" && name != "___")
}

fn is(arguments: &[OsString], option: &str, value: &str) -> bool {
    value_of(arguments, option).is_some_and(|found| found == value)
}

fn value_of<'a>(arguments: &'a [OsString], option: &str) -> Option<&'a OsStr> {
    let at = arguments.iter().position(|argument| argument == option)?;
    arguments.get(at + 1).map(OsString::as_os_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn crates_have_coverage_and_build_scripts_have_none() {
        let of = |text| has_coverage(&arguments(text));
        assert!(of("--crate-name warren_kernel src/lib.rs"));
        assert!(!of("--crate-name build_script_build build.rs"));
        assert!(!of("--crate-name ___ --print=file-names"));
        assert!(!of("-vV"));
    }
}
