-- Terminating stops a waiting process and a busy one; the EXIT says so.
-- shows: K-6, K-8, K-9, K-13, E-8
local how = ...
if how == "wait" then
  process.inbox():receive()
elseif how == "loop" then
  while true do end
elseif how == "string" then
  string.find(("a"):rep(100000), (".-"):rep(20) .. "b")
end
if how then
  return
end

local events = process.events()
for _, how in ipairs { "wait", "loop", "string" } do
  local pid = assert(process.spawn_monitored("app:exit_of_a_terminated_process", "app:processes", how))
  assert(process.terminate(pid))
  local event = events:receive()
  assert(event.kind == process.event.EXIT and event.from == pid)
  assert(event.result.error == "process terminated", event.result.error)
  assert(event.result.cause:kind() == errors.CANCELED)
  local done, err = process.terminate(pid)
  assert(done == nil and errors.is(err, errors.NOT_FOUND))
end
