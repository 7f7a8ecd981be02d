-- A number of nanoseconds where a number is milliseconds is told with its line, once.
-- shows: ME-4
-- stderr: warning: numbers_of_nanoseconds_are_told.lua:25: timeout 50000000 means 50000000 milliseconds, 13h53m20s; write "50ms" or 50
-- stderr: numbers_of_nanoseconds_are_told.lua:26: timeout 5000000000 means 5000000000 milliseconds, 1388h53m20s; write "5s" or 5000
-- stderr: numbers_of_nanoseconds_are_told.lua:28: deadline 1000000000 means
-- stderr: numbers_of_nanoseconds_are_told.lua:29: timeout 60000000000 means
-- stderr: numbers_of_nanoseconds_are_told.lua:30: timeout 2000000000 means
-- stderr: numbers_of_nanoseconds_are_told.lua:31: timeout 3000000 means
-- stderr: numbers_of_nanoseconds_are_told.lua:32: supervisor.within 7000000000 means
-- stderr: numbers_of_nanoseconds_are_told.lua:33: pool.timeout 4000000 means
-- unsaid: numbers_of_nanoseconds_are_told.lua:36:
-- unsaid: numbers_of_nanoseconds_are_told.lua:37:
-- unsaid: numbers_of_nanoseconds_are_told.lua:38:
-- unsaid: numbers_of_nanoseconds_are_told.lua:39:

local pool, supervisor, task = require("pool"), require("supervisor"), require("task")
local inbox, ch = process.inbox(), channel.new(1)
local function full()
  ch:send(1)
  return ch
end

for _ = 1, 2 do
  assert(process.send(process.pid(), "x"))
  assert(inbox:receive(50 * time.MILLISECOND))
  full():receive(5 * time.SECOND)
end
process.cancel("nobody", time.SECOND)
local _ = supervisor.find("nobody", "x", time.MINUTE)
_ = task.await(task.async(function() return 1 end), 2 * time.SECOND)
_ = funcs.new():with_options({ timeout = 3 * time.MILLISECOND })
assert(supervisor.stop(assert(supervisor.start { within = 7 * time.SECOND })))
_ = pool.start { worker = "app:nothing", timeout = 4 * time.MILLISECOND }

-- Times in milliseconds, and text.
full():receive(36e6)
full():receive(30 * 24 * 3600 * 1000)
full():receive("14h")
full():receive(1234567)
