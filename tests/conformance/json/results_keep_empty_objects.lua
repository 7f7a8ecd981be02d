-- The result of a process crosses unchanged, an empty object as an empty object.
-- shows: J-2
local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    return role == "object" and json.decode("{}") or nil
  end
  local events = process.events()
  assert(process.spawn_monitored(me, host, "object"))
  assert(json.encode(events:receive().result.value) == "{}")
  -- A result without a value is a table of the runtime's, as any other.
  assert(process.spawn_monitored(me, host, "nothing"))
  local result = events:receive().result
  assert(next(result) == nil and json.encode(result) == "[]")
  assert(json.encode((process.exec(me, host, "object"))) == "{}")
end
