//! The signal that a write beyond `ulimit -f` raises.
//!
//! By default the signal ends the operating system process, with every process of
//! every host, because one guest wrote too much to a file. If the signal is ignored,
//! the write fails with `EFBIG` for that guest alone. The node ignores the signal,
//! because the node lets guests write. A handler of the embedder stays.

/// Ignores the signal, unless the embedder handles it.
#[cfg(unix)]
pub(crate) fn ignore_signal() {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the second pointer may be null. The third points to a `sigaction`,
    // which is valid even if it stays all zero.
    let action = unsafe {
        libc::sigaction(libc::SIGXFSZ, std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    if action.sa_sigaction == libc::SIG_DFL {
        // SAFETY: an ignored signal runs no handler.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    }
}

/// Does nothing: this system has no such signal.
#[cfg(not(unix))]
pub(crate) fn ignore_signal() {}
