-- CANCEL is an event; its deadline is in it where one was given.
-- shows: K-1, K-6, K-7, V-3, C-18
local parent = ...
if parent then
  return function()
    local events = process.events()
    process.send(parent, "ready")
    local event = events:receive()
    assert(event.kind == process.event.CANCEL and event.from == parent)
    assert(event.result == nil)
    return event.deadline or "none"
  end
end

local events, ready = process.events(), process.listen("ready")
local function cancelled(deadline)
  local pid = assert(process.spawn_monitored("app:deadlines_are_told", "app:processes", process.pid()))
  ready:receive()
  local before = time.now()
  assert(process.cancel(pid, deadline))
  local after = time.now()
  local result = events:receive().result
  assert(result.value, result.error)
  return result.value, before, after
end

assert(cancelled(nil) == "none")
for _, deadline in ipairs { "1h", 3600000 } do
  local at, before, after = cancelled(deadline)
  at = assert(time.parse(at))
  -- The two clocks are read apart.
  assert(at:sub(before):seconds() > 3590 and at:sub(after):seconds() < 3610, at)
end

local value, err = process.cancel("nobody")
assert(value == nil and errors.is(err, errors.NOT_FOUND))
value, err = process.cancel(process.pid(), "soon")
assert(value == nil and errors.is(err, errors.INVALID))
