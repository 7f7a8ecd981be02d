//! `incoming-handler`: the request that a component answers.

use std::sync::Arc;

use http::uri::{Authority, Scheme};
use http::{HeaderMap, Request, Response, StatusCode, header};
use warren_kernel::Error;
use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, Instance, Resource};

use super::bindings::wasi::http::types::{self, ErrorCode};
use super::counted::Counted;
use super::method::{of_method, of_scheme};
use super::reading::Reading;
use super::resources::{
    Fields, IncomingBody, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use super::written::{Direction, Unsent};
use crate::capability::http::{Body, Exchange, Incoming};
use crate::code::excerpt::{self, excerpt};
use crate::guest::Guest;

/// Calls the handler of a component with the request of its process.
pub(crate) async fn answer(
    store: &mut Store<Guest>,
    instance: Instance,
    handler: &ComponentExportIndex,
    incoming: &Incoming,
) -> wasmtime::Result<()> {
    let exchange = incoming.exchange();
    let Some(request) = exchange.take() else {
        wasmtime::bail!("the request of the process was taken before");
    };
    let operands = match store.data_mut().admit(request, Arc::clone(exchange))? {
        Ok(operands) => operands,
        Err(error) => {
            exchange.respond(Err(error.clone()));
            return Err(error.into());
        }
    };
    let handle = instance
        .get_typed_func::<(Resource<IncomingRequest>, Resource<ResponseOutparam>), ()>(
            &mut *store,
            handler,
        )?;
    handle.call_async(store, operands).await
}

type Operands = (Resource<IncomingRequest>, Resource<ResponseOutparam>);

impl Guest {
    /// Makes the operands of the handler. The inner error is that of a request with too many
    /// header fields.
    fn admit(
        &mut self,
        request: Request<Body>,
        exchange: Arc<dyn Exchange>,
    ) -> wasmtime::Result<Result<Operands, Error>> {
        let (table, http) = self.http();
        let (head, body) = request.into_parts();
        let parts = head.uri.into_parts();
        let authority = parts.authority.or_else(|| host(&head.headers));
        let headers = match Counted::of(head.headers, &http.headers) {
            Ok(headers) => Arc::new(headers),
            Err(error) => return Ok(Err(error)),
        };
        // The first body of the component: it is below the limit.
        let body = http.body().map(|open| IncomingBody {
            reading: Reading::new(body, None, open),
            is_streamed: false,
        });
        let request = table.push(IncomingRequest {
            method: head.method,
            scheme: parts.scheme.or(Some(Scheme::HTTP)),
            authority,
            path: parts.path_and_query,
            headers,
            body,
        })?;
        let outparam = table.push(ResponseOutparam { exchange })?;
        Ok(Ok((request, outparam)))
    }
}

/// Returns the name of the server that a request has asked for.
fn host(headers: &HeaderMap) -> Option<Authority> {
    let host = headers.get(header::HOST)?;
    Authority::try_from(host.as_bytes()).ok()
}

impl types::HostIncomingRequest for Guest {
    fn method(&mut self, this: Resource<IncomingRequest>) -> wasmtime::Result<types::Method> {
        Ok(of_method(&self.http().0.get(&this)?.method))
    }

    fn path_with_query(
        &mut self,
        this: Resource<IncomingRequest>,
    ) -> wasmtime::Result<Option<String>> {
        let path = self.http().0.get(&this)?.path.as_ref();
        Ok(path.map(|path| path.as_str().to_owned()))
    }

    fn scheme(
        &mut self,
        this: Resource<IncomingRequest>,
    ) -> wasmtime::Result<Option<types::Scheme>> {
        Ok(self.http().0.get(&this)?.scheme.as_ref().map(of_scheme))
    }

    fn authority(&mut self, this: Resource<IncomingRequest>) -> wasmtime::Result<Option<String>> {
        let authority = self.http().0.get(&this)?.authority.as_ref();
        Ok(authority.map(|authority| authority.as_str().to_owned()))
    }

    fn headers(&mut self, this: Resource<IncomingRequest>) -> wasmtime::Result<Resource<Fields>> {
        let table = self.http().0;
        let fields = Fields::fixed(&table.get(&this)?.headers);
        Ok(table.push(fields)?)
    }

    fn consume(
        &mut self,
        this: Resource<IncomingRequest>,
    ) -> wasmtime::Result<Result<Resource<IncomingBody>, ()>> {
        let table = self.http().0;
        let Some(body) = table.get_mut(&this)?.body.take() else {
            return Ok(Err(()));
        };
        Ok(Ok(table.push(body)?))
    }

    fn drop(&mut self, this: Resource<IncomingRequest>) -> wasmtime::Result<()> {
        self.http().0.delete(this)?;
        Ok(())
    }
}

impl types::HostOutgoingResponse for Guest {
    fn new(&mut self, headers: Resource<Fields>) -> wasmtime::Result<Resource<OutgoingResponse>> {
        let table = self.http().0;
        let headers = table.delete(headers)?.counted;
        Ok(table.push(OutgoingResponse {
            status: StatusCode::OK,
            headers,
            body: Unsent::new(Direction::Response),
        })?)
    }

    fn status_code(&mut self, this: Resource<OutgoingResponse>) -> wasmtime::Result<u16> {
        Ok(self.http().0.get(&this)?.status.as_u16())
    }

    fn set_status_code(
        &mut self,
        this: Resource<OutgoingResponse>,
        status: u16,
    ) -> wasmtime::Result<Result<(), ()>> {
        let response = self.http().0.get_mut(&this)?;
        // A status below 200 is no answer.
        let status = StatusCode::from_u16(status).ok();
        let Some(status) = status.filter(|status| !status.is_informational()) else {
            return Ok(Err(()));
        };
        response.status = status;
        Ok(Ok(()))
    }

    fn headers(&mut self, this: Resource<OutgoingResponse>) -> wasmtime::Result<Resource<Fields>> {
        let table = self.http().0;
        let fields = Fields::fixed(&table.get(&this)?.headers);
        Ok(table.push(fields)?)
    }

    fn body(
        &mut self,
        this: Resource<OutgoingResponse>,
    ) -> wasmtime::Result<Result<Resource<OutgoingBody>, ()>> {
        let (table, http) = self.http();
        let response = table.get_mut(&this)?;
        let body = response.body.body(response.headers.map(), http);
        let Some(body) = body else {
            return Ok(Err(()));
        };
        Ok(Ok(table.push(OutgoingBody { body })?))
    }

    fn drop(&mut self, this: Resource<OutgoingResponse>) -> wasmtime::Result<()> {
        self.http().0.delete(this)?;
        Ok(())
    }
}

impl types::HostResponseOutparam for Guest {
    fn set(
        &mut self,
        this: Resource<ResponseOutparam>,
        response: Result<Resource<OutgoingResponse>, ErrorCode>,
    ) -> wasmtime::Result<()> {
        let table = self.http().0;
        let exchange = table.delete(this)?.exchange;
        let response = match response {
            Ok(response) => table.delete(response)?.into_response(),
            Err(code) => Err(code),
        };
        exchange.respond(response.map_err(|code| {
            let code = excerpt(format_args!("{code:?}"), excerpt::MESSAGE);
            Error::internal(format!("the component answers with the error {code}"))
        }));
        Ok(())
    }

    fn drop(&mut self, this: Resource<ResponseOutparam>) -> wasmtime::Result<()> {
        self.http().0.delete(this)?;
        Ok(())
    }
}

impl OutgoingResponse {
    fn into_response(self) -> Result<Response<Body>, ErrorCode> {
        let body: Body = Box::pin(self.body.into_reader(self.headers.map())?);
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.into_map();
        Ok(response)
    }
}
