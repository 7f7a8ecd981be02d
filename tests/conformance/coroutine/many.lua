-- Thousands of coroutines may wait at once.
-- shows: O-1
local gate, done = channel.new(), channel.new()
local N = 5000
for i = 1, N do
  coroutine.spawn(function()
    gate:receive()
    done:send(i)
  end)
end
gate:close()
local sum = 0
for _ = 1, N do
  sum = sum + done:receive()
end
assert(sum == N * (N + 1) // 2)
