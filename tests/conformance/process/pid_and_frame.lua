-- PID and frame: what they look like, and that spawn, exec and upgrade pass the
-- frame on.
-- shows: P-1, P-2, P-3

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role, first_pid, parent)
  if role == "frame" then
    return process.id()
  elseif role == "upgraded" then
    assert(process.pid() == first_pid)
    process.send(parent, "frame", process.id())
    return
  elseif role == "upgrade" then
    local pid, parent = process.pid(), first_pid
    error(select(2, process.upgrade(nil, "upgraded", pid, parent)))
  end

  assert(process.id() == "app:pid_and_frame#1", process.id())
  assert(process.exec(me, host, "frame") == process.id())
  local spawner = process.with_context {}
  assert(spawner:exec(me, host, "frame") == process.id())
  assert(process.pid() == process.pid())

  local frame = process.listen("frame")
  assert(process.spawn_monitored(me, host, "upgrade", process.pid()))
  assert(frame:receive() == process.id())
end
