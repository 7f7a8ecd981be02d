-- A stream of events is a process whose messages the client reads.
-- shows: WS-6
-- options: --listen 127.0.0.1:9090 --http http://127.0.0.1:9090,private
-- arguments: http://127.0.0.1:9090
local at = ...
assert(process.registry.register("main"))
local inbox = process.inbox()

local function news(topic)
  while true do
    local message = assert(inbox:receive())
    if message:topic() == topic then
      return message:payload(), message:from()
    end
  end
end

local function open(query)
  local response = assert(http_client.get(at .. "/events?" .. query, { stream = true }))
  assert(response.status == 200 and response.headers["Content-Type"] == "text/event-stream")
  assert(response.headers["X-Own"] == "kept" and response.headers["X-SSE-Relay"] == nil)
  return response.stream, response.stream:lines()
end

-- The name and the data of the next event; nil at the end.
local function event(lines)
  local name, data
  for line in lines do
    if line == "" and data then
      return name or "message", data
    end
    name = line:match("^event: (.*)$") or name
    data = line:match("^data: (.*)$") or data
  end
end

-- With a target.
local stream, lines = open("target=main")
local joined, client = news("sse.join")
assert(joined.client_pid == client and joined.metadata == "m")
assert(process.send(client, "said", { id = 7 }))
local name, data = event(lines)
assert(name == "message" and data == '{"id":7}')
assert(process.send(client, "two\nlines", "a\nb"))
name, data = event(lines)
assert(name == "two lines" and data == '"a\\nb"')
assert(process.send(client, "sse.close", "enough"))
name, data = event(lines)
assert(name == "done" and json.decode(data).reason == "enough" and event(lines) == nil)
assert(news("sse.leave").client_pid == client)

-- Without one the first event tells where to send.
stream, lines = open("beat=100ms")
name, data = event(lines)
local ready = json.decode(data)
assert(name == "ready" and ready.message_topic == "said")
assert(process.send(ready.stream_pid, "said", 1))
name, data = event(lines)
assert(name == "message" and data == "1")
assert(process.cancel(ready.stream_pid))
assert(event(lines) == nil)

-- A client that leaves, a target that ends, and times that are over.
stream = open("target=main")
_, client = news("sse.join")
stream:close()
assert(news("sse.leave").client_pid == client)
local other = assert(process.spawn("app:other"))
assert(process.registry.register("other", other))
stream, lines = open("target=other")
assert(process.send(other, "stop"))
assert(event(lines) == "done" and event(lines) == nil)
for _, query in ipairs { "idle=100ms", "hard=100ms" } do
  stream, lines = open(query)
  assert(event(lines) == "ready" and event(lines) == nil)
end

os.exit(0)
