-- Messages of one sender stay in order while the receiver listens, unlistens
-- and upgrades.
-- shows: D-1, U-6, D-7

local me, host = process.id():match("[^#]+"), "app:processes"
local COUNT = 1000
local child = {}

function child.sender(to)
  for i = 1, COUNT do
    assert(process.send(to, "number", i))
  end
end

function child.receiver(last)
  local numbers = process.listen("number")
  for _ = 1, 30 do
    local i = numbers:receive()
    assert(i == last + 1, ("%s after %d"):format(i, last))
    last = i
    if last == COUNT then
      return last
    end
    if i % 10 == 0 then
      process.unlisten(numbers)
      numbers = process.listen("number")
    end
  end
  process.upgrade(nil, "receiver", last)
end

return function(role, ...)
  if role then
    return child[role](...)
  end
  local receiver = assert(process.spawn_monitored(me, host, "receiver", 0))
  assert(process.spawn(me, host, "sender", receiver))
  local event = process.events():receive()
  assert(event.from == receiver and event.result.value == COUNT, event.result.error)
end
