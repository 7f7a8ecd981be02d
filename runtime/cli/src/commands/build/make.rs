//! Guests in C, built by a Makefile.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use warren::text;

use super::run;
use crate::exit::Exit;
use crate::report::failure::Failure;

/// Runs make and returns the guests beside the Makefile. If a compiler for WebAssembly is
/// missing, the failure says how to get one.
pub(super) fn build(directory: &Path) -> Result<Vec<PathBuf>, Box<Failure>> {
    check_compiler()?;
    let mut make = Command::new("make");
    make.current_dir(directory).stdin(Stdio::null());
    // An environment variable does not replace make's own CC; an argument does.
    if env::var_os("CC").is_some() {
        make.arg("--environment-overrides");
    }
    let what = text::path(directory).to_string();
    run::shown(make, &what, "install make")?;
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut guests: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "wasm"))
        .collect();
    guests.sort();
    Ok(guests)
}

const INSTALL_CLANG: &str = "unpack a wasi-sdk (https://github.com/WebAssembly/wasi-sdk/releases) and set \
                             WASI_SDK to its directory; or, on Debian 13 and newer, run `apt-get install \
                             clang lld wasi-libc libclang-rt-dev-wasm32`; a clone of warren installs \
                             a compiler for CC, guest-sdk/toolchain/clang.sh, by `cargo xtask guests \
                             --toolchain`";

/// Checks the compiler that the Makefiles of the SDK and of `warren new`
/// choose.
fn check_compiler() -> Result<(), Box<Failure>> {
    let compiler = match (env::var_os("CC"), env::var_os("WASI_SDK")) {
        (Some(compiler), _) => compiler,
        (None, Some(sdk)) => Path::new(&sdk).join("bin/clang").into(),
        (None, None) => OsString::from("clang"),
    };
    let missing = |message: String| {
        Err(Box::new(Failure {
            help: Some(INSTALL_CLANG.to_owned()),
            ..Failure::new(Exit::Failed, message)
        }))
    };
    let mut command = Command::new(&compiler);
    command.args(["--target=wasm32-wasip1", "-print-file-name=crt1-reactor.o"]);
    let compiler = compiler.to_string_lossy();
    match command.stdin(Stdio::null()).output() {
        Err(error) => missing(format!(
            "there is no C compiler: cannot run {compiler}: {error}"
        )),
        Ok(output) if !output.status.success() => {
            let said = String::from_utf8_lossy(&output.stderr);
            missing(format!("{compiler} does not work: {}", said.trim()))
        }
        // Without the library, clang prints the bare name.
        Ok(output) if !String::from_utf8_lossy(&output.stdout).contains('/') => {
            missing(format!("{compiler} has no C library for wasm32-wasip1"))
        }
        Ok(_) => Ok(()),
    }
}
