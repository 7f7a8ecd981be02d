-- The PID of a process of a registry is a key as any other text is.
-- shows: SU-17

local registry = require("registry")

local me = process.id():match("[^#]+")

return function(role)
  if role then
    process.events():receive()
    return
  end
  local rooms = assert(registry.start { definition = me, args = { "room" } })
  local hall = assert(registry.start_or_get(rooms, "hall"))
  local none, err = registry.lookup(rooms, hall)
  assert(not none and err:kind() == errors.NOT_FOUND, err)
  none, err = registry.stop(rooms, hall)
  assert(not none and err:kind() == errors.NOT_FOUND, err)
  local other = assert(registry.start_or_get(rooms, hall))
  assert(other ~= hall and registry.lookup(rooms, hall) == other and registry.lookup(rooms, "hall") == hall)
  assert(registry.stop(rooms, hall))
  assert(registry.lookup(rooms, "hall") == hall)
end
