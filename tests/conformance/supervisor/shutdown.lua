-- A child is asked to end by a CANCEL with its deadline, and is terminated at the
-- deadline; one of "kill" is terminated at once, one of "infinity" has no deadline.
-- shows: SU-6

local supervisor = require("supervisor")

local me = process.id():match("[^#]+")

local roles = {}

function roles.polite(main)
  local event = process.events():receive()
  process.send(main, "asked", event.kind, event.deadline ~= nil)
end

function roles.deaf(main)
  process.send(main, "up")
  process.listen("never"):receive()
end

return function(role, ...)
  if role then
    return roles[role](...)
  end
  local asked, up, events = process.listen("asked"), process.listen("up"), process.events()
  for shutdown, with_deadline in pairs { ["1h"] = true, infinity = false } do
    local pid = assert(supervisor.start { children = {
      { definition = me, args = { "polite", process.pid() }, shutdown = shutdown },
    } })
    assert(supervisor.stop(pid))
    local got = asked:receive()
    assert(got[1] == process.event.CANCEL and got[2] == with_deadline)
  end
  for _, shutdown in ipairs { "10ms", 10, "kill" } do
    local pid = assert(supervisor.start { children = {
      { definition = me, args = { "deaf", process.pid() }, name = "deaf", shutdown = shutdown },
    } })
    up:receive()
    assert(process.monitor("deaf"))
    assert(supervisor.stop(pid))
    assert(events:receive().result.cause:kind() == errors.CANCELED)
  end
end
