//! Names of a store on a server.

use std::sync::Arc;

use crate::{hex, nats};

/// The names of one store.
pub(super) struct Names {
    /// Of its stream. Those of queues begin with `warren-`.
    pub(super) stream: String,
    /// The subject of news of changes, which is none of the stream.
    pub(super) news: String,
    /// The beginning of the subjects of its keys.
    lead: String,
}

impl Names {
    pub(super) fn new(id: &str) -> Names {
        let stream = format!("warren_store-{}", nats::name_of(id));
        Names {
            news: format!("warren.news.{stream}"),
            lead: format!("warren.store.{stream}."),
            stream,
        }
    }

    /// Returns the subjects of all keys.
    pub(super) fn subjects(&self) -> String {
        format!("{}*", self.lead)
    }

    /// Returns the subject of a key. A subject has no spaces, points and stars, and a key any.
    pub(super) fn subject(&self, key: &str) -> String {
        format!("{}{}", self.lead, hex::lower(key.as_bytes()))
    }

    /// Returns the key of a subject; `None` for a subject that no runtime has made.
    pub(super) fn key_of(&self, subject: &str) -> Option<Arc<str>> {
        let digits = subject.strip_prefix(self.lead.as_str())?.as_bytes();
        let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
        String::from_utf8(bytes?).ok().map(Arc::from)
    }
}

/// Returns the byte of two digits.
fn byte(digits: &[u8]) -> Option<u8> {
    match digits {
        [high, low] => Some((digit(*high)? << 4) | digit(*low)?),
        _ => None,
    }
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_a_subject_of_its_own() {
        let names = Names::new("app.shop:carts");
        assert_eq!(names.stream, "warren_store-app~shop=carts");
        assert_eq!(
            names.subject("a/\u{e9}"),
            "warren.store.warren_store-app~shop=carts.612fc3a9"
        );
        for key in ["a/\u{e9}", "*.>", " \r\n", "\0"] {
            let subject = names.subject(key);
            assert_eq!(names.key_of(&subject).as_deref(), Some(key));
        }
        for other in ["6", "6g", "6A", "ff", "61.62", "*"] {
            let subject = format!("{}{other}", names.lead);
            assert_eq!(names.key_of(&subject), None, "{other}");
        }
        assert_eq!(names.key_of("warren.store.other.61"), None);
    }
}
