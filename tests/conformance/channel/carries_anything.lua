-- A channel carries any value of its process, functions, tables and nil too.
-- shows: H-11, H-3

local values = channel.new(4)
local t = {}
values:send(t)
values:send(print)
values:send(nil)
values:send(values)
assert(values:receive() == t and values:receive() == print)
local value, ok = values:receive()
assert(value == nil and ok == true)
assert(values:receive() == values)
