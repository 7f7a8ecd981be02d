//! Warnings of likely mistakes in a program, on standard error.

use warren::text;

use crate::report::failure::{self, Failure, Look};
use crate::report::log::Format;
use crate::report::stderr;

/// The way to print warnings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Warnings {
    look: Look,
    format: Format,
}

impl Warnings {
    /// Returns the way to print warnings beside a log of this format.
    pub(crate) fn beside(format: Format) -> Warnings {
        Warnings {
            look: Look::of_stderr(),
            format,
        }
    }

    /// Prints a warning. Never waits for a reader. Where each line is an object of JSON,
    /// the warning is a record of the log.
    pub(crate) fn print(self, message: &str) {
        match self.format {
            Format::Text => stderr::write(&rendered(message, self.look)),
            Format::Json => tracing::warn!(target: "warren::mistake", "{message}"),
        }
    }
}

impl Warnings {
    /// Prints a warning with lines below it.
    pub(crate) fn print_with(self, message: &str, notes: &[String]) {
        match self.format {
            Format::Text => {
                let notes: String = notes
                    .iter()
                    .map(|note| format!("  {}\n", text::line(note)))
                    .collect();
                stderr::write(&(rendered(message, self.look) + &notes));
            }
            Format::Json => {
                let notes = notes.join("; ");
                tracing::warn!(target: "warren::mistake", "{message}: {notes}");
            }
        }
    }
}

/// Notices that are no warnings.
impl Warnings {
    /// Prints a line of news.
    pub(crate) fn note(self, message: &str) {
        match self.format {
            Format::Text => stderr::write(&format!("{}\n", text::line(message))),
            Format::Json => tracing::info!(target: "warren::reload", "{message}"),
        }
    }

    /// Prints a failure that ends nothing.
    pub(crate) fn fail(self, failure: &Failure) {
        match self.format {
            Format::Text => stderr::write(&failure::render(failure, self.look)),
            Format::Json => tracing::error!(target: "warren::reload", "{}", failure.message),
        }
    }
}

fn rendered(message: &str, look: Look) -> String {
    let message = text::line(message);
    if look.fancy {
        format!("\x1b[33mwarning:\x1b[0m {message}\n")
    } else {
        format!("warning: {message}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_terminal_sees_colours() {
        let text = |fancy| rendered("main.lua:1: x\x1b", Look { fancy });
        assert_eq!(text(false), "warning: main.lua:1: x\\u{1b}\n");
        assert_eq!(text(true), "\x1b[33mwarning:\x1b[0m main.lua:1: x\\u{1b}\n");
    }
}
