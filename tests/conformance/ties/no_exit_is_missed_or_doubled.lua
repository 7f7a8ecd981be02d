-- An accepted monitor brings exactly one EXIT, in any
-- order of monitor, exit, upgrade, cancel and terminate.
-- shows: L-2, L-3, L-4, U-4, U-7, K-14, Q-8

local me, host = process.id():match("[^#]+"), "app:processes"
local TARGETS, WATCHERS = 60, 6
local child = {}

local endings = {
  function() end,
  function() error("as planned") end,
  function() process.upgrade(nil, "ending", 1) end,
  function() process.terminate(process.pid()) end,
  function() process.inbox():receive() end, -- until it is terminated
  function() process.events():receive() end, -- until it is cancelled
}

function child.ending(how)
  endings[how]()
end

-- Monitors all it was told of, twice and again, upgrades in between, and
-- answers how many EXITs came of how many monitors.
function child.watcher(parent, targets)
  local watched = 0
  for i, target in ipairs(targets) do
    if i % 7 == 0 then
      process.monitor(target)
      process.unmonitor(target)
    end
    if process.monitor(target) then
      watched = watched + 1
      process.monitor(target)
    end
  end
  process.upgrade(nil, "counter", parent, watched)
end

function child.counter(parent, watched)
  process.send(parent, "watching")
  local events, exits, doubled = process.events(), {}, 0
  for _ = 1, watched do
    local event = events:receive()
    if event.kind == process.event.EXIT then
      doubled = doubled + (exits[event.from] and 1 or 0)
      exits[event.from] = true
    end
  end
  local more = not channel.select { events:case_receive(), default = true }.default
  process.send(parent, "counted", doubled, more)
end

return function(role, ...)
  if role then
    return child[role](...)
  end
  local watching, counted = process.listen("watching"), process.listen("counted")
  local targets = {}
  for i = 1, TARGETS do
    targets[i] = assert(process.spawn(me, host, "ending", i % #endings + 1))
  end
  for _ = 1, WATCHERS do
    assert(process.spawn(me, host, "watcher", process.pid(), targets))
  end
  for _, target in ipairs(targets) do
    process.cancel(target, "1h")
  end
  for _ = 1, WATCHERS do
    watching:receive()
  end
  for _, target in ipairs(targets) do
    process.terminate(target)
    process.terminate(target)
  end
  for _ = 1, WATCHERS do
    local told = counted:receive()
    assert(told[1] == 0, "an EXIT came twice")
    assert(told[2] == false, "an EXIT came too many")
  end
end
