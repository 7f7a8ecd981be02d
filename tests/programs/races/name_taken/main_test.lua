-- A worker is started again, and its name has another holder meanwhile.
local assert = require("assert")

return function()
  local events = process.events()
  local backup = assert(process.spawn("app:backup"))
  assert(process.spawn_monitored("app:worker", nil, true))
  assert.eq(events:receive("1s").kind, process.event.EXIT)
  local again = assert(process.spawn_monitored("app:worker", nil, false))
  assert.is_nil(events:receive("50ms"), "the worker runs again")
  process.terminate(again)
  process.terminate(backup)
end
