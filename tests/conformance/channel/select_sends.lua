-- A case may send; it is ready when there is room or somebody waits.
-- shows: H-9
local full, free = channel.new(1), channel.new(1)
full:send(0)
local got = channel.select { full:case_send(1), free:case_send(2) }
assert(got.channel == free and got.ok == true)
assert(full:receive() == 0 and free:receive() == 2)
assert(channel.select { full:case_receive(), free:case_receive(), default = true }.default, "1 was not sent")

local rendezvous, done = channel.new(), channel.new()
coroutine.spawn(function()
  done:send(rendezvous:receive())
end)
got = channel.select { rendezvous:case_send("x") }
assert(got.channel == rendezvous and done:receive() == "x")

free:close()
assert(not pcall(channel.select, { free:case_send(1) }), "sending on a closed channel raises")
