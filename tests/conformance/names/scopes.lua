-- On one node the four scopes of a name mean the same; other numbers are INVALID.
-- shows: N-10
local registry = process.registry
assert(registry.LOCAL == 0 and registry.EVENTUAL == 1 and registry.CONSISTENT == 2 and registry.STRONG == 3)
for scope = 0, 3 do
  assert(registry.register("me", nil, scope) and registry.register("me", process.pid(), 3 - scope))
  assert(registry.lookup("me") == process.pid())
  assert(registry.unregister("me", scope) == true and registry.unregister("me", scope) == false)
end
for _, scope in ipairs { -1, 4, 1.5, 1 << 40, {}, { scope = "none" } } do
  for _, f in ipairs { function() return registry.register("me", nil, scope) end, function() return registry.unregister("me", scope) end } do
    local done, err = f()
    assert(done == nil and errors.is(err, errors.INVALID), tostring(err))
  end
end
assert(registry.lookup("me") == nil)
for _, wrong in ipairs { "x", true, print } do
  assert(not pcall(registry.register, "me", nil, wrong) and not pcall(registry.unregister, "me", wrong))
end
