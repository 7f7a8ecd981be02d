-- At its deadline a process that still lives is terminated, whatever it does,
-- and also when the canceller has ended before.
-- shows: K-2, K-4

local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

function child.loops()
  while true do end
end

function child.blocks()
  process.inbox():receive()
end

function child.canceller(target)
  assert(process.cancel(target, "100ms"))
end

return function(role, ...)
  if role then
    return child[role](...)
  end
  local events = process.events()
  for _, how in ipairs { "loops", "blocks" } do
    local target = assert(process.spawn_monitored(me, host, how))
    local canceller = assert(process.spawn_monitored(me, host, "canceller", target))
    for _ = 1, 2 do
      local event = events:receive()
      local expected = event.from == target and "process terminated" or nil
      assert(event.result.error == expected, event.result.error)
    end
  end
end
