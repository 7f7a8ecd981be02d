//! Reads typed values from a parsed TOML document and records problems.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use warren_kernel::text;

use super::problem::Problem;
use super::size;
use crate::id::Id;
use crate::suggest::closest;

/// Collects problems while the document is read. A wrong value is recorded and
/// then treated as absent, so that one reading finds all problems.
#[derive(Default)]
pub(super) struct Reader {
    problems: Vec<Problem>,
}

/// A table of the document and the path to it.
pub(super) struct Section<'a> {
    path: Vec<String>,
    entries: &'a DeTable<'a>,
}

impl<'a> Section<'a> {
    /// Returns the whole document as a section.
    pub(super) fn document(entries: &'a DeTable<'a>) -> Self {
        Section {
            path: Vec::new(),
            entries,
        }
    }

    /// Returns the table of this key as a section.
    pub(super) fn below(&self, key: &str, entries: &'a DeTable<'a>) -> Self {
        let mut path = self.path.clone();
        path.push(key.to_owned());
        Section { path, entries }
    }

    /// Returns whether the key is present.
    pub(super) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    pub(super) fn value(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.entries.get(key)
    }

    /// Returns the place of a key in the table of another key.
    pub(super) fn span_below(&self, table: &str, key: &str) -> Option<Range<usize>> {
        match self.value(table)?.get_ref() {
            DeValue::Table(entries) => {
                let mut keys = entries.keys();
                keys.find(|known| **known.get_ref() == *key)
                    .map(Spanned::span)
            }
            _ => None,
        }
    }

    /// Returns ` in [hosts."app:workers"]`; nothing at the top.
    pub(super) fn place(&self) -> String {
        if self.path.is_empty() {
            return String::new();
        }
        let path: Vec<String> = self
            .path
            .iter()
            .map(|key| {
                if !key.is_empty() && key.chars().all(crate::id::is_segment_char) {
                    text::quoted(key)
                } else {
                    format!("\"{}\"", text::quoted(key))
                }
            })
            .collect();
        format!(" in [{}]", path.join("."))
    }
}

