-- A process that raises, or returns an error, gives an EXIT with the message
-- and a structured error as its cause.
-- shows: E-2, E-3, E-4
local how = ...
if how == "raises text" then
  error("broken")
elseif how == "raises plain text" then
  error("broken", 0)
elseif how == "raises an error" then
  error(errors.new { message = "no stock", kind = errors.CONFLICT, retryable = true, details = { left = 0 } })
elseif how == "returns an error" then
  return function()
    return nil, errors.new { message = "no stock", kind = errors.CONFLICT, retryable = true, details = { left = 0 } }
  end
elseif how == "returns text" then
  return function()
    return 1, "only text"
  end
elseif how == "returns a value and nil" then
  return function()
    return 1, nil
  end
elseif how == "raises a table" then
  error({ code = 7 })
end

local events = process.events()
local function exit_of(how)
  local pid = assert(process.spawn_monitored("app:exit_with_an_error", "app:processes", how))
  local event = events:receive()
  assert(event.kind == process.event.EXIT and event.from == pid)
  return event.result
end

local result = exit_of("raises text")
assert(result.value == nil)
assert(result.error:find("exit_with_an_error.lua:6: broken", 1, true), result.error)
assert(result.cause:kind() == errors.INTERNAL and result.cause:message() == result.error)
assert(result.cause:stack():find("exit_with_an_error.lua:6", 1, true), result.cause:stack())
assert(exit_of("raises plain text").error == "broken")

for _, how in ipairs { "raises an error", "returns an error" } do
  result = exit_of(how)
  assert(result.error == "no stock", result.error)
  assert(result.cause:kind() == errors.CONFLICT and result.cause:retryable() == true)
  assert(result.cause:details().left == 0)
end

result = exit_of("returns text")
assert(result.error == "only text" and result.value == nil)
assert(exit_of("returns a value and nil").value == 1)
result = exit_of("raises a table")
assert(result.error and result.cause:kind() == errors.INTERNAL)
