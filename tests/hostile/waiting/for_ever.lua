-- tries: wait for longer than numbers hold
-- end: terminated
local longest = { math.maxinteger, "9223372036854775807ns", "2562047h", 1e300, "5124095h", 2 ^ 63, "99999999999999999999h" }
for _, duration in ipairs(longest) do
  coroutine.spawn(function() pcall(time.sleep, duration) end)
  coroutine.spawn(function() local _, ch = pcall(time.after, duration) if ch then pcall(ch.receive, ch) end end)
  pcall(function() time.ticker(duration):channel() end)
  pcall(function() return time.now():add(duration):add(duration) end)
  pcall(function() return time.timer(duration):reset(duration) end)
  pcall(process.cancel, process.pid(), duration)
  pcall(function() return time.unix(duration, duration):rfc3339() end)
end
for _, less in ipairs { -1, -2 ^ 63, 0 / 0, -0.0, "-1ns", math.mininteger } do
  pcall(time.sleep, less)
  pcall(time.after, less)
  pcall(process.cancel, process.pid(), less)
  pcall(time.unix, less, less)
end
process.inbox():receive()
