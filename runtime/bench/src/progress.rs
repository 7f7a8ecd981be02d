//! The progress of a run: on standard error, because standard output has only
//! the table.

use std::io::{self, IsTerminal, Write};

/// Prints the row and round being measured: at a terminal in one line that
/// changes, elsewhere in one line for each row.
pub(crate) struct Progress {
    terminal: bool,
    rows: usize,
    row: usize,
}

impl Progress {
    /// Returns the progress of a run of `rows` rows.
    pub(crate) fn new(rows: usize) -> Progress {
        Progress {
            terminal: io::stderr().is_terminal(),
            rows,
            row: 0,
        }
    }

    /// Begins the next row.
    pub(crate) fn row(&mut self, name: &str) {
        self.row += 1;
        let line = format!("[{}/{}] {name}", self.row, self.rows);
        self.say(&line, !self.terminal);
    }

    /// Announces the measurement of a contender.
    pub(crate) fn contender(&self, row: &str, contender: &str, round: usize, rounds: usize) {
        if self.terminal {
            let line = format!(
                "[{}/{}] {row}, round {round} of {rounds}: {contender}",
                self.row, self.rows
            );
            self.say(&line, false);
        }
    }

    fn say(&self, line: &str, ends: bool) {
        let (clear, end) = (
            if self.terminal { "\r\x1b[K" } else { "" },
            if ends { "\n" } else { "" },
        );
        // A failure only hides the progress.
        let _ = write!(io::stderr(), "{clear}{line}{end}");
        let _ = io::stderr().flush();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.terminal {
            self.say("", false);
        }
    }
}
