-- An EXIT that came before anyone asked for events is not lost.
-- shows: D-6

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    return
  end
  local child = assert(process.spawn_monitored(me, host, "child"))
  while process.send(child, "are you there?") do
    time.sleep("1ms")
  end
  assert(process.events():receive().from == child)
end
