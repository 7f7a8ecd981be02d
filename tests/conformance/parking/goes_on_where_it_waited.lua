-- Variables, coroutines, channels, timers and closures are as they were when a message,
-- an event or a deadline wakes a parked process.
-- shows: PK-1
-- options: --park-after 0

local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

-- Waits in its program, in a coroutine of its own, in a spawned one and at a timer.
function child.keeper(parent)
  local inbox, count = process.inbox(), 0
  local found = channel.new(10)
  local between = coroutine.wrap(function()
    while true do
      local message = inbox:receive()
      count = count + message:payload()
      coroutine.yield(count)
    end
  end)
  coroutine.spawn(function()
    for round = 1, 3 do
      time.sleep("60ms")
      found:send(round)
    end
    found:close()
  end)
  for _ = 1, 3 do
    assert(process.send(parent, "count", between()))
  end
  local rounds = {}
  while true do
    local round, open = found:receive()
    if not open then
      break
    end
    rounds[#rounds + 1] = round
  end
  assert(process.send(parent, "rounds", table.concat(rounds, " ")))
  local ok, err = pcall(function()
    local closed <close> = setmetatable({}, { __close = function() count = -1 end })
    error({ text = inbox:receive():payload() })
  end)
  assert(not ok and err.text == "last" and count == -1)
end

return function(role, ...)
  if role then
    return child[role](...)
  end
  local counts, rounds = process.listen("count"), process.listen("rounds")
  local events = process.events()
  local keeper = assert(process.spawn_monitored(me, host, "keeper", process.pid()))
  for number = 1, 3 do
    -- Long enough for it to be parked.
    time.sleep("40ms")
    assert(process.send(keeper, "add", number))
  end
  for _, expected in ipairs { 1, 3, 6 } do
    assert(counts:receive() == expected)
  end
  assert(rounds:receive() == "1 2 3")
  time.sleep("40ms")
  assert(process.send(keeper, "add", "last"))
  local event = events:receive()
  assert(event.from == keeper and event.result.error == nil, event.result.error)
end