impl Reader {
    /// Returns all recorded problems, in the order of the text.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.span.start);
        self.problems
    }

    /// Records a problem.
    pub(super) fn problem(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        remedy: Option<String>,
    ) {
        self.problems.push(Problem {
            span,
            message: message.into(),
            label: label.into(),
            remedy,
        });
    }

    /// Records every key of the section that is not `known`.
    pub(super) fn known_keys(&mut self, section: &Section<'_>, known: &[&str]) {
        for key in section.entries.keys() {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            self.problem(
                key.span(),
                format!("unknown key `{}`{}", text::quoted(name), section.place()),
                format!("expected {}", alternatives(known)),
                closest(name, known.iter().copied())
                    .map(|right| format!("did you mean `{right}`?")),
            );
        }
    }

    /// Returns the table of this key, if present.
    pub(super) fn table<'a>(&mut self, section: &Section<'a>, key: &str) -> Option<Section<'a>> {
        let value = section.value(key)?;
        self.as_table(section, key, value)
    }

    /// Returns the tables in the table of this key, each with its key read as an id. A key
    /// that is no id is a problem, and so is what is wrong in its table.
    pub(super) fn tables_by_id<'a>(
        &mut self,
        section: &Section<'a>,
        key: &str,
    ) -> Vec<(Spanned<Id>, Section<'a>)> {
        let Some(outer) = self.table(section, key) else {
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (key, value) in outer.entries {
            let id = self
                .parse_id(key.get_ref(), key.span())
                .unwrap_or_else(|| Spanned::new(key.span(), Id::placeholder()));
            if let Some(table) = self.as_table(&outer, key.get_ref(), value) {
                tables.push((id, table));
            }
        }
        tables
    }

    /// Returns the string of this key, if present.
    pub(super) fn string(&mut self, section: &Section<'_>, key: &str) -> Option<Spanned<String>> {
        let value = section.value(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Spanned::new(value.span(), text.clone().into_owned())),
            other => {
                self.wrong_type(section, key, value.span(), other, "a string");
                None
            }
        }
    }

    /// Returns the strings of the array of this key; none if absent.
    pub(super) fn strings(&mut self, section: &Section<'_>, key: &str) -> Vec<Spanned<String>> {
        let Some(value) = section.value(key) else {
            return Vec::new();
        };
        let expected = "an array of strings";
        let DeValue::Array(array) = value.get_ref() else {
            self.wrong_type(section, key, value.span(), value.get_ref(), expected);
            return Vec::new();
        };
        if array.len() > MAX_STRINGS {
            let message = format!("`{key}`{} holds {} strings", section.place(), array.len());
            self.problem(
                value.span(),
                message,
                format!("expected at most {MAX_STRINGS}"),
                None,
            );
            return Vec::new();
        }
        let mut strings = Vec::with_capacity(array.len());
        for element in array.iter() {
            match element.get_ref() {
                DeValue::String(text) => {
                    strings.push(Spanned::new(element.span(), text.clone().into_owned()));
                }
                other => self.problem(
                    element.span(),
                    format!("`{key}`{} holds {}", section.place(), type_of(other)),
                    format!("expected {expected}"),
                    None,
                ),
            }
        }
        strings
    }

    /// Returns the boolean of this key, if present.
    pub(super) fn boolean(&mut self, section: &Section<'_>, key: &str) -> Option<bool> {
        let value = section.value(key)?;
        if let DeValue::Boolean(value) = value.get_ref() {
            return Some(*value);
        }
        self.wrong_type(section, key, value.span(), value.get_ref(), "true or false");
        None
    }

    /// Returns all strings of the section, by key.
    pub(super) fn texts(&mut self, section: &Section<'_>) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for key in section.entries.keys() {
            if let Some(text) = self.string(section, key.get_ref()) {
                texts.insert(key.get_ref().to_string(), text.into_inner());
            }
        }
        texts
    }

    /// Returns the strings, whole numbers and booleans of the section as texts, with their
    /// keys.
    pub(super) fn words(&mut self, section: &Section<'_>) -> Vec<(Spanned<String>, String)> {
        let mut words = Vec::new();
        for (key, value) in section.entries {
            let name: &str = key.get_ref();
            let word = match value.get_ref() {
                DeValue::String(text) => text.clone().into_owned(),
                DeValue::Boolean(value) => value.to_string(),
                DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().to_owned(),
                other => {
                    let expected = "a string, a whole number, true or false";
                    self.wrong_type(section, name, value.span(), other, expected);
                    continue;
                }
            };
            words.push((Spanned::new(key.span(), name.to_owned()), word));
        }
        words
    }

    /// Records that the table of this key lacks a key.
    pub(super) fn missing(&mut self, section: &Section<'_>, key: &str, expected: &str) {
        if let Some(value) = section.value(key) {
            let message = format!("`{key}`{} is not complete", section.place());
            self.problem(value.span(), message, expected, None);
        }
    }

    /// Returns the id of this key, if present.
    pub(super) fn id(&mut self, section: &Section<'_>, key: &str) -> Option<Spanned<Id>> {
        let text = self.string(section, key)?;
        self.parse_id(text.get_ref(), text.span())
    }

    /// Returns all ids of the section, by key.
    pub(super) fn ids(&mut self, section: &Section<'_>) -> Vec<(Spanned<String>, Spanned<Id>)> {
        let mut ids = Vec::new();
        for key in section.entries.keys() {
            if let Some(id) = self.id(section, key.get_ref()) {
                let key = Spanned::new(key.span(), key.get_ref().to_string());
                ids.push((key, id));
            }
        }
        ids
    }

    /// Returns the count of this key, if present: a whole number above zero.
    pub(super) fn count(&mut self, section: &Section<'_>, key: &str) -> Option<usize> {
        self.count_within(section, key, 1..=u32::MAX)
    }

    /// Returns the whole number of this key within a range, if present.
    pub(super) fn count_within(
        &mut self,
        section: &Section<'_>,
        key: &str,
        range: RangeInclusive<u32>,
    ) -> Option<usize> {
        let value = section.value(key)?;
        let DeValue::Integer(integer) = value.get_ref() else {
            self.wrong_type(section, key, value.span(), value.get_ref(), "an integer");
            return None;
        };
        match u32::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(count) if range.contains(&count) => usize::try_from(count).ok(),
            _ => {
                self.problem(
                    value.span(),
                    format!("`{key}`{} is out of range", section.place()),
                    format!("expected {} to {}", range.start(), range.end()),
                    None,
                );
                None
            }
        }
    }

    /// Returns the size of this key in bytes, if present: an integer, or a
    /// string with a unit.
    pub(super) fn size(
        &mut self,
        section: &Section<'_>,
        key: &str,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let value = section.value(key)?;
        let bytes = match value.get_ref() {
            DeValue::Integer(integer) => {
                u64::from_str_radix(integer.as_str(), integer.radix()).ok()
            }
            DeValue::String(text) => match size::parse_size(text) {
                Ok(bytes) => Some(bytes),
                Err(error) => {
                    self.problem(
                        value.span(),
                        format!("`{key}`{} is not a size", section.place()),
                        "expected a number of bytes, or a string such as \"32MiB\"",
                        Some(error.to_string()),
                    );
                    return None;
                }
            },
            other => {
                let expected = "a number of bytes, or a string such as \"32MiB\"";
                self.wrong_type(section, key, value.span(), other, expected);
                return None;
            }
        };
        let bytes = bytes.filter(|bytes| range.contains(bytes));
        if bytes.is_none() {
            let (least, most) = (size::Bytes(*range.start()), size::Bytes(*range.end()));
            let label = format!("expected {least} to {most}");
            let message = format!("`{key}`{} is out of range", section.place());
            self.problem(value.span(), message, label, None);
        }
        bytes
    }

    fn as_table<'a>(
        &mut self,
        section: &Section<'a>,
        key: &str,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Option<Section<'a>> {
        match value.get_ref() {
            DeValue::Table(entries) => Some(section.below(key, entries)),
            other => {
                self.wrong_type(section, key, value.span(), other, "a table");
                None
            }
        }
    }

    fn parse_id(&mut self, text: &str, span: Range<usize>) -> Option<Spanned<Id>> {
        match Id::parse(text) {
            Ok(id) => Some(Spanned::new(span, id)),
            Err(error) => {
                self.problem(span, error.to_string(), "not an id", None);
                None
            }
        }
    }

    /// Records that the value of this key has another type.
    pub(super) fn wrong_type(
        &mut self,
        section: &Section<'_>,
        key: &str,
        span: Range<usize>,
        found: &DeValue<'_>,
        expected: &str,
    ) {
        self.problem(
            span,
            format!(
                "`{}`{} is {}",
                text::quoted(key),
                section.place(),
                type_of(found)
            ),
            format!("expected {expected}"),
            None,
        );
    }
}

/// Maximum number of elements of an array of strings.
pub(super) const MAX_STRINGS: usize = 1_000;

/// Returns `a`, `b` or `c`.
pub(super) fn alternatives(keys: &[&str]) -> String {
    let quoted: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    match &quoted[..] {
        [] => "no key".to_owned(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// Returns `a string`, and so on.
pub(super) fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
