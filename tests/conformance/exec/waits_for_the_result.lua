-- `exec` spawns, waits and returns the result; the callee's error arrives
-- intact, nothing of it in the events.
-- shows: X-1, X-3, X-4, X-5, X-8
local how = ...
if how == "value" then
  return function(_, a, b)
    return { sum = a + b }
  end
elseif how == "error" then
  return function()
    return nil, errors.new { message = "no", kind = errors.CONFLICT, details = { n = 1 } }
  end
elseif how == "nothing" then
  return function() end
end

local me = "app:waits_for_the_result"
local events = process.events()
local value, err = process.exec(me, "app:processes", "value", 1, 2)
assert(value.sum == 3 and err == nil)
value, err = process.exec(me, "app:processes", "error")
assert(value == nil and err:message() == "no" and err:kind() == errors.CONFLICT and err:details().n == 1)
value, err = process.exec(me, "app:processes", "nothing")
assert(value == nil and err == nil)
value, err = process.exec("app:nowhere", "app:processes")
assert(value == nil and errors.is(err, errors.NOT_FOUND))
assert(channel.select { events:case_receive(), default = true }.default)
