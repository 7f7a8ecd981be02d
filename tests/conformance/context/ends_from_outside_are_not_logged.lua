-- A process that was terminated, that fell along a link, or that returned is not
-- in the log as one that failed; the one that pulled others down is.
-- shows: G-5
-- stderr: process failed: the first
-- unsaid: process failed: process terminated
-- unsaid: process failed: linked process failed

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role == "fails" then
    process.inbox():receive()
    error("the first", 0)
  elseif role == "linked" then
    assert(process.link(process.registry.lookup("fails")))
    process.send("main", "linked")
    process.inbox():receive()
  elseif role == "waits" then
    process.inbox():receive()
  elseif role then
    return
  end
  assert(process.registry.register("main"))
  local events, linked = process.events(), process.listen("linked")
  local failing = assert(process.with_context {}):with_name("fails"):spawn_monitored(me, host, "fails")
  assert(process.spawn_monitored(me, host, "linked"))
  linked:receive()
  assert(process.send(failing, "go"))
  local waiting = assert(process.spawn_monitored(me, host, "waits"))
  assert(process.terminate(waiting))
  assert(process.spawn_monitored(me, host, "returns"))
  for _ = 1, 4 do
    events:receive()
  end
end
