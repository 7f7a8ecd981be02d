//! `future-incoming-response` and `incoming-response`: the answers to requests of a component.

use std::sync::Arc;

use futures::FutureExt as _;
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use super::awaited::Awaited;
use super::bindings::wasi::http::types::{self, ErrorCode};
use super::code::code_of;
use super::counted::Counted;
use super::reading::Reading;
use super::resources::{Fields, FutureIncomingResponse, IncomingBody, IncomingResponse};
use crate::guest::Guest;

#[async_trait]
impl Pollable for FutureIncomingResponse {
    async fn ready(&mut self) {
        self.awaited.answered().await;
    }
}

impl types::HostFutureIncomingResponse for Guest {
    fn subscribe(
        &mut self,
        this: Resource<FutureIncomingResponse>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.http().0, this)
    }

    fn get(
        &mut self,
        this: Resource<FutureIncomingResponse>,
    ) -> wasmtime::Result<Option<Result<Result<Resource<IncomingResponse>, ErrorCode>, ()>>> {
        let (table, http) = self.http();
        let future = table.get_mut(&this)?;
        // Without waiting.
        let _ = future.awaited.answered().now_or_never();
        let answer = match std::mem::replace(&mut future.awaited, Awaited::Taken) {
            Awaited::Taken => return Ok(Some(Err(()))),
            Awaited::Answered(answer) => answer,
            sent @ Awaited::Sent(_) => {
                future.awaited = sent;
                return Ok(None);
            }
        };
        let response = match answer {
            Ok(response) => response,
            Err(error) => return Ok(Some(Ok(Err(code_of(&error))))),
        };
        let (head, body) = response.into_parts();
        let Ok(headers) = Counted::of(head.headers, &http.headers) else {
            let code = ErrorCode::HttpResponseHeaderSectionSize(None);
            return Ok(Some(Ok(Err(code))));
        };
        let reading = Reading::new(body, future.between_bytes, Arc::clone(&future.open));
        let response = table.push(IncomingResponse {
            status: head.status,
            headers: Arc::new(headers),
            body: Some(IncomingBody {
                reading,
                is_streamed: false,
            }),
        })?;
        Ok(Some(Ok(Ok(response))))
    }

    fn drop(&mut self, this: Resource<FutureIncomingResponse>) -> wasmtime::Result<()> {
        self.http().0.delete(this)?;
        Ok(())
    }
}

impl types::HostIncomingResponse for Guest {
    fn status(&mut self, this: Resource<IncomingResponse>) -> wasmtime::Result<u16> {
        Ok(self.http().0.get(&this)?.status.as_u16())
    }

    fn headers(&mut self, this: Resource<IncomingResponse>) -> wasmtime::Result<Resource<Fields>> {
        let table = self.http().0;
        let fields = Fields::fixed(&table.get(&this)?.headers);
        Ok(table.push(fields)?)
    }

    fn consume(
        &mut self,
        this: Resource<IncomingResponse>,
    ) -> wasmtime::Result<Result<Resource<IncomingBody>, ()>> {
        let table = self.http().0;
        let Some(body) = table.get_mut(&this)?.body.take() else {
            return Ok(Err(()));
        };
        Ok(Ok(table.push(body)?))
    }

    fn drop(&mut self, this: Resource<IncomingResponse>) -> wasmtime::Result<()> {
        self.http().0.delete(this)?;
        Ok(())
    }
}
