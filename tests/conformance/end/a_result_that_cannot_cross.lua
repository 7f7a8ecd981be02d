-- A result that cannot cross fails the process, naming the path.
-- shows: E-6

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    return { list = { 1, { f = print } } }
  end
  assert(process.spawn_monitored(me, host, "child"))
  local result = process.events():receive().result
  assert(result.cause:kind() == errors.INVALID and result.value == nil)
  assert(result.error:find("list[2].f: a function cannot leave its process", 1, true), result.error)
end
