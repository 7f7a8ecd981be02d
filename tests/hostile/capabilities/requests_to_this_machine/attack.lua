-- tries: reach this machine by addresses in disguise; write a second request into fields of the first; send from 100 processes at once, to a port that nobody listens at; call the client with what is no request
-- end: returned
local parent = ...
if parent then
  local done = channel.new(20)
  for _ = 1, 20 do
    coroutine.spawn(function()
      local response, err = http_client.get("http://127.0.0.1:1/")
      local expected = errors.is(err, errors.UNAVAILABLE) or errors.is(err, errors.RATE_LIMITED)
      done:send(response == nil and expected or tostring(err))
    end)
  end
  for _ = 1, 20 do
    local right = done:receive()
    assert(right == true, right)
  end
  process.send(parent, "done", true)
  return
end

local function refused(kind, ...)
  local response, err = http_client.request(...)
  assert(response == nil and errors.is(err, kind), tostring(err))
end

for _, host in ipairs {
  "127.0.0.1", "0x7f.1", "0177.0.0.1", "2130706433", "127.1", "0", "0.0.0.0", "[::1]", "[::]",
  "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]",
  "[fd00::1]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1",
  "224.0.0.1", "255.255.255.255", "①②⑦.⓪.⓪.①", "127.0.0.1:2",
} do
  refused(errors.PERMISSION_DENIED, "GET", "http://" .. host .. "/")
  refused(errors.PERMISSION_DENIED, "GET", "https://" .. host .. "/")
end

local there = "http://127.0.0.1:1/"
for _, url in ipairs {
  "http://user@127.0.0.1:1/", "ftp://127.0.0.1/", "file:///etc/passwd", there .. "\r\nx: y",
  there .. ("x"):rep(10000), " " .. there, "x",
} do
  refused(errors.INVALID, "GET", url)
end
for _, method in ipairs { "CONNECT", "TRACE", "GET / HTTP/1.1\r\n", "" } do
  refused(errors.INVALID, method, there)
end
for _, options in ipairs {
  { headers = { x = "a\r\nb: c" } }, { headers = { ["x\r\nb"] = "c" } }, { headers = { Host = "x" } },
  { headers = { ["Content-Length"] = "1" } }, { headers = { ["Transfer-Encoding"] = "chunked" } },
  { headers = { x = ("x"):rep(1 << 20) } }, { cookies = { a = "b; c=d" } }, { cookies = { a = "b\r\n" } },
  { auth = { user = "a:b" } }, { files = { { name = "a\r\n", content = "" } }, body = "x" },
  { redirects = 1000 }, { max_response_body = -2 }, { nothing = 1 },
} do
  refused(errors.INVALID, "GET", there, options)
end
for _, operation in ipairs { "request", "batch", "encode", "decode" } do
  for _, arguments in ipairs {
    { 0 }, { "GET" }, { {}, {} }, { "GET", there, 7 }, { "GET", there, { body_stream = 7 } },
    { "GET", there, { body_stream = 0.5 } }, { "GET", there, { files = { { reader_stream = 1 << 40 } } } },
    { { { "GET" } } }, { { 7 } }, { "\xff", "\xff" },
  } do
    local value, err = capability.call("http." .. operation, table.unpack(arguments))
    assert(operation ~= "request" or value == nil and errors.is(err, errors.INVALID), err)
  end
end

local done = process.listen("done")
for _ = 1, 100 do
  assert(process.spawn_linked("app:attack", "app:attackers", process.pid()))
end
for _ = 1, 100 do
  done:receive()
end
