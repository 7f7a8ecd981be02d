//! Fuzz targets: each takes untrusted bytes, and panics if the code under test
//! breaks a promise.
//!
//! `cargo xtask fuzz TARGET` drives one with libFuzzer, guided by the coverage
//! of the project's own crates. `tests/corpus.rs` runs each over the kept
//! inputs, among them all that once found a fault.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a target says that it found something"
)]

mod made;
mod reached;
mod targets;

pub use made::Make;
pub use reached::Reached;

/// The worlds of the engine's own tests.
#[path = "../../../runtime/engine/tests/node/support/mod.rs"]
#[allow(dead_code, reason = "made for more tests than these")]
mod support;

/// One target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The target's name, as `cargo xtask fuzz` takes it.
    pub name: &'static str,
    /// Description of the input.
    pub takes: &'static str,
    /// The places that inputs must reach.
    pub reaches: &'static [Reached],
    /// Makes inputs that get far, which randomly changed bytes seldom do.
    pub make: Option<Make>,
    /// Tries one input.
    pub run: fn(&[u8]),
}

/// All targets.
pub const ALL: &[Target] = targets::ALL;

/// Returns the target of this name.
pub fn find(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}
