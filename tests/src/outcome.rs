//! The result of a command.

/// The output of a command, and its exit status.
#[derive(Debug)]
pub struct Outcome {
    /// The exit status; `None` if a signal ended the command.
    pub status: Option<i32>,
    /// Standard output, unchanged.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

impl Outcome {
    /// Returns standard output as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        match std::str::from_utf8(&self.stdout) {
            Ok(text) => text,
            Err(error) => panic!("standard output is not UTF-8 ({error}): {self}"),
        }
    }

    /// Asserts the exit status, and that the command did not panic.
    #[track_caller]
    pub fn ends_with(self, status: i32) -> Outcome {
        assert_eq!(self.status, Some(status), "{self}");
        assert!(!self.stderr.contains("panicked"), "{self}");
        self
    }

    /// Asserts the content of standard output.
    #[track_caller]
    pub fn prints(self, stdout: &str) -> Outcome {
        assert_eq!(self.text(), stdout, "{self}");
        self
    }

    /// Asserts that standard error, which is not a terminal, contains each of
    /// these texts, and no colour.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Outcome {
        for text in texts {
            assert!(self.stderr.contains(text), "{text:?} is missing: {self}");
        }
        assert!(!self.stderr.contains("\x1b["), "there is colour: {self}");
        self
    }

    /// Asserts that standard error is empty.
    #[track_caller]
    pub fn says_nothing(self) -> Outcome {
        assert!(self.stderr.is_empty(), "{self}");
        self
    }
}

/// Prints the outcome as a terminal would show it.
impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.status {
            Some(status) => writeln!(f, "ended with status {status}")?,
            None => writeln!(f, "ended by a signal")?,
        }
        let stdout = String::from_utf8_lossy(&self.stdout);
        writeln!(f, "--- standard output\n{stdout}")?;
        write!(f, "--- standard error\n{}", self.stderr)
    }
}
