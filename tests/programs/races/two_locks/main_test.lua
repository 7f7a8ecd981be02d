-- Two workers take two locks, in opposite orders.
local assert = require("assert")

return function()
  local events = process.events()
  local a, b = assert(process.spawn("app:lock")), assert(process.spawn("app:lock"))
  local one = assert(process.spawn_monitored("app:worker", nil, a, b, "0s"))
  local two = assert(process.spawn_monitored("app:worker", nil, b, a, "4ms"))
  local first, last = events:receive("1s"), events:receive("1s")
  for _, pid in ipairs { a, b, one, two } do
    process.terminate(pid)
  end
  assert(first and last, "both workers come to an end")
end
