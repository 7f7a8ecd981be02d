-- A child does not trap links, whatever its parent does.
-- shows: S-12

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    return process.get_options().trap_links
  end
  process.set_options { trap_links = true }
  assert(process.exec(me, host, "child") == false)
  local pid = assert(process.spawn_linked_monitored(me, host, "child"))
  local event = process.events():receive()
  assert(event.from == pid and event.result.value == false)
end
