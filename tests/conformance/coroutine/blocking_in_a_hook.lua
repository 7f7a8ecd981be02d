-- Inside a hook, blocking raises if other coroutines could run, and works in a process
-- that has no other.
-- shows: O-9
local span = "1ms"
local function wait()
  debug.sethook()
  time.sleep(span)
end
debug.sethook(wait, "", 1)
local alone = true
assert(alone and debug.gethook() == nil)

coroutine.spawn(function() channel.new():receive() end)
-- A short sleep may be over as it begins.
span = "1h"
local ok, why = pcall(function()
  debug.sethook(wait, "", 1)
  local others = true
end)
assert(not ok and why:find("attempt to block in a hook", 1, true), why)
debug.sethook()
-- Between the calls of a hook, a coroutine blocks as ever.
local calls = 0
debug.sethook(function() calls = calls + 1 end, "l")
for _ = 1, 3 do
  time.sleep("1ms")
end
debug.sethook()
assert(calls > 5)
