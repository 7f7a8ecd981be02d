-- A taken name is ALREADY_EXISTS, and the holder is in the details.
-- shows: N-1, N-3
if ... then
  process.inbox():receive()
  return
end

local registry = process.registry
local other = assert(process.spawn("app:taken_names", "app:processes", "child"))
assert(registry.register("name", other))
assert(registry.lookup("name") == other)
local value, err = registry.register("name")
assert(value == nil and errors.is(err, errors.ALREADY_EXISTS))
assert(err:details().pid == other)
