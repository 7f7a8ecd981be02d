-- http: the request that a process answers and its answer, and the short forms of http_client.

local native, http = ...
local object, state, call = native.object, native.state, native.call
local public, wrong = native.public, native.bad_argument
local client, new_stream, nanoseconds = native.http_client, native.new_stream, native.nanoseconds
local kept = native.kept
local type, next, error, invalid = kept.type, kept.next, kept.error, kept.invalid
local json_encode, spawn = kept.json_encode, kept.spawn
local find, sub, lower = kept.find, kept.sub, kept.lower

for _, name in next, { "get", "post", "put", "patch", "delete", "head" } do
  http[name] = client[name]
end
-- Left by http_client, which is filled by now.
local send, value_of_body = native.http_request, native.value_of_body

http.METHOD = {
  GET = "GET", HEAD = "HEAD", POST = "POST", PUT = "PUT", PATCH = "PATCH", DELETE = "DELETE",
  CONNECT = "CONNECT", OPTIONS = "OPTIONS", TRACE = "TRACE",
}
http.STATUS = {
  CONTINUE = 100, SWITCHING_PROTOCOLS = 101, PROCESSING = 102, EARLY_HINTS = 103,
  OK = 200, CREATED = 201, ACCEPTED = 202, NON_AUTHORITATIVE_INFO = 203, NO_CONTENT = 204,
  RESET_CONTENT = 205, PARTIAL_CONTENT = 206, MULTI_STATUS = 207, ALREADY_REPORTED = 208,
  IM_USED = 226,
  MULTIPLE_CHOICES = 300, MOVED_PERMANENTLY = 301, FOUND = 302, SEE_OTHER = 303,
  NOT_MODIFIED = 304, USE_PROXY = 305, TEMPORARY_REDIRECT = 307, PERMANENT_REDIRECT = 308,
  BAD_REQUEST = 400, UNAUTHORIZED = 401, PAYMENT_REQUIRED = 402, FORBIDDEN = 403,
  NOT_FOUND = 404, METHOD_NOT_ALLOWED = 405, NOT_ACCEPTABLE = 406, PROXY_AUTH_REQUIRED = 407,
  REQUEST_TIMEOUT = 408, CONFLICT = 409, GONE = 410, LENGTH_REQUIRED = 411,
  PRECONDITION_FAILED = 412, REQUEST_ENTITY_TOO_LARGE = 413, REQUEST_URI_TOO_LONG = 414,
  UNSUPPORTED_MEDIA_TYPE = 415, REQUESTED_RANGE_NOT_SATISFIABLE = 416, EXPECTATION_FAILED = 417,
  TEAPOT = 418, MISDIRECTED_REQUEST = 421, UNPROCESSABLE_ENTITY = 422, UNPROCESSABLE = 422,
  LOCKED = 423, FAILED_DEPENDENCY = 424, TOO_EARLY = 425, UPGRADE_REQUIRED = 426,
  PRECONDITION_REQUIRED = 428, TOO_MANY_REQUESTS = 429, REQUEST_HEADER_FIELDS_TOO_LARGE = 431,
  UNAVAILABLE_FOR_LEGAL_REASONS = 451,
  INTERNAL_SERVER_ERROR = 500, INTERNAL_ERROR = 500, NOT_IMPLEMENTED = 501, BAD_GATEWAY = 502,
  SERVICE_UNAVAILABLE = 503, GATEWAY_TIMEOUT = 504, HTTP_VERSION_NOT_SUPPORTED = 505,
  VARIANT_ALSO_NEGOTIATES = 506, INSUFFICIENT_STORAGE = 507, LOOP_DETECTED = 508,
  NOT_EXTENDED = 510, NETWORK_AUTHENTICATION_REQUIRED = 511,
}
http.CONTENT = {
  JSON = "application/json", FORM = "application/x-www-form-urlencoded",
  MULTIPART = "multipart/form-data", TEXT = "text/plain", STREAM = "application/octet-stream",
}
http.TRANSFER = { CHUNKED = "chunked", SSE = "sse" }
-- Values of the detail `reason` of errors.
http.ERROR = {
  PARSE_FAILED = "parse_failed", INVALID_STATE = "invalid_state",
  WRITE_FAILED = "write_failed", STREAM_ERROR = "stream_error",
}

local TEXT, JSON, EVENTS = "text/plain; charset=utf-8", "application/json", "text/event-stream"
local MIB = 1048576
-- Bytes that a file gives at once.
local PIECE = 32768

local request_class = { __name = "request", __metatable = "request" }
local response_class = { __name = "response", __metatable = "response" }
local file_class = { __name = "upload", __metatable = "upload" }
local request, response, file = {}, {}, {}
request_class.__index, response_class.__index, file_class.__index = request, response, file

local function request_of(r, name)
  return state(r, request_class) or wrong(1, name, "request", r)
end

local function check(name, value, place)
  if value ~= nil and type(value) ~= "string" then
    wrong(place or 2, name, "string", value)
  end
end

