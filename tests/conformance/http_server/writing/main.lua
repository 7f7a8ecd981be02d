-- Answers that are written piece by piece.
-- shows: HS-4, HS-5
-- options: --listen 127.0.0.1:9090 --http http://127.0.0.1:9090,private
-- arguments: http://127.0.0.1:9090
local at = ...
assert(process.registry.register("main"))
local told = process.inbox()

local parts = assert(http_client.get(at .. "/parts"))
assert(parts.body == "part 1\npart 2\npart 3\n" and parts.headers["Content-Type"] == "text/plain; charset=utf-8")
local seen = assert(http_client.get(at .. "/json"))
assert(seen.body == '{"a":1}' and seen.headers["Content-Type"] == "application/json")
assert(http_client.get(at .. "/late").body == "x")
assert(#http_client.get(at .. "/large").body == 10000000)

-- The head comes with the first flush, before the process has ended.
local response = assert(http_client.get(at .. "/flushed", { stream = true }))
assert(response.headers["Content-Type"] == "text/csv")
local message = told:receive()
assert(message:payload() == "flushed")
assert(process.send(message:from(), "go"))
assert(response.stream:read() == "a,b" and response.stream:read() == nil)

local events = assert(http_client.get(at .. "/events"))
assert(events.headers["Content-Type"] == "text/event-stream" and events.headers["Cache-Control"] == "no-cache")
assert(events.body == 'event: joined\ndata: {"id":7}\n\nevent: left\ndata: "a\\nb"\n\n', events.body)

-- A process that fails breaks its answer off; nothing that looks whole arrives.
local broken = http_client.get(at .. "/broken")
assert(broken == nil)
assert(http_client.get(at .. "/early").status == 500)

-- A writer hears that the client has gone.
local stream = assert(http_client.get(at .. "/gone", { stream = true })).stream
assert(stream:read(1) == "x" and stream:close())
message = told:receive()
local what, is_unavailable, reason = message:payload()
assert(what == "gone" and is_unavailable and reason == http.ERROR.WRITE_FAILED)

os.exit(0)
