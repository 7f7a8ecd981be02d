-- When the caller of an exec ends, the callee is terminated.
-- shows: X-6

local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

function child.callee(parent)
  process.send(parent, "callee", process.pid())
  process.inbox():receive()
end

function child.caller(parent)
  coroutine.spawn(process.exec, me, host, "callee", parent)
  process.listen("end"):receive()
end

return function(role, ...)
  if role then
    return child[role](...)
  end
  local events, callees = process.events(), process.listen("callee")
  for _, how in ipairs { "return", "terminate" } do
    local caller = assert(process.spawn(me, host, "caller", process.pid()))
    local callee = callees:receive()
    assert(process.monitor(callee))
    if how == "return" then
      process.send(caller, "end")
    else
      process.terminate(caller)
    end
    local event = events:receive()
    assert(event.from == callee and event.result.error == "process terminated", event.result.error)
  end
end
