-- An error in any coroutine ends the process; so does the return of main, and
-- the others with it.
-- shows: E-7, E-10

local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

function child.error()
  coroutine.spawn(function()
    coroutine.spawn(function()
      error("two levels down", 0)
    end)
    process.inbox():receive()
  end)
  process.inbox():receive()
end

function child.returns(parent)
  coroutine.spawn(function()
    process.listen("never"):receive()
  end)
  coroutine.spawn(function()
    while true do
      time.sleep("1ms")
      process.send(parent, "still running")
    end
  end)
  process.listen("end"):receive()
  return "done"
end

return function(role, ...)
  if role then
    return child[role](...)
  end
  local events = process.events()
  assert(process.spawn_monitored(me, host, "error"))
  local result = events:receive().result
  assert(result.error == "two levels down" and result.cause:kind() == errors.INTERNAL, result.error)

  local pid = assert(process.spawn_monitored(me, host, "returns", process.pid()))
  local running = process.listen("still running")
  running:receive()
  process.send(pid, "end")
  assert(events:receive().result.value == "done")
  while not channel.select { running:case_receive(), default = true }.default do end
  time.sleep("10ms")
  assert(channel.select { running:case_receive(), default = true }.default, "a coroutine outlived its process")
end
