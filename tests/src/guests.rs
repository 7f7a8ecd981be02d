//! Guests that are built before they are run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::layout;

/// Builds a package of guests in the project and yields its binaries: where it
/// was built before, that takes a moment.
///
/// # Panics
///
/// The build failed, or there is no tool chain; the message says how to get
/// one.
#[track_caller]
pub fn rust(package: &str, target: &str) -> Guests {
    let directory = layout::project().join(package);
    let target_directory = layout::project().join("target/guests");
    let mut cargo = cargo_for(target);
    cargo
        .current_dir(&directory)
        .args(["build", "--release", "--locked", "--target", target])
        .arg("--target-dir")
        .arg(&target_directory);
    run(cargo, package);
    Guests(target_directory.join(target).join("release"))
}

/// Guests that were built.
#[derive(Debug)]
pub struct Guests(PathBuf);

impl Guests {
    /// The module of this name.
    #[track_caller]
    pub fn module(&self, name: &str) -> Vec<u8> {
        let path = self.0.join(format!("{name}.wasm"));
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// Rust's own cargo where it has the target, else that of the guest tool chain.
#[track_caller]
fn cargo_for(target: &str) -> Command {
    let libraries = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .current_dir(layout::project())
        .output()
        .expect("rustc starts");
    let libraries = String::from_utf8_lossy(&libraries.stdout).trim().to_owned();
    if Path::new(&libraries).is_dir() {
        return Command::new("cargo");
    }
    let scripts = layout::project().join("guest-sdk/toolchain");
    let prefix = Command::new("bash")
        .args(["-euc", ". \"$0\"; printf %s \"$GUEST_TOOLCHAIN\""])
        .arg(scripts.join("default-prefix.sh"))
        .output()
        .expect("bash starts");
    let prefix = PathBuf::from(String::from_utf8_lossy(&prefix.stdout).into_owned());
    assert!(
        prefix.join("sysroot/lib/rustlib").join(target).is_dir(),
        "Rust has no standard library for {target} here: run `rustup target add {target}`, \
         or, where rustup cannot reach its server, `cargo xtask guests --toolchain`"
    );
    Command::new(scripts.join("cargo.sh"))
}

#[track_caller]
fn run(mut command: Command, what: &str) {
    // What cargo says about this package is nothing to the package built.
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
