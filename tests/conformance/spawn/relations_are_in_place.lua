-- Monitor and link are in place before the process runs: also for one that
-- ends at once nothing is missed.
-- shows: S-3, S-4, S-5, L-12, L-16

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    error("at once", 0)
  end
  local events = process.events()
  assert(process.set_options { trap_links = true })
  for _ = 1, 30 do
    local pid = assert(process.spawn_monitored(me, host, "child"))
    local event = events:receive()
    assert(event.kind == process.event.EXIT and event.from == pid and event.result.error == "at once")
    pid = assert(process.spawn_linked(me, host, "child"))
    event = events:receive()
    assert(event.kind == process.event.LINK_DOWN and event.from == pid and event.result.error == "at once")
    pid = assert(process.spawn_linked_monitored(me, host, "child"))
    event = events:receive()
    assert(event.kind == process.event.LINK_DOWN and event.from == pid)
    event = events:receive()
    assert(event.kind == process.event.EXIT and event.from == pid)
  end
  assert(channel.select { events:case_receive(), default = true }.default)
end
