-- Children are added, stopped, started again, forgotten and listed at run time.
-- shows: SU-8

local supervisor = require("supervisor")

local me = process.id():match("[^#]+")

local function kind_of(value, err)
  assert(not value)
  return err:kind()
end

return function(role)
  if role then
    return process.events():receive() and nil
  end
  local pid = assert(supervisor.start({ children = { { id = "first", definition = me, args = { "child" } } } }, { name = "top" }))
  local added = assert(supervisor.start_child("top", { id = "added", definition = me, args = { "child" } }))
  local list = assert(supervisor.children(pid))
  assert(#list == 2 and list[1].id == "first" and list[2].id == "added" and list[2].pid == added)
  assert(list[2].kind == "worker" and list[2].state == "running" and list[2].restarts == 0)
  assert(supervisor.find(pid, "added").pid == added and supervisor.find(pid, added).id == "added")

  local child, err = supervisor.start_child(pid, { id = "added", definition = me, args = { "child" } })
  assert(not child and err:kind() == errors.ALREADY_EXISTS and err:details().pid == added)
  assert(kind_of(supervisor.start_child(pid, { id = "bad" })) == errors.INVALID)
  assert(kind_of(supervisor.start_child(pid, { definition = "app:nothing" })) == errors.NOT_FOUND)
  assert(supervisor.count(pid).children == 2)

  assert(kind_of(supervisor.restart_child(pid, "added")) == errors.CONFLICT)
  assert(kind_of(supervisor.delete_child(pid, "added")) == errors.CONFLICT)
  assert(supervisor.stop_child(pid, "added"))
  assert(supervisor.stop_child(pid, "added"), "it is stopped already")
  assert(not process.monitor(added) and supervisor.find(pid, "added").state == "stopped")
  local again = assert(supervisor.restart_child(pid, "added"))
  assert(again ~= added and supervisor.find(pid, "added").pid == again)
  assert(supervisor.stop_child(pid, again), "a PID is as good as an id")
  assert(supervisor.delete_child(pid, "added"))
  for _, call in ipairs { "find", "stop_child", "restart_child", "delete_child" } do
    assert(kind_of(supervisor[call](pid, "added")) == errors.NOT_FOUND, call)
  end
  local count = assert(supervisor.count(pid))
  assert(count.children == 1 and count.running == 1 and count.waiting == 0 and count.stopped == 0)

  assert(supervisor.stop("top"))
  assert(kind_of(supervisor.children(pid)) == errors.NOT_FOUND)
end
