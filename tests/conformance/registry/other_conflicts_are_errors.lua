-- A start that fails because something else exists is an error, and never another key's
-- process. The processes of a registry have no name.
-- shows: SU-19

local registry = require("registry")

local me = process.id():match("[^#]+")

return function(role)
  if role == "conflict" then
    return nil, errors.new { kind = errors.ALREADY_EXISTS, message = "in conflict", details = { pid = process.pid() } }
  elseif role then
    process.events():receive()
    return
  end
  local none, err = registry.start { definition = me, args = { "room" }, name = "room" }
  assert(not none and err:kind() == errors.INVALID and err:find("child has the key 'name'", 1, true), err)
  none, err = registry.start { definition = me, args = { "room" }, id = 7 }
  assert(not none and err:kind() == errors.INVALID and err:find("child has the key 'id'", 1, true), err)
  local raised
  raised, err = pcall(registry.child, { definition = me, name = "room" }, { name = "rooms" })
  assert(not raised and tostring(err):find("child has the key 'name'", 1, true), err)

  -- A supervisor that does not start says ALREADY_EXISTS, with the PID of another process.
  local conflicts = assert(registry.start { supervisor = me, args = { "conflict" }, restart = "temporary" })
  none, err = registry.start_or_get(conflicts, "hall")
  assert(none == nil and err:kind() == errors.ALREADY_EXISTS, err)
  assert(#registry.keys(conflicts) == 0)
end