-- The values of a list of pairs whose names are the same, joined; nil if there are none.
local function joined(pairs, wanted, between, folds)
  local all
  for i = 1, #pairs do
    local name = pairs[i][1]
    if (folds and lower(name) or name) == wanted then
      all = all and all .. between .. pairs[i][2] or pairs[i][2]
    end
  end
  return all
end

local function table_of(pairs)
  local all = {}
  for i = 1, #pairs do
    local name, value = pairs[i][1], pairs[i][2]
    all[name] = all[name] and all[name] .. "," .. value or value
  end
  return all
end

for _, name in next, { "id", "method", "path", "remote_addr", "content_length" } do
  request[name] = function(r)
    return request_of(r, name).head[name]
  end
end

function request.host(r)
  return request_of(r, "host").head.host or ""
end

function request.header(r, name)
  local self = request_of(r, "header")
  check("header", name)
  if name == nil then
    return invalid("name is missing")
  end
  return joined(self.head.headers, lower(name), ", ", true)
end

function request.query(r, name)
  local self = request_of(r, "query")
  check("query", name)
  if name == nil then
    return invalid("name is missing")
  end
  local pairs = self.head.query_parameters
  for i = 1, #pairs do
    if pairs[i][1] == name then
      return pairs[i][2]
    end
  end
end

function request.param(r, name)
  local self = request_of(r, "param")
  check("param", name)
  if name == nil then
    return invalid("name is missing")
  end
  return joined(self.head.parameters, name, ",")
end

function request.query_params(r)
  return table_of(request_of(r, "query_params").head.query_parameters)
end

function request.params(r)
  return table_of(request_of(r, "params").head.parameters)
end

function request.content_type(r)
  return joined(request_of(r, "content_type").head.headers, "content-type", ", ", true)
end

function request.has_body(r)
  return request_of(r, "has_body").head.content_length ~= 0
end

-- A media type without its parameters, in small letters.
local function bare(text)
  local stop = find(text, ";", 1, true)
  local _, _, inner = find(sub(text, 1, (stop or 0) - 1), "^%s*(.-)%s*$")
  return lower(inner)
end

function request.is_content_type(r, wanted)
  local self = request_of(r, "is_content_type")
  check("is_content_type", wanted)
  if wanted == nil then
    return invalid("type is missing")
  end
  local given = joined(self.head.headers, "content-type", ", ", true)
  return given ~= nil and bare(given) == bare(wanted)
end

-- Tells whether a part of the header `Accept` stands for a type.
local function stands_for(range, wanted)
  local kind = bare(range)
  if find(range, ";%s*q=0%.?0*%s*$") or find(range, ";%s*q=0%.?0*%s*;") then
    return false
  elseif kind == "*/*" or kind == wanted then
    return true
  end
  local slash = find(wanted, "/", 1, true)
  return slash ~= nil and kind == sub(wanted, 1, slash) .. "*"
end

function request.accepts(r, wanted)
  local self = request_of(r, "accepts")
  check("accepts", wanted)
  if wanted == nil then
    return invalid("type is missing")
  end
  local accept = joined(self.head.headers, "accept", ",", true)
  if not accept then
    return true
  end
  wanted = bare(wanted)
  local at = 1
  while at <= #accept do
    local stop = find(accept, ",", at, true) or #accept + 1
    if stands_for(sub(accept, at, stop - 1), wanted) then
      return true
    end
    at = stop + 1
  end
  return false
end

function request.body(r)
  local self = request_of(r, "body")
  if not self.body then
    local body, err = call("web.body", self.max_body, self.timeout)
    if not body then
      return nil, err
    end
    self.body = body
  end
  return self.body
end

function request.body_json(r)
  request_of(r, "body_json")
  local body, err = request.body(r)
  if not body then
    return nil, err
  end
  return value_of_body(body)
end

function request.stream(r)
  local self = request_of(r, "stream")
  local number, err = call("web.stream", self.max_body)
  if not number then
    return nil, err
  end
  return new_stream(number)
end

