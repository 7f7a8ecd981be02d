//! The signal that a write beyond `ulimit -f` raises.
//!
//! Its default is to end the whole program, every process of every host, because
//! one guest wrote too much to a file. Ignored, the write fails with `EFBIG`, and
//! only that guest hears of it. The node sees to it, since it is the node that
//! lets guests write: an embedder need not know. What an embedder has set itself
//! stays.

/// Ignores the signal unless something else was asked for.
#[cfg(unix)]
pub(crate) fn ignore_signal() {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the second pointer may be null, and the third is to room for a
    // `sigaction`, which is valid when it is all zero, too.
    let action = unsafe {
        libc::sigaction(libc::SIGXFSZ, std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    if action.sa_sigaction == libc::SIG_DFL {
        // SAFETY: to ignore a signal runs no code of ours when it comes.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    }
}

/// There is no such signal here.
#[cfg(not(unix))]
pub(crate) fn ignore_signal() {}
