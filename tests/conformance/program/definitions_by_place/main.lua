-- Files are definitions by their place below the root; Lua and WebAssembly
-- beside each other.
-- shows: A-4, S-7
local events = process.events()
local function result(id)
  assert(process.spawn_monitored(id, "app:processes"))
  local result = events:receive().result
  return result.value or result.error
end
assert(result("app.workers:handler") == "handler")
assert(result("app.workers.deep:down") == "down")
assert(result("app:empty") == nil, "a WebAssembly module that returns nothing")
for _, id in ipairs { "app:workers", "app.workers:missing", "app.x:../main", "main", "app:", ":main" } do
  local pid, err = process.spawn(id, "app:processes")
  assert(pid == nil and err:kind() == errors.NOT_FOUND, id)
end
