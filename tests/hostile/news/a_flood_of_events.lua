-- tries: fill the memory of a subscriber that never reads, and keep it from its messages, by 20 that send events without end
-- end: returned
-- grows: 128 MiB
local target = ...
if target then
  while true do events.send("flood", "x", "p", ("x"):rep(1000)) end
end
local sub = assert(events.subscribe("*"))
local urgent = process.listen("urgent")
for _ = 1, 20 do assert(process.spawn_linked("app:attack", "app:attackers", process.pid())) end
for i = 1, 200 do
  assert(process.send(process.pid(), "urgent", i))
  assert(urgent:receive() == i)
end
time.sleep("300ms")
-- The events of the queue, and then an event that counts the lost ones. On a busy machine the
-- queue may not have been full before it was read.
local missed
repeat
  missed = sub:channel():receive().missed
until missed
assert(missed > 0, missed)
