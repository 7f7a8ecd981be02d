//! The bindings that wasmtime generates from the WIT of `wasi:http`.
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::all,
    reason = "generated"
)]

wasmtime::component::bindgen!({
    path: "wasi/http.wit",
    world: "warren:wasi-http/host",
    imports: {
        "wasi:http/outgoing-handler.handle": async | trappable,
        default: trappable,
    },
    with: {
        "wasi:io/error": wasmtime_wasi_io::bindings::wasi::io::error,
        "wasi:io/poll": wasmtime_wasi_io::bindings::wasi::io::poll,
        "wasi:io/streams": wasmtime_wasi_io::bindings::wasi::io::streams,
        "wasi:http/types.fields": super::resources::Fields,
        "wasi:http/types.incoming-request": super::resources::IncomingRequest,
        "wasi:http/types.outgoing-request": super::resources::OutgoingRequest,
        "wasi:http/types.request-options": super::resources::RequestOptions,
        "wasi:http/types.response-outparam": super::resources::ResponseOutparam,
        "wasi:http/types.incoming-response": super::resources::IncomingResponse,
        "wasi:http/types.incoming-body": super::resources::IncomingBody,
        "wasi:http/types.future-trailers": super::resources::FutureTrailers,
        "wasi:http/types.outgoing-response": super::resources::OutgoingResponse,
        "wasi:http/types.outgoing-body": super::resources::OutgoingBody,
        "wasi:http/types.future-incoming-response": super::resources::FutureIncomingResponse,
    },
});
