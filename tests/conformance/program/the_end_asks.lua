-- When main is done, what still runs is asked to end, and may say goodbye.
-- shows: A-11, V-1
-- options: --grace 10m
-- stdout: asked

local me, host = process.id():match("[^#]+"), "app:processes"

return function(parent)
  if parent then
    local events = process.events()
    process.send(parent, "ready")
    local event = events:receive()
    assert(event.kind == process.event.CANCEL and event.deadline)
    assert(event.from == nil and time.parse(event.at), "no process asked")
    print("asked")
    return
  end
  assert(process.spawn(me, host, process.pid()))
  process.listen("ready"):receive()
end
