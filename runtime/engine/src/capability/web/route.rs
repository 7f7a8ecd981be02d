//! The settings of routers and routes.

use std::sync::Arc;

use thiserror::Error;
use warren_kernel::text;

use super::middleware::Middleware;
use super::pattern::{Pattern, PatternError};

/// Routes with a common prefix and common middleware.
///
/// ```
/// use warren_engine::capability::web::{Middleware, Pattern, RouterSettings};
///
/// let api = RouterSettings {
///     prefix: Pattern::parse_prefix("/api")?,
///     middleware: vec![Middleware::Metrics],
///     ..RouterSettings::new("app:api", "app:web")
/// };
/// # Ok::<_, warren_engine::capability::web::PatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterSettings {
    /// The id, `namespace:name`.
    pub id: Arc<str>,
    /// The id of the listener.
    pub listener: Arc<str>,
    /// The prefix of all paths.
    pub prefix: Pattern,
    /// The middleware that sees a request before its route is looked for, in order.
    pub middleware: Vec<Middleware>,
    /// The middleware that sees a request once its route is found, in order.
    pub post_middleware: Vec<Middleware>,
}

impl RouterSettings {
    /// Returns a router of all paths of a listener, without middleware.
    pub fn new(id: impl Into<Arc<str>>, listener: impl Into<Arc<str>>) -> RouterSettings {
        RouterSettings {
            id: id.into(),
            listener: listener.into(),
            prefix: Pattern::default(),
            middleware: Vec::new(),
            post_middleware: Vec::new(),
        }
    }
}

/// Paths whose requests a definition answers. Each request is a process of the definition.
///
/// ```
/// use warren_engine::capability::web::RouteSettings;
///
/// let route = RouteSettings::new("app:web", "GET /users/{id}", "app.web:user")?;
/// assert_eq!(route.method.as_deref(), Some("GET"));
/// assert_eq!(route.place(), "GET /users/{id}");
/// # Ok::<_, warren_engine::capability::web::MethodError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSettings {
    /// The id of the router, else of the listener.
    pub parent: Arc<str>,
    /// The method; `None` for any.
    pub method: Option<String>,
    /// The pattern of the paths, below the prefix of the router.
    pub path: Pattern,
    /// The id of the definition.
    pub definition: Arc<str>,
}

/// The reason why a text is not a method and a pattern.
///
/// ```
/// use warren_engine::capability::web::{MethodError, PatternError, parse_method};
///
/// assert_eq!(parse_method("/users"), Err(MethodError::NoPath));
/// assert_eq!(
///     parse_method("GET users"),
///     Err(MethodError::Path(PatternError::Slash))
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MethodError {
    /// The method is none.
    #[error(
        "`{}` is not a method: expected capital letters, such as `GET`, or `*` for any method",
        text::clipped(method, 40)
    )]
    Method {
        /// The text in its place.
        method: String,
    },
    /// There is no pattern behind the method.
    #[error("expected a method and a path, such as `GET /users/{{id}}`")]
    NoPath,
    /// The pattern is none.
    #[error(transparent)]
    Path(#[from] PatternError),
}

impl RouteSettings {
    /// Returns a route, of which `route` is the method and the pattern: `GET /users/{id}`.
    ///
    /// # Errors
    ///
    /// See [`MethodError`].
    pub fn new(
        parent: impl Into<Arc<str>>,
        route: &str,
        definition: impl Into<Arc<str>>,
    ) -> Result<RouteSettings, MethodError> {
        let (method, path) = parse_method(route)?;
        Ok(RouteSettings {
            parent: parent.into(),
            method,
            path,
            definition: definition.into(),
        })
    }

    /// Returns true if both routes answer the same requests.
    pub fn has_place_of(&self, other: &RouteSettings) -> bool {
        self.parent == other.parent
            && self.method == other.method
            && self.path.matches_as(&other.path)
    }

    /// Returns the method and the pattern, as a manifest writes them.
    pub fn place(&self) -> String {
        format!("{} {}", self.method.as_deref().unwrap_or("*"), self.path)
    }
}

/// The most bytes of a method.
const MAX_METHOD: usize = 24;

/// Reads a method, or `*` for any, and a pattern.
///
/// # Errors
///
/// See [`MethodError`].
pub fn parse_method(route: &str) -> Result<(Option<String>, Pattern), MethodError> {
    let (method, path) = route.split_once(' ').ok_or(MethodError::NoPath)?;
    let is_method = (1..=MAX_METHOD).contains(&method.len())
        && method
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    let method = match method {
        "*" => None,
        // A tunnel is no request that a process could answer.
        method if is_method && method != "CONNECT" => Some(method.to_owned()),
        _ => {
            let method = method.to_owned();
            return Err(MethodError::Method { method });
        }
    };
    Ok((method, Pattern::parse(path.trim_start())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_a_method_and_a_pattern() {
        let route = RouteSettings::new("a:web", "GET /users/{id}", "a:b").unwrap();
        assert_eq!(route.method.as_deref(), Some("GET"));
        assert_eq!(route.place(), "GET /users/{id}");
        let any = RouteSettings::new("a:web", "* /{path...}", "a:b").unwrap();
        assert_eq!(
            (any.method.as_deref(), &*any.place()),
            (None, "* /{path...}")
        );
        let other = RouteSettings::new("a:web", "GET  /users/{name}", "a:c").unwrap();
        assert!(route.has_place_of(&other) && !route.has_place_of(&any));
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!(parse_method("/users"), Err(MethodError::NoPath));
        for text in [
            "get /",
            "G3T /",
            " /",
            "CONNECT /",
            "GETGETGETGETGETGETGETGETG /",
        ] {
            let error = parse_method(text).unwrap_err();
            assert!(matches!(error, MethodError::Method { .. }), "{text}");
        }
        let error = parse_method("GET users").unwrap_err();
        assert_eq!(error, MethodError::Path(PatternError::Slash));
    }
}
