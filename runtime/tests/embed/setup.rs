//! Shared parts of the tests: a cache of compiled code, and patience.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use warren::{Builder, Event, Pid, Runtime};

/// Longer than any step takes; a longer wait has found a hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Returns a builder that compiles the interpreter only if no earlier test has.
pub(crate) fn builder() -> Builder {
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("code-cache");
    Runtime::builder().cache(cache)
}

/// Runs a test on a tokio runtime of its own.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    tokio.block_on(in_time(test))
}

pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, future).await;
    done.expect("it should not have taken so long")
}

/// Returns the process an event is about.
pub(crate) fn from(event: &Event) -> Option<&Pid> {
    match event {
        Event::Cancel { from, .. } => from.as_ref(),
        Event::Exit { from, .. } | Event::LinkDown { from, .. } => Some(from),
        Event::Outdated { .. }
        | Event::NodeUp { .. }
        | Event::NodeDown { .. }
        | Event::NameLost { .. } => None,
    }
}

/// Returns a definition that returns a number.
pub(crate) fn returns(n: i64) -> String {
    format!("return function() return {n} end")
}

/// A guest that fails with its number as the text of its error.
pub(crate) fn wasm(n: u8) -> String {
    format!(
        r#"(module
             (import "warren:core/program@0.1.0" "finish" (func $finish (param i32 i32)))
             (memory (export "memory") 1)
             (data (i32.const 0) "\{n:02x}")
             (func (export "start") (call $finish (i32.const 0) (i32.const 1))))"#
    )
}
