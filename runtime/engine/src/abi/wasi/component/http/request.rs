//! `outgoing-request` and `outgoing-handler`: requests that a component sends.

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Uri};
use wasmtime::component::Resource;

use super::awaited::Awaited;
use super::bindings::wasi::http::outgoing_handler;
use super::bindings::wasi::http::types::{self, ErrorCode};
use super::code::code_of;
use super::method::{method, of_method, of_scheme, scheme};
use super::pipe::Reader;
use super::resources::{
    Fields, FutureIncomingResponse, OutgoingBody, OutgoingRequest, RequestOptions,
};
use super::written::{Direction, Unsent};
use crate::capability::http as capability;
use crate::capability::http::Timeouts;
use crate::guest::Guest;

type Request = Resource<OutgoingRequest>;

impl OutgoingRequest {
    /// Returns the head and the body to send.
    fn into_parts(
        self,
        timeouts: Timeouts,
    ) -> Result<(capability::OutgoingRequest, Reader), ErrorCode> {
        if self.method == Method::CONNECT {
            return Err(ErrorCode::HttpRequestMethodInvalid);
        }
        let uri = uri(self.scheme, self.authority, self.path)?;
        let body = self.body.into_reader(self.headers.map())?;
        let head = capability::OutgoingRequest {
            method: self.method,
            uri,
            headers: self.headers.into_map(),
            timeouts,
        };
        Ok((head, body))
    }
}

/// Returns the absolute URI of a request. Names of users are refused: they make the name of
/// the server easy to mistake.
fn uri(
    scheme: Option<Scheme>,
    authority: Option<Authority>,
    path: Option<PathAndQuery>,
) -> Result<Uri, ErrorCode> {
    let scheme = scheme.unwrap_or(Scheme::HTTPS);
    if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
        return Err(ErrorCode::HttpProtocolError);
    }
    let authority = authority.ok_or(ErrorCode::HttpRequestUriInvalid)?;
    if authority.host().is_empty() || authority.as_str().contains('@') {
        return Err(ErrorCode::HttpRequestUriInvalid);
    }
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    let uri = Uri::builder().scheme(scheme).authority(authority);
    let uri = uri.path_and_query(path).build();
    uri.map_err(|_| ErrorCode::HttpRequestUriInvalid)
}

/// Reads a path that a component gives; an empty one is that of the root.
fn path(path: &str) -> Option<PathAndQuery> {
    match path {
        "" => Some(PathAndQuery::from_static("/")),
        path if path.starts_with(['/', '*', '?']) => path.parse().ok(),
        _ => None,
    }
}

/// Sets a part of a request to a text that is well formed.
fn set<T, U>(
    part: &mut Option<T>,
    value: Option<U>,
    read: impl FnOnce(U) -> Option<T>,
) -> Result<(), ()> {
    let read = match value {
        None => None,
        Some(value) => Some(read(value).ok_or(())?),
    };
    *part = read;
    Ok(())
}

impl types::HostOutgoingRequest for Guest {
    fn new(&mut self, headers: Resource<Fields>) -> wasmtime::Result<Request> {
        let table = self.http().0;
        let headers = table.delete(headers)?.counted;
        Ok(table.push(OutgoingRequest {
            method: Method::GET,
            scheme: None,
            authority: None,
            path: None,
            headers,
            body: Unsent::new(Direction::Request),
        })?)
    }

    fn body(&mut self, this: Request) -> wasmtime::Result<Result<Resource<OutgoingBody>, ()>> {
        let (table, http) = self.http();
        let request = table.get_mut(&this)?;
        let body = request.body.body(request.headers.map(), http);
        let Some(body) = body else {
            return Ok(Err(()));
        };
        Ok(Ok(table.push(OutgoingBody { body })?))
    }

    fn method(&mut self, this: Request) -> wasmtime::Result<types::Method> {
        Ok(of_method(&self.http().0.get(&this)?.method))
    }

    fn set_method(
        &mut self,
        this: Request,
        value: types::Method,
    ) -> wasmtime::Result<Result<(), ()>> {
        let request = self.http().0.get_mut(&this)?;
        let Some(method) = method(value) else {
            return Ok(Err(()));
        };
        request.method = method;
        Ok(Ok(()))
    }

