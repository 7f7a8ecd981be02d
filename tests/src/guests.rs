//! Guests that are built before they run.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::layout;

/// Builds a package of guests in the project and returns its binaries; a
/// repeated build takes a moment.
///
/// # Panics
///
/// The build failed, or there is no tool chain; the message says how to get
/// one.
#[track_caller]
pub fn rust(package: &str, target: &str) -> Guests {
    let directory = layout::project().join(package);
    let target_directory = layout::project().join("target/guests");
    let mut cargo = Command::new(cargo_for(target));
    cargo
        .current_dir(&directory)
        .args(["build", "--release", "--locked", "--target", target])
        .arg("--target-dir")
        .arg(&target_directory);
    run(cargo, package);
    Guests(target_directory.join(target).join("release"))
}

/// Builds guests in C and C++ with the Makefile of the SDK and every warning an
/// error, and returns them. A directory belongs to one test alone, for make
/// takes no lock.
///
/// # Panics
///
/// The build failed, or there is no tool chain; the message says how to get
/// one.
#[track_caller]
pub fn c(sources: &str, directory: &str) -> Guests {
    let built = layout::project().join("target/guests").join(directory);
    let mut make = Command::new("make");
    make.args(["--silent", "-C"])
        .arg(layout::project().join("guest-sdk/c"))
        .arg(assignment("SRC", &layout::project().join(sources)))
        .arg(assignment("OUT", &built))
        .arg(assignment("CC", &c_compiler()))
        .arg("CFLAGS=-O2 -g1 -Wall -Wextra -Werror")
        .env("GUEST_TOOLCHAIN", toolchain());
    run(make, sources);
    Guests(built)
}

fn assignment(variable: &str, path: &Path) -> OsString {
    let mut assignment = OsString::from(format!("{variable}="));
    assignment.push(canonical(path));
    assignment
}

/// Built guests.
#[derive(Debug)]
pub struct Guests(PathBuf);

impl Guests {
    /// Returns the guests in this directory.
    pub(crate) fn in_directory(directory: PathBuf) -> Guests {
        Guests(directory)
    }

    /// Returns the directory.
    pub fn directory(&self) -> &Path {
        &self.0
    }

    /// Returns the module of this name.
    #[track_caller]
    pub fn module(&self, name: &str) -> Vec<u8> {
        let path = self.0.join(format!("{name}.wasm"));
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// Returns Rust's own cargo if it has the target, else that of the guest tool
/// chain.
///
/// # Panics
///
/// There is neither.
#[track_caller]
pub fn cargo_for(target: &str) -> PathBuf {
    let libraries = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .current_dir(layout::project())
        .output()
        .expect("rustc starts");
    let libraries = String::from_utf8_lossy(&libraries.stdout).trim().to_owned();
    if Path::new(&libraries).is_dir() {
        return "cargo".into();
    }
    let installed = toolchain().join("sysroot/lib/rustlib").join(target);
    assert!(
        installed.is_dir(),
        "Rust has no standard library for {target} here: run `rustup target add {target}`, \
         or, where rustup cannot reach its server, `cargo xtask guests --toolchain`"
    );
    canonical(&layout::project().join("guest-sdk/toolchain/cargo.sh"))
}

/// Returns the C compiler of a wasi-sdk if WASI_SDK names one, else that of the
/// guest tool chain.
///
/// # Panics
///
/// There is neither.
#[track_caller]
pub fn c_compiler() -> PathBuf {
    if let Some(sdk) = std::env::var_os("WASI_SDK") {
        return Path::new(&sdk).join("bin/clang");
    }
    assert!(
        toolchain().join("bin/clang").is_file(),
        "there is no clang with wasi-libc here: set WASI_SDK to a wasi-sdk, or run \
         `cargo xtask guests --toolchain`"
    );
    canonical(&layout::project().join("guest-sdk/toolchain/clang.sh"))
}

/// Returns the path without `..`: make may read it from another directory.
fn canonical(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Returns the directory of the guest tool chain, installed or not.
pub fn toolchain() -> PathBuf {
    let script = layout::project().join("guest-sdk/toolchain/default-prefix.sh");
    let prefix = Command::new("bash")
        .args(["-euc", ". \"$0\"; printf %s \"$GUEST_TOOLCHAIN\""])
        .arg(script)
        .output()
        .expect("bash starts");
    PathBuf::from(String::from_utf8_lossy(&prefix.stdout).into_owned())
}

/// Runs a build command.
#[track_caller]
pub(crate) fn run(mut command: Command, what: &str) {
    // Cargo's variables for this package do not concern the built one.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "building {what}: {command:?} ended with {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}
