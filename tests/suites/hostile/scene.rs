//! Attacks that need no running program: functions, each with its aim and its
//! required end.

use std::fmt::Display;

use warren_tests::{Outcome, Program};

/// One attack.
pub(crate) struct Scene {
    /// `KIND/NAME`.
    pub(crate) name: &'static str,
    /// The attack's aim.
    pub(crate) tries: &'static str,
    /// The required end.
    pub(crate) end: &'static str,
    /// Plays the attack; panics at another end.
    pub(crate) run: fn(),
}

/// A module that does nothing, and compiles in a moment.
pub(crate) const IDLE: &str = r#"(module (memory (export "memory") 1) (func (export "start")))"#;

/// Returns a program that is one module in text.
pub(crate) fn module(text: &str) -> Program {
    Program::of(&[("main.wat", text)])
}

/// Asserts that a command ended as on nonsense: with this status, in few words,
/// and without a byte that a terminal obeys.
#[track_caller]
pub(crate) fn refused(outcome: Outcome, status: i32, texts: &[&str]) -> Outcome {
    let outcome = outcome.ends_with(status).says(texts);
    let length = outcome.stderr.len();
    assert!(length < 64 << 10, "{length} bytes of messages");
    let obeyed = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(!outcome.stderr.contains(obeyed), "{:?}", outcome.stderr);
    outcome
}

/// Returns repeated lines, as text.
pub(crate) fn lines<T: Display>(count: usize, line: impl Fn(usize) -> T) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for n in 0..count {
        writeln!(text, "{}", line(n)).expect("a string takes it");
    }
    text
}
