-- tries: to take all memory with processes that each stay within their own limit
-- end: returned
-- grows: 700 MiB
local role, spawner = ...
if role then
  local kept = {}
  pcall(function()
    while true do kept[#kept + 1] = ("x"):rep(100000) .. #kept end
  end)
  process.send(spawner, "full")
  process.inbox():receive()
end
local me, host = "app:attack", "app:attackers"
local full = process.listen("full")
local events = process.events()
local refused, failed = nil, 0
for _ = 1, 200 do
  local pid, err = process.spawn_monitored(me, host, "hog", process.pid())
  if not pid then refused = err break end
  local chosen = channel.select { full:case_receive(), events:case_receive() }
  if chosen.channel == events then
    assert(tostring(chosen.value.result.error):find("max_memory_total", 1, true))
    failed = failed + 1
  end
end
assert(refused == nil or refused:details().limit == "max_memory_total", refused)
assert(refused or failed > 0)
