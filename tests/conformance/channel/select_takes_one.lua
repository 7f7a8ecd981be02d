-- A waiting `select` takes from one channel only; what comes to the others
-- stays there.
-- shows: H-7, H-9
local a, b, results = channel.new(1), channel.new(1), channel.new(1)
coroutine.spawn(function()
  results:send(channel.select { a:case_receive(), b:case_receive() }.value)
end)
time.sleep("1ms")
a:send("a")
b:send("b")
assert(results:receive() == "a")
assert(b:receive() == "b")
