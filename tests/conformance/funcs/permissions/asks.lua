local child, host = "app:child", "app:processes"

-- The action that was denied, or "allowed".
local function try(value, err)
  if err and err:kind() == errors.PERMISSION_DENIED then
    assert(value == nil)
    return err:details().action
  end
  assert(not err, err)
  return "allowed"
end

return function()
  local x = funcs.new()
  local actor, scope = security.new_actor("ada"), security.new_scope()
  local answer = funcs.async(child):response():receive()
  return {
    call = try(funcs.call(child)),
    async = type(answer) == "userdata" and getmetatable(answer) == "error" and answer:details().action or "allowed",
    other = try(funcs.call("app:other")),
    exec = try(process.exec(child, host)),
    spawn = try(process.spawn(child, host)),
    context = try(x:with_context { k = 1 }),
    actor = try(x:with_actor(actor)),
    scope = try(x:with_scope(scope)),
    can = security.can("funcs.call", child),
  }
end
