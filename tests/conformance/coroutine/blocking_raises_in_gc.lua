-- A finalizer cannot block while others could run.
-- shows: O-9

local message
local done = false
coroutine.spawn(function()
  while not done do
    time.sleep("1ms")
  end
end)
local function leave_garbage()
  setmetatable({}, {
    __gc = function()
      -- A short sleep may be over as it begins.
      local _, raised = pcall(time.sleep, "1h")
      message = raised
    end,
  })
end
leave_garbage()
collectgarbage()
collectgarbage()
done = true
assert(tostring(message):find("attempt to block in", 1, true), message)
