-- Dead PIDs, PIDs that never were, and free names are NOT_FOUND alike.
-- shows: D-18, E-13, K-6, L-11

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    return
  end
  local dead = assert(process.spawn_monitored(me, host, "child"))
  assert(process.events():receive().from == dead)
  for _, destination in ipairs { dead, "{app:processes|0xfffff}", "{no:host|0x00001}", "nobody" } do
    for name, call in pairs {
      send = function(to) return process.send(to, "t") end,
      cancel = process.cancel, terminate = process.terminate, link = process.link, monitor = process.monitor,
    } do
      local value, err = call(destination)
      assert(value == nil and errors.is(err, errors.NOT_FOUND), name .. " " .. destination .. ": " .. tostring(err))
    end
  end
end
