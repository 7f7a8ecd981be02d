-- `send` is true for a message that is never read.
-- shows: D-17, E-14

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role, parent)
  if role then
    process.send(parent, "ready")
    process.listen("end"):receive()
    return
  end
  local ready, events = process.listen("ready"), process.events()
  local child = assert(process.spawn_monitored(me, host, "child", process.pid()))
  ready:receive()
  for i = 1, 100 do
    assert(process.send(child, "unread", i) == true)
  end
  process.send(child, "end")
  local event = events:receive()
  assert(event.kind == process.event.EXIT and event.result.error == nil)
  assert(channel.select { process.inbox():case_receive(), events:case_receive(), default = true }.default)
end
