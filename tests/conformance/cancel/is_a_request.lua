-- CANCEL is an event; without a deadline nothing else follows from it.
-- shows: K-1, K-3, V-1, V-3

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role, parent)
  if role then
    local events = process.events()
    process.send(parent, "ready")
    local event = events:receive()
    assert(event.kind == process.event.CANCEL and event.from == parent)
    assert(event.deadline == nil and event.result == nil and time.parse(event.at))
    process.send(parent, "still here")
    assert(process.listen("answer"):receive() == "yes")
    return "did not mind"
  end
  local ready, still = process.listen("ready"), process.listen("still here")
  local child = assert(process.spawn_monitored(me, host, "child", process.pid()))
  ready:receive()
  assert(process.cancel(child))
  still:receive()
  process.send(child, "answer", "yes")
  assert(process.events():receive().result.value == "did not mind")
end
