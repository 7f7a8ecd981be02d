-- Options, context, actor and scope of a process stay when its code is replaced.
-- shows: U-5

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role == "old" then
    process.set_options { trap_links = true }
    process.upgrade(nil, "new")
  elseif role == "new" then
    local actor, scope = security.actor(), security.scope()
    return {
      trap = process.get_options().trap_links, all = ctx.all(),
      id = actor:id(), role = actor:meta().role, policy = scope:policies()[1],
    }
  end
  local spawner = assert(process.with_context { user = "ada", tags = { 1, 2 } })
  spawner = assert(spawner:with_actor(security.new_actor("ada", { role = "admin" })))
  spawner = assert(spawner:with_scope(security.new_scope { "readers" }))
  local kept = assert(spawner:exec(me, host, "old"))
  assert(kept.trap == true and kept.all.user == "ada" and kept.all.tags[2] == 2)
  assert(kept.id == "ada" and kept.role == "admin" and kept.policy == "readers")
end
