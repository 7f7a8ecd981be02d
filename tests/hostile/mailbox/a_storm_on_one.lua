-- tries: keep one process from all it waits for, by 50 that send to it without end
-- end: returned
local target = ...
if target then
  while true do process.send(target, "storm", ("x"):rep(1000)) end
end
local urgent = process.listen("urgent")
for _ = 1, 50 do assert(process.spawn_linked("app:attack", "app:attackers", process.pid())) end
for i = 1, 200 do
  assert(process.send(process.pid(), "urgent", i))
  assert(urgent:receive() == i)
end
