-- The monitor is set after the start, and a short job may have ended by then.
local assert = require("assert")

return function()
  local events = process.events()
  local job = assert(process.spawn("app:job"))
  assert(process.monitor(job))
  assert.eq(events:receive("1s").result.value, "done")
end
