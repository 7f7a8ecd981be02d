//! Patterns, and values by pattern.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

/// A pattern of texts. Matching is by bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// One text.
    Exact(Box<str>),
    /// All texts that begin so.
    Prefix(Box<str>),
}

impl Pattern {
    /// Reads a pattern: a final `*` stands for any rest, and `**` for everything.
    pub(super) fn new(text: &str) -> Pattern {
        match text {
            "**" => Pattern::Prefix("".into()),
            text => match text.strip_suffix('*') {
                Some(prefix) => Pattern::Prefix(prefix.into()),
                None => Pattern::Exact(text.into()),
            },
        }
    }
}

/// Values by pattern. The values that match a text are found without a look at the
/// others.
#[derive(Debug)]
pub(super) struct ByPattern<V> {
    exact: HashMap<Box<str>, V>,
    /// A prefix of a text is not behind it, and of two prefixes the shorter one is first.
    prefixes: BTreeMap<Box<str>, V>,
}

impl<V> Default for ByPattern<V> {
    fn default() -> Self {
        ByPattern {
            exact: HashMap::new(),
            prefixes: BTreeMap::new(),
        }
    }
}

impl<V: Default> ByPattern<V> {
    pub(super) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.prefixes.is_empty()
    }

    /// Returns the value of a pattern, which is made if it is absent.
    pub(super) fn entry(&mut self, pattern: &Pattern) -> &mut V {
        match pattern {
            Pattern::Exact(text) => self.exact.entry(text.clone()).or_default(),
            Pattern::Prefix(text) => self.prefixes.entry(text.clone()).or_default(),
        }
    }

    /// Changes the value of a pattern, and removes it if `change` returns true.
    pub(super) fn change(&mut self, pattern: &Pattern, change: impl FnOnce(&mut V) -> bool) {
        match pattern {
            Pattern::Exact(text) => {
                if self.exact.get_mut(text).is_some_and(change) {
                    self.exact.remove(text);
                }
            }
            Pattern::Prefix(text) => {
                if self.prefixes.get_mut(text).is_some_and(change) {
                    self.prefixes.remove(text);
                }
            }
        }
    }

    /// Visits the values of all patterns that match a text.
    ///
    /// Each step finds a matching prefix, or leaves out the bytes of the text that no
    /// prefix shares: at most as many steps as the text has bytes, mostly one more than
    /// there are matches.
    pub(super) fn matching<'a>(&'a self, text: &str, mut visit: impl FnMut(&'a V)) {
        if let Some(value) = self.exact.get(text) {
            visit(value);
        }
        let mut within = text;
        loop {
            let upto = (Bound::Unbounded, Bound::Included(within));
            let Some((prefix, value)) = self.prefixes.range::<str, _>(upto).next_back() else {
                return;
            };
            let shared = shared_bytes(prefix, within);
            // The last character of a matching prefix is left out, or what is not shared.
            let left = if shared == prefix.len() {
                visit(value);
                prefix.char_indices().next_back().map(|(at, _)| at)
            } else {
                Some(within.floor_char_boundary(shared))
            };
            match left {
                Some(left) => within = &within[..left],
                // The empty prefix is the last.
                None => return,
            }
        }
    }
}

fn shared_bytes(one: &str, other: &str) -> usize {
    let pairs = one.bytes().zip(other.bytes());
    pairs.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All texts of up to `longest` of these characters.
    fn texts(longest: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..longest {
            last = last
                .iter()
                .flat_map(|text| ["a", "b", "ä", "."].map(|c| format!("{text}{c}")))
                .collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    #[test]
    fn patterns_are_read() {
        let prefix = |text: &str| Pattern::Prefix(text.into());
        assert_eq!(Pattern::new("a.b"), Pattern::Exact("a.b".into()));
        assert_eq!(Pattern::new("a.*"), prefix("a."));
        assert_eq!(Pattern::new("a*"), prefix("a"));
        assert_eq!(Pattern::new("*"), prefix(""));
        assert_eq!(Pattern::new("**"), prefix(""));
        assert_eq!(Pattern::new("a*b"), Pattern::Exact("a*b".into()));
    }

    #[test]
    fn exactly_the_matching_values_are_found() {
        let texts = texts(3);
        // Every third text is a pattern of each kind, so that prefixes have gaps.
        for start in 0..3 {
            let mut values: ByPattern<Option<String>> = ByPattern::default();
            let chosen: Vec<_> = texts.iter().skip(start).step_by(3).collect();
            for text in &chosen {
                *values.entry(&Pattern::Exact(text.as_str().into())) = Some((*text).clone());
                *values.entry(&Pattern::Prefix(text.as_str().into())) = Some(format!("{text}*"));
            }
            for text in &texts {
                let mut found = Vec::new();
                values.matching(text, |value| found.extend(value.clone()));
                found.sort();
                let mut expected: Vec<_> = chosen
                    .iter()
                    .filter(|chosen| text.starts_with(chosen.as_str()))
                    .map(|chosen| format!("{chosen}*"))
                    .collect();
                expected.extend(
                    chosen
                        .iter()
                        .filter(|chosen| **chosen == text)
                        .map(|t| (*t).clone()),
                );
                expected.sort();
                assert_eq!(found, expected, "{text}");
            }
        }
    }

    #[test]
    fn a_value_is_removed_when_it_is_empty() {
        let mut values: ByPattern<u8> = ByPattern::default();
        for pattern in [Pattern::new("a"), Pattern::new("a*")] {
            *values.entry(&pattern) = 2;
            for _ in 0..2 {
                assert!(!values.is_empty());
                values.change(&pattern, |value| {
                    *value -= 1;
                    *value == 0
                });
            }
            assert!(values.is_empty());
            values.change(&pattern, |_| unreachable!("it is gone"));
        }
    }
}
