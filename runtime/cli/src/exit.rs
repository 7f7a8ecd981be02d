//! The exit status of the command.

use std::process::ExitCode;

/// The exit status, by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The program succeeded.
    Success,
    /// The program's first process failed, or its code is broken.
    Failed,
    /// The command line, the manifest or a grant is wrong, or the program does
    /// not exist.
    Usage,
    /// Every process of the program waits for ever.
    Deadlock,
    /// A change is in place, and a service that it has added is not up.
    NotUp,
    /// Ended by Ctrl-C.
    Interrupted,
    /// Ended by SIGTERM.
    Terminated,
    /// The reader of the output has gone; the status a shell reports for a
    /// command that SIGPIPE ended.
    BrokenPipe,
    /// The program chose the status.
    Chosen(i32),
}

impl Exit {
    /// Returns the number a shell sees.
    pub(crate) fn status(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Deadlock | Exit::NotUp => 3,
            Exit::Interrupted => 130,
            Exit::BrokenPipe => 141,
            Exit::Terminated => 143,
            // The system keeps the low eight bits of a status; a failure stays
            // a failure.
            Exit::Chosen(status) => match (status, status.to_le_bytes()[0]) {
                (0, _) => 0,
                (_, 0) => 1,
                (_, low) => low,
            },
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.status())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn a_chosen_status_keeps_its_low_bits() {
        assert_eq!(Exit::Chosen(7).status(), 7);
        assert_eq!(Exit::Chosen(-1).status(), 255);
        assert_eq!(Exit::Chosen(0).status(), 0);
        assert_eq!(Exit::Chosen(257).status(), 1);
        // Any status but 0 is a failure.
        for status in [256, -256, 1 << 16, i32::MIN] {
            assert_eq!(Exit::Chosen(status).status(), 1, "{status}");
        }
    }
}
