//! The patterns of a schema. They match in time linear in the text.

use regex::{Regex, RegexBuilder};
use warren_kernel::{Error, text};

use super::tree::invalid;
use crate::limit::beyond;
use crate::text::{Dialect, Malformed, translated};

/// Sizes that a pattern is compiled within, in bytes: the first that suffices.
const SIZES: [usize; 3] = [16 << 10, 64 << 10, MAX_SIZE];

/// The most bytes of a compiled pattern.
const MAX_SIZE: usize = 128 << 10;

/// The most bytes of a pattern's text.
const MAX_TEXT: usize = 16 << 10;

/// The most bytes of the patterns of a schema, compiled.
pub(super) const MAX_PATTERNS: usize = 2 << 20;

/// Bytes of text times bytes of compiled pattern of one search, which cannot be stopped:
/// some 0.5 s in the worst case.
const MAX_SEARCH: usize = 1 << 33;

#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// The one of [`SIZES`] that the pattern was compiled within.
    size: usize,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// `Invalid` for a pattern that is malformed or too large.
    pub(super) fn new(text: &str) -> Result<Pattern, Error> {
        let shown = || format!("`{}`", text::clipped(text, 60));
        if text.len() > MAX_TEXT {
            let message = format!(
                "schema: the pattern {} has more than {MAX_TEXT} bytes",
                shown()
            );
            return Err(beyond("max_pattern", MAX_TEXT, message));
        }
        let malformed = |why: &str| {
            let why = format!(": the pattern {} is invalid: {why}", shown());
            invalid("schema", why)
        };
        let translated = translated(text, Dialect::Schema);
        let translated = translated.map_err(|Malformed { why, limit }| match limit {
            None => malformed(&why),
            Some((limit, most)) => beyond(limit, most, malformed(&why).message),
        })?;
        for size in SIZES {
            let mut builder = RegexBuilder::new(&translated.pattern);
            match builder.size_limit(size).dfa_size_limit(size).build() {
                Ok(regex) => return Ok(Pattern { regex, size }),
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(error) => {
                    // The last line of several has the reason.
                    let error = error.to_string();
                    let reason = error.lines().last().unwrap_or_default().trim();
                    let reason = reason.trim_start_matches("error: ");
                    return Err(malformed(reason));
                }
            }
        }
        let message = format!(
            "schema: the pattern {} has more than {MAX_SIZE} bytes, compiled",
            shown()
        );
        Err(beyond("max_compiled", MAX_SIZE, message))
    }

    /// Returns the most bytes that the pattern takes.
    pub(super) fn bytes(&self) -> usize {
        self.size
    }

    /// Returns the most bytes of a text that the pattern is looked for in.
    pub(super) fn longest(&self) -> usize {
        MAX_SEARCH / self.size
    }

    /// Returns the work of a search in a text; `None` for a search that takes too long.
    pub(super) fn work(&self, text: &str) -> Option<u64> {
        let work = text.len().checked_mul(self.size)?;
        (work <= MAX_SEARCH).then_some(1 + (work >> 14) as u64)
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_are_none_or_too_large_are_invalid() {
        for text in [
            "(",
            "(?=a)",
            "a{1000}{1000}",
            r"\p{L}{9000}",
            &"a".repeat(20_000),
        ] {
            let error = Pattern::new(text).unwrap_err();
            assert!(error.message.starts_with("schema: the pattern "), "{error}");
            assert!(!error.message.contains('\n'));
        }
        let large = Pattern::new("(?:abc){500}").unwrap();
        assert!(large.work(&"a".repeat(1 << 20)).is_none());
        assert!(large.work("abc").is_some());
    }
}
