//! Excerpts of text whose length a guest or a file decides.

use std::fmt::{self, Display, Write};

/// Most bytes of a message about code. A parser quotes the line that it stopped at,
/// which may be the whole file; a name of an import may have 100,000 bytes.
pub(crate) const MESSAGE: usize = 4 * 1024;

/// Returns the text that `text` displays, cut off after `max` bytes. The rest is
/// never formatted.
pub(crate) fn excerpt(text: impl Display, max: usize) -> String {
    let mut room = Room {
        text: String::new(),
        max,
    };
    if write!(room, "{text}").is_err() {
        room.text.push_str(" ...");
    }
    room.text
}

/// A writer that fails once it holds `max` bytes.
struct Room {
    text: String,
    max: usize,
}

impl Write for Room {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = self.max - self.text.len();
        self.text.push_str(&text[..text.floor_char_boundary(left)]);
        if text.len() > left {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_is_whole() {
        assert_eq!(excerpt("12345", 5), "12345");
        assert_eq!(excerpt(format_args!("{}{}", 12, 345), 5), "12345");
        assert_eq!(excerpt("", 0), "");
    }

    #[test]
    fn a_longer_text_is_cut_between_characters() {
        assert_eq!(excerpt("123456", 5), "12345 ...");
        assert_eq!(excerpt(format_args!("{}{}", "1234", "€"), 5), "1234 ...");
        let many = ["x"; 100].concat();
        assert_eq!(excerpt(format_args!("{many}{many}"), 150).len(), 154);
    }
}
