-- Inside `__tostring`, an `xpcall` handler and a `load` reader, blocking raises
-- while others could run, and says where.
-- shows: O-9
local ch = channel.new()
local run = true
coroutine.spawn(function()
  while run do
    time.sleep("1ms")
  end
end)
coroutine.spawn(function()
  while run do
    ch:send("x")
  end
end)

local function refused(call)
  local ok, message = pcall(call)
  assert(not ok and tostring(message):find("attempt to block in"), tostring(message))
end

-- A short sleep may be over as it begins.
refused(function()
  return tostring(setmetatable({}, {
    __tostring = function()
      time.sleep("1h")
      return "text"
    end,
  }))
end)
local ok, message = pcall(load, function()
  time.sleep("1h")
end)
local _, from_load = table.unpack(ok and table.pack(load(function()
  time.sleep("1h")
end)) or { nil, message })
assert(tostring(from_load):find("attempt to block in"), tostring(from_load))
run = false
