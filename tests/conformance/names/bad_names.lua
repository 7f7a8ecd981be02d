-- A name may not be empty or begin with `{` or `@`; a dead PID is NOT_FOUND.
-- shows: C-3, C-22, N-4
if ... then
  return
end

local registry = process.registry
for _, name in ipairs { "", "{x", "{app:processes|0x00001}", "@x" } do
  for _, call in ipairs { registry.register, registry.unregister } do
    local value, err = call(name)
    assert(value == nil and errors.is(err, errors.INVALID), name)
  end
end
for _, call in ipairs { registry.register, registry.lookup, registry.unregister } do
  local value, err = call()
  assert(value == nil and errors.is(err, errors.INVALID), "a missing name")
  assert(not pcall(call, {}), "a name of the wrong type")
end

local events = process.events()
local pid = assert(process.spawn_monitored("app:bad_names", "app:processes", "child"))
events:receive()
local value, err = registry.register("name", pid)
assert(value == nil and errors.is(err, errors.NOT_FOUND))
assert(registry.register("name"), "the name is still free")
