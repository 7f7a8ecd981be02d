//! Fuzz targets: each is handed bytes as a stranger might choose them, and
//! panics where what takes them breaks a promise.
//!
//! `cargo xtask fuzz TARGET` drives one with libFuzzer, guided by the coverage
//! of the project's own crates. `tests/corpus.rs` runs each over the inputs that
//! are kept, those that once found a fault among them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a target says that it found something"
)]

mod reached;
mod targets;

pub use reached::Reached;

/// The worlds of the engine's own tests.
#[path = "../../../runtime/engine/tests/node/support/mod.rs"]
#[allow(dead_code, reason = "made for more tests than these")]
mod support;

/// One target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, as `cargo xtask fuzz` takes it.
    pub name: &'static str,
    /// What is handed to it.
    pub takes: &'static str,
    /// The places that inputs must come to.
    pub reaches: &'static [Reached],
    /// Tries one input.
    pub run: fn(&[u8]),
}

/// All targets.
pub const ALL: &[Target] = targets::ALL;

/// The target of this name.
pub fn find(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}
