-- Uses a server written in Rust, which a supervisor written in Rust keeps
-- running. Build it first: `warren build examples/counter`.

local server = require("server")

local function call(request)
  return server.call("counter", request, "1m")
end

-- A registered name is there when the process is.
local function await_counter(other_than)
  while true do
    local pid = process.registry.lookup("counter")
    if pid and pid ~= other_than then return pid end
    time.sleep("1ms")
  end
end

local supervisor = assert(process.spawn_monitored("app:supervisor", "app:processes"))
local first = await_counter()

print("add 5", call { Add = 5 })
server.cast("counter", { Add = 100 })
print("get", call "Get")
print("divide by 0", call { Divide = 0 })
print("what?", call { Multiply = 2 })

-- A crash loses the count and nothing else.
call "Crash"
await_counter(first)
print("after a crash", call "Get")

process.cancel(supervisor)
local event = process.events():receive()
print("the supervisor ended", event.result.error)
print("the counter is gone", process.registry.lookup("counter"))
