-- tries: to have unread exits hold a mebibyte each
-- end: returned
-- grows: 250 MiB
local CHILDREN = 120

return function(role)
  if role then return ("x"):rep(1000000) end
  for _ = 1, CHILDREN do
    local child = assert(process.spawn_monitored("app:attack", "app:attackers", "large"))
    while process.send(child, "gone?") do time.sleep("1ms") end
  end
  local events = process.events()
  local whole, dropped = 0, 0
  for _ = 1, CHILDREN do
    local result = events:receive().result
    if result.error == nil then
      whole = whole + 1
    else
      assert(result.cause:details().limit == "max_memory", result.error)
      dropped = dropped + 1
    end
  end
  assert(whole > 10 and whole < 72 and whole + dropped == CHILDREN, whole)
end
