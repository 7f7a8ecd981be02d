-- A channel holds as many values as it was made for, in order; a closed one is
-- drained first.
-- shows: H-2, H-3, H-4, H-6
local ch = channel.new(3)
ch:send(1)
ch:send(nil)
ch:send(3)
ch:close()
ch:close() -- twice is fine

local value, ok = ch:receive()
assert(value == 1 and ok == true)
value, ok = ch:receive()
assert(value == nil and ok == true)
assert(ch:receive() == 3)
for _ = 1, 2 do
  value, ok = ch:receive()
  assert(value == nil and ok == false)
end
assert(not pcall(ch.send, ch, 4), "sending on a closed channel raises")
