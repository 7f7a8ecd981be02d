-- Items go through a forwarder, and the end of the work does not.
local assert = require("assert")

return function()
  local events = process.events()
  local collector = assert(process.spawn_monitored("app:collector"))
  local forwarder = assert(process.spawn("app:forwarder", nil, collector))
  for item = 1, 3 do
    process.send(forwarder, "item", item)
  end
  time.sleep("5ms")
  process.send(collector, "stop")
  assert.eq(events:receive("1s").result.value, 3)
  process.terminate(forwarder)
end
