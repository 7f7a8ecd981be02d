-- A scheduled coroutine gets its arguments, and runs whenever others block; one
-- runs at a time, and switches happen only where one blocks.
-- shows: O-1, O-2
local done = channel.new()
local running = 0
for i = 1, 10 do
  coroutine.spawn(function(a, b, c)
    assert(a == i and b == nil and c == "c")
    running = running + 1
    assert(running == 1, "a switch happened without blocking")
    for _ = 1, 10000 do end
    running = running - 1
    done:send(i)
  end, i, nil, "c")
end
local sum = 0
for _ = 1, 10 do
  sum = sum + done:receive()
end
assert(sum == 55)
