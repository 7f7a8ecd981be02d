//! Texts that name something.

use warren_app::{Id, parse_duration};
use warren_kernel::Destination;

/// None of the readers of texts does more than refuse.
pub(super) fn texts(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = Destination::parse(&text);
    let _ = parse_duration(&text);
    if let Ok(id) = Id::parse(&text) {
        assert_eq!(id.to_string(), text, "an id is its text");
    }
}
