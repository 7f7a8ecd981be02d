-- A normal exit dissolves links and fails nobody, trapped or not.
-- shows: L-14

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    return
  end
  local events = process.events()
  for _, trap in ipairs { false, true } do
    process.set_options { trap_links = trap }
    local child = assert(process.spawn_linked_monitored(me, host, "child"))
    local event = events:receive()
    assert(event.kind == process.event.EXIT and event.from == child)
    assert(channel.select { events:case_receive(), default = true }.default)
    assert(process.unlink(child))
  end
end
