-- A WebSocket is a process, which relays messages in both directions.
-- shows: WS-1, WS-2, WS-3, WS-5
-- options: --listen app:web=127.0.0.1:9090 --http http://127.0.0.1:9090,private
-- arguments: 127.0.0.1:9090
local at = ...
assert(process.registry.register("main"))
local inbox = process.inbox()

-- Returns the next message with this topic, and its sender.
local function news(topic)
  while true do
    local message = assert(inbox:receive())
    if message:topic() == topic then
      return message:payload(), message:from()
    end
  end
end

local function open(path, options)
  return assert(websocket.connect("ws://" .. at .. path, options))
end

local function frame(ws)
  local message, ok = ws:channel():receive("60s")
  assert(ok, "the socket is closed")
  assert(message.type == "text")
  return json.decode(message.data)
end

-- The target is told of the client, and of each message.
local ws = open("/chat/main?room=7")
local joined, client = news("ws.join")
assert(joined.client_pid == client and joined.metadata.room == "7")
assert(ws:send("hello"))
local text, from = news("ws.message")
assert(text == "hello" and from == client)
assert(ws:send("\0\xff", websocket.BINARY))
assert(news("ws.message") == "\0\xff")
assert(ws:ping())

-- Anybody may send to the client: each message is one text.
assert(process.send(client, "news", { id = 7 }))
local seen = frame(ws)
assert(seen.topic == "news" and seen.data.id == 7)
assert(process.send(client, "several", 1, "two", nil))
seen = frame(ws)
assert(#seen.data >= 2 and seen.data[1] == 1 and seen.data[2] == "two")
assert(process.send(client, "bytes", "\xff"))
assert(base64.decode(frame(ws).data) == "\xff")

-- Another topic, and then another target.
assert(process.send(client, "ws.control", { message_topic = "said" }))
-- Frames come in the order of what is sent to the relay.
assert(process.send(client, "done"))
assert(frame(ws).topic == "done")
assert(ws:send("again"))
assert(news("said") == "again")
local other = assert(process.spawn("app:other", "app:processes", process.pid()))
assert(process.send(client, "ws.control", { target_pid = other }))
assert(news("ws.leave").client_pid == client)
assert(news("other").client_pid == client)
assert(ws:send("to the other"))
assert(news("heard") == "to the other")

-- The end of the target closes the socket.
assert(process.send(other, "stop"))
local _, ok = ws:channel():receive("60s")
assert(not ok)

-- A client that leaves.
ws = open("/chat/main?topic=said")
_, client = news("ws.join")
assert(ws:close(1000, "bye"))
assert(news("ws.leave").client_pid == client)
assert(ws:close())
local sent, err = ws:send("late")
assert(sent == nil and errors.is(err, errors.UNAVAILABLE), tostring(err))

-- A relay that is closed, and one that is ended.
ws = open("/chat/main")
_, client = news("ws.join")
assert(process.send(client, "ws.close", "enough"))
_, ok = ws:channel():receive("60s")
assert(not ok and news("ws.leave").client_pid == client)
ws = open("/chat/main?beat=100ms")
_, client = news("ws.join")
local beat = news("ws.heartbeat")
assert(beat.client_pid == client and beat.message_count == 0 and math.type(beat.uptime) == "integer")
assert(process.cancel(client))
_, ok = ws:channel():receive("60s")
assert(not ok and news("ws.leave").client_pid == client)

-- Handshakes that become no WebSocket.
local function refused(path, status, options)
  local none, why = websocket.connect("ws://" .. at .. path, options)
  assert(none == nil and errors.is(why, errors.UNAVAILABLE), tostring(why))
  assert(tostring(why):find("answers " .. status, 1, true), tostring(why))
end
refused("/chat/nobody", 404)
refused("/plain", 200)
refused("/none", 404)
refused("/chat/main", 403, { headers = { Origin = "https://evil.example" } })
open("/chat/main", { headers = { Origin = "https://app.example" } }):close()
open("/chat/main", { headers = { Origin = "http://" .. at } }):close()
local plain = assert(http_client.get("http://" .. at .. "/chat/main"))
assert(plain.status == 426 and plain.headers.Upgrade == "websocket")

os.exit(0)
