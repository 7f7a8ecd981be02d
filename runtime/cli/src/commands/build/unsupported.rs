//! Parts of Rust's standard library that do not work in guests for `wasm32-unknown-unknown`.
//!
//! On that target the library knows of no runtime, and nothing can take the place of its
//! functions. The compiler takes them without a word, so the build tells of guests that
//! contain them.

use std::fs;
use std::path::PathBuf;

use warren::text;

use crate::report::warning::Warnings;

/// The target that has no system.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// A part of the library.
struct Part {
    /// Texts in the data of every guest with this part, also of one without names of
    /// functions. The library's own messages have them: in another version that writes them
    /// otherwise, the warning is missing.
    marks: &'static [&'static str],
    fault: &'static str,
    instead: &'static str,
}

const PARTS: [Part; 3] = [
    Part {
        marks: &["failed printing to "],
        fault: "`std::println!` prints nothing",
        instead: "`warren_guest::println!`",
    },
    Part {
        marks: &["time not implemented on this platform"],
        fault: "`std::time` has no clock and panics",
        instead: "`warren_guest::time`",
    },
    Part {
        // People write the first one, too.
        marks: &["can't sleep", "sys/thread/unsupported.rs"],
        fault: "`std::thread::sleep` panics",
        instead: "`warren_guest::time::sleep`",
    },
];

/// Warns of each part that guests contain, once for all of them.
pub(super) fn warn(guests: &[PathBuf], warnings: Warnings) {
    let contents: Vec<Vec<u8>> = guests
        .iter()
        .map(|guest| fs::read(guest).unwrap_or_default())
        .collect();
    for part in &PARTS {
        let all = guests.iter().zip(&contents);
        let with = all.filter(|(_, content)| part.is_in(content));
        let names: Vec<String> = with
            .map(|(guest, _)| text::path(guest).to_string())
            .collect();
        if !names.is_empty() {
            warnings.print(&part.warning(&names));
        }
    }
}

impl Part {
    fn is_in(&self, guest: &[u8]) -> bool {
        let has = |mark: &&str| {
            let mut places = guest.windows(mark.len());
            places.any(|place| place == mark.as_bytes())
        };
        self.marks.iter().all(has)
    }

    fn warning(&self, guests: &[String]) -> String {
        format!(
            "{}: {} on {TARGET}; use {}, or build for wasm32-wasip1",
            guests.join(", "),
            self.fault,
            self.instead
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_known_by_all_of_their_marks() {
        let in_guest = |content: &[u8]| PARTS.each_ref().map(|part| part.is_in(content));
        assert_eq!(in_guest(b""), [false; 3]);
        assert_eq!(
            in_guest(b"\0asm mid > lentime not implemented on this platform"),
            [false, true, false]
        );
        assert_eq!(
            in_guest(b"I can't sleepfailed printing to stdout"),
            [true, false, false]
        );
        assert_eq!(
            in_guest(b"library/std/src/sys/thread/unsupported.rs\0can't sleep"),
            [false, false, true]
        );
    }

    #[test]
    fn a_warning_says_what_to_use() {
        let guests = ["a.wasm".to_owned(), "b.wasm".to_owned()];
        assert_eq!(
            PARTS[0].warning(&guests),
            "a.wasm, b.wasm: `std::println!` prints nothing on wasm32-unknown-unknown; use \
             `warren_guest::println!`, or build for wasm32-wasip1"
        );
    }
}
