-- A process that never opened its events cannot notice that it is asked to end,
-- and is ended at once, however long the grace.
-- shows: A-12
-- options: --grace 1h

local me, host = process.id():match("[^#]+"), "app:processes"

return function(parent, loops)
  if parent then
    process.send(parent, "ready")
    while loops do end
    process.inbox():receive()
  end
  local ready = process.listen("ready")
  for _, loops in ipairs { true, false } do
    assert(process.spawn(me, host, process.pid(), loops))
    ready:receive()
  end
end
