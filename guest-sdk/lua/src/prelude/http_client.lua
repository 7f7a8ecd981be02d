-- http_client: requests over HTTP to the origins that a program is granted.

local native, http_client = ...
local call, public, wrong = native.call, native.public, native.bad_argument
local nanoseconds, new_stream, late = native.nanoseconds, native.new_stream, native.late
local kept = native.kept
local type, next, error, invalid = kept.type, kept.next, kept.error, kept.invalid
local lower, setmetatable, json_decode = kept.lower, kept.setmetatable, kept.json_decode
local new_error, INVALID = kept.new_error, kept.INVALID

-- Requests that one call of the runtime takes.
local BATCH = 16

-- Fields of an answer. Their names are found in any case.
local fields_class = { __metatable = "headers" }

function fields_class.__index(fields, name)
  if type(name) ~= "string" then
    return nil
  end
  local wanted = lower(name)
  for known, value in next, fields do
    if lower(known) == wanted then
      return value
    end
  end
end

-- The value of a body in JSON; or nil and an error. For the library http, too.
function native.value_of_body(body)
  local value, err = json_decode(body)
  if err then
    return nil, new_error {
      kind = INVALID, retryable = false, message = "the body is no JSON: " .. err:message(),
      details = { reason = "parse_failed" },
    }
  end
  return value
end

-- An answer is a table, which may cross. Then it has no methods.
local response_class = { __name = "http_response", __metatable = "http_response" }
local methods = {}
response_class.__index = methods

methods.json = public(function(response)
  if type(response) ~= "table" then
    wrong(1, "json", "http_response", response)
  elseif type(response.body) ~= "string" then
    return invalid("the response has no body")
  end
  return native.value_of_body(response.body)
end)

local function response_of(answer)
  local first, all = {}, {}
  local list = answer.headers
  for i = 1, #list do
    local name, value = list[i][1], list[i][2]
    local values = all[name]
    if values then
      values[#values + 1] = value
    else
      first[name], all[name] = value, { value }
    end
  end
  local body, stream = answer.body, answer.stream
  return setmetatable({
    status_code = answer.status, status = answer.status, url = answer.url,
    headers = setmetatable(first, fields_class), headers_all = setmetatable(all, fields_class),
    cookies = answer.cookies,
    body = body, body_size = stream and -1 or body and #body or 0,
    stream = stream and new_stream(stream),
  }, response_class)
end

local function copy_of(table)
  local copy = {}
  for key, value in next, table do
    copy[key] = value
  end
  return copy
end

-- The number of a stream that stands for bytes; or nil and an error.
local function number_of(stream, what)
  local number = late("streams") and native.stream_number(stream)
  if not number then
    return invalid(what .. ": expected text or a stream")
  end
  return number
end

-- The files of a form, with the numbers of their streams; or nil and an error.
local function files_of(files)
  local list = {}
  for place, file in next, files do
    if type(file) == "table" and file.reader ~= nil then
      local number, err = number_of(file.reader, "options.files: reader")
      if not number then
        return nil, err
      end
      file = copy_of(file)
      file.reader, file.reader_stream = nil, number
    end
    list[place] = file
  end
  return list
end

-- The options of a request as the runtime takes them; or nil and an error.
local function options_of(options)
  local given, err = copy_of(options), nil
  if given.timeout ~= nil then
    given.timeout, err = nanoseconds(given.timeout, "timeout", true)
    if not given.timeout then
      return nil, err
    end
  end
  if type(given.body) == "userdata" then
    given.body_stream, err = number_of(given.body, "options.body")
    if not given.body_stream then
      return nil, err
    end
    given.body = nil
  end
  if type(given.files) == "table" then
    given.files, err = files_of(given.files)
    if not given.files then
      return nil, err
    end
  end
  return given
end

-- Sends a request. `place` is that of the URL among the arguments of the function `name`.
local function send(name, place, method, url, options)
  if url == nil then
    return invalid("url is missing")
  elseif type(url) ~= "string" then
    wrong(place, name, "string", url)
  elseif url == "" then
    error("url is empty", 3)
  elseif options ~= nil and type(options) ~= "table" then
    wrong(place + 1, name, "table", options)
  end
  local given, err
  if options then
    given, err = options_of(options)
    if not given then
      return nil, err
    end
  end
  local answer, refused = call("http.request", method, url, given)
  if not answer then
    return nil, refused
  end
  return response_of(answer)
end

local METHODS = {
  get = "GET", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE", head = "HEAD",
}
for name, method in next, METHODS do
  http_client[name] = public(function(url, options)
    return send(name, 1, method, url, options)
  end, "http_client." .. name)
end

-- For the library http, too.
function native.http_request(method, url, options)
  if method == nil then
    return invalid("method is missing")
  elseif type(method) ~= "string" then
    wrong(1, "request", "string", method)
  end
  return send("request", 2, method, url, options)
end

http_client.request = public(native.http_request, "http_client.request")

-- A request of a batch as the runtime takes it; or nil and an error.
local function request_of(request, place)
  if type(request) ~= "table" or type(request[1]) ~= "string" or type(request[2]) ~= "string" then
    return invalid("requests[" .. place .. "]: expected a table of method, URL and options")
  end
  local options, err = request[3], nil
  if type(options) == "table" then
    options, err = options_of(options)
    if not options then
      return nil, err
    end
  end
  return { request[1], request[2], options }
end

http_client.request_batch = public(function(requests)
  if requests == nil then
    return invalid("requests are missing")
  elseif type(requests) ~= "table" then
    wrong(1, "request_batch", "table", requests)
  elseif next(requests) == nil then
    error("requests are empty", 3)
  end
  local count = #requests
  local all = {}
  for place = 1, count do
    local request, err = request_of(requests[place], place)
    if not request then
      return nil, err
    end
    all[place] = request
  end
  local responses, errs
  for place = 1, count, BATCH do
    local list = {}
    for i = place, place + BATCH - 1 do
      list[i - place + 1] = all[i]
    end
    local answers, err = call("http.batch", list)
    if not answers then
      return nil, err
    end
    responses = responses or {}
    for i = 1, #list do
      local answer = answers[i]
      if type(answer) == "table" then
        responses[place + i - 1] = response_of(answer)
      else
        errs = errs or {}
        errs[place + i - 1] = answer
      end
    end
  end
  if not responses then
    return invalid("requests: expected a list of requests")
  end
  return responses, errs
end, "http_client.request_batch")

for name, operation in next, { encode_uri = "http.encode", decode_uri = "http.decode" } do
  http_client[name] = public(function(text)
    if text ~= nil and type(text) ~= "string" then
      wrong(1, name, "string", text)
    end
    return call(operation, text)
  end)
end
