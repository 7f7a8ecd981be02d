-- New code is a member still, and has no monitor.
-- shows: GR-4
local me, host = process.id():match("[^#]+"), "app:processes"
local child = {}

function child.old()
  assert(process.groups.join("g") and process.groups.join("g"))
  assert(process.groups.monitor("g"))
  process.upgrade(nil, "new")
end

function child.new()
  assert(process.groups.members("g")[1] == process.pid())
  assert(process.groups.broadcast("g", "t") == 1)
  assert(process.inbox():receive():topic() == "t")
  assert(process.groups.leave("g") and process.groups.leave("g") and not process.groups.leave("g"))
  -- The places of the old code's subscriptions are free.
  local count = 0
  while process.groups.monitor("g") do count = count + 1 end
  return count
end

return function(role)
  if role then return child[role]() end
  assert(process.exec(me, host, "old") == 1000)
end
