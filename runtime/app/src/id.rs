//! Ids of definitions and hosts.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// An id of the form `namespace:name`, for example `app.workers:handler`.
///
/// The namespace is one or more segments joined by dots, the name one segment.
/// A segment is made of ASCII letters, digits, `_` and `-`, so an id can never
/// name a path outside of a directory.
///
/// ```
/// use warren_app::Id;
///
/// let id = Id::parse("app.workers:handler")?;
/// assert_eq!((id.namespace(), id.name()), ("app.workers", "handler"));
/// # Ok::<_, warren_app::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    text: Arc<str>,
    colon: usize,
}

impl Id {
    /// The longest id, in bytes.
    pub const MAX_LEN: usize = 255;

    /// Reads an id.
    ///
    /// # Errors
    ///
    /// The fault, in words that fit a message to the author.
    pub fn parse(text: &str) -> Result<Id, IdError> {
        if text.len() > Id::MAX_LEN {
            return Err(IdError::TooLong { len: text.len() });
        }
        let (namespace, name) = text.split_once(':').ok_or_else(|| IdError::NoColon {
            text: text.to_owned(),
        })?;
        for segment in namespace.split('.').chain([name]) {
            check_segment(text, segment)?;
        }
        Ok(Id {
            text: text.into(),
            colon: namespace.len(),
        })
    }

    /// Returns an id in place of a malformed one, so that the rest of its table is checked.
    pub(crate) fn placeholder() -> Id {
        const NAMESPACE: &str = "unknown";
        Id {
            text: format!("{NAMESPACE}:id").into(),
            colon: NAMESPACE.len(),
        }
    }

    /// Returns the part before the colon.
    pub fn namespace(&self) -> &str {
        &self.text[..self.colon]
    }

    /// Returns the part after the colon.
    pub fn name(&self) -> &str {
        &self.text[self.colon + 1..]
    }

    /// Returns the whole id.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the whole id, shared.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The reason why a text is not an id.
///
/// ```
/// use warren_app::{Id, IdError};
///
/// let error = Id::parse("main").unwrap_err();
/// assert_eq!(error, IdError::NoColon { text: "main".to_owned() });
/// let error = Id::parse("app:my main").unwrap_err();
/// assert!(matches!(error, IdError::Character { character: ' ', .. }));
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum IdError {
    /// The text has no colon.
    #[error(
        "`{}` is not an id: expected `namespace:name`, for example `app:main`",
        shown(text)
    )]
    NoColon {
        /// The text.
        text: String,
    },
    /// A part between separators is empty.
    #[error(
        "`{}` is not an id: a part of it is empty; expected `namespace:name`",
        shown(text)
    )]
    EmptyPart {
        /// The text.
        text: String,
    },
    /// A character is not allowed in ids.
    #[error(
        "`{}` is not an id: {character:?} is not allowed; \
         ids have ASCII letters, digits, `_` and `-`",
        shown(text)
    )]
    Character {
        /// The text.
        text: String,
        /// The first such character.
        character: char,
    },
    /// The id is longer than [`Id::MAX_LEN`].
    #[error(
        "an id of {len} bytes is too long; the longest has {} bytes",
        Id::MAX_LEN
    )]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
}

/// Returns whether a character may occur in a segment of an id.
pub(crate) fn is_segment_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn check_segment(text: &str, segment: &str) -> Result<(), IdError> {
    if segment.is_empty() {
        return Err(IdError::EmptyPart {
            text: text.to_owned(),
        });
    }
    match segment.chars().find(|c| !is_segment_char(*c)) {
        Some(character) => Err(IdError::Character {
            text: text.to_owned(),
            character,
        }),
        None => Ok(()),
    }
}

/// Displays a text that a guest may have chosen: control characters must not
/// reach a terminal.
fn shown(text: &str) -> impl fmt::Display + '_ {
    text.escape_debug()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_two_parts() {
        let id = Id::parse("app.workers:handler").unwrap();
        assert_eq!(id.namespace(), "app.workers");
        assert_eq!(id.name(), "handler");
        assert_eq!(id.to_string(), "app.workers:handler");
    }

    #[test]
    fn invalid_ids_come_with_a_reason() {
        assert!(matches!(Id::parse("main"), Err(IdError::NoColon { .. })));
        for text in ["", ":", "app:", ":main", "app.:x", ".app:x", "a..b:x"] {
            let error = Id::parse(text).unwrap_err();
            assert!(
                matches!(error, IdError::EmptyPart { .. } | IdError::NoColon { .. }),
                "{text}: {error}"
            );
        }
        for text in [
            "app:../x",
            "app./etc:x",
            "a b:x",
            "app:x:y",
            "app:x.y",
            "app:\0",
            "äpp:x",
        ] {
            let error = Id::parse(text).unwrap_err();
            assert!(
                matches!(error, IdError::Character { .. } | IdError::EmptyPart { .. }),
                "{text}: {error}"
            );
        }
        assert!(matches!(
            Id::parse(&format!("app:{}", "x".repeat(300))),
            Err(IdError::TooLong { .. })
        ));
    }

    #[test]
    fn control_characters_do_not_reach_the_message() {
        let message = Id::parse("app:\u{1b}[31m").unwrap_err().to_string();
        assert!(!message.contains('\u{1b}'), "{message}");
    }
}
