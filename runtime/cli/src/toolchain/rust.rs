//! The standard library of Rust for guests.

use std::path::Path;
use std::process::Command;

use super::Missing;
use super::machine;

/// The variable that names another cargo.
pub(crate) const CARGO: &str = "WARREN_CARGO";

const INSTALL_RUST: &str = "install Rust with rustup, from https://rustup.rs";

/// Checks that Rust's own compiler has the standard library for a target, as seen from a
/// directory, which may select another compiler.
pub(crate) fn check_target(directory: &Path, target: &str) -> Result<(), Missing> {
    let mut rustc = Command::new("rustc");
    rustc
        .current_dir(directory)
        .args(["--print", "target-libdir", "--target", target]);
    let output = rustc.output().map_err(|error| Missing {
        message: format!("cannot run rustc: {error}"),
        help: INSTALL_RUST.to_owned(),
        others: others(),
    })?;
    if Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir() {
        return Ok(());
    }
    Err(Missing {
        message: format!("Rust has no standard library for {target} here"),
        help: remedy(target),
        others: others(),
    })
}

/// Returns the one command that gets the library on this machine.
fn remedy(target: &str) -> String {
    if machine::has("rustup") {
        return format!("run `rustup target add {target}`");
    }
    let has_package = target == "wasm32-wasip1" && machine::debian().is_some_and(|it| it >= 13);
    if has_package && Path::new("/usr/bin/rustc").is_file() {
        return "run `apt-get install libstd-rust-dev-wasm32`".to_owned();
    }
    format!("{INSTALL_RUST}, and run `rustup target add {target}`")
}

/// Returns the ways that do without Rust's own compiler.
fn others() -> String {
    format!(
        "or set {CARGO} to a cargo that has the target; in a clone of warren, \
         `cargo xtask guests --toolchain` installs one, guest-sdk/toolchain/cargo.sh"
    )
}
