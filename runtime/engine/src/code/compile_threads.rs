//! The threads that compile code.

use std::sync::OnceLock;

use rayon_core::{ThreadPool, ThreadPoolBuilder};
use warren_kernel::Error;

/// Runs a compilation on threads that this module starts.
///
/// wasmtime compiles with rayon, which panics if the operating system refuses its
/// global threads. Here the refusal is an error, and the next call tries again.
///
/// # Errors
///
/// `Internal` if the operating system refuses the threads.
pub(crate) fn run<T: Send>(compile: impl FnOnce() -> T + Send) -> Result<T, Error> {
    Ok(threads()?.install(compile))
}

fn threads() -> Result<&'static ThreadPool, Error> {
    static THREADS: OnceLock<ThreadPool> = OnceLock::new();
    if let Some(threads) = THREADS.get() {
        return Ok(threads);
    }
    let threads = ThreadPoolBuilder::new()
        .thread_name(|number| format!("warren-compile-{number}"))
        .build()
        .map_err(|error| Error::internal(format!("cannot start threads to compile on: {error}")))?;
    Ok(THREADS.get_or_init(|| threads))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilations_run_on_threads_of_their_own() {
        let name = run(|| std::thread::current().name().map(str::to_owned)).unwrap();
        assert!(name.is_some_and(|name| name.starts_with("warren-compile-")));
    }
}
