-- An action of the program's own is nobody's right until a policy gives it.
-- shows: Y-5, Y-17
local host = "app:processes"
return function()
  -- No actor, no scope: the runtime's actions are as free as the calls.
  assert(security.can("process.send", process.pid()) and process.send(process.pid(), "t"))
  assert(not security.can("read", "resource") and not security.can("read", "resource", { free = true }))
  -- A policy for everybody permits this one.
  assert(security.can("greet", "resource"))
  local spawner = assert(process.with_context {})
  local reader = spawner:with_scope(security.new_scope { "reader" })
  assert(assert(reader:exec("app:asks", host, "read")) == true)
  assert(reader:exec("app:asks", host, "write") == false)
  assert(assert(spawner:with_actor(security.new_actor("ada")):exec("app:asks", host, "greet")) == true)
end
