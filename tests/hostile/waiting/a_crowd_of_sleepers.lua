-- tries: have the timers of all others wait behind those of 900 processes
-- end: returned
-- late: 10
-- grows: 200 MiB
local role = ...
if role then
  process.inbox():receive()
  while true do
    time.sleep("1ms")
    -- Less than a slice: the next run of each process is due to its timer.
    for _ = 1, 15000 do end
  end
end
local sleepers = {}
for i = 1, 900 do sleepers[i] = assert(process.spawn("app:attack", "app:attackers", "sleeps")) end
for _, sleeper in ipairs(sleepers) do process.send(sleeper, "go") end
