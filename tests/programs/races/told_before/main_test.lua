-- The news of a value is sent before the value.
local assert = require("assert")

return function()
  local events = process.events()
  local register = assert(process.spawn_monitored("app:register"))
  local follower = assert(process.spawn("app:follower", nil, register))
  process.send(follower, "told")
  process.send(register, "set", "first")
  time.sleep("100ms")
  process.send(register, "stop")
  assert.eq(events:receive("1s").result.value, "second")
end
