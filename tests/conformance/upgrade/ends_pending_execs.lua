-- Callees of a pending exec are terminated, and the new code hears nothing of
-- them.
-- shows: U-10, X-6

local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

function child.callee(parent)
  process.send(parent, "callee", process.pid())
  process.inbox():receive()
end

function child.old(parent)
  coroutine.spawn(process.exec, me, host, "callee", parent)
  process.listen("go"):receive()
  process.upgrade(nil, "new")
end

function child.new()
  process.listen("end"):receive()
  return channel.select { process.inbox():case_receive(), process.events():case_receive(), default = true }.default
end

return function(role, ...)
  if role then
    return child[role](...)
  end
  local events, callees = process.events(), process.listen("callee")
  local pid = assert(process.spawn_monitored(me, host, "old", process.pid()))
  local callee = callees:receive()
  assert(process.monitor(callee))
  process.send(pid, "go")
  local event = events:receive()
  assert(event.from == callee and event.result.error == "process terminated", event.result.error)
  process.send(pid, "end")
  event = events:receive()
  assert(event.from == pid and event.result.value == true, event.result.error)
end
