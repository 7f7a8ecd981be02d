-- A process sends to a name that another one registers when it begins.
local assert = require("assert")

return function()
  local events = process.events()
  local log = assert(process.spawn("app:log"))
  assert(process.spawn_monitored("app:writer"))
  assert.is_nil(events:receive("1s").result.error)
  process.terminate(log)
end
