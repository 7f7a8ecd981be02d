-- A client of messages: order, limits, grants and wrong options.
-- shows: WS-7
-- options: --listen 127.0.0.1:9090 --http http://127.0.0.1:9090,private
-- arguments: 127.0.0.1:9090
local at = ...
local url = "ws://" .. at .. "/echo"

local function data(message)
  return json.decode(message.data).data
end

-- Messages come in order, and a full channel stops the server.
local ws = assert(websocket.connect(url, { channel_capacity = 2 }))
assert(tostring(ws) == "websocket.Client{}" and ws:channel() == ws:receive())
for i = 1, 500 do
  assert(ws:send(tostring(i)))
end
for i = 1, 500 do
  assert(data(ws:channel():receive()) == tostring(i))
end
assert(ws:close())
assert(tostring(ws) == "websocket.Client{closed}")
assert(select(2, ws:channel():receive()) == false)

-- Several at once.
local sockets = {}
for i = 1, 20 do
  sockets[i] = assert(websocket.connect(url))
  assert(sockets[i]:send("socket " .. i))
end
for i = 1, 20 do
  assert(data(sockets[i]:channel():receive()) == "socket " .. i)
end

-- A message beyond the limit closes the socket.
local small = assert(websocket.connect(url, { read_limit = 100 }))
assert(small:send(("x"):rep(200)))
assert(select(2, small:channel():receive()) == false)
-- So does silence beyond the time for it.
local silent = assert(websocket.connect(url, { read_timeout = "100ms" }))
assert(select(2, silent:channel():receive()) == false)

-- A number is of milliseconds: this handshake is not answered in time.
local late, why = websocket.connect("ws://" .. at .. "/slow", { dial_timeout = 200 })
assert(late == nil and errors.is(why, errors.TIMEOUT), tostring(why))
assert(why:details().value == 200000000, why:details().value)

-- A closed channel ends the reading alone.
local half = assert(websocket.connect(url))
half:channel():close()
assert(half:send("nobody reads"))

local function refused(kind, ...)
  local none, err = websocket.connect(...)
  assert(none == nil and errors.is(err, kind), tostring(err))
  return tostring(err)
end
refused(errors.PERMISSION_DENIED, "ws://example.com/")
refused(errors.PERMISSION_DENIED, "wss://" .. at .. "/echo")
for _, wrong in ipairs {
  { "ftp://a/" }, { url, { headers = { ["Sec-WebSocket-Key"] = "x" } } }, { url, { headers = { Upgrade = "x" } } },
  { url, { protocols = { "a b" } } }, { url, { read_limit = 0 } }, { url, { channel_capacity = 1.5 } },
  { url, { dial_timeout = "soon" } }, { url, { compression = websocket.COMPRESSION.CONTEXT_TAKEOVER } },
  { url, { unknown = 1 } },
} do
  refused(errors.INVALID, wrong[1], wrong[2])
end
assert(errors.is(select(2, ws:close(1005)), errors.INVALID))
assert(websocket.CLOSE_CODES.NORMAL == 1000 and websocket.TYPE_TEXT == "text")

-- A process has so many.
local most = {}
local err
repeat
  most[#most + 1], err = websocket.connect(url)
until err
assert(errors.is(err, errors.RATE_LIMITED) and err:details().limit == "max_sockets", tostring(err))

os.exit(0)
