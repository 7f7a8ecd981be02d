-- PID, name, monitors, links, groups, options and subscriptions stay while a process is parked.
-- shows: PK-2
-- options: --park-after 0

local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

function child.keeper(parent)
  local pid = process.pid()
  process.registry.register("keeper")
  assert(process.set_options { trap_links = true })
  assert(process.groups.join("keepers"))
  local asked, events = process.listen("asked"), process.events()
  for _ = 1, 2 do
    asked:receive()
    assert(process.pid() == pid and process.registry.lookup("keeper") == pid)
    assert(process.get_options().trap_links)
    assert(process.send(parent, "answer", pid))
  end
  -- A linked process fails: an event, as the option says.
  local event = events:receive()
  assert(event.kind == process.event.LINK_DOWN, event.kind)
end

function child.fails(keeper)
  assert(process.link(keeper))
  error("as it must")
end

return function(role, ...)
  if role then
    return child[role](...)
  end
  local answers, events = process.listen("answer"), process.events()
  local keeper = assert(process.spawn_monitored(me, host, "keeper", process.pid()))
  for _ = 1, 2 do
    time.sleep("40ms")
    assert(process.registry.lookup("keeper") == keeper)
    assert(process.groups.members("keepers")[1] == keeper)
    assert(process.send("keeper", "asked"))
    assert(answers:receive() == keeper)
  end
  time.sleep("40ms")
  assert(process.spawn(me, host, "fails", keeper))
  local event = events:receive()
  assert(event.from == keeper and event.result.error == nil, event.result.error)
  assert(process.registry.lookup("keeper") == nil)
end
