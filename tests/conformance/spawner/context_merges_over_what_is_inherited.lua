-- A spawner's context is merged over the context that the child inherits.
-- shows: W-3, S-11, G-1, G-2

local me, host = process.id():match("[^#]+"), "app:processes"

return function(depth)
  if depth == 1 then
    local spawner = assert(process.with_context { level = 2 })
    local all = assert(spawner:exec(me, host, 2))
    -- The child's changes of its copy are not seen here.
    ctx.all().level = "changed"
    assert(ctx.get("level") == 1 and ctx.get("tags")[1] == "a" and ctx.get("nothing") == nil)
    return all
  elseif depth == 2 then
    local all = ctx.all()
    ctx.get("tags")[1] = "changed"
    return all
  end
  assert(next(ctx.all()) == nil)
  local all = assert(process.with_context({ level = 1, user = "ada", tags = { "a" } }):exec(me, host, 1))
  assert(all.level == 2 and all.user == "ada" and all.tags[1] == "a")
end
