//! Panics of the command itself, mostly of a library whose needs the system
//! refuses.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};

use crate::exit::Exit;
use crate::report::stderr;

const HELP: &str = "this may be a limit of the system: raise `ulimit -n` (open files), `-u` \
                    (processes and threads) or `-v` (memory), see `warren doctor`; report it \
                    otherwise";

/// Runs a command; a panic becomes [`Exit::Failed`]. Panics of this and all
/// other threads are reported on standard error, without waiting for its
/// reader.
pub(crate) fn guard(command: impl FnOnce() -> Exit + panic::UnwindSafe) -> Exit {
    panic::set_hook(Box::new(|info| {
        stderr::write_line(told(info, &Backtrace::capture()).as_bytes());
    }));
    // The panic hook has reported the panic.
    panic::catch_unwind(command).unwrap_or(Exit::Failed)
}

fn told(info: &PanicHookInfo<'_>, backtrace: &Backtrace) -> String {
    let what = info.payload_as_str().unwrap_or("no message");
    let at = info
        .location()
        .map(|location| format!(" at {}:{}", location.file(), location.line()))
        .unwrap_or_default();
    let mut text = format!("error: warren panicked{at}: {what}\n  help: {HELP}\n");
    if backtrace.status() == BacktraceStatus::Captured {
        text += &format!("{backtrace}\n");
    }
    text
}
