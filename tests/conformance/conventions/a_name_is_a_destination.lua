-- A name of a process serves as well as its PID, wherever a process is meant; a free
-- name is nobody.
-- shows: C-21, L-9, D-18, K-6

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    return process.events():receive().kind
  end
  assert(process.set_options { trap_links = true })
  local events = process.events()
  local function named()
    local spawner = assert(process.with_context {}):with_name("child")
    return assert(spawner:spawn(me, host, "child"))
  end

  local pid = named()
  assert(process.monitor("child") and process.link("child"))
  assert(process.terminate("child"))
  for _, kind in ipairs { process.event.LINK_DOWN, process.event.EXIT } do
    local event = events:receive()
    assert(event.kind == kind and event.from == pid)
  end

  pid = named()
  assert(process.monitor("child") and process.link("child"))
  assert(process.unmonitor("child") and process.unlink("child"))
  assert(process.terminate("child"))
  while process.send(pid, "are you there?") do
    time.sleep("1ms")
  end

  pid = named()
  assert(process.monitor(pid) and process.cancel("child", "1h"))
  local event = events:receive()
  assert(event.from == pid and event.result.value == process.event.CANCEL, "what was taken back was told")

  for name, call in pairs {
    send = function(to) return process.send(to, "t") end,
    terminate = process.terminate, cancel = process.cancel, monitor = process.monitor, link = process.link,
  } do
    local value, err = call("child")
    assert(value == nil and errors.is(err, errors.NOT_FOUND), name)
  end
  -- Nobody is not linked or watched.
  assert(process.unmonitor("child") == true and process.unlink("child") == true)
  for _, call in ipairs { process.unmonitor, process.unlink } do
    local value, err = call("@child")
    assert(value == nil and errors.is(err, errors.INVALID))
  end
end
