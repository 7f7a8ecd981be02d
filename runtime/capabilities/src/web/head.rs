//! The head of a request, as its process sees it.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, Method, Uri, header};

/// The head of a request.
#[derive(Debug)]
pub(crate) struct Head {
    /// The id of the request, sixteen hexadecimal digits.
    pub(crate) id: String,
    pub(crate) method: Method,
    /// The target as the client has written it.
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    /// True if the listener has a certificate.
    pub(crate) is_secure: bool,
    /// The path, decoded.
    pub(crate) path: String,
    /// The name and the port that the client has asked for.
    pub(crate) host: Option<String>,
    /// The client: of the connection, or as a trusted proxy says.
    pub(crate) remote: SocketAddr,
    /// The parameters of the path, by name.
    pub(crate) parameters: Vec<(Arc<str>, String)>,
    /// The bytes of the body, if the client has told.
    pub(crate) length: Option<u64>,
}

impl Head {
    /// Returns the target with scheme and host; the target as it is if the host is not known.
    pub(crate) fn absolute_uri(&self) -> Uri {
        let scheme = if self.is_secure { "https" } else { "http" };
        let path = self.uri.path_and_query();
        let path = path.map_or("/", |path| path.as_str());
        let uri = self.host.as_deref().and_then(|host| {
            let uri = Uri::builder().scheme(scheme).authority(host);
            uri.path_and_query(path).build().ok()
        });
        uri.unwrap_or_else(|| self.uri.clone())
    }
}

/// Returns the host that a request asks for: that of its target, else that of the header.
pub(crate) fn host_of(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    if let Some(authority) = uri.authority() {
        return Some(authority.as_str().to_owned());
    }
    let host = headers.get(header::HOST)?.to_str().ok()?;
    Some(host.to_owned())
}
