-- Two visitors count themselves. The second one comes when the first must be gone.
local assert = require("assert")

return function()
  local counter = assert(process.spawn("app:counter"))
  local events = process.events()
  for _, after in ipairs { "0s", "3ms" } do
    assert(process.spawn_monitored("app:visitor", nil, counter, after))
  end
  for _ = 1, 2 do
    events:receive()
  end
  local values = process.listen("value")
  process.send(counter, "request", "get")
  assert.eq(values:receive("1s"), 2)
  process.terminate(counter)
end
