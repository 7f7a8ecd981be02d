-- A spawner spawns in every way, and execs.
-- shows: W-7

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    error(ctx.get("why"), 0)
  end
  local events = process.events()
  process.set_options { trap_links = true }
  local spawner = assert(process.with_context { why = "on purpose" })
  for variant, kinds in pairs {
    spawn_monitored = { process.event.EXIT },
    spawn_linked = { process.event.LINK_DOWN },
    spawn_linked_monitored = { process.event.LINK_DOWN, process.event.EXIT },
  } do
    local pid = assert(spawner[variant](spawner, me, host, "child"))
    for _, kind in ipairs(kinds) do
      local event = events:receive()
      assert(event.from == pid and event.kind == kind and event.result.error == "on purpose", variant)
    end
  end
  local value, err = spawner:exec(me, host, "child")
  assert(value == nil and err:message() == "on purpose")
  local pid = assert(spawner:spawn(me, host, "child"))
  assert(pid:find("^{"))
end
