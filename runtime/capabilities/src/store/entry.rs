//! One entry of a store, and the limits of all of them.

use std::sync::Arc;

use warren_engine::capability::StoreSettings;
use warren_kernel::{Error, Kind};
use warren_values::msgpack::{Full, Input, Output, Token};

use crate::answer;

/// An entry as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: Arc<str>,
    /// Encoded.
    pub(super) value: Arc<[u8]>,
    pub(super) version: u64,
}

impl Entry {
    pub(super) fn bytes(&self) -> usize {
        self.key.len() + self.value.len()
    }

    /// Writes a map of `key`, `value` and `version`.
    pub(super) fn write(&self, out: &mut Output) -> Result<(), Full> {
        out.map(3)?;
        out.string(b"key")?;
        out.string(self.key.as_bytes())?;
        out.string(b"value")?;
        out.raw(&self.value)?;
        out.string(b"version")?;
        out.string(self.version.to_string().as_bytes())
    }
}

/// The state that an entry must have for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// Anything.
    None,
    /// Absent.
    Absent,
    /// Of this version.
    Version(u64),
}

impl Condition {
    /// Checks the version of the present entry.
    ///
    /// # Errors
    ///
    /// `AlreadyExists`; `Conflict`, which is retryable.
    pub(super) fn check(self, present: Option<u64>) -> Result<(), Error> {
        match (self, present) {
            (Condition::Absent, Some(_)) => Err(Error::new(
                Kind::AlreadyExists,
                "the key exists already: only_if_absent",
            )
            .retryable(false)),
            (Condition::Version(expected), present) if present != Some(expected) => {
                let found = match present {
                    Some(version) => format!("it has version {version}"),
                    None => "it does not exist".to_owned(),
                };
                let message = format!("the entry does not have version {expected}: {found}");
                Err(Error::new(Kind::Conflict, message).retryable(true))
            }
            _ => Ok(()),
        }
    }
}

/// The entries of a store and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) entries: u64,
    pub(super) bytes: u64,
}

impl Totals {
    /// Checks that a value fits into the store, in the place of one of `before` bytes.
    ///
    /// # Errors
    ///
    /// `RateLimited`, naming the limit.
    pub(super) fn check(
        self,
        settings: &StoreSettings,
        before: Option<u64>,
        bytes: u64,
    ) -> Result<(), Error> {
        let StoreSettings {
            max_entries,
            max_bytes,
            ..
        } = *settings;
        if before.is_none() && self.entries >= max_entries as u64 {
            return Err(full(settings, "max_entries", max_entries as u64));
        }
        let others = self.bytes.saturating_sub(before.unwrap_or_default());
        if others.saturating_add(bytes) > max_bytes {
            return Err(full(settings, "max_bytes", max_bytes));
        }
        Ok(())
    }
}

/// Returns the error of a store that has reached a limit.
pub(super) fn full(settings: &StoreSettings, limit: &'static str, value: u64) -> Error {
    let message = format!("the store {} has reached {limit} = {value}", settings.id);
    Error::at_limit(Kind::RateLimited, limit, value, message).with("store", &*settings.id)
}

/// Adds a number to an encoded integer; to 0 if there is none.
///
/// # Errors
///
/// `Invalid` for a value that is no integer, or a sum beyond 64 bits.
pub(super) fn sum(value: Option<&[u8]>, by: i64) -> Result<i64, Error> {
    let number = match value.map(|value| Input::new(value).token()) {
        None => 0,
        Some(Ok(Token::Integer(number))) => number,
        Some(_) => return Err(Error::invalid("the value of the key is not an integer")),
    };
    let sum = number.checked_add(by);
    sum.ok_or_else(|| Error::invalid("the sum does not fit 64 bits"))
}

/// Encodes a number as a value.
pub(super) fn number(number: i64) -> Result<Arc<[u8]>, Error> {
    Ok(answer::write(|out| out.integer(number))?.into())
}
