//! The settings of the middleware `cors`.

use std::time::Duration;

use super::options::{MiddlewareError, Options};
use super::origins::Origins;

/// The pages of other origins that may read answers.
///
/// ```
/// use warren_engine::capability::web::{Cors, Origins};
///
/// let cors = Cors {
///     origins: Origins::of("https://app.example.com"),
///     credentials: true,
///     ..Cors::default()
/// };
/// assert!(!cors.origins.contains("https://example.org"));
/// assert!(cors.methods.iter().any(|method| method == "GET"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// The origins: `cors.allow.origins`.
    pub origins: Origins,
    /// The methods: `cors.allow.methods`.
    pub methods: Vec<String>,
    /// The header fields that a page may send: `cors.allow.headers`.
    pub headers: Vec<String>,
    /// The header fields of answers that a page may read: `cors.expose.headers`.
    pub expose: Vec<String>,
    /// True if a page may send cookies: `cors.allow.credentials`.
    pub credentials: bool,
    /// Time for which a browser keeps the answer to a preflight: `cors.max.age`, in seconds.
    pub max_age: Duration,
    /// True if pages of public networks may reach this server in a private one:
    /// `cors.allow.private.network`.
    pub private_network: bool,
}

/// The methods of a page, if nothing else is said.
const METHODS: &str = "GET,POST,PUT,DELETE,OPTIONS,PATCH";

/// The header fields of a page, if nothing else is said.
const HEADERS: &str = "Origin,Content-Type,Accept,Authorization,X-Requested-With";

/// Time for which a browser keeps the answer to a preflight, if nothing else is said.
const MAX_AGE: u64 = 86_400;

impl Default for Cors {
    fn default() -> Self {
        Cors {
            origins: Origins::all(),
            methods: list(METHODS),
            headers: list(HEADERS),
            expose: Vec::new(),
            credentials: false,
            max_age: Duration::from_secs(MAX_AGE),
            private_network: false,
        }
    }
}

impl Cors {
    /// The names of the options.
    pub(super) const OPTIONS: &[&str] = &[
        "cors.allow.origins",
        "cors.allow.methods",
        "cors.allow.headers",
        "cors.expose.headers",
        "cors.allow.credentials",
        "cors.max.age",
        "cors.allow.private.network",
    ];

    pub(super) fn of(options: &Options) -> Result<Cors, MiddlewareError> {
        let default = Cors::default();
        let list_of = |option: &str, default: Vec<String>| match options.text(option) {
            Some(text) => list(text),
            None => default,
        };
        let names_of = |option: &'static str, default: Vec<String>| {
            let names = list_of(option, default);
            match names.iter().all(|name| is_token(name) || name == "*") {
                true => Ok(names),
                false => Err(MiddlewareError::wrong(option, "names of header fields")),
            }
        };
        let methods = list_of("cors.allow.methods", default.methods);
        if !methods.iter().all(|method| is_token(method)) {
            return Err(MiddlewareError::wrong("cors.allow.methods", "methods"));
        }
        let credentials = options.boolean("cors.allow.credentials", default.credentials)?;
        let origins = match options.text("cors.allow.origins") {
            Some(list) => Origins::of(list),
            None => default.origins,
        };
        if credentials && origins.are_all() {
            let expected = "false, unless `cors.allow.origins` names the origins";
            return Err(MiddlewareError::wrong("cors.allow.credentials", expected));
        }
        Ok(Cors {
            origins,
            methods,
            headers: names_of("cors.allow.headers", default.headers)?,
            expose: names_of("cors.expose.headers", default.expose)?,
            credentials,
            max_age: Duration::from_secs(options.number(
                "cors.max.age",
                MAX_AGE,
                0..=u64::from(u32::MAX),
            )?),
            private_network: options
                .boolean("cors.allow.private.network", default.private_network)?,
        })
    }
}

fn list(text: &str) -> Vec<String> {
    let entries = text.split(',').map(str::trim);
    let entries = entries.filter(|entry| !entry.is_empty());
    entries.map(str::to_owned).collect()
}

/// Returns true for a text that can be a method or the name of a header field.
fn is_token(text: &str) -> bool {
    let is_token_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_byte)
}
