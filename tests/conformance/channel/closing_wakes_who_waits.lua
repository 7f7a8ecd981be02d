-- Closing a channel wakes its receivers with nil, false; a waiting sender's
-- `send` raises.
-- shows: H-4, H-5
local ch, outcomes = channel.new(), channel.new(4)
for _ = 1, 2 do
  coroutine.spawn(function()
    local value, ok = ch:receive()
    outcomes:send(value == nil and ok == false)
  end)
end
time.sleep("1ms")
ch:close()
assert(outcomes:receive() == true and outcomes:receive() == true)

local full = channel.new()
coroutine.spawn(function()
  outcomes:send(not pcall(full.send, full, 1))
end)
time.sleep("1ms")
full:close()
assert(outcomes:receive() == true)
