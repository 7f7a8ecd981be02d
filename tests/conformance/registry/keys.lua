-- A registry starts one process for each key, whoever asks and however often, and forgets
-- the key with its process.
-- shows: SU-17

local registry = require("registry")
local supervisor = require("supervisor")

local me = process.id():match("[^#]+")

local roles = {}

function roles.room(main, key, ...)
  process.send(main, "up", key, ...)
  process.listen("end"):receive()
end

function roles.asker(main)
  process.send(main, "got", (assert(registry.start_or_get("rooms", "hall"))))
end

return function(role, ...)
  if role then
    return roles[role](...)
  end
  local up, got, events = process.listen("up"), process.listen("got"), process.events()
  local rooms = assert(registry.start(
    { definition = me, args = { "room", process.pid() }, shutdown = "kill" }, { name = "rooms", max_processes = 3 }
  ))
  for _ = 1, 20 do
    assert(process.spawn(me, "app:processes", "asker", process.pid()))
  end
  local hall = got:receive()
  for _ = 2, 20 do
    assert(got:receive() == hall)
  end
  assert(up:receive() == "hall")
  local first = assert(registry.start_or_get("rooms", 1, "with", nil))
  local told = up:receive()
  assert(told.n == 3 and told[1] == 1 and told[2] == "with" and told[3] == nil)
  assert(registry.lookup(rooms, 1) == first and registry.lookup(rooms, "hall") == hall)
  local none, err = registry.lookup(rooms, "1")
  assert(not none and err:kind() == errors.NOT_FOUND)

  assert(registry.start_or_get("rooms", "third"))
  none, err = registry.start_or_get("rooms", "fourth")
  assert(not none and err:kind() == errors.RATE_LIMITED)
  assert(table.concat(registry.keys("rooms"), " ") == "hall 1 third")

  -- A process that has read an EXIT gets a new process.
  for _ = 1, 100 do
    assert(process.monitor(hall))
    process.terminate(hall)
    events:receive()
    local new = assert(registry.start_or_get("rooms", "hall"))
    assert(new ~= hall)
    hall = new
  end
  assert(registry.stop("rooms", "hall"))
  assert(not registry.lookup("rooms", "hall") and not process.monitor(hall))
  none, err = registry.start_or_get("rooms", print)
  assert(not none and err:kind() == errors.INVALID)

  -- As a child of a supervisor.
  assert(supervisor.start { children = { registry.child({ definition = me, args = { "room", process.pid() } }, { name = "more" }) } })
  assert(registry.start_or_get("more", "x") == registry.lookup("more", "x"))
end
