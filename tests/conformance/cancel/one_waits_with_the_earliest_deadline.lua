-- One CANCEL waits to be read; an earlier deadline replaces it, a later one
-- does not.
-- shows: K-5

local events = process.events()
local function cancelled(...)
  for i = 1, select("#", ...) do
    local deadline = select(i, ...)
    assert(process.cancel(process.pid(), deadline or nil))
  end
  local event = events:receive()
  assert(channel.select { events:case_receive(), default = true }.default, "two CANCELs waited")
  return event.deadline and time.parse(event.deadline):sub(time.now()):hours()
end
assert(cancelled(false, false) == nil)
local function about(hours, expected)
  assert(hours > expected - 0.5 and hours <= expected, hours)
end
about(cancelled("3h", "2h"), 2)
about(cancelled("2h", "3h"), 2)
about(cancelled(false, "4h"), 4)
about(cancelled("4h", false), 4)
