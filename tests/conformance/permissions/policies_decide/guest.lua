-- Runs under the scope that main or the manifest gives it; returns what it could
-- do.
return function(main, other)
  local function try(value, err)
    return value and "allowed" or err:kind() == errors.PERMISSION_DENIED and "denied" or tostring(err)
  end
  local could = {}
  could.can_send = security.can("process.send", "main")
  local sent, why = process.send("main", "hello")
  could.send, could.why = try(sent, why), why and tostring(why)
  could.send_pid = try(process.send(main, "hello"))
  could.cancel = try(process.cancel("main", "1ms"))
  could.terminate = try(process.terminate("main"))
  could.link = try(process.link("main"))
  could.child = process.exec("app:child", "app:processes", main)
  could.other = try(process.exec("app:fixed", "app:processes"))
  could.register = try(process.registry.register("r/one"))
  local spawner, refused = process.with_context { prefix = "r" }
  could.with_context = try(spawner, refused)
  if not spawner then return could end
  could.as_actor = try(spawner:with_actor(security.new_actor(other.id, other.meta)))
  could.as_scope = try(spawner:with_scope(security.new_scope { "reader" }))
  could.with_name = try(spawner:with_name("x"):spawn("app:child", "app:processes", main))
  could.with_values = try(spawner:exec("app:child", "app:processes", main))
  -- Knowing of another actor changed nothing.
  could.after = try(process.terminate("main"))
  return could
end
