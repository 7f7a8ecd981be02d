"""The form of componentize-py's own example `http`: an event loop of asyncio over `wasi:io/poll`."""

import asyncio
from urllib.parse import parse_qs, urlsplit

from componentize_py_types import Err, Ok
from poll_loop import PollLoop, Sink, Stream, send
from wit_world import exports
from wit_world.imports.types import (
    Fields,
    IncomingRequest,
    OutgoingRequest,
    OutgoingResponse,
    ResponseOutparam,
    Scheme_Http,
)


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        loop = PollLoop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(answer(request, response_out))


async def answer(request: IncomingRequest, out: ResponseOutparam) -> None:
    url = urlsplit(request.path_with_query() or "/")
    if url.path == "/echo":
        method = type(request.method()).__name__.removeprefix("Method_").lower()
        sink = begin(out, 200, [("x-method", method.encode())])
        # Each part is sent back before the next one is read.
        stream = Stream(request.consume())
        while (part := await stream.next()) is not None:
            await sink.send(part)
        sink.close()
    elif url.path == "/fields":
        entries = request.headers().entries()
        own = [f"{name}: {value.decode()}\n" for name, value in entries if name.startswith("x-")]
        await say(out, 200, "".join(own))
    elif url.path == "/proxy":
        await say(out, *await ask(parse_qs(url.query)["to"][0]))
    else:
        await say(out, 404, url.path)


def begin(out: ResponseOutparam, status: int, fields: list[tuple[str, bytes]]) -> Sink:
    response = OutgoingResponse(Fields.from_list(fields))
    response.set_status_code(status)
    body = response.body()
    ResponseOutparam.set(out, Ok(response))
    return Sink(body)


async def say(out: ResponseOutparam, status: int, text: str) -> None:
    sink = begin(out, status, [("content-type", b"text/plain")])
    await sink.send(text.encode())
    sink.close()


async def ask(url: str) -> tuple[int, str]:
    """Sends a request for a URL of HTTP; returns the status and the body of the answer."""
    parts = urlsplit(url)
    request = OutgoingRequest(Fields())
    request.set_scheme(Scheme_Http())
    request.set_authority(parts.netloc)
    request.set_path_with_query(parts.path)
    try:
        response = await send(request)
    except Err as error:
        return 502, type(error.value).__name__
    stream, body = Stream(response.consume()), b""
    while (part := await stream.next()) is not None:
        body += part
    return 200, f"{response.status()} {body.decode()}"
