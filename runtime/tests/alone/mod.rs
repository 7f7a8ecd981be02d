//! The parts of test programs with one test: a test of the whole process needs one of its
//! own.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use warren::{Builder, Runtime};

/// Longer than any step takes; a longer wait has found a fault.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Returns the builder of a runtime that keeps its code between tests.
pub(crate) fn builder() -> Builder {
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("code-cache");
    Runtime::builder().cache(cache)
}

/// Runs a test on a tokio runtime of its own, which ends with it.
pub(crate) fn on_tokio(test: impl Future<Output = ()>) {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    tokio.block_on(test);
}
