-- tries: take each thread that waits for disks with pipes that nobody writes to
-- end: returned
-- fifo: pipe
-- grows: 150 MiB
local events = process.events()
for _ = 1, 300 do assert(process.spawn_monitored("app:open", "app:attackers", "pipe")) end
for _ = 1, 300 do
  local value = events:receive().result.value
  assert(value and value:find("pipe", 1, true), tostring(value))
end
assert(io.open("attack.lua"):read("l"))
