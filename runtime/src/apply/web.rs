//! The HTTP server of a version: its listeners, and what its routes need.

use std::sync::Arc;

use warren_capabilities::server::{ListenError, Prepared, Server};
use warren_engine::capability::web::WebSettings;
use warren_engine::{Definitions, Node};

use super::plan::Object;
use super::version::Version;

/// Opens the sockets and files of a version's listeners.
///
/// # Errors
///
/// See [`ListenError`]. Nothing has changed.
pub(super) async fn prepare(
    server: &Arc<Server>,
    node: &Arc<Node>,
    web: &Arc<WebSettings>,
) -> Result<Prepared, ListenError> {
    if node.is_ending() {
        return Err(ListenError::Ending);
    }
    if web.listeners.is_empty() {
        return server.prepare(node, web);
    }
    let (server, web, of_node) = (Arc::clone(server), Arc::clone(web), Arc::clone(node));
    // Files are read.
    let preparing = node
        .tokio()
        .spawn_blocking(move || server.prepare(&of_node, &web));
    preparing.await.unwrap_or(Err(ListenError::Ending))
}

/// A thing of the server that needs another that is not there.
pub(crate) struct Lacking {
    pub(crate) object: Object,
    pub(crate) name: String,
    pub(crate) needs: Object,
    pub(crate) needed: String,
}

/// Checks that the routers, routes and directories of a version find what they need.
///
/// # Errors
///
/// [`Lacking`].
pub(crate) fn check(version: &Version) -> Result<(), Lacking> {
    let web = &version.web;
    let has_listener = |id: &str| web.listeners.iter().any(|listener| *listener.id == *id);
    for router in &web.routers {
        if !has_listener(&router.listener) {
            return Err(Lacking {
                object: Object::Router,
                name: router.id.to_string(),
                needs: Object::Listener,
                needed: router.listener.to_string(),
            });
        }
    }
    for route in &web.routes {
        let lacking = |needs, needed: &Arc<str>| Lacking {
            object: Object::Route,
            name: format!("{} {}", route.parent, route.place()),
            needs,
            needed: needed.to_string(),
        };
        if web.listener_of(&route.parent).is_none() {
            return Err(lacking(Object::Listener, &route.parent));
        }
        if version.definitions.definition(&route.definition).is_err() {
            return Err(lacking(Object::Definition, &route.definition));
        }
    }
    for files in &web.files {
        if web.listener_of(&files.parent).is_none() {
            return Err(Lacking {
                object: Object::Static,
                name: files.id.to_string(),
                needs: Object::Listener,
                needed: files.parent.to_string(),
            });
        }
    }
    Ok(())
}
