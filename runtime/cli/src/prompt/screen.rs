//! The terminal that a prompt shares with the output of the program.

use std::io::{self, Write};
use std::sync::Arc;

use parking_lot::Mutex;
use warren::{Sink, Stream};

/// Standard output and error, with the prompt at which a line is edited.
#[derive(Clone, Default)]
pub(crate) struct Screen(Arc<Mutex<Option<String>>>);

impl Screen {
    /// Sets the prompt at which a line is edited from now on; `None` while none is.
    pub(super) fn edits(&self, prompt: Option<&str>) {
        *self.0.lock() = prompt.map(str::to_owned);
    }
}

impl Sink for Screen {
    fn write(&mut self, stream: Stream, bytes: &[u8]) {
        // Held while writing: the prompt is not drawn in between.
        let prompt = self.0.lock();
        let text = match &*prompt {
            Some(prompt) => above(prompt, bytes),
            None => bytes.to_vec(),
        };
        // A failure shows when the prompt itself writes; one of standard error nowhere.
        let _ = match stream {
            Stream::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(&text).and_then(|()| out.flush())
            }
            Stream::Stderr => io::stderr().lock().write_all(&text),
        };
    }
}

/// Returns what puts output above a line that is edited. The line is whole again with the
/// next key.
fn above(prompt: &str, bytes: &[u8]) -> Vec<u8> {
    /// Goes to the start of the line, and erases it.
    const ERASE: &[u8] = b"\r\x1b[K";
    let end: &[u8] = if bytes.ends_with(b"\n") { b"" } else { b"\n" };
    [ERASE, bytes, end, prompt.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_stands_above_the_line_that_is_edited() {
        assert_eq!(above("> ", b"a\n"), b"\r\x1b[Ka\n> ");
        assert_eq!(above("> ", b"a"), b"\r\x1b[Ka\n> ");
    }
}
