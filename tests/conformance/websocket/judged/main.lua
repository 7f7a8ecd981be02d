-- A relay sends what the process of its handler may send.
-- shows: WS-4, WS-7
-- options: --listen 127.0.0.1:9090 --http http://127.0.0.1:9090,private
-- arguments: 127.0.0.1:9090
local at = ...
assert(process.registry.register("open"))
assert(process.registry.register("main"))
local closed = assert(process.spawn("app:closed"))
assert(process.registry.register("closed", closed))

local ws = assert(websocket.connect("ws://" .. at .. "/ws/open"))
local message = process.inbox():receive()
assert(message:topic() == "ws.join")
local none, err = websocket.connect("ws://" .. at .. "/ws/closed")
assert(none == nil and tostring(err):find("answers 403", 1, true), tostring(err))
assert(http_client.get("http://" .. at .. "/sse/closed").status == 403)

-- Another target is judged, too.
assert(process.send(message:from(), "ws.control", { target_pid = "closed" }))
local _, ok = ws:channel():receive("60s")
assert(not ok)
assert(process.send(closed, "stop"))

-- Policies see that a request wants a socket.
none, err = websocket.connect("ws://" .. at .. "/never")
assert(none == nil and errors.is(err, errors.PERMISSION_DENIED), tostring(err))
assert(http_client.get("http://" .. at .. "/never").status == 404)

for path, allowed in pairs { ["/never"] = false, ["/other"] = true } do
  for _, word in ipairs { "http.request", "websocket.connect", "websocket.connect.url" } do
    assert(security.can(word, "ws://" .. at .. path, { path = path, upgrade = "websocket" }) == allowed, word)
  end
end

os.exit(0)
