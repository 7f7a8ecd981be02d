-- A coroutine that waits on a channel is told when it is closed.
-- shows: D-7

local topic = process.listen("topic")
local done = channel.new()
coroutine.spawn(function()
  local value, ok = topic:receive()
  done:send(value == nil and ok == false)
end)
coroutine.spawn(function()
  process.unlisten(topic)
end)
assert(done:receive())
