//! The routes of a router, as a tree of segments.

use std::collections::HashMap;
use std::sync::Arc;

use http::Method;
use warren_engine::capability::web::{Pattern, Segment};

/// Requests that a definition answers.
#[derive(Debug)]
pub(super) struct Route {
    /// The id of the definition.
    pub(super) definition: Arc<str>,
    /// The names of the parameters, in the order of the path.
    pub(super) names: Vec<Arc<str>>,
    /// The method and the whole pattern, for people.
    pub(super) shown: Arc<str>,
}

/// The routes of a router. A text counts before a parameter, and a parameter before the rest
/// of a path.
#[derive(Debug, Default)]
pub(super) struct Tree(Node);

#[derive(Debug, Default)]
struct Node {
    texts: HashMap<String, Node>,
    parameter: Option<Box<Node>>,
    here: Leaf,
    rest: Leaf,
}

/// The routes of one pattern, by method.
#[derive(Debug, Default)]
struct Leaf {
    methods: Vec<(Method, Arc<Route>)>,
    any: Option<Arc<Route>>,
}

/// A route that was found, with the values of its parameters.
#[derive(Debug)]
pub(super) struct Matched {
    pub(super) route: Arc<Route>,
    pub(super) values: Vec<String>,
}

impl Tree {
    /// Adds a route. A later one of the same place counts.
    pub(super) fn add(&mut self, method: Option<Method>, path: &Pattern, route: Route) {
        let mut node = &mut self.0;
        let mut is_rest = false;
        for segment in path.segments() {
            match segment {
                Segment::Text(text) => node = node.texts.entry(text.clone()).or_default(),
                Segment::Parameter(_) => node = node.parameter.get_or_insert_default(),
                // The last one.
                Segment::Rest(_) => is_rest = true,
            }
        }
        let leaf = if is_rest {
            &mut node.rest
        } else {
            &mut node.here
        };
        let route = Arc::new(route);
        match method {
            None => leaf.any = Some(route),
            Some(method) => {
                leaf.methods.retain(|(known, _)| *known != method);
                leaf.methods.push((method, route));
            }
        }
    }

    /// Finds the route of a method and a path. Without one, `allowed` has the methods of the
    /// routes with that path.
    ///
    /// A path may lead to several places of the tree. Each place is looked at once at most.
    pub(super) fn find(
        &self,
        method: &Method,
        segments: &[String],
        allowed: &mut Vec<Method>,
    ) -> Option<Matched> {
        let mut search = Search {
            method,
            segments,
            taken: Vec::new(),
            allowed,
        };
        let found = search.at(&self.0, 0)?;
        let taken = search.taken.into_iter();
        let mut values: Vec<String> = taken.map(|place| segments[place].clone()).collect();
        if let Some(rest) = found.rest {
            values.push(segments[rest..].join("/"));
        }
        Some(Matched {
            route: found.route,
            values,
        })
    }
}

struct Search<'a> {
    method: &'a Method,
    segments: &'a [String],
    /// The segments that are parameters on the way to the present place.
    taken: Vec<usize>,
    allowed: &'a mut Vec<Method>,
}

struct Found {
    route: Arc<Route>,
    /// The first segment of the rest, if the pattern has one.
    rest: Option<usize>,
}

impl Search<'_> {
    /// Searches below a node, where the segments from `place` on are left. No deeper than the
    /// longest pattern.
    fn at(&mut self, node: &Node, place: usize) -> Option<Found> {
        match self.segments.get(place) {
            None => {
                if let Some(route) = self.of(&node.here) {
                    return Some(Found { route, rest: None });
                }
            }
            Some(segment) => {
                if let Some(next) = node.texts.get(segment)
                    && let Some(found) = self.at(next, place + 1)
                {
                    return Some(found);
                }
                if let Some(next) = &node.parameter
                    && !segment.is_empty()
                {
                    self.taken.push(place);
                    if let Some(found) = self.at(next, place + 1) {
                        return Some(found);
                    }
                    self.taken.pop();
                }
            }
        }
        let route = self.of(&node.rest)?;
        let rest = Some(place.min(self.segments.len()));
        Some(Found { route, rest })
    }

    /// Returns the route of the method. A GET answers HEAD.
    fn of(&mut self, leaf: &Leaf) -> Option<Arc<Route>> {
        let of = |method: &Method| {
            let known = leaf.methods.iter().find(|(known, _)| known == method);
            known.map(|(_, route)| Arc::clone(route))
        };
        let route = of(self.method)
            .or_else(|| (*self.method == Method::HEAD).then(|| of(&Method::GET))?)
            .or_else(|| leaf.any.clone());
        if route.is_none() {
            let methods = leaf.methods.iter().map(|(method, _)| method.clone());
            self.allowed.extend(methods);
        }
        route
    }
}

