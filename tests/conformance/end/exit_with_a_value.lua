-- A monitored process that returns gives one EXIT with its value.
-- shows: E-1, E-2, V-1, V-2
local how = ...
if how == "value" then
  return function()
    return { answer = 42, list = { 1, 2.5, "x" } }
  end
elseif how == "nothing" then
  return function() end
elseif how then
  return function()
    return nil
  end
end

local events = process.events()
local function exit_of(how)
  local before = time.now()
  local pid = assert(process.spawn_monitored("app:exit_with_a_value", "app:processes", how))
  local event = events:receive()
  assert(event.kind == process.event.EXIT and event.kind == "pid.exit")
  assert(event.from == pid)
  local at = assert(time.parse(event.at), "RFC 3339")
  assert(not at:before(before:add("-1s")) and not at:after(time.now():add("1s")))
  assert(event.deadline == nil)
  return event.result
end

local result = exit_of("value")
assert(result.error == nil and result.cause == nil)
assert(result.value.answer == 42 and result.value.list[2] == 2.5 and result.value.list[3] == "x")
for _, how in ipairs { "nothing", "nil" } do
  assert(next(exit_of(how)) == nil, "no value: an empty result")
end
assert(channel.select { events:case_receive(), default = true }.default, "one EXIT each")
