-- A process can terminate itself, and cannot catch it.
-- shows: K-15, K-16

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role, parent)
  if role then
    process.set_options { trap_links = true }
    pcall(function()
      pcall(process.terminate, process.pid())
      process.send(parent, "survived")
    end)
    return
  end
  assert(process.spawn_monitored(me, host, "child", process.pid()))
  local result = process.events():receive().result
  assert(result.error == "process terminated", result.error)
  assert(channel.select { process.inbox():case_receive(), default = true }.default)
end
