-- A process can be terminated while it starts and while it upgrades.
-- shows: K-10, K-11

return function()
  local events, ready = process.events(), process.listen("ready")
  -- The file's top level is part of the start.
  local slow = assert(process.spawn_monitored("app:slow", "app:processes", process.pid()))
  ready:receive()
  assert(process.terminate(slow))
  assert(events:receive().result.error == "process terminated")

  -- In the middle of a chain of upgrades, at some moment of it.
  for i = 1, 30 do
    local endless = assert(process.spawn_monitored("app:endless", "app:processes", process.pid(), i))
    ready:receive()
    assert(process.terminate(endless))
    local event = events:receive()
    assert(event.from == endless and event.result.error == "process terminated", event.result.error)
    -- The messages that the child sent before.
    while not channel.select { ready:case_receive(), default = true }.default do end
  end

  -- And when the code it was upgraded to does not get past its first line.
  local pid = assert(process.spawn_monitored("app:endless", "app:processes", process.pid(), -1))
  ready:receive()
  assert(process.terminate(pid))
  assert(events:receive().result.error == "process terminated")
end
