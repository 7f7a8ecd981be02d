-- All names of a process end with it, before its end is told.
-- shows: N-4, N-5, N-8, E-11

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    for i = 1, 20 do
      assert(process.registry.register("name " .. i))
    end
    error("as planned")
  end
  local events = process.events()
  for _ = 1, 20 do
    local pid = assert(process.spawn_monitored(me, host, "child"))
    assert(events:receive().from == pid)
    for i = 1, 20 do
      local value, err = process.registry.lookup("name " .. i)
      assert(value == nil and errors.is(err, errors.NOT_FOUND))
    end
    local value, err = process.registry.register("name", pid)
    assert(value == nil and errors.is(err, errors.NOT_FOUND))
  end
end
