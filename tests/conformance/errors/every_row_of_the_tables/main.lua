-- The kind of every failure that has a row in the table of errors.
-- shows: R-1, C-3, C-19, C-22, D-12, D-18, N-3, N-6, S-7, Q-10

local host = "app:processes"

local function is(kind, value, err)
  assert(value == nil and errors.is(err, kind), ("%s expected, not %s"):format(kind, err and err:kind()))
  return err
end

return function(role)
  if role then
    return process.inbox():receive()
  end
  -- Missing argument, reserved topic, bad duration.
  is(errors.INVALID, process.send(process.pid()))
  is(errors.INVALID, process.send(process.pid(), "@topic"))
  is(errors.INVALID, process.listen("@topic"))
  is(errors.INVALID, process.cancel(process.pid(), "soon"))
  is(errors.INVALID, process.registry.register("@name"))

  -- Name, definition, host, dead PID.
  local err = is(errors.NOT_FOUND, process.registry.lookup("nobody"))
  assert(err:message():find("name not registered", 1, true))
  is(errors.NOT_FOUND, process.send("nobody", "t"))
  is(errors.NOT_FOUND, process.spawn("app:nothing", host))
  is(errors.NOT_FOUND, process.spawn("app:main", "app:nowhere"))
  local dead = assert(process.spawn_monitored("app:main", host, "child"))
  process.terminate(dead)
  process.events():receive()
  is(errors.NOT_FOUND, process.send(dead, "t"))
  is(errors.NOT_FOUND, process.registry.register("name", dead))

  -- A name that is taken, a topic listened on otherwise, a host that is full.
  local holder = assert(process.spawn("app:main", "app:full", "child"))
  assert(process.registry.register("name", holder))
  is(errors.ALREADY_EXISTS, process.registry.register("name"))
  process.listen("topic")
  is(errors.CONFLICT, process.listen("topic", { message = true }))
  is(errors.RATE_LIMITED, process.spawn("app:main", "app:full", "child"))

  -- The ends of a callee.
  is(errors.INTERNAL, process.exec("app:raises", host))
end
