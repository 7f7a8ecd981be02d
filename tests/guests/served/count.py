"""A component of `wasi:http/proxy` that counts its requests in a store."""

from wit_world.exports import IncomingHandler as Handler
from wit_world.imports import atomics, wasi_config_store as config
from wit_world.imports import wasi_keyvalue_store as keyvalue
from wit_world.imports.types import (
    Fields,
    IncomingRequest,
    OutgoingBody,
    OutgoingResponse,
    ResponseOutparam,
)
from componentize_py_types import Ok


class IncomingHandler(Handler):
    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        bucket = keyvalue.open("counts")
        count = atomics.increment(bucket, "requests", 1)
        bucket.set("last", request.path_with_query().encode())
        greeting = config.get("GREETING") or "no greeting"
        text = f"{greeting}, number {count} for {bucket.get('last').decode()}"

        response = OutgoingResponse(Fields.from_list([("content-type", b"text/plain")]))
        body = response.body()
        ResponseOutparam.set(response_out, Ok(response))
        with body.write() as stream:
            stream.blocking_write_and_flush(text.encode())
        OutgoingBody.finish(body, None)
