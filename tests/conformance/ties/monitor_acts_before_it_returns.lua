-- `monitor`, `link` and their opposites have acted when they return: whatever
-- happens to the target afterwards is told, or not.
-- shows: L-1, L-2

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    return process.inbox():receive()
  end
  local events = process.events()
  assert(process.set_options { trap_links = true })
  for _ = 1, 30 do
    local child = assert(process.spawn(me, host, "child"))
    assert(process.monitor(child) and process.link(child))
    assert(process.terminate(child))
    local first, second = events:receive(), events:receive()
    assert(first.kind == process.event.LINK_DOWN and first.from == child)
    assert(second.kind == process.event.EXIT and second.from == child)

    child = assert(process.spawn_linked_monitored(me, host, "child"))
    assert(process.unmonitor(child) and process.unlink(child))
    assert(process.terminate(child))
  end
  local marker = assert(process.spawn_monitored(me, host, "child"))
  process.terminate(marker)
  assert(events:receive().from == marker, "something was told of what is not watched")
end
