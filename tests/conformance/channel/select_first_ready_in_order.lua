-- `select` takes the first case that is ready, in the order given.
-- shows: H-7, H-8
local a, b = channel.new(1), channel.new(1)
b:send("b")
local got = channel.select { a:case_receive(), b:case_receive() }
assert(got.channel == b and got.value == "b" and got.ok == true)

a:send("a")
b:send("b")
for _, expected in ipairs { "a", "b" } do
  assert(channel.select { a:case_receive(), b:case_receive() }.value == expected)
end

-- With nothing ready: the default, or waiting.
assert(channel.select { a:case_receive(), b:case_receive(), default = true }.default == true)
coroutine.spawn(function()
  b:send("later")
end)
got = channel.select { a:case_receive(), b:case_receive() }
assert(got.channel == b and got.value == "later")

-- A closed channel is ready.
a:close()
got = channel.select { b:case_receive(), a:case_receive() }
assert(got.channel == a and got.value == nil and got.ok == false)