#[cfg(test)]
mod tests {
    use warren_engine::capability::web::parse_method;

    use super::*;

    fn tree(routes: &[&str]) -> Tree {
        let mut tree = Tree::default();
        for text in routes {
            let (method, path) = parse_method(text).unwrap();
            let method = method.map(|method| Method::from_bytes(method.as_bytes()).unwrap());
            let route = Route {
                definition: "a:b".into(),
                names: path.parameters().map(Arc::from).collect(),
                shown: (*text).into(),
            };
            tree.add(method, &path, route);
        }
        tree
    }

    /// Returns the route of a request with its parameters, or the methods that are allowed.
    fn find(tree: &Tree, request: &str) -> String {
        let (method, path) = request.split_once(" /").unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
        let mut allowed = Vec::new();
        match tree.find(&method, &segments, &mut allowed) {
            Some(found) => {
                let pairs = found.route.names.iter().zip(&found.values);
                let pairs: Vec<_> = pairs
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                assert_eq!(found.route.names.len(), found.values.len());
                format!("{} [{}]", found.route.shown, pairs.join(","))
            }
            None => {
                let allowed: Vec<_> = allowed.iter().map(Method::as_str).collect();
                format!("none, {}", allowed.join(","))
            }
        }
    }

    #[test]
    fn texts_count_before_parameters_and_both_before_the_rest() {
        let tree = tree(&[
            "GET /",
            "GET /users/me",
            "GET /users/{id}",
            "GET /users/{id}/posts/{post}",
            "GET /{all...}",
        ]);
        for (request, expected) in [
            ("GET /", "GET / []"),
            ("GET /users/me", "GET /users/me []"),
            ("GET /users/7", "GET /users/{id} [id=7]"),
            (
                "GET /users/7/posts/8",
                "GET /users/{id}/posts/{post} [id=7,post=8]",
            ),
            ("GET /users/7/posts", "GET /{all...} [all=users/7/posts]"),
            ("GET /users/", "GET /{all...} [all=users/]"),
            (
                "GET /users/me/posts/8",
                "GET /users/{id}/posts/{post} [id=me,post=8]",
            ),
        ] {
            assert_eq!(find(&tree, request), expected, "{request}");
        }
    }

    #[test]
    fn a_rest_may_be_nothing() {
        let tree = tree(&["GET /files/{path...}"]);
        for (request, expected) in [
            ("GET /files", "GET /files/{path...} [path=]"),
            ("GET /files/", "GET /files/{path...} [path=]"),
            ("GET /files/a/b", "GET /files/{path...} [path=a/b]"),
            ("GET /file", "none, "),
        ] {
            assert_eq!(find(&tree, request), expected, "{request}");
        }
    }

    #[test]
    fn methods_are_looked_for_at_each_place() {
        let tree = tree(&["GET /users/me", "DELETE /users/{id}", "* /any", "POST /any"]);
        for (request, expected) in [
            ("DELETE /users/me", "DELETE /users/{id} [id=me]"),
            ("PUT /users/me", "none, GET,DELETE"),
            ("HEAD /users/me", "GET /users/me []"),
            ("POST /any", "POST /any []"),
            ("PATCH /any", "* /any []"),
        ] {
            assert_eq!(find(&tree, request), expected, "{request}");
        }
    }

    #[test]
    fn many_places_for_one_path_are_looked_at_once_each() {
        let mut routes = Vec::new();
        // Each level has a text and a parameter, and no end has the method.
        for number in 0..512_u32 {
            let segments: Vec<_> = (0..9)
                .map(|bit| if number >> bit & 1 == 1 { "/{p}" } else { "/a" })
                .collect();
            let mut path = String::new();
            for (place, segment) in segments.iter().enumerate() {
                path += &segment.replace("{p}", &format!("{{p{place}}}"));
            }
            routes.push(format!("POST {path}"));
        }
        let routes: Vec<&str> = routes.iter().map(String::as_str).collect();
        let tree = tree(&routes);
        let found = find(&tree, &format!("GET {}", "/a".repeat(9)));
        assert_eq!(found.matches("POST").count(), 512);
    }
}
