//! Parsers of short texts, such as ids and durations.

use warren_app::{Id, parse_duration};
use warren_kernel::Destination;

use crate::Reached;

pub(crate) static TEXTS: [Reached; 3] = [
    Reached::new("destinations read"),
    Reached::new("durations read"),
    Reached::new("ids read"),
];

/// Parses the text: every parser accepts or refuses it, and never panics.
pub(super) fn texts(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    TEXTS[0].add(u64::from(Destination::parse(&text).is_ok()));
    TEXTS[1].add(u64::from(parse_duration(&text).is_ok()));
    if let Ok(id) = Id::parse(&text) {
        TEXTS[2].add(1);
        assert_eq!(id.to_string(), text, "an id is its text");
    }
}
