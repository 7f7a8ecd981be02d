//! What a run is doing, for whoever waits for it: on standard error, because
//! standard output is the table's alone.

use std::io::{self, IsTerminal, Write};

/// Says which row and round are measured: at a terminal in one line that
/// changes, elsewhere in one line for each row.
pub(crate) struct Progress {
    terminal: bool,
    rows: usize,
    row: usize,
}

impl Progress {
    /// Of a run of so many rows.
    pub(crate) fn new(rows: usize) -> Progress {
        Progress {
            terminal: io::stderr().is_terminal(),
            rows,
            row: 0,
        }
    }

    /// The next row begins.
    pub(crate) fn row(&mut self, name: &str) {
        self.row += 1;
        let line = format!("[{}/{}] {name}", self.row, self.rows);
        self.say(&line, !self.terminal);
    }

    /// A contender of the row is about to be measured.
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
        // Whoever does not see it can wait all the same.
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
