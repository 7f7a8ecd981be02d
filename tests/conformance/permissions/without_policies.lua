-- Without policies: who has no actor and no scope may do everything, who has one
-- nothing that needs a permission.
-- shows: Y-1, Y-2, Y-4, Y-5

local function denied(action, resource, value, err)
  assert(value == nil and errors.is(err, errors.PERMISSION_DENIED), err)
  assert(err:find(action, 1, true) and err:find(resource, 1, true), err)
  assert(err:details().action == action and err:details().resource == resource)
  assert(not security.can(action, resource))
end

local host = "app:processes"
local me = process.id():match("[^#]+")

local function confined(parent)
  denied("process.send", parent, process.send(parent, "topic"))
  denied("process.monitor", parent, process.monitor(parent))
  denied("process.link", parent, process.link(parent))
  denied("process.terminate", parent, process.terminate(parent))
  denied("process.cancel", parent, process.cancel(parent))
  denied("process.spawn", me, process.spawn(me, host))
  denied("process.exec", me, process.exec(me, host))
  denied("process.registry.register", "name", process.registry.register("name"))
  denied("process.registry.unregister", "parent", process.registry.unregister("parent"))
  return security.actor() and security.actor():id() or security.scope():policies()[1]
end

return function(role, parent)
  if role == "confined" then
    return confined(parent)
  elseif role == "upgrades" then
    return process.upgrade(nil, "confined", parent)
  end
  assert(security.can("process.send", process.pid()))
  assert(process.registry.register("parent"))
  assert(process.send("parent", "topic"))
  local spawner = assert(process.with_context {})
  local ada = spawner:with_actor(security.new_actor("ada"))
  local readers = spawner:with_scope(security.new_scope { "readers" })
  assert(assert(ada:exec(me, host, "confined", process.pid())) == "ada")
  assert(assert(ada:exec(me, host, "upgrades", process.pid())) == "ada")
  assert(assert(readers:exec(me, host, "confined", process.pid())) == "readers")
  assert(process.registry.lookup("parent") == process.pid())
end
