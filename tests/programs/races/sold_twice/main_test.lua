-- One ticket, and two buyers who look before they buy.
local assert = require("assert")

return function()
  local box = assert(process.spawn("app:box"))
  local events = process.events()
  for _, after in ipairs { "0s", "3ms" } do
    assert(process.spawn_monitored("app:buyer", nil, box, after))
  end
  for _ = 1, 2 do
    assert.ok(events:receive().result.value >= 0, "no ticket is sold twice")
  end
  process.terminate(box)
end
