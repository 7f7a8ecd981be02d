//! The routers of a listener, and the way of a request to its route or file.

use std::cmp::Reverse;
use std::sync::Arc;

use http::Method;
use warren_engine::capability::web::{
    Middleware, Pattern, RouteSettings, RouterSettings, Segment, WebSettings,
};

use super::error::ListenError;
use super::files::Files;
use super::middleware::{Making, Step};
use super::tree::{Matched, Route, Tree};

/// The routers of one listener.
#[derive(Default)]
pub(super) struct Table {
    /// Those with longer prefixes first.
    routers: Vec<Arc<Router>>,
    /// The files of all routers, those with longer prefixes first.
    files: Vec<(Arc<Router>, Arc<Files>)>,
}

/// A router with its routes. A listener has one for its own routes.
pub(super) struct Router {
    settings: RouterSettings,
    prefix: Vec<String>,
    tree: Tree,
    /// The middleware before and behind routing.
    pub(super) before: Vec<Step>,
    pub(super) behind: Vec<Step>,
}

/// The thing that answers a request.
pub(super) enum Found {
    /// A route, with the values of its parameters.
    Route(Arc<Router>, Matched),
    /// Files, with the segments below their prefix.
    Files(Arc<Router>, Arc<Files>, Vec<String>),
    /// Routes of other methods.
    OtherMethods(Arc<Router>, Vec<Method>),
    /// Nothing. The router is the first whose prefix the path has.
    Nothing(Option<Arc<Router>>),
}

impl Table {
    /// Makes the table of a listener.
    ///
    /// # Errors
    ///
    /// [`ListenError::Directory`], [`ListenError::Volume`] and [`ListenError::TokenStore`].
    pub(super) fn new(
        listener: &Arc<str>,
        settings: &WebSettings,
        making: &Making<'_>,
    ) -> Result<Table, ListenError> {
        let own = settings.routers.iter();
        let mut routers: Vec<RouterSettings> = own
            .filter(|router| router.listener == *listener)
            .cloned()
            .collect();
        // For the routes of the listener itself, unless a router has its id.
        if !settings.routers.iter().any(|router| router.id == *listener) {
            routers.push(RouterSettings::new(
                Arc::clone(listener),
                Arc::clone(listener),
            ));
        }
        let mut table = Table::default();
        for router in routers {
            let id = Arc::clone(&router.id);
            let router = Arc::new(Router::new(router, &settings.routes, making)?);
            for files in settings.files.iter().filter(|files| files.parent == id) {
                let prefix = [&router.prefix[..], &texts(&files.path)].concat();
                let files = Files::open(files, prefix, making.volumes)?;
                table.files.push((Arc::clone(&router), Arc::new(files)));
            }
            table.routers.push(router);
        }
        table.routers.sort_by(|one, other| {
            let by_length = other.prefix.len().cmp(&one.prefix.len());
            by_length.then_with(|| one.settings.id.cmp(&other.settings.id))
        });
        let length = |(_, files): &(Arc<Router>, Arc<Files>)| files.prefix().len();
        table.files.sort_by_key(|entry| Reverse(length(entry)));
        Ok(table)
    }

    /// Finds the thing that answers a request.
    pub(super) fn find(&self, method: &Method, segments: &[String]) -> Found {
        let mut first = None;
        let mut others = None;
        for router in &self.routers {
            let Some(rest) = below(segments, &router.prefix) else {
                continue;
            };
            first.get_or_insert(router);
            let mut allowed = Vec::new();
            if let Some(matched) = router.tree.find(method, rest, &mut allowed) {
                return Found::Route(Arc::clone(router), matched);
            }
            if !allowed.is_empty() && others.is_none() {
                others = Some((router, allowed));
            }
        }
        for (router, files) in &self.files {
            if let Some(rest) = below(segments, files.prefix()) {
                return Found::Files(Arc::clone(router), Arc::clone(files), rest.to_vec());
            }
        }
        match others {
            Some((router, allowed)) => Found::OtherMethods(Arc::clone(router), allowed),
            None => Found::Nothing(first.cloned()),
        }
    }
}

impl Found {
    /// Returns the router whose middleware sees the request.
    pub(super) fn router(&self) -> Option<&Arc<Router>> {
        match self {
            Found::Route(router, _)
            | Found::Files(router, _, _)
            | Found::OtherMethods(router, _) => Some(router),
            Found::Nothing(router) => router.as_ref(),
        }
    }
}

/// The segments of a path that is as long as the prefix.
static NOTHING: [String; 1] = [String::new()];

/// Returns the segments below a prefix. A path that is the prefix itself has an empty one, as
/// if it ended with a slash.
fn below<'a>(segments: &'a [String], prefix: &[String]) -> Option<&'a [String]> {
    match segments.strip_prefix(prefix)? {
        [] => Some(&NOTHING),
        rest => Some(rest),
    }
}

/// Returns the texts of a pattern without parameters.
fn texts(pattern: &Pattern) -> Vec<String> {
    let segments = pattern.segments().iter();
    segments
        .filter_map(|segment| match segment {
            Segment::Text(text) => Some(text.clone()),
            Segment::Parameter(_) | Segment::Rest(_) => None,
        })
        .collect()
}

impl Router {
    fn new(
        settings: RouterSettings,
        routes: &[RouteSettings],
        making: &Making<'_>,
    ) -> Result<Router, ListenError> {
        let mut tree = Tree::default();
        for route in routes.iter().filter(|route| route.parent == settings.id) {
            // The settings hold methods of letters.
            let method = route.method.as_ref().map(|method| method.parse());
            let Ok(method) = method.transpose() else {
                continue;
            };
            let prefix = match settings.prefix.segments() {
                [] => String::new(),
                _ => settings.prefix.to_string(),
            };
            let shown = format!(
                "{} {prefix}{}",
                route.method.as_deref().unwrap_or("*"),
                route.path
            );
            let of_tree = Route {
                definition: Arc::clone(&route.definition),
                names: route.path.parameters().map(Arc::from).collect(),
                shown: shown.into(),
            };
            tree.add(method, &route.path, of_tree);
        }
        let steps = |chain: &[Middleware]| -> Result<Vec<Step>, ListenError> {
            let steps = chain.iter();
            steps
                .map(|middleware| Step::new(middleware, &settings.id, making))
                .collect()
        };
        Ok(Router {
            prefix: texts(&settings.prefix),
            tree,
            before: steps(&settings.middleware)?,
            behind: steps(&settings.post_middleware)?,
            settings,
        })
    }
}
