-- Links and monitors stay, in both directions; so do events nobody has read.
-- shows: U-4, U-7

local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

function child.waits()
  process.listen("end"):receive()
end

function child.old(watched, linked, parent)
  assert(process.monitor(watched) and process.link(linked))
  local short = assert(process.spawn_monitored(me, host, "nothing"))
  while process.send(short, "are you there?") do
    time.sleep("1ms")
  end
  -- The EXIT of `short` is unread here.
  process.events()
  process.upgrade(nil, "new", watched, short, parent)
end

function child.nothing() end

function child.new(watched, short, parent)
  local events = process.events()
  assert(events:receive().from == short)
  process.send(parent, "upgraded")
  assert(events:receive().from == watched)
  process.send(parent, "heard")
  process.inbox():receive()
end

return function(role, ...)
  if role then
    return child[role](...)
  end
  local events, upgraded, heard = process.events(), process.listen("upgraded"), process.listen("heard")
  local watched = assert(process.spawn(me, host, "waits"))
  local linked = assert(process.spawn_monitored(me, host, "waits"))
  local pid = assert(process.spawn_monitored(me, host, "old", watched, linked, process.pid()))
  upgraded:receive()
  process.send(watched, "end")
  heard:receive()
  process.terminate(linked)
  -- In either order: these are two processes.
  for _ = 1, 2 do
    local event = events:receive()
    local expected = event.from == pid and "linked process failed: process terminated" or "process terminated"
    assert(event.result.error == expected, event.result.error)
  end
end
