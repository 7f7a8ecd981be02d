-- A cancel deadline that runs holds for the new code as well.
-- shows: U-8

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role, parent)
  if role == "old" then
    process.send(parent, "ready")
    process.listen("go"):receive()
    process.upgrade(nil, "new")
  elseif role == "new" then
    while true do end
  end
  local ready, events = process.listen("ready"), process.events()
  local pid = assert(process.spawn_monitored(me, host, "old", process.pid()))
  ready:receive()
  assert(process.cancel(pid, "100ms"))
  process.send(pid, "go")
  local event = events:receive()
  assert(event.from == pid and event.result.error == "process terminated", event.result.error)
end
