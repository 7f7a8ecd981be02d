//! Compiled patterns, kept by their text.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use regex::bytes::{Regex, RegexBuilder};
use warren_kernel::Error;
use warren_values::msgpack;

use super::syntax::{self, Dialect, Malformed};
use crate::limit::beyond;
use crate::request::Arguments;

/// Sizes that a pattern is compiled within, in bytes: the first that suffices. The last is
/// the limit.
const SIZES: [usize; 4] = [16 << 10, 64 << 10, 256 << 10, MAX_COMPILED];

/// The most bytes of a compiled pattern.
pub(super) const MAX_COMPILED: usize = 1 << 20;

/// The most bytes of a pattern's text.
const MAX_PATTERN: usize = 64 << 10;

/// The most bytes of a text that is compiled at once.
const SHORT: usize = 256;

/// Bytes of the compiled patterns that are kept.
const KEPT: usize = 16 << 20;

/// Bytes of text times bytes of compiled pattern of one search, which cannot be stopped:
/// some seconds in the worst case.
const MAX_SEARCH: usize = 1 << 35;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// The names of the groups, the whole match first.
    names: Vec<Option<String>>,
    /// True for a pattern with a `\B`.
    may_split: bool,
    /// The one of [`SIZES`] that the pattern was compiled within.
    size: usize,
}

impl Pattern {
    pub(super) fn regex(&self) -> &Regex {
        &self.regex
    }

    /// Returns the names of the groups. The whole match, which is first, has none.
    pub(super) fn names(&self) -> &[Option<String>] {
        &self.names
    }

    /// Returns true for a pattern that may match nothing but the empty text between the
    /// bytes of a character.
    pub(super) fn may_split(&self) -> bool {
        self.may_split
    }

    /// Returns true for a pattern that matches short texts at once.
    pub(super) fn is_small(&self) -> bool {
        self.size == SIZES[0]
    }

    /// Refuses a text whose search would take too long.
    ///
    /// # Errors
    ///
    /// `Invalid`, with the limit.
    pub(super) fn check_text(&self, text: &[u8]) -> Result<(), Error> {
        let most = MAX_SEARCH / self.size;
        if text.len() <= most {
            return Ok(());
        }
        let bytes = text.len();
        let message = format!(
            "text: {bytes} bytes are more than {most}, the most for a pattern of this size"
        );
        Err(beyond("max_search", most, message))
    }
}

/// Refuses a pattern that is too long.
///
/// # Errors
///
/// `Invalid`.
pub(super) fn check_length(pattern: &str) -> Result<(), Error> {
    if pattern.len() <= MAX_PATTERN {
        return Ok(());
    }
    let bytes = pattern.len();
    let message = format!("regex: the pattern has {bytes} bytes, more than {MAX_PATTERN}");
    Err(beyond("max_pattern", MAX_PATTERN, message))
}

/// Reads the pattern of a call.
///
/// # Errors
///
/// `Invalid` for another type, or bytes that are not UTF-8.
pub(super) fn pattern_of<'r>(arguments: &mut Arguments<'r>) -> Result<&'r str, Error> {
    let pattern = msgpack::text(arguments.bytes("pattern")?);
    pattern.ok_or_else(|| Error::invalid("regex: the pattern is not UTF-8"))
}

/// The patterns that are kept. Of too many the longest unused go.
#[derive(Default)]
pub(super) struct Patterns(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    patterns: HashMap<Box<str>, (Arc<Pattern>, u64)>,
    bytes: usize,
    /// Grows at each use.
    clock: u64,
}

impl Patterns {
    /// Finds a pattern, or compiles one that is short and small. `None` if the pattern
    /// takes work.
    ///
    /// # Errors
    ///
    /// `Invalid` for a malformed pattern.
    pub(super) fn find_or_compile_small(&self, text: &str) -> Result<Option<Arc<Pattern>>, Error> {
        if let Some(found) = self.0.lock().find(text) {
            return Ok(Some(found));
        }
        if text.len() > SHORT {
            return Ok(None);
        }
        Ok(build(text, SIZES[0])?.map(|pattern| self.keep(text, pattern)))
    }

