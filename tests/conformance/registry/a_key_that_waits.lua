-- A key whose process waits for its restart has no process, and gets one at once when it is
-- asked for.
-- shows: SU-19

local registry = require("registry")
local supervisor = require("supervisor")

local me = process.id():match("[^#]+")

return function(role)
  if role then
    process.listen("end"):receive()
    error("ended", 0)
  end
  local rooms = assert(registry.start {
    definition = me, args = { "room" }, restart = "permanent", backoff = "1h", shutdown = "kill",
  })
  local first = assert(registry.start_or_get(rooms, "hall"))
  process.terminate(first)
  local none, err = registry.lookup(rooms, "hall")
  while none do
    none, err = registry.lookup(rooms, "hall")
  end
  assert(err:kind() == errors.NOT_FOUND and err:find("waits for its restart", 1, true), err)
  assert(supervisor.find(rooms, "hall").state == "waiting")
  assert(table.concat(registry.keys(rooms), " ") == "hall")
  local second = assert(registry.start_or_get(rooms, "hall"))
  assert(second ~= first and registry.lookup(rooms, "hall") == second)
  assert(registry.start_or_get(rooms, "hall") == second)
  local child = supervisor.find(rooms, "hall")
  assert(child.state == "running" and child.restarts == 1)

  process.terminate(second)
  while registry.lookup(rooms, "hall") do end
  assert(registry.stop(rooms, "hall"))
  none, err = registry.lookup(rooms, "hall")
  assert(not none and err:message() == "key not found: hall", err)
end
