-- tries: have the runtime keep a deadline for each of 200,000 cancels
-- end: returned
-- grows: 60 MiB
if ... then process.inbox():receive() end
local target = assert(process.spawn_monitored("app:attack", "app:attackers", "waits"))
for i = 1, 200000 do assert(process.cancel(target, 3600000 + i % 1000)) end
assert(process.terminate(target))
assert(process.events():receive().from == target)
