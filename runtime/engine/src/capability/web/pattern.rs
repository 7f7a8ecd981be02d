//! Patterns of paths.

use std::fmt;

use thiserror::Error;
use warren_kernel::text;

/// The most segments of a pattern.
const MAX_SEGMENTS: usize = 64;

/// The most bytes of the name of a parameter.
const MAX_NAME: usize = 64;

/// A pattern of paths: segments that are texts, parameters `{name}`, and at the end perhaps
/// `{name...}`, which takes all further segments, none included.
///
/// ```
/// use warren_engine::capability::web::Pattern;
///
/// let pattern = Pattern::parse("/users/{id}/files/{path...}")?;
/// assert_eq!(pattern.parameters().collect::<Vec<_>>(), ["id", "path"]);
/// assert!(Pattern::parse("/{path...}/end").is_err());
/// # Ok::<_, warren_engine::capability::web::PatternError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pattern(Vec<Segment>);

/// A part of a pattern between slashes.
///
/// ```
/// use warren_engine::capability::web::{Pattern, Segment};
///
/// let pattern = Pattern::parse("/users/{id}")?;
/// assert_eq!(
///     pattern.segments(),
///     [Segment::Text("users".to_owned()), Segment::Parameter("id".to_owned())]
/// );
/// # Ok::<_, warren_engine::capability::web::PatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// Exactly this text, decoded.
    Text(String),
    /// Any text but the empty one, under this name.
    Parameter(String),
    /// All further segments, under this name.
    Rest(String),
}

/// The reason why a text is not a pattern.
///
/// ```
/// use warren_engine::capability::web::{Pattern, PatternError};
///
/// assert_eq!(Pattern::parse("users"), Err(PatternError::Slash));
/// let error = Pattern::parse("/{id}/{id}").unwrap_err();
/// assert_eq!(error.to_string(), "the parameter `id` occurs twice");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PatternError {
    /// The text does not begin with a slash.
    #[error("expected a path that begins with `/`")]
    Slash,
    /// A brace stands at a place where none may be.
    #[error(
        "`{}`: a parameter is a whole segment, such as `{{id}}`",
        shown(segment)
    )]
    Brace {
        /// The segment.
        segment: String,
    },
    /// The name of a parameter is empty, too long or has other characters.
    #[error(
        "`{}`: the name of a parameter has 1 to {MAX_NAME} ASCII letters, digits and `_`",
        shown(segment)
    )]
    Name {
        /// The segment.
        segment: String,
    },
    /// A parameter with `...` is not the last segment.
    #[error(
        "`{}` takes all further segments, so it is the last one",
        shown(segment)
    )]
    NotLast {
        /// The segment.
        segment: String,
    },
    /// A parameter occurs twice.
    #[error("the parameter `{}` occurs twice", shown(name))]
    Twice {
        /// Its name.
        name: String,
    },
    /// A pattern has too many segments.
    #[error("expected at most {MAX_SEGMENTS} segments")]
    TooLong,
    /// A prefix has parameters.
    #[error("a prefix has no parameters")]
    Prefix,
    /// The text has a query, a fragment or a control character.
    #[error("expected no `?`, `#`, `%` or control characters: a pattern is written decoded")]
    Character,
}

fn shown(text: &str) -> String {
    text::clipped(text, 60)
}

impl Pattern {
    /// Reads a pattern. Texts are written as they are, not percent-encoded.
    ///
    /// # Errors
    ///
    /// See [`PatternError`].
    pub fn parse(text: &str) -> Result<Pattern, PatternError> {
        let rest = text.strip_prefix('/').ok_or(PatternError::Slash)?;
        let is_wrong = |c: char| matches!(c, '?' | '#' | '%') || c.is_control();
        if rest.contains(is_wrong) {
            return Err(PatternError::Character);
        }
        let mut segments = Vec::new();
        for segment in rest.split('/') {
            if segments.len() == MAX_SEGMENTS {
                return Err(PatternError::TooLong);
            }
            if let Some(Segment::Rest(name)) = segments.last() {
                let segment = format!("{{{name}...}}");
                return Err(PatternError::NotLast { segment });
            }
            segments.push(Segment::parse(segment)?);
        }
        let pattern = Pattern(segments);
        let names: Vec<&str> = pattern.parameters().collect();
        for (place, name) in names.iter().enumerate() {
            if names[..place].contains(name) {
                let name = (*name).to_owned();
                return Err(PatternError::Twice { name });
            }
        }
        Ok(pattern)
    }

