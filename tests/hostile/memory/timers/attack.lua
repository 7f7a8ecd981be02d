-- tries: set timers without end that nobody waits for
-- end: failed RateLimited
-- says: memory
local kept = {}
while true do
  kept[#kept + 1] = time.timer("1h")
  kept[#kept + 1] = time.ticker("1h")
end
