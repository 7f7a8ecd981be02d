-- The next worker is started when the one before must have ended.
local assert = require("assert")

return function()
  local first = assert(process.spawn("app:worker", nil, process.pid()))
  time.sleep("20ms")
  process.cancel(first, "1s")
  time.sleep("4ms")
  local events = process.events()
  local second = assert(process.spawn_monitored("app:worker", nil, process.pid()))
  assert.is_nil(events:receive("20ms"), "the second worker has the name")
  process.cancel(second, "1s")
  events:receive()
end