    /// Finds or compiles a pattern.
    ///
    /// # Errors
    ///
    /// `Invalid` for a pattern that is malformed or too large.
    pub(super) fn compile(&self, text: &str) -> Result<Arc<Pattern>, Error> {
        if let Some(found) = self.0.lock().find(text) {
            return Ok(found);
        }
        for size in SIZES {
            if let Some(pattern) = build(text, size)? {
                return Ok(self.keep(text, pattern));
            }
        }
        let message = format!("regex: the compiled pattern has more than {MAX_COMPILED} bytes");
        Err(beyond("max_compiled", MAX_COMPILED, message))
    }

    fn keep(&self, text: &str, pattern: Pattern) -> Arc<Pattern> {
        let pattern = Arc::new(pattern);
        self.0.lock().keep(text, Arc::clone(&pattern));
        pattern
    }
}

impl Kept {
    fn find(&mut self, text: &str) -> Option<Arc<Pattern>> {
        self.clock += 1;
        let (pattern, used) = self.patterns.get_mut(text)?;
        *used = self.clock;
        Some(Arc::clone(pattern))
    }

    fn keep(&mut self, text: &str, pattern: Arc<Pattern>) {
        self.clock += 1;
        self.bytes += pattern.size;
        let entry = (pattern, self.clock);
        if let Some((before, _)) = self.patterns.insert(text.into(), entry) {
            self.bytes -= before.size;
        }
        while self.bytes > KEPT {
            let oldest = self.patterns.iter().min_by_key(|(_, (_, used))| *used);
            let Some(oldest) = oldest.map(|(text, _)| text.clone()) else {
                return;
            };
            if let Some((pattern, _)) = self.patterns.remove(&oldest) {
                self.bytes -= pattern.size;
            }
        }
    }
}

/// Compiles a pattern within a size; `None` if it takes more.
fn build(text: &str, size: usize) -> Result<Option<Pattern>, Error> {
    let translated = syntax::translated(text, Dialect::Re2);
    let translated = translated.map_err(|Malformed { why, limit }| {
        let message = format!("regex: {why}");
        match limit {
            None => Error::invalid(message),
            Some((limit, most)) => beyond(limit, most, message),
        }
    })?;
    let mut builder = RegexBuilder::new(&translated.pattern);
    match builder.size_limit(size).dfa_size_limit(size).build() {
        Ok(regex) => Ok(Some(Pattern {
            regex,
            names: translated.names,
            may_split: translated.has_no_boundary,
            size,
        })),
        Err(regex::Error::CompiledTooBig(_)) => Ok(None),
        Err(error) => {
            // The last line of several has the reason.
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default();
            let reason = reason.trim().trim_start_matches("error: ");
            Err(Error::invalid(format!("regex: {reason}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use warren_kernel::Kind;

    #[test]
    fn a_pattern_is_compiled_once() {
        let patterns = Patterns::default();
        let first = patterns.find_or_compile_small("a+").unwrap().unwrap();
        assert!(Arc::ptr_eq(&first, &patterns.compile("a+").unwrap()));
        assert!(first.is_small());
    }

    #[test]
    fn kept_patterns_are_bounded_and_the_longest_unused_goes() {
        let patterns = Patterns::default();
        let first = patterns.compile("first").unwrap();
        for number in 0..(KEPT / SIZES[0]) - 1 {
            patterns.compile(&format!("x{number}")).unwrap();
        }
        assert!(Arc::ptr_eq(&first, &patterns.compile("first").unwrap()));
        patterns.compile("one more").unwrap();
        let kept = patterns.0.lock();
        assert!(kept.patterns.contains_key("first") && !kept.patterns.contains_key("x0"));
        assert!(kept.bytes <= KEPT);
    }

    #[test]
    fn patterns_that_are_none_or_too_large_are_invalid() {
        let patterns = Patterns::default();
        let nested = "(".repeat(1_000) + &")".repeat(1_000);
        for text in [
            "(",
            "a{1000}{1000}{1000}",
            r"(?:\w{500}){500}",
            r"(?:\pL{500}){2}",
            "(?=a)",
            &nested,
        ] {
            let error = patterns.compile(text).unwrap_err();
            assert_eq!(error.kind, Kind::Invalid);
            assert!(error.message.starts_with("regex: "), "{error}");
            assert!(!error.message.contains('\n'), "{error}");
        }
        assert!(check_length(&"a".repeat(MAX_PATTERN + 1)).is_err());
    }
}
