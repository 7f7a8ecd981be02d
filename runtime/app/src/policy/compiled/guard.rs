//! Guards of Cedar, which recurses while it reads: bounds of nesting, and a stack of its
//! own.

use std::path::PathBuf;

use crate::policy::error::{PolicyError, PolicyProblem};
use crate::policy::file::File;
use crate::policy::scan::{MAX_NESTING, deepest};

/// Bytes of the stack on which policies are read: some 10 KiB for each unit of
/// [`MAX_NESTING`]. Only the used part takes memory.
const STACK: usize = 32 << 20;

/// Returns the problem of a file that nests deeper than Cedar can handle
/// safely.
fn too_deep(file: &File) -> Option<PolicyProblem> {
    let (depth, at) = deepest(&file.text);
    (depth > MAX_NESTING).then(|| {
        PolicyProblem::at(
            file,
            at,
            "it nests too deep",
            format!(
                "a statement may nest {} brackets, or {MAX_NESTING} operators",
                MAX_NESTING / 5
            ),
        )
    })
}

/// Refuses files that nest deeper than Cedar can handle safely.
pub(super) fn check_nesting<'a>(files: impl Iterator<Item = &'a File>) -> Result<(), PolicyError> {
    let problems: Vec<_> = files.filter_map(too_deep).collect();
    match problems.is_empty() {
        true => Ok(()),
        false => Err(PolicyError { problems }),
    }
}

/// Reads on a stack of its own: Cedar recurses, and the caller's may have little left.
pub(super) fn on_own_stack<T: Send>(
    read: impl FnOnce() -> Result<T, PolicyError> + Send,
) -> Result<T, PolicyError> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("warren-policies".into())
            .stack_size(STACK)
            .spawn_scoped(scope, read)
            .map_err(|error| format!("cannot start a thread to read the policies: {error}"))
            .and_then(|thread| {
                let read = thread.join();
                read.map_err(|_| "Cedar panicked while it read the policies".to_owned())
            })
            .unwrap_or_else(|message| Err(unread(PathBuf::new(), message)))
    })
}

/// Returns the error for a file without a place in it; for no file if the path is empty.
pub(super) fn unread(path: PathBuf, message: String) -> PolicyError {
    PolicyError {
        problems: vec![PolicyProblem::whole(path, message)],
    }
}
