// The form of jco's own example `http-hello-world`: a handler of the interface itself, whose calls
// block.
import { handle as send } from "wasi:http/outgoing-handler@0.2.10";
import {
  Fields,
  OutgoingBody,
  OutgoingRequest,
  OutgoingResponse,
  ResponseOutparam,
} from "wasi:http/types@0.2.10";

const bytes = (text) => new TextEncoder().encode(text);
const text = (bytes) => new TextDecoder().decode(bytes);

export const incomingHandler = {
  handle(request, out) {
    const [path, query] = (request.pathWithQuery() ?? "/").split("?");
    switch (path) {
      case "/echo":
        return echo(request, out);
      case "/fields":
        return answer(out, 200, fields(request));
      case "/proxy":
        return answer(out, ...ask(new URLSearchParams(query).get("to")));
      default:
        return answer(out, 404, path);
    }
  },
};

/** Begins an answer, and gives a function its stream. */
function answering(out, status, fields, write) {
  const response = new OutgoingResponse(Fields.fromList(fields));
  response.setStatusCode(status);
  const body = response.body();
  ResponseOutparam.set(out, { tag: "ok", val: response });
  const stream = body.write();
  write(stream);
  stream[Symbol.dispose]();
  OutgoingBody.finish(body, undefined);
}

function answer(out, status, content) {
  const fields = [["content-type", bytes("text/plain")]];
  answering(out, status, fields, (stream) => stream.blockingWriteAndFlush(bytes(content)));
}

/** Sends each part of the body back before it reads the next one. */
function echo(request, out) {
  const fields = [["x-method", bytes(request.method().tag)]];
  const body = request.consume();
  const input = body.stream();
  answering(out, 200, fields, (output) => {
    for (const part of parts(input)) {
      for (let at = 0; at < part.length; at += 4096) {
        output.blockingWriteAndFlush(part.subarray(at, at + 4096));
      }
    }
  });
}

function* parts(stream) {
  for (;;) {
    let part;
    try {
      part = stream.blockingRead(65_536n);
    } catch (error) {
      if (error.payload?.tag === "closed") return;
      throw error;
    }
    yield part;
  }
}

/** The fields of the request whose names begin with `x-`. */
function fields(request) {
  const entries = request.headers().entries();
  const own = entries.filter(([name]) => name.startsWith("x-"));
  return own.map(([name, value]) => `${name}: ${text(value)}\n`).join("");
}

/** Sends a request for a URL of HTTP: the status and the body of the answer. */
function ask(url) {
  const { host, pathname } = new URL(url);
  const request = new OutgoingRequest(new Fields());
  request.setScheme({ tag: "HTTP" });
  request.setAuthority(host);
  request.setPathWithQuery(pathname);
  try {
    const future = send(request, undefined);
    future.subscribe().block();
    const answered = future.get().val;
    if (answered.tag === "err") return [502, answered.val.tag];
    const response = answered.val;
    const input = response.consume().stream();
    const body = [...parts(input)].map(text).join("");
    return [200, `${response.status()} ${body}`];
  } catch (error) {
    return [502, error.payload?.tag ?? String(error)];
  }
}
