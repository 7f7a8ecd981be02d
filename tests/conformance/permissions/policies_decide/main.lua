-- Policies decide, by actor, scope, context values, and the process that a name
-- stands for; the manifest gives scopes their names, and processes theirs.
-- shows: Y-2, Y-4, Y-5, Y-6, Y-7, Y-8, Y-9, Y-10, Y-11, Y-12

local function is(could, expected)
  for what, value in pairs(expected) do
    assert(could[what] == value, what .. ": " .. tostring(could[what]))
  end
end

return function()
  assert(process.registry.register("main"))
  local me, host = process.pid(), "app:processes"
  -- An actor that arrives in a message gives a guest no rights.
  local other = { id = "boss", meta = { role = "admin" } }
  local events = process.events()
  local guests = assert(security.named_scope("app:guest"))
  assert(guests:policies()[1]:id() == "guest" and security.policy("guest"))
  assert(not security.policy("nothing") and not security.named_scope("app:nothing"))

  local spawner = assert(process.with_context {})
  local could = assert(spawner:with_scope(guests):exec("app:guest", host, me, other))
  is(could, {
    can_send = true, send = "allowed", send_pid = "allowed", cancel = "allowed",
    terminate = "denied", link = "denied", other = "denied", register = "denied",
    as_actor = "denied", as_scope = "denied", with_name = "denied", with_context = "allowed", with_values = "allowed",
    after = "denied",
  })
  assert(could.child.denied and could.child.policies[1] == "guest")
  -- The deadline was advice: this process still runs.
  assert(events:receive().kind == process.event.CANCEL)

  local quiet = spawner:with_scope(guests):with_actor(security.new_actor("ada", { role = "quiet" }))
  could = assert(quiet:exec("app:guest", host, me, other))
  is(could, { can_send = false, send = "denied", send_pid = "denied", cancel = "allowed", with_context = "denied" })
  assert(could.why:find("guests keep quiet", 1, true), could.why)

  local reader = assert(process.with_context { prefix = "r" }):with_scope(assert(security.named_scope("app:reader")))
  is(assert(reader:exec("app:guest", host, me, other)), { register = "allowed", send = "allowed" })
  reader = spawner:with_scope(assert(security.named_scope("app:reader")))
  is(assert(reader:exec("app:guest", host, me, other)), { register = "denied" })

  -- Actor and scope of the manifest hold for every spawner, whatever it sets.
  local fixed = assert(process.exec("app:fixed", host))
  assert(fixed.id == "fixed" and fixed.role == "robot" and fixed.scope == "guest")
  fixed = assert(spawner:with_actor(security.new_actor("main")):exec("app:fixed", host))
  assert(fixed.id == "fixed")
  is(assert(process.exec("app:guest", "app:guests", me, other)), { send = "allowed", terminate = "denied" })

  -- A process that lost the name is not judged by the name.
  assert(process.registry.unregister("main"))
  could = assert(spawner:with_scope(guests):exec("app:guest", host, me, other))
  is(could, { send_pid = "denied", can_send = false })
end
