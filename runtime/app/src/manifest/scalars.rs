//! Numbers, durations, choices and free values of a manifest.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;
use warren_values::Value;

use super::reader::{Reader, Section, alternatives, type_of};
use crate::duration::{DurationError, LONGEST, parse_duration};
use crate::suggest::closest;

impl Reader {
    /// Returns the number of this key within a range, if present: whole or not.
    pub(super) fn number(
        &mut self,
        section: &Section<'_>,
        key: &str,
        range: RangeInclusive<f64>,
    ) -> Option<f64> {
        let value = section.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(integer) => of_integer(integer).map(|integer| integer as f64),
            DeValue::Float(float) => float.as_str().parse().ok(),
            other => {
                self.wrong_type(section, key, value.span(), other, "a number");
                return None;
            }
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let message = format!("`{key}`{} is out of range", section.place());
            let label = format!("expected {} to {}", range.start(), range.end());
            self.problem(value.span(), message, label, None);
        }
        number
    }

    /// Returns the duration of this key, if present: a string such as
    /// `"1m30s"`, at least `least` long.
    pub(super) fn duration(
        &mut self,
        section: &Section<'_>,
        key: &str,
        least: Duration,
    ) -> Option<Duration> {
        let text = self.string(section, key)?;
        let (message, label) = match parse_duration(text.get_ref()) {
            Ok(duration) if duration >= least => return Some(duration),
            Ok(_) => ("is too short", expected(least)),
            Err(DurationError::TooLong) => ("is too long", expected(least)),
            Err(error) => ("is not a duration", error.to_string()),
        };
        let message = format!("`{key}`{} {message}", section.place());
        self.problem(text.span(), message, label, None);
        None
    }

    /// Returns the duration of this key, if present; the inner `None` for `"off"`.
    pub(super) fn duration_or_off(
        &mut self,
        section: &Section<'_>,
        key: &str,
    ) -> Option<Option<Duration>> {
        let value = section.value(key)?;
        if let DeValue::String(text) = value.get_ref()
            && text == "off"
        {
            return Some(None);
        }
        self.duration(section, key, Duration::ZERO).map(Some)
    }

    /// Returns the value that the string of this key stands for, if present.
    pub(super) fn choice<T: Copy>(
        &mut self,
        section: &Section<'_>,
        key: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = self.string(section, key)?;
        let found = choices.iter().find(|(name, _)| name == text.get_ref());
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.problem(
                text.span(),
                format!("`{key}`{} has an unknown value", section.place()),
                format!("expected {}", alternatives(&names)),
                closest(text.get_ref(), names.iter().copied())
                    .map(|right| format!("did you mean `{right}`?")),
            );
        }
        found.map(|(_, choice)| *choice)
    }

    /// Returns the values of the array of this key; none if absent.
    pub(super) fn values(&mut self, section: &Section<'_>, key: &str) -> Vec<Value> {
        let Some(value) = section.value(key) else {
            return Vec::new();
        };
        let DeValue::Array(array) = value.get_ref() else {
            let expected = "an array of values";
            self.wrong_type(section, key, value.span(), value.get_ref(), expected);
            return Vec::new();
        };
        let values = array.iter();
        values
            .filter_map(|value| self.free_value(section, key, value))
            .collect()
    }

    /// Reads any value that can cross to a process.
    fn free_value(
        &mut self,
        section: &Section<'_>,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Value> {
        Some(match value.get_ref() {
            DeValue::String(text) => Value::String(text.clone().into_owned()),
            DeValue::Boolean(boolean) => Value::Boolean(*boolean),
            DeValue::Float(float) => Value::Float(float.as_str().parse().ok()?),
            DeValue::Integer(integer) => match of_integer(integer) {
                Some(integer) => Value::Integer(integer),
                None => {
                    let message = format!("`{key}`{} holds too large a number", section.place());
                    let label = "an integer has 64 bits and a sign";
                    self.problem(value.span(), message, label, None);
                    return None;
                }
            },
            DeValue::Array(array) => {
                let values = array.iter();
                let values = values.filter_map(|value| self.free_value(section, key, value));
                Value::Array(values.collect())
            }
            DeValue::Table(table) => {
                let mut pairs = Vec::with_capacity(table.len());
                for (name, value) in table {
                    if let Some(value) = self.free_value(section, key, value) {
                        pairs.push((Value::String(name.get_ref().to_string()), value));
                    }
                }
                Value::Map(pairs)
            }
            other @ DeValue::Datetime(_) => {
                self.problem(
                    value.span(),
                    format!("`{key}`{} holds {}", section.place(), type_of(other)),
                    "a process cannot receive a date or time",
                    Some("write it as a string".to_owned()),
                );
                return None;
            }
        })
    }
}

/// Returns the range of a duration, in the units that a manifest is written with.
fn expected(least: Duration) -> String {
    let least = format!("{least:?}").replace('µ', "u");
    format!("expected {least} to {LONGEST}")
}

fn of_integer(integer: &toml::de::DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}