    fn path_with_query(&mut self, this: Request) -> wasmtime::Result<Option<String>> {
        let path = self.http().0.get(&this)?.path.as_ref();
        Ok(path.map(|path| path.as_str().to_owned()))
    }

    fn set_path_with_query(
        &mut self,
        this: Request,
        value: Option<String>,
    ) -> wasmtime::Result<Result<(), ()>> {
        let request = self.http().0.get_mut(&this)?;
        Ok(set(&mut request.path, value, |text| path(&text)))
    }

    fn scheme(&mut self, this: Request) -> wasmtime::Result<Option<types::Scheme>> {
        Ok(self.http().0.get(&this)?.scheme.as_ref().map(of_scheme))
    }

    fn set_scheme(
        &mut self,
        this: Request,
        value: Option<types::Scheme>,
    ) -> wasmtime::Result<Result<(), ()>> {
        let request = self.http().0.get_mut(&this)?;
        Ok(set(&mut request.scheme, value, scheme))
    }

    fn authority(&mut self, this: Request) -> wasmtime::Result<Option<String>> {
        let authority = self.http().0.get(&this)?.authority.as_ref();
        Ok(authority.map(|authority| authority.as_str().to_owned()))
    }

    fn set_authority(
        &mut self,
        this: Request,
        value: Option<String>,
    ) -> wasmtime::Result<Result<(), ()>> {
        let request = self.http().0.get_mut(&this)?;
        Ok(set(&mut request.authority, value, |text| text.parse().ok()))
    }

    fn headers(&mut self, this: Request) -> wasmtime::Result<Resource<Fields>> {
        let table = self.http().0;
        let fields = Fields::fixed(&table.get(&this)?.headers);
        Ok(table.push(fields)?)
    }

    fn drop(&mut self, this: Request) -> wasmtime::Result<()> {
        self.http().0.delete(this)?;
        Ok(())
    }
}

impl outgoing_handler::Host for Guest {
    async fn handle(
        &mut self,
        request: Request,
        options: Option<Resource<RequestOptions>>,
    ) -> wasmtime::Result<Result<Resource<FutureIncomingResponse>, ErrorCode>> {
        let (table, http) = self.http();
        let request = table.delete(request)?;
        let options = options.map(|options| table.delete(options)).transpose()?;
        let timeouts = options.unwrap_or_default().timeouts;
        let Some(open) = http.body() else {
            return Ok(Err(ErrorCode::ConnectionLimitReached));
        };
        let (head, body) = match request.into_parts(timeouts) {
            Ok(parts) => parts,
            Err(code) => return Ok(Err(code)),
        };
        let begun = match self.begin_request(&head).await {
            Ok(begun) => begun,
            Err(error) => return Ok(Err(code_of(&self.refused(error)))),
        };
        let sent = self.shared.tokio.spawn(begun.send(Box::pin(body)));
        Ok(Ok(self.http().0.push(FutureIncomingResponse {
            awaited: Awaited::new(sent),
            between_bytes: timeouts.between_bytes,
            open,
        })?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_goes_to_a_server_without_a_user() {
        let of = |scheme: &str, authority: &str| {
            let authority = authority.parse().ok();
            uri(scheme.parse().ok(), authority, path("/a?b=c"))
        };
        let whole = of("http", "example.com:81").unwrap();
        assert_eq!(whole.to_string(), "http://example.com:81/a?b=c");
        for (scheme, authority) in [
            ("ftp", "example.com"),
            ("http", "good.com@bad.com"),
            ("http", ":80"),
            ("http", ""),
            ("http", "a b"),
        ] {
            assert!(of(scheme, authority).is_err(), "{scheme}://{authority}");
        }
        let default = uri(None, "a".parse().ok(), None).unwrap();
        assert_eq!(default.to_string(), "https://a/");
    }

    #[test]
    fn a_path_begins_with_a_slash() {
        assert_eq!(path("").unwrap().as_str(), "/");
        assert_eq!(path("/a%20b?c").unwrap().as_str(), "/a%20b?c");
        for wrong in ["a", "http://b/", "/a b", "/a\r\nHost: b", "//\u{0}"] {
            assert!(path(wrong).is_none(), "{wrong:?}");
        }
    }
}
