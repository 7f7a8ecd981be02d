-- A process that stays is terminated after the
-- grace; one that never opened its events, at once.
-- shows: A-12, K-2
-- options: --grace 200ms

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role, parent)
  if role == "stays" then
    process.events()
    process.send(parent, "ready")
    while true do end
  elseif role == "deaf" then
    process.send(parent, "ready")
    process.inbox():receive()
  end
  local ready = process.listen("ready")
  assert(process.spawn(me, host, "stays", process.pid()))
  assert(process.spawn(me, host, "deaf", process.pid()))
  ready:receive()
  ready:receive()
end
