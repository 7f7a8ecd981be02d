//! The settings of the HTTP server: listeners, and what they serve.
//!
//! ```text
//!  Listener ──> Router (prefix, middleware) ──> Route ──> a process of a definition
//!      │             └──────────────> Files (a directory or a volume)
//!      └──> Route, Files              of the listener itself
//! ```

mod bind;
mod cors;
mod files;
mod listener;
mod middleware;
mod options;
mod origins;
mod pattern;
mod route;
mod subnet;

use std::sync::Arc;

pub use bind::{BindError, parse_bind};
pub use cors::Cors;
pub use files::{FilesPlace, FilesSettings};
pub use listener::{ListenerSettings, TlsFiles, WebTimeouts};
pub use middleware::{
    Compress, CompressLevel, Middleware, RateLimit, RateLimitKey, RealIp, TokenAuth,
};
pub use options::{MiddlewareError, Options};
pub use origins::Origins;
pub use pattern::{Pattern, PatternError, Segment};
pub use route::{MethodError, RouteSettings, RouterSettings, parse_method};
pub use subnet::{Subnet, SubnetError};

/// The HTTP server of a program.
///
/// ```
/// use warren_engine::capability::web::{ListenerSettings, RouteSettings, WebSettings, parse_bind};
///
/// let mut web = WebSettings::default();
/// web.listeners.push(ListenerSettings::new("app:web", parse_bind("127.0.0.1:8080")?));
/// web.routes.push(RouteSettings::new("app:web", "GET /users/{id}", "app.web:user")?);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebSettings {
    /// The listeners, each with an id of its own.
    pub listeners: Vec<ListenerSettings>,
    /// The routers, each with an id of its own.
    pub routers: Vec<RouterSettings>,
    /// The routes of routers and listeners.
    pub routes: Vec<RouteSettings>,
    /// The directories and volumes of files, each with an id of its own.
    pub files: Vec<FilesSettings>,
}

impl WebSettings {
    /// Returns true if there is nothing to listen to.
    pub fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }

    /// Returns the id of the listener that a route or a directory of files belongs to: that
    /// of the router with the id `parent`, else of the listener with it.
    pub fn listener_of(&self, parent: &str) -> Option<&Arc<str>> {
        let router = self.routers.iter().find(|router| *router.id == *parent);
        match router {
            Some(router) => self.listener(&router.listener),
            None => self.listener(parent),
        }
    }

    fn listener(&self, id: &str) -> Option<&Arc<str>> {
        let mut listeners = self.listeners.iter().map(|listener| &listener.id);
        listeners.find(|known| ***known == *id)
    }

    /// Returns these settings with others over them. Of two things with one id the other's
    /// counts.
    #[must_use]
    pub fn with(mut self, other: &WebSettings) -> WebSettings {
        for listener in &other.listeners {
            self.listeners.retain(|known| known.id != listener.id);
            self.listeners.push(listener.clone());
        }
        for router in &other.routers {
            self.routers.retain(|known| known.id != router.id);
            self.routers.push(router.clone());
        }
        for route in &other.routes {
            self.routes.retain(|known| !known.has_place_of(route));
            self.routes.push(route.clone());
        }
        for files in &other.files {
            self.files.retain(|known| known.id != files.id);
            self.files.push(files.clone());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(id: &str, bind: &str, definition: &str) -> WebSettings {
        let listener = ListenerSettings::new(id, parse_bind(bind).unwrap());
        let route = RouteSettings::new(id, "GET /", definition).unwrap();
        WebSettings {
            listeners: vec![listener],
            routes: vec![route],
            ..WebSettings::default()
        }
    }

    #[test]
    fn others_count_over_those_with_their_ids_and_places() {
        let both = settings("a:web", ":1", "a:one").with(&settings("a:web", ":2", "a:two"));
        assert_eq!(both, settings("a:web", ":2", "a:two"));
        let both = both.with(&settings("b:web", ":3", "a:three"));
        assert_eq!((both.listeners.len(), both.routes.len()), (2, 2));
    }

    #[test]
    fn a_route_belongs_to_a_router_before_a_listener() {
        let mut web = settings("a:web", ":1", "a:one").with(&settings("a:api", ":2", "a:two"));
        let of = |web: &WebSettings, parent: &str| web.listener_of(parent).map(|id| id.to_string());
        assert_eq!(of(&web, "a:api").as_deref(), Some("a:api"));
        web.routers.push(RouterSettings::new("a:api", "a:web"));
        assert_eq!(of(&web, "a:api").as_deref(), Some("a:web"));
        assert_eq!(of(&web, "a:none"), None);
    }
}