function request.parse_multipart(r, max)
  local self = request_of(r, "parse_multipart")
  if max ~= nil and type(max) ~= "number" then
    wrong(2, "parse_multipart", "number", max)
  end
  local parts, err = call("web.multipart", max or 32 * MIB, self.timeout)
  if not parts then
    return nil, err
  end
  local values, files = {}, {}
  for i = 1, #parts do
    local part = parts[i]
    if part.filename then
      local list = files[part.name] or {}
      files[part.name] = list
      list[#list + 1] = object(file_class, part)
    else
      values[part.name] = values[part.name] and values[part.name] .. "," .. part.content or part.content
    end
  end
  return { values = values, files = files }
end

local function file_of(f, name)
  return state(f, file_class) or wrong(1, name, "upload", f)
end

function file.name(f)
  return file_of(f, "name").filename
end

function file.size(f)
  return #file_of(f, "size").content
end

function file.header(f, name)
  local self = file_of(f, "header")
  check("header", name)
  if name == nil then
    return invalid("name is missing")
  end
  return joined(self.headers, lower(name), ", ", true)
end

function file.stream(f)
  local content = file_of(f, "stream").content
  local ends, err = call("stream.pipe")
  if not ends then
    return nil, err
  end
  local reader, writer = new_stream(ends[1]), ends[2]
  spawn(function()
    for at = 1, #content, PIECE do
      -- Fails if nobody reads any more.
      if not call("stream.write", writer, sub(content, at, at + PIECE - 1)) then
        break
      end
    end
    call("stream.close", writer)
  end)
  return reader
end

-- The results of a change of the answer: nothing, or the error.
local function done(ok, err)
  if not ok then
    return err
  end
end

local function response_self(r, name)
  return state(r, response_class) or wrong(1, name, "response", r)
end

function response.set_status(r, status)
  response_self(r, "set_status")
  if status ~= nil and type(status) ~= "number" then
    wrong(2, "set_status", "number", status)
  end
  return done(call("web.status", status))
end

function response.set_header(r, name, value)
  response_self(r, "set_header")
  check("set_header", name)
  if value ~= nil and type(value) ~= "string" and type(value) ~= "table" then
    wrong(3, "set_header", "string", value)
  end
  return done(call("web.header", name, value))
end

function response.set_content_type(r, value)
  response_self(r, "set_content_type")
  check("set_content_type", value)
  return done(call("web.header", "Content-Type", value))
end

function response.set_transfer(r, transfer)
  response_self(r, "set_transfer")
  check("set_transfer", transfer)
  if transfer == "chunked" then
    -- An answer whose length is not known is sent so.
    return nil
  elseif transfer ~= "sse" then
    local _, err = invalid("transfer: expected chunked or sse")
    return err
  end
  local ok, err = call("web.header", "Content-Type", EVENTS)
  if ok then
    ok, err = call("web.header", "Cache-Control", "no-cache")
  end
  return done(ok, err)
end

function response.write(r, text)
  response_self(r, "write")
  check("write", text)
  return done(call("web.write", text, TEXT))
end

function response.write_json(r, value)
  response_self(r, "write_json")
  local text, err = json_encode(value)
  if not text then
    return err
  end
  return done(call("web.write", text, JSON))
end

function response.flush(r)
  response_self(r, "flush")
  return done(call("web.flush"))
end

function response.write_event(r, event)
  response_self(r, "write_event")
  if type(event) ~= "table" then
    wrong(2, "write_event", "table", event)
  elseif type(event.name) ~= "string" then
    error("event.name: expected text", 3)
  elseif event.data == nil then
    error("event.data is missing", 3)
  elseif find(event.name, "[\r\n]") then
    local _, err = invalid("event.name: expected one line")
    return err
  end
  local data, err = json_encode(event.data)
  if not data then
    return err
  end
  return done(call("web.write", "event: " .. event.name .. "\ndata: " .. data .. "\n\n", EVENTS))
end

for name, f in next, request do
  request[name] = public(f)
end
for name, f in next, response do
  response[name] = public(f)
end
for name, f in next, file do
  file[name] = public(f)
end

request_class.__tostring = public(function(r)
  local head = request_of(r, "tostring").head
  return "http.Request{" .. head.method .. " " .. head.path .. "}"
end)
response_class.__tostring = public(function()
  return "http.Response{}"
end)
file_class.__tostring = public(function()
  return "http.File{}"
end)

-- The request and the answer of the process, once it has asked for either.
local current, answer

local function receive()
  if not current then
    local head, err = call("web.request")
    if not head then
      return nil, err
    end
    current = { head = head }
    answer = object(response_class, {})
    current.object = object(request_class, current)
  end
  return current
end

-- The nanoseconds of the option `timeout`; nil without it, or nil and an error.
local function timeout_of(options)
  if options.timeout == nil then
    return nil
  end
  local span, err = nanoseconds(options.timeout, "options.timeout")
  if span == 0 then
    return invalid("options.timeout is not above 0")
  end
  return span, err
end

-- The bytes of the option `max_body`, in the same way.
local function max_body_of(options)
  local value = options.max_body
  if value == nil then
    return nil
  elseif type(value) ~= "number" or not (value > 0 and value < 9e18) then
    return invalid("options.max_body: expected a number above 0")
  end
  return value // 1 | 0
end

http.request = public(function(options, ...)
  if type(options) == "string" then
    return send(options, ...)
  elseif options ~= nil and type(options) ~= "table" then
    wrong(1, "request", "string", options)
  end
  local self, err = receive()
  if not self then
    return nil, err
  end
  if options then
    local timeout, max_body
    timeout, err = timeout_of(options)
    if err then
      return nil, err
    end
    max_body, err = max_body_of(options)
    if err then
      return nil, err
    end
    self.timeout, self.max_body = timeout, max_body
  end
  return self.object
end)

http.response = public(function(options)
  if options ~= nil and type(options) ~= "table" then
    wrong(1, "response", "table", options)
  end
  local self, err = receive()
  if not self then
    return nil, err
  end
  return answer
end)
