-- Every process has its own globals and its own random numbers.
-- shows: S-16
local role = ...
counter = (counter or 0) + 1
if role then
  return function()
    return { counter = counter, random = math.random(math.maxinteger), changed = string.changed }
  end
end
string.changed = true
local events = process.events()
local seen = {}
for _ = 1, 5 do
  assert(process.spawn_monitored("app:memory_is_not_shared", "app:processes", "child"))
  local value = events:receive().result.value
  assert(value.counter == 1 and value.changed == nil)
  assert(not seen[value.random])
  seen[value.random] = true
end
