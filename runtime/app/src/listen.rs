//! Addresses at which a program serves HTTP beside those of its manifest.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;

use thiserror::Error;
use warren_engine::capability::web::{
    BindError, ListenerSettings, RouteSettings, WebSettings, parse_bind,
};
use warren_kernel::text;

use crate::id::{Id, IdError};

/// An address at which a program serves HTTP, given at its start.
///
/// It takes the place of the address of a listener of the manifest, or adds a listener. A
/// listener without routes has one for all requests, which the definition `web` of the
/// program answers.
///
/// ```
/// use warren_app::Listen;
///
/// let web = Listen::parse("127.0.0.1:8080")?;
/// assert!(web.listener.is_none());
/// let admin = Listen::parse("app:admin=[::1]:9090")?;
/// assert_eq!(admin.address.port(), 9090);
/// # Ok::<_, warren_app::ListenError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The listener; the only one of the manifest, or a new one, if absent.
    pub listener: Option<Id>,
    /// The address.
    pub address: SocketAddr,
}

/// The reason why an address cannot be served.
///
/// ```
/// use warren_app::{Listen, ListenError};
///
/// assert!(matches!(Listen::parse("8080"), Err(ListenError::Bind(_))));
/// assert!(matches!(Listen::parse("web=:8080"), Err(ListenError::Id(_))));
/// let error = ListenError::Ambiguous {
///     listeners: vec!["app:web".into(), "app:admin".into()],
/// };
/// assert!(error.to_string().ends_with("as in `app:web=ADDRESS`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The address is none.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The id of the listener is none.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The manifest has several listeners, and none is named.
    #[error(
        "the program has the listeners {}: name one of them, as in `{}=ADDRESS`",
        names(listeners),
        listeners.first().map_or("ID", |first| &**first)
    )]
    Ambiguous {
        /// The listeners of the manifest.
        listeners: Vec<Arc<str>>,
    },
}

fn names(ids: &[Arc<str>]) -> String {
    let shown: Vec<_> = ids.iter().map(|id| text::clipped(&**id, 60)).collect();
    shown.join(", ")
}

impl Listen {
    /// The address of a program that is to serve and says nothing of an address: the port
    /// 8080, for programs of this machine alone.
    pub const LOCAL: Listen = Listen {
        listener: None,
        address: SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8_080)),
    };

    /// Reads `[ID=]ADDRESS`.
    ///
    /// # Errors
    ///
    /// [`ListenError::Bind`] and [`ListenError::Id`].
    pub fn parse(text: &str) -> Result<Listen, ListenError> {
        let (listener, address) = match text.split_once('=') {
            Some((id, address)) => (Some(Id::parse(id)?), address),
            None => (None, text),
        };
        Ok(Listen {
            listener,
            address: parse_bind(address)?,
        })
    }
}

/// Adds addresses to what a program of this name serves. `handler` answers all requests of a
/// listener that is new. Returns true if there is one.
///
/// # Errors
///
/// [`ListenError::Ambiguous`].
pub(crate) fn listen(
    web: &mut WebSettings,
    given: &[Listen],
    name: &str,
    handler: &Arc<str>,
) -> Result<bool, ListenError> {
    let mut adds = false;
    for Listen { listener, address } in given {
        let id: Arc<str> = match (listener, &web.listeners[..]) {
            (Some(id), _) => id.text().clone(),
            (None, [only]) => only.id.clone(),
            (None, []) => format!("{name}:web").into(),
            (None, several) => {
                let listeners = several.iter().map(|listener| listener.id.clone());
                return Err(ListenError::Ambiguous {
                    listeners: listeners.collect(),
                });
            }
        };
        match web.listeners.iter_mut().find(|known| known.id == id) {
            Some(known) => known.bind = *address,
            None => web
                .listeners
                .push(ListenerSettings::new(id.clone(), *address)),
        }
        let mut routers = web.routers.iter();
        let has_router = routers.any(|router| router.listener == id);
        let has_route = web.routes.iter().any(|route| route.parent == id);
        let has_files = web.files.iter().any(|files| files.parent == id);
        if !has_router && !has_route && !has_files {
            if let Ok(route) = RouteSettings::new(id, EVERYTHING, handler.clone()) {
                web.routes.push(route);
            }
            adds = true;
        }
    }
    Ok(adds)
}

/// The route of all requests.
const EVERYTHING: &str = "* /{path...}";

#[cfg(test)]
mod tests {
    use super::*;

    fn listens(web: &mut WebSettings, given: &[&str]) -> Result<bool, ListenError> {
        let given: Vec<_> = given
            .iter()
            .map(|text| Listen::parse(text).unwrap())
            .collect();
        listen(web, &given, "shop", &"shop:web".into())
    }

    fn addresses(web: &WebSettings) -> Vec<String> {
        let listeners = web.listeners.iter();
        listeners
            .map(|listener| format!("{} {}", listener.id, listener.bind))
            .collect()
    }

    #[test]
    fn an_address_makes_a_listener_or_takes_the_place_of_one() {
        let mut web = WebSettings::default();
        assert_eq!(listens(&mut web, &[":1"]), Ok(true));
        assert_eq!(addresses(&web), ["shop:web 0.0.0.0:1"]);
        assert_eq!(web.routes[0].place(), "* /{path...}");
        assert_eq!(listens(&mut web, &[":2"]), Ok(false));
        assert_eq!(addresses(&web), ["shop:web 0.0.0.0:2"]);
        assert_eq!(listens(&mut web, &["shop:admin=:3"]), Ok(true));
        assert_eq!(
            addresses(&web),
            ["shop:web 0.0.0.0:2", "shop:admin 0.0.0.0:3"]
        );
        let error = listens(&mut web, &[":4"]).unwrap_err();
        assert!(
            error.to_string().contains("shop:web, shop:admin"),
            "{error}"
        );
    }

    #[test]
    fn other_texts_are_refused() {
        assert!(matches!(Listen::parse("a=:1"), Err(ListenError::Id(_))));
        assert!(matches!(Listen::parse("a:b=x"), Err(ListenError::Bind(_))));
        assert!(matches!(Listen::parse("8080"), Err(ListenError::Bind(_))));
    }
}
