-- `unregister` frees a name: true, or false if it was
-- free. A process with that permission may free any name.
-- shows: N-7
if ... then
  process.inbox():receive()
  return
end

local registry = process.registry
assert(registry.unregister("name") == false)
assert(registry.register("name"))
assert(registry.unregister("name") == true)
assert(registry.lookup("name") == nil)
assert(registry.unregister("name") == false)

local other = assert(process.spawn("app:unregister", "app:processes", "child"))
assert(registry.register("theirs", other))
assert(registry.unregister("theirs") == true)
assert(process.send(other, "still", "alive"))
