//! The tables `[routes."id"]` of a manifest.

use toml::Spanned;
use warren_engine::capability::web::{Pattern, parse_method};
use warren_kernel::text;

use super::reader::{Reader, Section};
use crate::id::Id;

/// A table `[routes."id"]`: the routes of one router or listener.
#[derive(Debug)]
pub(crate) struct RoutesEntry {
    pub(crate) parent: Spanned<Id>,
    pub(crate) routes: Vec<RouteEntry>,
}

/// A route, before its definition is found.
#[derive(Debug)]
pub(crate) struct RouteEntry {
    /// The method and the pattern as they are written.
    pub(crate) key: Spanned<String>,
    pub(crate) method: Option<String>,
    pub(crate) path: Pattern,
    pub(crate) definition: Spanned<Id>,
}

impl RoutesEntry {
    pub(super) fn read(reader: &mut Reader, parent: Spanned<Id>, section: &Section<'_>) -> Self {
        let mut routes = Vec::new();
        for (key, definition) in reader.ids(section) {
            match parse_method(key.get_ref()) {
                Ok((method, path)) => routes.push(RouteEntry {
                    key,
                    method,
                    path,
                    definition,
                }),
                Err(error) => {
                    let message = format!(
                        "`{}`{} is not a route",
                        text::quoted(key.get_ref()),
                        section.place()
                    );
                    reader.problem(key.span(), message, error.to_string(), None);
                }
            }
        }
        RoutesEntry { parent, routes }
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    #[test]
    fn routes_are_read() {
        let (manifest, problems) = Manifest::parse(
            "[routes.\"a:web\"]\n\"GET /users/{id}\" = \"a:user\"\n\"* /{rest...}\" = \"a:b\"\n",
        );
        assert_eq!(problems, []);
        let mut routes: Vec<_> = manifest.routes[0]
            .routes
            .iter()
            .map(|route| {
                let method = route.method.as_deref().unwrap_or("any");
                (
                    method,
                    route.path.to_string(),
                    route.definition.get_ref().as_str(),
                )
            })
            .collect();
        routes.sort_unstable();
        let users = ("GET", "/users/{id}".to_owned(), "a:user");
        assert_eq!(routes, [users, ("any", "/{rest...}".to_owned(), "a:b")]);
    }

    #[test]
    fn other_texts_are_no_routes() {
        for route in ["/users", "get /", "GET users", "GET /{a...}/b", "GET /?a"] {
            let text = format!("[routes.\"a:web\"]\n\"{route}\" = \"a:user\"\n");
            let (_, problems) = Manifest::parse(&text);
            assert_eq!(problems.len(), 1, "{route}");
            assert!(problems[0].message.ends_with("is not a route"), "{route}");
        }
    }
}
