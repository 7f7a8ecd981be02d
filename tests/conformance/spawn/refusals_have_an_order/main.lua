-- If several things are wrong, the error names the definition before the
-- host, the host before its limits, and these before a name that is taken.
-- shows: S-17, W-6

local function refused(kind, part, value, err)
  assert(value == nil and errors.is(err, kind) and err:find(part, 1, true), err)
end

return function(role)
  if role then
    process.inbox():receive()
    return
  end
  local spawner = assert(process.with_context {}):with_name("taken")
  assert(process.registry.register("taken"))
  local inhabitant = assert(process.spawn_monitored("app:main", "app:full", "child"))
  for _, variant in ipairs { "spawn", "spawn_monitored", "spawn_linked", "spawn_linked_monitored", "exec" } do
    local function spawn(...)
      return spawner[variant](spawner, ...)
    end
    refused(errors.NOT_FOUND, "app:nothing", spawn("app:nothing", "app:nowhere"))
    refused(errors.NOT_FOUND, "app:nothing", spawn("app:nothing", "app:full"))
    refused(errors.NOT_FOUND, "app:nowhere", spawn("app:main", "app:nowhere"))
    refused(errors.RATE_LIMITED, "max_processes", spawn("app:main", "app:full", "child"))
    refused(errors.ALREADY_EXISTS, "taken", spawn("app:main", "app:processes", "child"))
  end
  -- The names that were refused took no place.
  process.send(inhabitant, "end")
  assert(process.events():receive().from == inhabitant)
  assert(process.spawn("app:main", "app:full", "child"))
end
