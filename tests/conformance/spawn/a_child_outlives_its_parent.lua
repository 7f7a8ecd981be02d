-- A process that is not linked outlives whoever spawned it.
-- shows: S-13
local role, root = ...
if role == "parent" then
  assert(process.spawn("app:a_child_outlives_its_parent", "app:processes", "child", root))
elseif role == "child" then
  process.send(root, "child", process.pid())
  local inbox = process.inbox()
  process.send(root, "got", inbox:receive():payload())
end
if role then
  return
end

local events, child, got = process.events(), process.listen("child"), process.listen("got")
assert(process.spawn_monitored("app:a_child_outlives_its_parent", "app:processes", "parent", process.pid()))
assert(not events:receive().result.error)
assert(process.send(child:receive(), "still there", 1))
assert(got:receive() == 1)