    /// Reads a pattern without parameters, and leaves out a slash at its end: the prefix of
    /// other patterns. `/` is the prefix of all.
    ///
    /// # Errors
    ///
    /// See [`PatternError`].
    pub fn parse_prefix(text: &str) -> Result<Pattern, PatternError> {
        let mut pattern = Pattern::parse(text)?;
        if pattern.parameters().next().is_some() {
            return Err(PatternError::Prefix);
        }
        if pattern.0.last() == Some(&Segment::Text(String::new())) {
            pattern.0.pop();
        }
        Ok(pattern)
    }

    /// Returns the segments.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Returns the names of the parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Text(_) => None,
            Segment::Parameter(name) | Segment::Rest(name) => Some(name.as_str()),
        })
    }

    /// Returns true if both patterns match the same paths.
    pub fn matches_as(&self, other: &Pattern) -> bool {
        let pairs = self.0.iter().zip(&other.0);
        self.0.len() == other.0.len()
            && pairs.into_iter().all(|pair| match pair {
                (Segment::Text(one), Segment::Text(other)) => one == other,
                (Segment::Parameter(_), Segment::Parameter(_))
                | (Segment::Rest(_), Segment::Rest(_)) => true,
                _ => false,
            })
    }
}

impl Segment {
    fn parse(segment: &str) -> Result<Segment, PatternError> {
        if !segment.contains(['{', '}']) {
            return Ok(Segment::Text(segment.to_owned()));
        }
        let brace = || PatternError::Brace {
            segment: segment.to_owned(),
        };
        let inner = segment
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .ok_or_else(brace)?;
        if inner.contains(['{', '}']) {
            return Err(brace());
        }
        let (name, is_rest) = match inner.strip_suffix("...") {
            Some(name) => (name, true),
            None => (inner, false),
        };
        let is_sound = (1..=MAX_NAME).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        match (is_sound, is_rest) {
            (false, _) => Err(PatternError::Name {
                segment: segment.to_owned(),
            }),
            (true, true) => Ok(Segment::Rest(name.to_owned())),
            (true, false) => Ok(Segment::Parameter(name.to_owned())),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("/");
        }
        for segment in &self.0 {
            match segment {
                Segment::Text(text) => write!(f, "/{text}")?,
                Segment::Parameter(name) => write!(f, "/{{{name}}}")?,
                Segment::Rest(name) => write!(f, "/{{{name}...}}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_and_shown() {
        for text in ["/", "/a", "/a/", "/{id}/b", "/ä/{rest...}", "//a"] {
            assert_eq!(Pattern::parse(text).unwrap().to_string(), text);
        }
        for (text, shown) in [("/", "/"), ("/api", "/api"), ("/api/v1/", "/api/v1")] {
            assert_eq!(Pattern::parse_prefix(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let error = |text: &str| Pattern::parse(text).unwrap_err();
        assert_eq!(error("users"), PatternError::Slash);
        assert_eq!(error(""), PatternError::Slash);
        for text in ["/a{id}", "/{id", "/id}", "/{{id}}", "/{a}{b}"] {
            assert!(matches!(error(text), PatternError::Brace { .. }), "{text}");
        }
        for text in ["/{}", "/{...}", "/{a-b}", "/{a.b}", "/{ä}"] {
            assert!(matches!(error(text), PatternError::Name { .. }), "{text}");
        }
        assert!(matches!(error("/{a...}/b"), PatternError::NotLast { .. }));
        assert!(matches!(error("/{a}/{a}"), PatternError::Twice { .. }));
        for text in ["/a?b", "/a#b", "/%20", "/a\n"] {
            assert_eq!(error(text), PatternError::Character);
        }
        assert_eq!(error(&"/a".repeat(65)), PatternError::TooLong);
        let prefix = Pattern::parse_prefix("/{id}").unwrap_err();
        assert_eq!(prefix, PatternError::Prefix);
    }

    #[test]
    fn names_of_parameters_make_no_difference() {
        let pattern = |text: &str| Pattern::parse(text).unwrap();
        assert!(pattern("/a/{x}").matches_as(&pattern("/a/{y}")));
        assert!(!pattern("/a/{x}").matches_as(&pattern("/a/{y...}")));
        assert!(!pattern("/a/{x}").matches_as(&pattern("/a/x")));
        assert!(!pattern("/a").matches_as(&pattern("/a/")));
    }
}
