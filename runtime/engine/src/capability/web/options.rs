//! The options of middleware, as a manifest writes them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use thiserror::Error;
use warren_kernel::text;

/// The options of middleware, by name. All values are texts.
///
/// ```
/// use warren_engine::capability::web::Options;
///
/// let options: Options = [("compress.level", "best")].into_iter().collect();
/// assert_eq!(options.text("compress.level"), Some("best"));
/// assert_eq!(options.text("compress.min.length"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(BTreeMap<String, String>);

/// The reason why middleware cannot be made.
///
/// ```
/// use std::time::Duration;
///
/// use warren_engine::capability::web::{Middleware, MiddlewareError, Options};
///
/// let duration = |_: &str| -> Result<Duration, String> { Err("a duration".to_owned()) };
/// let error = Middleware::new("token_auth", &Options::default(), &duration).unwrap_err();
/// assert!(matches!(
///     error,
///     MiddlewareError::Missing { option: "token_auth.store", .. }
/// ));
/// let error = Middleware::new("corse", &Options::default(), &duration).unwrap_err();
/// assert_eq!(error.to_string(), "there is no middleware `corse`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MiddlewareError {
    /// There is no middleware of this name.
    #[error("there is no middleware `{}`", text::clipped(name, 60))]
    Unknown {
        /// The name.
        name: String,
    },
    /// An option has a value that it cannot have.
    #[error("the option `{option}` is wrong: expected {expected}")]
    Wrong {
        /// Its name.
        option: &'static str,
        /// The values that it may have.
        expected: String,
    },
    /// An option is missing that has no default.
    #[error("the option `{option}` is missing: expected {expected}")]
    Missing {
        /// Its name.
        option: &'static str,
        /// The values that it may have.
        expected: &'static str,
    },
}

impl MiddlewareError {
    pub(super) fn wrong(option: &'static str, expected: impl Into<String>) -> MiddlewareError {
        MiddlewareError::Wrong {
            option,
            expected: expected.into(),
        }
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Options {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(options: T) -> Self {
        let options = options.into_iter();
        Options(
            options
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl Options {
    /// Returns an option as it is written.
    pub fn text(&self, option: &str) -> Option<&str> {
        self.0.get(option).map(String::as_str)
    }

    /// Returns an option that is not empty, or its default.
    pub(super) fn word(
        &self,
        option: &'static str,
        default: &str,
    ) -> Result<String, MiddlewareError> {
        match self.text(option) {
            None => Ok(default.to_owned()),
            Some("") => Err(MiddlewareError::wrong(option, "a text that is not empty")),
            Some(text) => Ok(text.to_owned()),
        }
    }

    /// Returns an option that is true or false.
    pub(super) fn boolean(
        &self,
        option: &'static str,
        default: bool,
    ) -> Result<bool, MiddlewareError> {
        match self.text(option) {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(_) => Err(MiddlewareError::wrong(option, "true or false")),
        }
    }

    /// Returns an option that is a whole number.
    pub(super) fn number(
        &self,
        option: &'static str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Result<u64, MiddlewareError> {
        let Some(text) = self.text(option) else {
            return Ok(default);
        };
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let number: Option<u64> = text.parse().ok().filter(|_| is_number);
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let (least, most) = range.into_inner();
                MiddlewareError::wrong(option, format!("a whole number from {least} to {most}"))
            })
    }
}
