-- Unread messages are all unclaimed again, in order of arrival, wherever they
-- had been routed to; channels and subscriptions are gone.
-- shows: U-6, U-9, D-1

local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

function child.old(parent)
  local a = process.listen("a")
  process.inbox()
  process.send(parent, "ready")
  a:receive()
  process.upgrade(nil, "new", parent)
end

function child.new(parent)
  local order = {}
  local inbox = process.inbox()
  for i = 1, 6 do
    order[i] = inbox:receive():payload()
  end
  return table.concat(order, " ")
end

return function(role, ...)
  if role then
    return child[role](...)
  end
  local ready, events = process.listen("ready"), process.events()
  local pid = assert(process.spawn_monitored(me, host, "old", process.pid()))
  ready:receive()
  for i = 1, 6 do
    assert(process.send(pid, i % 2 == 0 and "a" or "b", i))
  end
  -- The old code has read the first of `a`; the last comes before or after.
  assert(process.send(pid, "c", 7))
  local result = events:receive().result
  assert(result.value == "1 3 4 5 6 7", result.value or result.error)
end
