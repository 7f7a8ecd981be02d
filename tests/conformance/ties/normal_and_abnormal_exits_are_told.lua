-- A watcher hears of every end, and every watcher hears of it once.
-- shows: L-2, L-3, V-2

local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

function child.target(how)
  process.listen("go"):receive()
  if how == "error" then
    error("as told", 0)
  end
end

function child.watcher(target, parent)
  local events = process.events()
  assert(process.monitor(target))
  process.send(parent, "ready")
  local event = events:receive()
  local more = channel.select { events:case_receive(), default = true }
  process.send(parent, "heard", event.kind, event.from, event.result.error, more.default)
end

return function(role, ...)
  if role then
    return child[role](...)
  end
  local ready, heard = process.listen("ready"), process.listen("heard")
  for _, how in ipairs { "return", "error", "terminate" } do
    local target = assert(process.spawn(me, host, "target", how))
    for _ = 1, 5 do
      assert(process.spawn(me, host, "watcher", target, process.pid()))
      ready:receive()
    end
    if how == "terminate" then
      process.terminate(target)
    else
      process.send(target, "go")
    end
    for _ = 1, 5 do
      local told = heard:receive()
      assert(told[1] == process.event.EXIT and told[2] == target and told[4] == true)
      local expected = ({ error = "as told", terminate = "process terminated" })[how]
      assert(told[3] == expected, told[3])
    end
  end
end
