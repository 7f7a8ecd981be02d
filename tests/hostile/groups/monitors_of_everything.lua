-- tries: make each join and each end cost as many monitors as there can be, of single groups and of all groups
-- end: returned
-- prints: bounded
-- grows: 192 MiB
local role, parent = ...
if role == "watcher" then
  local one, all = 0, 0
  for _ = 1, 1000 do
    if all < 64 and select(2, pg.open("hot"):events()) then all = all + 1 end
    if process.groups.monitor("hot/spot") then one = one + 1 end
  end
  process.send(parent, "ready", { one, all })
  time.sleep("1h")
elseif role == "member" then
  for n = 1, 1000 do assert(process.groups.join("hot/" .. (n == 1 and "spot" or n))) end
  return
end
local ready, events = process.listen("ready"), process.events()
for _ = 1, 8 do assert(process.spawn_linked("app:attack", "app:attackers", "watcher", process.pid())) end
local one, all = 0, 0
for _ = 1, 8 do
  local counts = ready:receive()
  one, all = one + counts[1], all + counts[2]
end
assert(one <= 4096 and all <= 64, one .. " " .. all)
for _ = 1, 5 do
  assert(process.spawn_monitored("app:attack", "app:attackers", "member"))
  assert(events:receive().result.error == nil)
end
assert(#process.groups.members("hot/spot") == 0)
print("bounded")
