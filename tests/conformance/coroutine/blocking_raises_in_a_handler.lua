-- In the handler of `xpcall` blocking raises while others could run.
-- shows: O-9

local done = false
coroutine.spawn(function()
  while not done do
    time.sleep("1ms")
  end
end)
local _, handled = xpcall(error, function()
  -- A short sleep may be over as it begins.
  local fine, message = pcall(time.sleep, "1h")
  return { fine, message }
end)
done = true
assert(handled[1] == false and tostring(handled[2]):find("attempt to block in", 1, true), handled[2])
