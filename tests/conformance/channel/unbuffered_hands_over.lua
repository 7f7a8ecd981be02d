-- A channel without a buffer hands each value over: the sender waits until it
-- is taken.
-- shows: H-1, H-3
local ch = channel.new()
local trace = {}
coroutine.spawn(function()
  for i = 1, 3 do
    trace[#trace + 1] = "send " .. i
    ch:send(i)
    trace[#trace + 1] = "sent " .. i
  end
  ch:close()
end)
local received = {}
while true do
  local value, ok = ch:receive()
  if not ok then
    break
  end
  received[#received + 1] = value
end
assert(table.concat(received, " ") == "1 2 3")
assert(trace[1] == "send 1" and trace[#trace] == "sent 3")
